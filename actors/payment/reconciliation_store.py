"""The SQL of reconciliation with Stripe: due payments and refunds, the lease of a scan, and its place in Stripe's list.

`next_look_at` is when a payment or refund is due for a scan; null if Stripe has nothing to decide about it. A scan
takes the due payments within a day of the oldest as one **window** of Stripe's list, and reads it page by page; a long
window takes several scans. Payments that are still undecided then are due again, later each time.

Rejected: docs/decisions/0008.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from actors.payment.life import Status
from actors.payment.private import RecordLook, RefundSeen, Window
from actors.payment.reconciliation_rules import earliest_next_scan
from bus.messages.base import OrderId
from bus.messages.payment import RecordStripeEvent
from engine.clock import FOREVER
from engine.postgres import Database
from engine.transaction import Transaction

LEASE: Final = timedelta(minutes=1)  # From one request to the next. After a crash in a scan, others wait no longer.
_MAX_REFUNDS = 10  # In one scan; each is a request.

# Stripe makes an intent before it is recorded: an hour before at most, as an order is not payable for longer. For an
# order that was called off without an intent only that time is recorded. Ten minutes allow for clock skew.
_DUE_WINDOW = """
with due as (
    select created_at,
        created_at - case when intent_id is null then interval '1 day' else interval '1 hour' end as since
    from payment.payments where next_look_at <= $1),
oldest as (select min(created_at) as at from due)
select min(since) as created_from, max(created_at) + interval '10 minutes' as created_to
from due, oldest where created_at < oldest.at + interval '1 day'"""
_TAKE_LEASE = """
update payment.reconciler set busy_until = $2 where busy_until <= $1
returning created_from, created_to, planned_at, after"""
_RENEW_LEASE = "update payment.reconciler set busy_until = $1"
_DUE_REFUNDS = """
select r.id, r.order_id, p.intent_id from payment.refunds r join payment.payments p using (payment_id)
where r.next_look_at <= $1 and p.intent_id is not null order by r.next_look_at limit $2"""
_STATUSES = """
select order_id, intent_id, status from payment.payments where intent_id = any($1) or order_id = any($2)"""

# Backoff: half of a payment's age, at least $2, at most a day. A payment that was called off and has no intent at
# Stripe either will never have one.
_RESCHEDULE_PAYMENTS = """
update payment.payments set next_look_at = case when intent_id is not null
    then $1::timestamptz + least(greatest(($1 - created_at) / 2, $2), interval '1 day') end
where next_look_at <= $3 and created_at between $4 and $5::timestamptz - interval '10 minutes'"""
_RESCHEDULE_REFUNDS = """
update payment.refunds set
    next_look_at = $1::timestamptz + least(greatest(($1 - created_at) / 2, $2), interval '1 day')
where id = any($3) and next_look_at is not null"""
# An intent is made before its order is placed. If the program ended in between, nobody can pay it, and it must end.
_OPEN_SINCE = """
select order_id from payment.payments
where status = 'open' and purpose = 'order' and created_at <= $1 order by created_at limit 100"""
_UNKNOWN_REFUNDS = """
select seen.stripe_refund_id, p.order_id
from unnest($1::text[], $2::text[], $3::text[]) as seen (stripe_refund_id, refund_id, intent_id)
join payment.payments p using (intent_id)
where not exists (select from payment.refunds r where r.stripe_refund_id = seen.stripe_refund_id)
    and not exists (select from payment.refunds r where r.id = seen.refund_id)"""
_MISSED = """
select seen.id, p.order_id
from unnest($1::text[], $2::text[]) as seen (id, intent_id)
join payment.payments p using (intent_id)
where not exists (select from payment.stripe_events e where e.id = seen.id)"""
_IS_ANY_DUE = """
select exists (select from payment.payments where next_look_at <= $1)
    or exists (select from payment.refunds where next_look_at <= $1)"""
_RETURN_LEASE = """
update payment.reconciler set busy_until = $1, created_from = $2, created_to = $3, planned_at = $4, after = $5"""
_MAKE_DUE = """
with payments as (
    update payment.payments set next_look_at = $2
    where order_id = $1 and intent_id is not null and status in ('open', 'processing', 'closing') returning 1
), refunds as (
    update payment.refunds set next_look_at = $2 where order_id = $1 and status = 'pending' returning 1
)
select exists (select from payments) or exists (select from refunds)"""
_NEXT_SCAN = """
select greatest(least(
        (select min(next_look_at) from payment.payments), (select min(next_look_at) from payment.refunds)
    ), r.busy_until) as at,
    exists (select from payment.payments where next_look_at is not null)
        or exists (select from payment.refunds where next_look_at is not null) as is_any
