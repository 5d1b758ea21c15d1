"""The SQL of payments."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from actors.payment.rules import Payment, RefundState, Status, Sums
from bus.messages.base import Money, OrderId
from bus.messages.payment import RecordIntent, StripeEvent
from engine.postgres import Database, Transaction

# The first intent of an order stands, and is what this gives. One that was called off before it had an intent takes it,
# to be cancelled.
_ADD = """
insert into payment.payments as p (order_id, intent_id, attempt, currency, amount, status, created_at, next_look_at)
select order_id, intent_id, attempt, currency, amount, 'open', $6, $7
from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[])
    as n (order_id, intent_id, attempt, currency, amount)
on conflict (order_id) do update
    set intent_id = coalesce(p.intent_id, excluded.intent_id),
        attempt = case when p.intent_id is null then excluded.attempt else p.attempt end,
        currency = case when p.intent_id is null then excluded.currency else p.currency end,
        amount = case when p.intent_id is null then excluded.amount else p.amount end,
        status = case when p.intent_id is null then 'closing' else p.status end,
        next_look_at = case when p.intent_id is null then excluded.next_look_at else p.next_look_at end
returning order_id, intent_id, currency, amount, status"""
_ADD_CALLED_OFF = """
insert into payment.payments (order_id, currency, amount, status, created_at, next_look_at)
select order_id, '', 0, 'closed', $2, $3 from unnest($1::text[]) as order_id
on conflict (order_id) do nothing"""

# In the order of their ids, so that two turns never wait for each other in a circle.
_LOCK = """
select order_id, intent_id, currency, amount, received, refunding, refunded, status
from payment.payments where order_id = any($1) or intent_id = any($2) order by order_id for update"""
_REFUNDS = """
select id, order_id, stripe_refund_id, amount, reason, status from payment.refunds where order_id = any($1)"""
_SAVE = """
update payment.payments p set received = n.received, refunding = n.refunding, refunded = n.refunded,
    status = n.status,
    received_at = case when n.status = 'received' then coalesce(p.received_at, $6) end,
    next_look_at = case when n.status in ('open', 'closing') then least(p.next_look_at, $7) end
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
    as n (order_id, received, refunding, refunded, status)
where p.order_id = n.order_id"""
_SAVE_REFUNDS = """
insert into payment.refunds as r (id, order_id, stripe_refund_id, amount, reason, status, created_at, next_look_at)
select *, $7, $8 from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
on conflict (id) do update set stripe_refund_id = excluded.stripe_refund_id, status = excluded.status,
    next_look_at = case when excluded.status = 'pending' then r.next_look_at end"""

_ADD_EVENTS = """
insert into payment.stripe_events (id, type, intent_id, amount, effect, stored_at)
select distinct on (id) id, type, intent_id, amount, '', $5
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as e (id, type, intent_id, amount)
on conflict (id) do nothing returning id"""
_NOTE_EFFECTS = """
update payment.stripe_events e set effect = n.effect
from unnest($1::text[], $2::text[]) as n (id, effect) where e.id = n.id"""

_SUMS = """
select p.order_id, p.amount, p.received, p.refunding, p.refunded, r.refunding_by_rows, r.refunded_by_rows,
    (select count(*) from payment.stripe_events e where e.intent_id = p.intent_id and e.effect = 'received')::int
        as captures
from (select * from payment.payments where order_id > $1 order by order_id limit $2) p
cross join lateral (
    select coalesce(sum(amount) filter (where status <> 'failed'), 0)::bigint as refunding_by_rows,
        coalesce(sum(amount) filter (where status = 'succeeded'), 0)::bigint as refunded_by_rows
    from payment.refunds where order_id = p.order_id) r
