"""The SQL of payments."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import timedelta

from actors.payment.effects import Outcome
from actors.payment.private import RecordIntent
from actors.payment.rules import Recorded
from actors.payment.state import DisputeState, Payment, RefundState, payment_id_of
from bus.messages.base import Money, OrderId
from bus.messages.payment import StripeEvent
from engine.postgres import Database
from engine.transaction import Transaction

# The first intent of a payment stands, and is returned. A payment that was called off before it had an intent takes
# this one, to be cancelled.
_ADD = """
insert into payment.payments as p
    (payment_id, order_id, purpose, intent_id, attempt, currency, amount, status, created_at, next_look_at)
select payment_id, order_id, purpose, intent_id, attempt, currency, amount, 'open', $8, $9
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[], $7::bigint[])
    as n (payment_id, order_id, purpose, intent_id, attempt, currency, amount)
on conflict (payment_id) do update
    set intent_id = coalesce(p.intent_id, excluded.intent_id),
        attempt = case when p.intent_id is null then excluded.attempt else p.attempt end,
        currency = case when p.intent_id is null then excluded.currency else p.currency end,
        amount = case when p.intent_id is null then excluded.amount else p.amount end,
        status = case when p.intent_id is null then 'closing' else p.status end,
        next_look_at = case when p.intent_id is null then excluded.next_look_at else p.next_look_at end
returning payment_id, intent_id, currency, amount, status"""
_ADD_CALLED_OFF = """
insert into payment.payments (payment_id, order_id, currency, amount, status, created_at, next_look_at)
select order_id, order_id, '', 0, 'closed', $2, $3 from unnest($1::text[]) as order_id
on conflict (payment_id) do nothing"""

# In the order of their ids, so that two turns never deadlock.
_LOCK = """
select payment_id, order_id, purpose, intent_id, currency, amount, received, refunding, refunded, status,
    processing_since
from payment.payments where order_id = any($1) or intent_id = any($2) order by payment_id for update"""
_REFUNDS = """
select id, payment_id, order_id, stripe_refund_id, amount, reason, status, is_ours, by
from payment.refunds where payment_id = any($1)"""
_DISPUTES = """
select id, payment_id, amount, reason, status, funds from payment.disputes where payment_id = any($1)"""
_WARNINGS = "select id, payment_id from payment.fraud_warnings where payment_id = any($1)"
_SAVE = """
update payment.payments p set received = n.received, refunding = n.refunding, refunded = n.refunded,
    status = n.status,
    processing_since = case when n.status = 'processing' then coalesce(p.processing_since, $6) end,
    received_at = case when n.status = 'received' then coalesce(p.received_at, $6) end,
    next_look_at = case when n.status in ('open', 'processing', 'closing') then least(p.next_look_at, $7) end
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
    as n (payment_id, received, refunding, refunded, status)
where p.payment_id = n.payment_id"""
_SAVE_REFUNDS = """
insert into payment.refunds as r
    (id, payment_id, order_id, stripe_refund_id, amount, reason, status, is_ours, by, created_at, failed_at,
    next_look_at)
select *, $10::timestamptz, case when status = 'failed' then $10 end,
    case when status = 'pending' then $11::timestamptz end
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::text[], $8::boolean[],
    $9::text[])
    as n (id, payment_id, order_id, stripe_refund_id, amount, reason, status, is_ours, by)
on conflict (id) do update set stripe_refund_id = excluded.stripe_refund_id, status = excluded.status,
    failed_at = case when excluded.status = 'failed' then coalesce(r.failed_at, $10) end,
    next_look_at = case when excluded.status = 'pending' then r.next_look_at end"""
_SAVE_DISPUTES = """
insert into payment.disputes as d (id, payment_id, amount, reason, status, funds, opened_at)
select *, $7::timestamptz from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[])
on conflict (id) do update set status = excluded.status, funds = excluded.funds"""
_SAVE_WARNINGS = """
insert into payment.fraud_warnings (id, payment_id, fraud_type, warned_at)
select *, $4::timestamptz from unnest($1::text[], $2::text[], $3::text[]) on conflict (id) do nothing"""

_ADD_EVENTS = """
insert into payment.stripe_events (id, type, intent_id, amount, effect, detail, stored_at)
select distinct on (id) id, type, intent_id, amount, 'ignored', 'not decided yet', $5
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as e (id, type, intent_id, amount)
on conflict (id) do nothing returning id"""
_SAVE_OUTCOMES = """
update payment.stripe_events e set effect = n.effect, detail = n.detail
from unnest($1::text[], $2::text[], $3::text[]) as n (id, effect, detail) where e.id = n.id"""


async def add(tx: Transaction, asks: Sequence[RecordIntent], reconcile_after: timedelta) -> dict[OrderId, Recorded]:
    """Store new intents; return the intent that stands for each payment now.

    `reconcile_after`: the age at which an unsettled payment is reconciled with Stripe; the same in all functions below.
    """
    rows = await tx.fetch(
        _ADD,
        [payment_id_of(ask.order_id, ask.purpose) for ask in asks], [ask.order_id for ask in asks],
        [ask.purpose for ask in asks], [ask.intent_id for ask in asks], [ask.attempt for ask in asks],
        [ask.amount.currency for ask in asks], [ask.amount.amount for ask in asks],
        tx.now, tx.now + reconcile_after,
    )  # fmt: skip
    return {
        row["payment_id"]: Recorded(
            row["intent_id"], Money(amount=row["amount"], currency=row["currency"]), row["status"]
        )
        for row in rows
    }


async def add_called_off(tx: Transaction, orders: Collection[OrderId], reconcile_after: timedelta) -> None:
    """Record orders that were cancelled before they had an intent. Stripe may have one whose answer was lost."""
    await tx.execute(_ADD_CALLED_OFF, sorted(orders), tx.now, tx.now + reconcile_after)


async def open_intent(database: Database, payment_id: str) -> tuple[str, Money] | None:
    """The intent and the amount of a payment that waits for its buyer, if there is one."""
    statement = "select intent_id, currency, amount from payment.payments where payment_id = $1 and status = 'open'"
    rows = await database.fetch(statement, payment_id)
    if not rows or not rows[0]["intent_id"]:
        return None
    return rows[0]["intent_id"], Money(amount=rows[0]["amount"], currency=rows[0]["currency"])


async def refundable(database: Database, payment_id: str) -> Money:
    """The rest of a payment's money; nothing in no currency if there is none."""
    statement = (
        "select received - refunding as left, currency from payment.payments where payment_id = $1 and received > 0"
    )
    rows = await database.fetch(statement, payment_id)
    return Money(amount=rows[0]["left"], currency=rows[0]["currency"]) if rows else Money(amount=0, currency="")