from payment.reconciler r"""


@dataclass(frozen=True, slots=True)
class DueRefund:
    """A refund to ask Stripe about."""

    id: str
    order_id: OrderId
    intent_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The work of a scan."""

    window: Window | None
    refunds: tuple[DueRefund, ...]


async def next_scan(source: Database | Transaction) -> datetime:
    """The time of the next scan; `FOREVER` if everything is settled."""
    row = (await source.fetch(_NEXT_SCAN))[0]
    return row["at"] if row["is_any"] else FOREVER


async def make_due(tx: Transaction, order_id: OrderId) -> bool:
    """Make the unsettled payments and refunds of an order due for a scan now; False if there are none."""
    return bool(await tx.value(_MAKE_DUE, order_id, tx.now))


async def begin(tx: Transaction) -> Plan | None:
    """Take the lease, and plan a scan; None if another scan has the lease. A window that was begun goes on."""
    stopped = await tx.row(_TAKE_LEASE, tx.now, tx.now + LEASE)
    if stopped is None:
        return None
    refunds = tuple(DueRefund(**dict(row)) for row in await tx.fetch(_DUE_REFUNDS, tx.now, _MAX_REFUNDS))
    due = await tx.row(_DUE_WINDOW, tx.now)
    if due is None or due["created_from"] is None:
        return Plan(None, refunds)
    if stopped["created_from"] is not None:
        return Plan(Window(**dict(stopped)), refunds)
    return Plan(Window(**dict(due), planned_at=tx.now), refunds)


async def renew(database: Database, now: datetime) -> None:
    """Renew the lease for another request. If another scan has it by now, both see the same."""
    async with database.transaction(now) as tx:
        await tx.execute(_RENEW_LEASE, now + LEASE)


async def statuses(
    database: Database, intents: Collection[str], orders: Collection[OrderId]
) -> tuple[dict[str, Status], set[OrderId]]:
    """The status of our payments by intent, and the orders among these that have a payment."""
    rows = await database.fetch(_STATUSES, list(intents), list(orders))
    return {row["intent_id"]: row["status"] for row in rows if row["intent_id"]}, {row["order_id"] for row in rows}


async def open_since(database: Database, before: datetime) -> list[OrderId]:
    """Orders whose intents have been open since then, at most 100, the oldest first. A placed order is over by then."""
    return [row["order_id"] for row in await database.fetch(_OPEN_SINCE, before)]


async def unknown_refunds(database: Database, seen: Sequence[RefundSeen]) -> dict[str, OrderId]:
    """The orders of refunds that Stripe has of our payments and that are not stored here, by Stripe's refund id."""
    rows = await database.fetch(
        _UNKNOWN_REFUNDS,
        [refund.stripe_refund_id for refund in seen],
        [refund.refund_id for refund in seen],
        [refund.intent_id for refund in seen],
    )
    return {row["stripe_refund_id"]: row["order_id"] for row in rows}


async def missed(database: Database, seen: Sequence[RecordStripeEvent]) -> dict[str, OrderId]:
    """The orders of events that Stripe has about our payments and that are not stored here, by event."""
    events, intents = [ask.event.id for ask in seen], [ask.intent_id for ask in seen]
    return {row["id"]: row["order_id"] for row in await database.fetch(_MISSED, events, intents)}


async def end(tx: Transaction, scan: RecordLook, every: timedelta) -> None:
    """Record the part that a scan covered, and the place and earliest time of the next one; return the lease."""
    window = scan.window
    if window is not None and scan.is_seen:
        await tx.execute(_RESCHEDULE_PAYMENTS, tx.now, every, window.planned_at, window.created_from, window.created_to)
        window = None
    if scan.refunds_asked:
        await tx.execute(_RESCHEDULE_REFUNDS, tx.now, every, list(scan.refunds_asked))
    await tx.execute(
        _RETURN_LEASE,
        earliest_next_scan(scan, tx.now, every, is_left=await tx.value(_IS_ANY_DUE, scan.began_at)),
        window and window.created_from, window and window.created_to, window and window.planned_at,
        window.after if window else "",
    )  # fmt: skip
