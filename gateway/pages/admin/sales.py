"""Sales of a day beside those of the same weekdays before it, by the day and by the hour. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from statistics import median
from typing import Final, NamedTuple

from bus.messages.analytics import HourSales, SalesRow
from bus.messages.base import Money
from gateway.pages.charts import Bar, BarChart, bar_chart, pair_chart

DAYS: Final = 14  # That are drawn.
WEEKS: Final = 4  # That today is compared with.


class SalesDay(NamedTuple):
    """A day, and the money that was paid on it."""

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


class SalesHour(NamedTuple):
    """An hour of today, and the same one a week before; `paid` is None while it has not begun."""

    hour: time
    paid: Money | None
    before: Money
    bars: tuple[Bar, Bar | None]  # Of before, and of today.


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


def week_before(today: date) -> date:
    """Return the same weekday a week before."""
    return today - timedelta(weeks=1)


def sales_by_hour(
    rows: Sequence[HourSales], before: Sequence[HourSales], hour: int, currency: str
) -> Sequence[SalesHour]:
    """Put today's hours beside those of a week before.

    Args:
        rows: Of today, in any currencies.
        before: Of the same weekday a week before.
        hour: The one that it is.
        currency: Of those that count.
    """
    paid, was = _by_hour(rows, currency)[: hour + 1], _by_hour(before, currency)
    return [
        SalesHour(
            hour=time(place),
            paid=Money(amount=paid[place], currency=currency) if place <= hour else None,
            before=Money(amount=was[place], currency=currency),
            bars=bars,
        )
        for place, bars in enumerate(pair_chart(paid, was))
    ]


def _by_hour(rows: Sequence[HourSales], currency: str) -> Sequence[int]:
    """List what was paid of the orders of each hour."""
    paid = {row.hour: row.paid for row in rows if row.currency == currency}
    return [paid.get(hour, 0) for hour in range(24)]


def _paid(by_day: Mapping[date, SalesRow], day: date) -> int:
    return by_day[day].paid if day in by_day else 0


def _day(by_day: Mapping[date, SalesRow], day: date, today: date, currency: str) -> SalesDay:
    row = by_day.get(day)
    paid = Money(amount=row.paid if row else 0, currency=currency)
    return SalesDay(day, paid, row.orders if row else 0, day.weekday() == today.weekday())
