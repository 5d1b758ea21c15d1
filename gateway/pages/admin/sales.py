"""Sales of a day beside those of the same weekdays before it. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median
from typing import Final, NamedTuple

from bus.messages.analytics import SalesRow
from bus.messages.base import Money
from gateway.pages.charts import BarChart, bar_chart

DAYS: Final = 14  # That are drawn.
WEEKS: Final = 4  # That today is compared with.


class SalesDay(NamedTuple):
    """The money that was paid on a day."""

    day: date
    paid: Money
    orders: int
    is_same_weekday: bool


class SalesToday(NamedTuple):
    """Today's sales, and the days before; `usual` is the median of the same weekday of four weeks."""

    paid: Money
    orders: int
    units: int
    usual: Money
    days: Sequence[SalesDay]  # The last one is today.
    chart: BarChart


def first_day(today: date) -> date:
    """Return the first day whose sales are needed."""
    return today - timedelta(weeks=WEEKS)


def sales_today(rows: Sequence[SalesRow], today: date, currency: str) -> SalesToday:
    """Put the sales of one currency together.

    Args:
        rows: Of the days from `first_day` on, in any currencies.
        today: The last of them.
        currency: Of those that count.
    """
    by_day = {row.start: row for row in rows if row.currency == currency}
    usual = int(median(_paid(by_day, today - timedelta(weeks=week)) for week in range(1, WEEKS + 1)))
    days = [_day(by_day, today - timedelta(days=back), today, currency) for back in reversed(range(DAYS))]
    now = by_day.get(today)
    return SalesToday(
        paid=Money(amount=_paid(by_day, today), currency=currency),
        orders=now.orders if now else 0,
        units=now.units if now else 0,
        usual=Money(amount=usual, currency=currency),
        days=days,
        chart=bar_chart([each.paid.amount for each in days], usual),
    )


def _paid(by_day: Mapping[date, SalesRow], day: date) -> int:
    return by_day[day].paid if day in by_day else 0


def _day(by_day: Mapping[date, SalesRow], day: date, today: date, currency: str) -> SalesDay:
    row = by_day.get(day)
    paid = Money(amount=row.paid if row else 0, currency=currency)
    return SalesDay(day, paid, row.orders if row else 0, day.weekday() == today.weekday())
