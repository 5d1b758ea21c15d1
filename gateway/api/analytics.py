"""Sales by period, and by the hour of a day."""

from datetime import date, timedelta
from typing import Annotated

from litestar import get
from litestar.params import FromQuery, QueryParameter

from bus.messages.analytics import GetSales, GetSalesOfDay, HourSales, SalesBy, SalesRow
from gateway.api.lists import WholeListView
from gateway.context import Injected

_MONTH = timedelta(days=30)


class SalesView(WholeListView[SalesRow], frozen=True, kw_only=True):
    """Sales by period."""


class SalesOfDayView(WholeListView[HourSales], frozen=True, kw_only=True):
    """Sales of a day by the hour, without the hours in which nothing was ordered."""


@get("/analytics/sales", summary="Report sales by day or month")
async def sales(
    context: Injected,
    start: Annotated[date | None, QueryParameter(name="from")] = None,
    end: Annotated[date | None, QueryParameter(name="to")] = None,
    by: FromQuery[SalesBy] = "day",
) -> SalesView:
    """Sum up orders by the day or month in which they were placed. The default is the last 30 days."""
    last = end or context.clock.now().date()
    first = start or last - min(_MONTH, last - date.min)
    answer = await context.bus.ask(GetSales(start=first, end=last, by=by))
    return SalesView(items=answer.rows)


@get("/analytics/sales/hours", summary="Report a day's sales by the hour")
async def sales_by_hour(context: Injected, day: FromQuery[date | None] = None) -> SalesOfDayView:
    """Sum up the orders of a day by the hour in which they were placed, in UTC. The default is today."""
    answer = await context.bus.ask(GetSalesOfDay(day=day or context.clock.now().date()))
    return SalesOfDayView(items=answer.rows)


STAFF = [sales, sales_by_hour]