order by p.order_id"""
_SUMS_PAGE = 500  # So that deciding about them, in which nobody else is served, takes but few ms.


@dataclass(frozen=True, slots=True)
class Recorded:
    """The intent that stands for an order."""

    intent_id: str
    amount: Money
    status: Status


async def add(tx: Transaction, asks: Sequence[RecordIntent], look_after: timedelta) -> dict[OrderId, Recorded]:
    """Keep new intents; gives what stands for each order now.

    What is not settled after `look_after` is looked for at Stripe; so everywhere here.
    """
    rows = await tx.fetch(
        _ADD,
        [ask.order_id for ask in asks],
        [ask.intent_id for ask in asks],
        [ask.attempt for ask in asks],
        [ask.amount.currency for ask in asks],
        [ask.amount.amount for ask in asks],
        tx.now,
        tx.now + look_after,
    )
    return {
        row["order_id"]: Recorded(
            row["intent_id"], Money(amount=row["amount"], currency=row["currency"]), row["status"]
        )
        for row in rows
    }


async def add_called_off(tx: Transaction, orders: Collection[OrderId], look_after: timedelta) -> None:
    """Remember orders that were cancelled before they had an intent. Stripe may have one, whose answer got lost."""
    await tx.execute(_ADD_CALLED_OFF, sorted(orders), tx.now, tx.now + look_after)


async def intent_of(database: Database, order_id: OrderId) -> str | None:
    """The intent that stands for an order, if there is one."""
    rows = await database.fetch("select intent_id from payment.payments where order_id = $1", order_id)
    return rows[0]["intent_id"] if rows else None


async def lock(tx: Transaction, orders: Collection[OrderId] = (), intents: Collection[str] = ()) -> list[Payment]:
    """Lock payments by order or by intent, with their refunds."""
    payments = {row["order_id"]: Payment(**dict(row)) for row in await tx.fetch(_LOCK, list(orders), list(intents))}
    # What was never received was never refunded: the table's own checks say so.
    if received := [payment.order_id for payment in payments.values() if payment.received]:
        for row in await tx.fetch(_REFUNDS, received):
            payments[row["order_id"]].refunds[row["id"]] = RefundState(**dict(row))
    return list(payments.values())


async def lock_by_order(tx: Transaction, orders: Collection[OrderId]) -> dict[OrderId, Payment]:
    """Lock these orders' payments; an order without one is missing."""
    return {payment.order_id: payment for payment in await lock(tx, orders=orders)}


async def save(tx: Transaction, payments: Iterable[Payment], look_after: timedelta) -> None:
    """Write what became of locked payments, and publish what they have to say."""
    payments = list(payments)
    changed = [payment for payment in payments if payment.dirty]
    if changed:
        await tx.execute(
            _SAVE,
            [p.order_id for p in changed], [p.received for p in changed], [p.refunding for p in changed],
            [p.refunded for p in changed], [p.status for p in changed],
            tx.now, tx.now + look_after,
        )  # fmt: skip
    refunds = [refund for payment in payments for refund in payment.refunds.values() if refund.dirty]
    if refunds:
        await tx.execute(
            _SAVE_REFUNDS,
            [r.id for r in refunds], [r.order_id for r in refunds], [r.stripe_refund_id for r in refunds],
            [r.amount for r in refunds], [r.reason for r in refunds], [r.status for r in refunds],
            tx.now, tx.now + look_after,
        )  # fmt: skip
    for payment in payments:
        tx.publish(*payment.events)


async def add_events(tx: Transaction, events: Sequence[tuple[str, StripeEvent]]) -> set[str]:
    """Keep webhooks, each once; says which are new."""
    rows = await tx.fetch(
        _ADD_EVENTS,
        [event.id for _, event in events],
        [event.type for _, event in events],
        [intent_id for intent_id, _ in events],
        [event.amount.amount for _, event in events],
        tx.now,
    )
    return {row["id"] for row in rows}


async def note_effects(tx: Transaction, effects: Sequence[tuple[str, str]]) -> None:
    """Write down what each webhook led to."""
    if effects:
        await tx.execute(_NOTE_EFFECTS, *(list(column) for column in zip(*effects, strict=True)))


async def sums(database: Database) -> AsyncIterator[list[Sums]]:
    """What rows, refunds and webhooks say of each payment, page by page."""
    last = ""
    while rows := await database.fetch(_SUMS, last, _SUMS_PAGE):
        yield [Sums(**dict(row)) for row in rows]
        last = rows[-1]["order_id"]
