"""The SQL of the audit: a payment's sums, facts for the auditor, and items that wait for a person."""

from collections.abc import AsyncIterator, Collection
from datetime import timedelta

from asyncpg import Record

from actors.payment.rules import PaymentSums
from bus.messages.base import Money, OrderId
from bus.messages.payment import ListStuckPayments, PaymentFact, StuckPayment
from engine.clock import Clock
from engine.postgres import Database

# Ages from which an unfinished item waits for a person.
_REFUND_STUCK_AFTER = timedelta(days=3)  # Banks take a day or two.
# An order can be called off unpaid for half an hour; its intent is then cancelled within seconds.
_CLOSING_STUCK_AFTER = timedelta(minutes=90)
# Source: Stripe, "SEPA Direct Debit payments", up to 14 business days.
_DEBIT_STUCK_AFTER = timedelta(days=14)

_SUMS = """
select p.payment_id, p.order_id, p.amount, p.received, p.refunding, p.refunded, r.refunding_by_rows, r.refunded_by_rows,
    (select count(*) from payment.stripe_events e where e.intent_id = p.intent_id and e.effect = 'received')::int
        as captures
from (select * from payment.payments where payment_id > $1 order by payment_id limit $2) p
cross join lateral (
    select coalesce(sum(amount) filter (where status <> 'failed'), 0)::bigint as refunding_by_rows,
        coalesce(sum(amount) filter (where status = 'succeeded'), 0)::bigint as refunded_by_rows
    from payment.refunds where payment_id = p.payment_id) r
order by p.payment_id"""
_SUMS_PAGE_SIZE = 500  # Small pages: deciding about one blocks the event loop for a few ms at most.

_FACTS = """
select p.order_id, p.purpose, p.currency, p.amount, p.received, p.refunding, p.refunded, p.status, p.created_at,
    (select count(*) from payment.refunds r where r.payment_id = p.payment_id)::int as refunds,
    (select coalesce(sum(d.amount), 0) from payment.disputes d
        where d.payment_id = p.payment_id and d.funds = 'withdrawn')::bigint as withdrawn
from payment.payments p
where p.order_id > $1 and p.order_id <= coalesce($2, (select max(order_id) from payment.payments))
order by p.order_id"""
_FACTS_OF_ORDERS = _FACTS.partition("where p.order_id > $1")[0] + "where p.order_id = any($1)"

# A failed refund waits for a person until another of at least as much was begun after the failure.
_STUCK = """
select * from (
    select r.id, case r.status when 'failed' then 'refund_failed' else 'refund_pending' end as kind, r.order_id,
        p.intent_id, r.amount, p.currency, r.created_at as since,
        case r.status when 'failed' then 'the bank sent it back, or Stripe refused it'
            else 'Stripe has not said that it is done' end as detail
    from payment.refunds r join payment.payments p using (payment_id)
    where r.status <> 'succeeded' and case r.status
        when 'failed' then not exists (select from payment.refunds again where again.payment_id = r.payment_id
            and again.id <> r.id and again.amount >= r.amount and again.created_at >= r.failed_at
            and (again.status <> 'failed' or (again.failed_at, again.id) > (r.failed_at, r.id)))
        else r.created_at <= $4 end
    union all
    select e.id, 'capture_refused', p.order_id, e.intent_id, e.amount, p.currency, e.stored_at, 'refused: ' || e.detail
    from payment.stripe_events e left join payment.payments p using (intent_id)
    where e.effect = 'refused' and e.type = 'payment_intent.succeeded'
    union all
    select p.order_id, 'intent_open', p.order_id, p.intent_id, p.amount, p.currency, p.created_at,
        'its order is cancelled, and it can still be paid'
    from payment.payments p where p.status = 'closing' and p.created_at <= $5
    union all
    select d.id, 'dispute_open', p.order_id, p.intent_id, d.amount, p.currency, d.opened_at,
        case d.status when 'inquiry' then 'the bank asks: ' else 'the bank disputes it: ' end || d.reason
    from payment.disputes d join payment.payments p using (payment_id) where d.status in ('inquiry', 'open')
    union all
    select w.id, 'fraud_warning', p.order_id, p.intent_id, p.received - p.refunding, p.currency, w.warned_at,
        'its card''s issuer believes in fraud: ' || w.fraud_type
    from payment.fraud_warnings w join payment.payments p using (payment_id)
    where p.refunding < p.received and not exists (
        select from payment.disputes d where d.payment_id = w.payment_id)
    union all
    select p.payment_id, 'processing_long', p.order_id, p.intent_id, p.amount, p.currency, p.processing_since,
        'its bank has not decided'
    from payment.payments p where p.status = 'processing' and p.processing_since <= $6
) stuck
where (since, id) > ($1, $2) order by since, id limit $3"""


async def sums(database: Database) -> AsyncIterator[list[PaymentSums]]:
    """Sums of each payment by its row, refunds and webhooks, page by page."""
    last = ""
    while rows := await database.fetch(_SUMS, last, _SUMS_PAGE_SIZE):
        yield [PaymentSums(**{name: value for name, value in row.items() if name != "payment_id"}) for row in rows]
        last = rows[-1]["payment_id"]


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[PaymentFact]:
    """Payments of a span of orders, for the auditor."""
    return [PaymentFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]


async def facts_of(database: Database, orders: Collection[OrderId]) -> list[PaymentFact]:
    """Payments of these orders, for the auditor."""
    return [PaymentFact(**dict(row)) for row in await database.fetch(_FACTS_OF_ORDERS, list(orders))]


async def stuck(database: Database, ask: ListStuckPayments, clock: Clock) -> list[StuckPayment]:
    """Payments, refunds and disputes that wait for a person, the oldest first."""
    now = clock.now()
    due = (now - _REFUND_STUCK_AFTER, now - _CLOSING_STUCK_AFTER, now - _DEBIT_STUCK_AFTER)
    rows = await database.fetch(_STUCK, ask.since, ask.after, ask.limit, *due)
    return [_stuck_payment(row) for row in rows]


def _stuck_payment(row: Record) -> StuckPayment:
    return StuckPayment(
        id=row["id"],
        kind=row["kind"],
        order_id=row["order_id"],
        intent_id=row["intent_id"],
        amount=Money(amount=row["amount"], currency=row["currency"]) if row["currency"] else None,
        since=row["since"],
        detail=row["detail"],
    )