async def intent_of(database: Database, payment_id: str) -> str | None:
    """The intent that stands for a payment, if there is one."""
    rows = await database.fetch("select intent_id from payment.payments where payment_id = $1", payment_id)
    return rows[0]["intent_id"] if rows else None


async def lock(tx: Transaction, orders: Collection[OrderId] = (), intents: Collection[str] = ()) -> list[Payment]:
    """Lock payments by order or by intent, with their refunds."""
    payments = {row["payment_id"]: Payment(**dict(row)) for row in await tx.fetch(_LOCK, list(orders), list(intents))}
    # A payment without money has no refunds: the table's checks see to it.
    if received := [payment.payment_id for payment in payments.values() if payment.received]:
        for row in await tx.fetch(_REFUNDS, received):
            payments[row["payment_id"]].refunds[row["id"]] = RefundState(**dict(row))
    return list(payments.values())


async def lock_by_id(tx: Transaction, orders: Collection[OrderId]) -> dict[str, Payment]:
    """Lock these orders' payments, by payment id; unknown ones are missing."""
    return {payment.payment_id: payment for payment in await lock(tx, orders=orders)}


async def add_disputes(tx: Transaction, payments: Iterable[Payment]) -> None:
    """Add banks' objections to locked payments. Only webhooks about objections need them."""
    known = {payment.payment_id: payment for payment in payments}
    for row in await tx.fetch(_DISPUTES, list(known)):
        known[row["payment_id"]].disputes[row["id"]] = DisputeState(**dict(row))
    for row in await tx.fetch(_WARNINGS, list(known)):
        known[row["payment_id"]].warnings.add(row["id"])


async def save(tx: Transaction, payments: Iterable[Payment], reconcile_after: timedelta) -> None:
    """Write the changes of locked payments, and publish their events."""
    payments = list(payments)
    changed = [payment for payment in payments if payment.dirty]
    if changed:
        await tx.execute(
            _SAVE,
            [p.payment_id for p in changed], [p.received for p in changed], [p.refunding for p in changed],
            [p.refunded for p in changed], [p.status for p in changed],
            tx.now, tx.now + reconcile_after,
        )  # fmt: skip
    refunds = [refund for payment in payments for refund in payment.refunds.values() if refund.dirty]
    if refunds:
        await tx.execute(
            _SAVE_REFUNDS,
            [r.id for r in refunds], [r.payment_id for r in refunds], [r.order_id for r in refunds],
            [r.stripe_refund_id for r in refunds], [r.amount for r in refunds], [r.reason for r in refunds],
            [r.status for r in refunds], [r.is_ours for r in refunds], [r.by for r in refunds],
            tx.now, tx.now + reconcile_after,
        )  # fmt: skip
    await _save_disputes(tx, payments)
    for payment in payments:
        tx.publish(*payment.events)


async def _save_disputes(tx: Transaction, payments: Sequence[Payment]) -> None:
    disputes = [dispute for payment in payments for dispute in payment.disputes.values() if dispute.dirty]
    if disputes:
        await tx.execute(
            _SAVE_DISPUTES,
            [d.id for d in disputes], [d.payment_id for d in disputes], [d.amount for d in disputes],
            [d.reason for d in disputes], [d.status for d in disputes], [d.funds for d in disputes],
            tx.now,
        )  # fmt: skip
    warnings = [(id_, payment.payment_id, kind) for payment in payments for id_, kind in payment.new_warnings]
    if warnings:
        await tx.execute(_SAVE_WARNINGS, *(list(column) for column in zip(*warnings, strict=True)), tx.now)


async def add_events(tx: Transaction, events: Sequence[tuple[str, StripeEvent]]) -> set[str]:
    """Store webhooks, each once; return the ids of new ones."""
    rows = await tx.fetch(
        _ADD_EVENTS,
        [event.id for _, event in events],
        [event.type for _, event in events],
        [intent_id for intent_id, _ in events],
        [event.amount.amount for _, event in events],
        tx.now,
    )
    return {row["id"] for row in rows}


async def save_outcomes(tx: Transaction, effects: Mapping[str, Outcome]) -> None:
    """Record the outcome of each webhook."""
    if effects:
        await tx.execute(
            _SAVE_OUTCOMES,
            list(effects),
            [outcome.effect for outcome in effects.values()],
            [outcome.detail for outcome in effects.values()],
        )
