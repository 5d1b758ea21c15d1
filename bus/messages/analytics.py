"""Analytics: sales, payments and refunds by period."""

from datetime import date
from typing import Literal, TypeAlias

from bus.messages.base import Currency, Value
from engine.message import Query, Reply

SalesBy: TypeAlias = Literal["day", "month"]


class SalesRow(Value, frozen=True, kw_only=True):
    """Sales of one period in one currency. Amounts are minor units."""

    start: date
    currency: Currency
    orders: int
    units: int
    ordered: int
    paid: int
    refunded: int
    delivered: int  # Orders that arrived.
    disputed: int = 0  # Withdrawn by buyers' banks, and not returned.


class Sales(Reply):
    """The periods with at least one order, in order of time."""

    rows: tuple[SalesRow, ...]


class GetSales(Query[Sales]):
    """Sum up orders by the period they were placed in, from the first day to the last, both included (UTC)."""

    start: date
    end: date
    by: SalesBy = "day"


class HourSales(Value, frozen=True, kw_only=True):
    """Sales of one hour of a day in one currency. Amounts are minor units."""

    hour: int  # 0 to 23, UTC.
    currency: Currency
    orders: int
    units: int
    ordered: int
    paid: int


class SalesOfDay(Reply):
    """The hours with at least one order, in order of time."""

    rows: tuple[HourSales, ...]


class GetSalesOfDay(Query[SalesOfDay]):
    """Sum up the orders of a day by the hour they were placed in (UTC)."""

    day: date
