"""The SQL of sales figures."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Final

from bus.messages.analytics import GetSales, HourSales, SalesBy, SalesRow
from bus.messages.order import OrderCreated, OrderDelivered
from bus.messages.payment import (
    DisputeFundsMoved,
    FurtherPaymentReceived,
    PaymentReceived,
    RefundFailed,
    RefundProcessed,
)
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into analytics.sales (order_id, placed_at, currency, units, ordered)
select order_id, $5, currency, units, ordered
from unnest($1::text[], $2::text[], $3::int[], $4::bigint[]) as s (order_id, currency, units, ordered)
on conflict (order_id) do nothing"""
_ADD_PAID = """
update analytics.sales s set paid = paid + n.amount
from (select order_id, sum(amount)::bigint as amount
    from unnest($1::text[], $2::bigint[]) as n (order_id, amount) group by order_id) n
where s.order_id = n.order_id"""
_ADD_REFUNDED = """
update analytics.sales s set refunded = refunded + n.amount
from (select order_id, sum(amount)::bigint as amount
    from unnest($1::text[], $2::bigint[]) as n (order_id, amount) group by order_id) n
where s.order_id = n.order_id"""
_ADD_DISPUTED = _ADD_REFUNDED.replace("set refunded = refunded + n.amount", "set disputed = disputed + n.amount")
_NOTE_DELIVERED = """
update analytics.sales s set delivered_at = n.at
from unnest($1::text[], $2::timestamptz[]) as n (order_id, at) where s.order_id = n.order_id"""
_SALES = """
select date_trunc($1, placed_at at time zone 'UTC')::date as start, currency, count(*) as orders,
    sum(units)::bigint as units, sum(ordered)::bigint as ordered, sum(paid)::bigint as paid,
    sum(refunded)::bigint as refunded, sum(disputed)::bigint as disputed, count(delivered_at) as delivered
from analytics.sales where placed_at between $2 and $3 group by 1, 2 order by 1, 2"""
# Reads the orders of one day, by the index on their time.
_OF_DAY = """
select extract(hour from placed_at at time zone 'UTC')::int as hour, currency, count(*) as orders,
    sum(units)::bigint as units, sum(ordered)::bigint as ordered, sum(paid)::bigint as paid
from analytics.sales where placed_at between $1 and $2 group by 1, 2 order by 1, 2"""
_BY: Final[dict[SalesBy, str]] = {"day": "day", "month": "month"}


async def add(tx: Transaction, events: Sequence[OrderCreated]) -> None:
    """Add sales."""
    await tx.execute(
        _ADD,
        [event.order_id for event in events],
        [event.total.currency for event in events],
        [sum(line.quantity for line in event.lines) for event in events],
        [event.total.amount for event in events],
        tx.now,
    )


async def add_paid(tx: Transaction, events: Sequence[PaymentReceived | FurtherPaymentReceived]) -> None:
    """Add money that came in."""
    await tx.execute(_ADD_PAID, [event.order_id for event in events], [event.amount.amount for event in events])


async def add_refunded(tx: Transaction, events: Sequence[RefundProcessed]) -> None:
    """Add money that was refunded."""
    await tx.execute(_ADD_REFUNDED, [event.order_id for event in events], [event.amount.amount for event in events])


async def take_back_refunded(tx: Transaction, events: Sequence[RefundFailed]) -> None:
    """Subtract refunded money that came back."""
    back = [event for event in events if event.was_processed]
    await tx.execute(_ADD_REFUNDED, [event.order_id for event in back], [-event.amount.amount for event in back])


async def add_disputed(tx: Transaction, events: Sequence[DisputeFundsMoved]) -> None:
    """Add money that a bank has taken; subtract money that it has put back."""
    amounts = [event.amount.amount * (1 if event.is_withdrawal else -1) for event in events]
    await tx.execute(_ADD_DISPUTED, [event.order_id for event in events], amounts)


async def note_delivered(tx: Transaction, events: Sequence[OrderDelivered]) -> None:
    """Note when orders arrived."""
    await tx.execute(_NOTE_DELIVERED, [event.order_id for event in events], [event.at for event in events])


async def sales(database: Database, ask: GetSales) -> list[SalesRow]:
    """Sales by period."""
    start, end = _span(ask.start, ask.end)
    return [SalesRow(**dict(row)) for row in await database.fetch(_SALES, _BY[ask.by], start, end)]


async def sales_of_day(database: Database, day: date) -> list[HourSales]:
    """Sales of a day by the hour."""
    return [HourSales(**dict(row)) for row in await database.fetch(_OF_DAY, *_span(day, day))]


def _span(first: date, last: date) -> tuple[datetime, datetime]:
    """Return when the first day begins, and the last microsecond of the last one, PostgreSQL's precision."""
    return datetime.combine(first, time(), UTC), datetime.combine(last, time.max, UTC)
