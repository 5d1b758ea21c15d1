"""The SQL of payments."""

from collections.abc import Collection, Iterable, Sequence

from actors.payment.rules import Payment, RefundState, Sums
from bus.messages.base import OrderId
from bus.messages.payment import RecordIntent, StripeEvent
from engine.postgres import Database, Transaction

# The first intent of an order stands. One that was called off before it had an intent takes it, to be cancelled.
_ADD = """
insert into payment.payments as p (order_id, intent_id, attempt, currency, amount, status, created_at)
select order_id, intent_id, attempt, currency, amount, 'open', $6
from unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::bigint[])
    as n (order_id, intent_id, attempt, currency, amount)
on conflict (order_id) do update
    set intent_id = excluded.intent_id, attempt = excluded.attempt, currency = excluded.currency,
        amount = excluded.amount, status = 'closing'
    where p.intent_id is null"""
_ADD_CALLED_OFF = """
insert into payment.payments (order_id, currency, amount, status, created_at)
select order_id, '', 0, 'closed', $2 from unnest($1::text[]) as order_id
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
    received_at = case when n.status = 'received' then coalesce(p.received_at, $6) end
from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[])
    as n (order_id, received, refunding, refunded, status)
where p.order_id = n.order_id"""
_SAVE_REFUNDS = """
insert into payment.refunds (id, order_id, stripe_refund_id, amount, reason, status, created_at)
select *, $7 from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[])
on conflict (id) do update set stripe_refund_id = excluded.stripe_refund_id, status = excluded.status"""

_ADD_EVENTS = """
insert into payment.stripe_events (id, type, intent_id, amount, effect, stored_at)
select distinct on (id) id, type, intent_id, amount, '', $5
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as e (id, type, intent_id, amount)
on conflict (id) do nothing returning id"""
_NOTE_EFFECTS = """
update payment.stripe_events e set effect = n.effect
from unnest($1::text[], $2::text[]) as n (id, effect) where e.id = n.id"""

_SUMS = """
select p.order_id, p.amount, p.received, p.refunding, p.refunded,
    coalesce(sum(r.amount) filter (where r.status <> 'failed'), 0)::bigint as refunding_by_rows,
    coalesce(sum(r.amount) filter (where r.status = 'succeeded'), 0)::bigint as refunded_by_rows,
    (select count(*) from payment.stripe_events e where e.intent_id = p.intent_id and e.effect = 'received')::int
        as captures
from payment.payments p left join payment.refunds r using (order_id) group by p.order_id order by p.order_id"""


async def add(tx: Transaction, asks: Sequence[RecordIntent]) -> None:
    """Keep new intents."""
    await tx.execute(
        _ADD,
        [ask.order_id for ask in asks],
        [ask.intent_id for ask in asks],
        [ask.attempt for ask in asks],
        [ask.amount.currency for ask in asks],
        [ask.amount.amount for ask in asks],
        tx.now,
    )


async def add_called_off(tx: Transaction, orders: Collection[OrderId]) -> None:
    """Remember orders that were cancelled before they had an intent."""
    await tx.execute(_ADD_CALLED_OFF, sorted(orders), tx.now)


async def lock(tx: Transaction, orders: Collection[OrderId] = (), intents: Collection[str] = ()) -> list[Payment]:
    """Lock payments by order or by intent, with their refunds."""
    payments = {row["order_id"]: Payment(**dict(row)) for row in await tx.fetch(_LOCK, list(orders), list(intents))}
    for row in await tx.fetch(_REFUNDS, list(payments)):
        payments[row["order_id"]].refunds[row["id"]] = RefundState(**dict(row))
    return list(payments.values())


async def lock_by_order(tx: Transaction, orders: Collection[OrderId]) -> dict[OrderId, Payment]:
    """Lock these orders' payments; an order without one is missing."""
    return {payment.order_id: payment for payment in await lock(tx, orders=orders)}


async def save(tx: Transaction, payments: Iterable[Payment]) -> None:
    """Write what became of locked payments, and publish what they have to say."""
    payments = list(payments)
    changed = [payment for payment in payments if payment.dirty]
    if changed:
        await tx.execute(
            _SAVE,
            [p.order_id for p in changed], [p.received for p in changed], [p.refunding for p in changed],
            [p.refunded for p in changed], [p.status for p in changed],
            tx.now,
        )  # fmt: skip
    refunds = [refund for payment in payments for refund in payment.refunds.values() if refund.dirty]
    if refunds:
        await tx.execute(
            _SAVE_REFUNDS,
            [r.id for r in refunds], [r.order_id for r in refunds], [r.stripe_refund_id for r in refunds],
            [r.amount for r in refunds], [r.reason for r in refunds], [r.status for r in refunds],
            tx.now,
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


async def sums(database: Database) -> list[Sums]:
    """What rows, refunds and webhooks say of each payment."""
    return [Sums(**dict(row)) for row in await database.fetch(_SUMS)]
