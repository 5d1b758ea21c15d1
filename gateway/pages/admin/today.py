"""Today: what is to be done, how sales go, and what has just happened. The first screen of the portal.

Numbers are counted from the API's lists, the oldest first, up to MOST: more than that is "100 and more", and nothing
is slow because there is much to do.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from urllib.parse import urlencode

import msgspec
from litestar import Response, get

from gateway.api.analytics import SalesOfDayView, SalesView
from gateway.api.audit import StuckMoney, StuckView
from gateway.api.health import Health
from gateway.api.operations import DeadLetters
from gateway.api.order_desk import OrderList
from gateway.api.stock_list import StockListView
from gateway.api.warehouse import PickLists, PickListView
from gateway.context import Http, context_of
from gateway.pages.admin.first_steps import first_steps
from gateway.pages.admin.sales import SalesHour, first_day, sales_by_hour, sales_today, week_before
from gateway.pages.admin.screens import HOME, PortalPart, Screen, has_screen, me_of, read_if_allowed, screen
from gateway.pages.inside import Refused, ask

MOST: Final = 100
_LATE: Final = timedelta(hours=24)
_FEW: Final = 5  # Units: as the storefront says "only 5 left".
_LATEST: Final = 10
_DISPUTES: Final = ("dispute_open", "fraud_warning")

Task: TypeAlias = Literal["pick", "hand_over", "late", "to_pay", "stuck", "disputes", "letters", "low"]


class Todo(msgspec.Struct, frozen=True):
    """Something to be done: how many, where, and since when the oldest waits. `is_more`: there are more than that."""

    task: Task
    count: int
    href: str
    since: datetime | None = None
    is_more: bool = False
    is_urgent: bool = False


@get(HOME, include_in_schema=False)
async def today(request: Http) -> Response[bytes]:
    """Show what is to be done, sales, and the latest orders; each as far as whoever looks may know it."""
    await me_of(request)  # First: whoever is not signed in is asked to.
    now = context_of(request.scope).clock.now()
    groups: list[Awaitable[Sequence[Todo]]] = [_parcels(request, now), _unpaid(request), _money(request)]
    groups += [_letters(request), _low(request)]
    todo = [_led(request, each) for group in await asyncio.gather(*groups) for each in group]
    latest = await read_if_allowed(request, "/admin/api/orders", OrderList, urlencode({"limit": _LATEST}))
    return await screen(
        request,
        "today.html",
        todo=todo,
        sales=await _sales(request),
        hours=await _hours(request, now),
        latest=latest,
        first=await first_steps(request) if latest is not None and not latest.items else None,
        has_start=has_screen(request, "/admin/start"),
        health=await _health(request),
        most=MOST,
    )


def _led(request: Http, todo: Todo) -> Todo:
    """Lead to a list of orders where the screen of a task is not part of this portal."""
    if has_screen(request, todo.href.partition("?")[0]):
        return todo
    return msgspec.structs.replace(todo, href="/admin/orders?status=paid" if todo.task == "pick" else "")


async def _parcels(request: Http, now: datetime) -> Sequence[Todo]:
    async def listed(status: str) -> PickLists | None:
        query = urlencode({"status": status, "limit": MOST})
        return await read_if_allowed(request, "/admin/api/pick-lists", PickLists, query)

    to_pick, picked, packed = await asyncio.gather(*(listed(each) for each in ("open", "picked", "packed")))
    if to_pick is None or picked is None or packed is None:
        return []
    late = [each for some in (to_pick, picked, packed) for each in some.items if now - each.created_at > _LATE]
    return [
        _work("pick", [*to_pick.items], "/admin/pick", is_more=to_pick.next is not None),
        _work("hand_over", [*packed.items], "/admin/orders?status=packed", is_more=packed.next is not None),
        _work("late", late, "/admin/orders?late=true", is_more=False, is_urgent=True),
    ]


def _work(task: Task, lists: Sequence[PickListView], href: str, *, is_more: bool, is_urgent: bool = False) -> Todo:
    since = min((each.created_at for each in lists), default=None)
    return Todo(task, len(lists), href, since, is_more, is_urgent)


async def _unpaid(request: Http) -> Sequence[Todo]:
    query = urlencode([("status", "pending_payment"), ("status", "payment_processing"), ("limit", MOST)])
    unpaid = await read_if_allowed(request, "/admin/api/orders", OrderList, query)
    if unpaid is None:
        return []
    since = None if unpaid.next else min((each.created_at for each in unpaid.items), default=None)
    href = "/admin/orders?status=pending_payment&status=payment_processing"
    return [Todo("to_pay", len(unpaid.items), href, since, unpaid.next is not None)]


async def _money(request: Http) -> Sequence[Todo]:
    stuck = await read_if_allowed(request, "/admin/api/stuck-money", StuckMoney, urlencode({"limit": MOST}))
    if stuck is None:
        return []
    disputes = [each for each in stuck.items if each.kind in _DISPUTES]
    others = [each for each in stuck.items if each.kind not in (*_DISPUTES, "dead_letter")]
    is_more = stuck.next is not None
    return [_stuck("stuck", others, is_more=is_more), _stuck("disputes", disputes, is_more=is_more)]


def _stuck(task: Task, items: Sequence[StuckView], *, is_more: bool) -> Todo:
    since = min((each.since for each in items), default=None)
    return Todo(task, len(items), "/admin/money", since, is_more and bool(items), is_urgent=True)


async def _letters(request: Http) -> Sequence[Todo]:
    letters = await read_if_allowed(request, "/admin/api/dead-letters", DeadLetters, urlencode({"limit": MOST}))
    if letters is None:
        return []
    since = min((each.parked_at for each in letters.items), default=None)
    is_more = letters.next is not None
    return [Todo("letters", len(letters.items), "/admin/letters", since, is_more, is_urgent=True)]


async def _low(request: Http) -> Sequence[Todo]:
    query = urlencode({"low": _FEW, "limit": MOST})
    low = await read_if_allowed(request, "/admin/api/stock", StockListView, query)
    return [Todo("low", len(low.items), f"/admin/stock?low={_FEW}", None, low.next is not None)] if low else []


async def _sales(request: Http) -> object:
    context = context_of(request.scope)
    day = context.clock.now().date()
    query = urlencode({"from": first_day(day), "to": day, "by": "day"})
    sold = await read_if_allowed(request, "/admin/api/analytics/sales", SalesView, query)
    return sales_today(sold.items, day, context.currency) if sold else None


async def _hours(request: Http, now: datetime) -> Sequence[SalesHour]:
    """Put the hours of today beside those of a week before; nothing where both have none, and for those who may not."""
    today, before = await asyncio.gather(
        *(
            read_if_allowed(request, "/admin/api/analytics/sales/hours", SalesOfDayView, urlencode({"day": day}))
            for day in (now.date(), week_before(now.date()))
        )
    )
    if today is None or before is None or not (today.items or before.items):
        return []
    return sales_by_hour(today.items, before.items, now.hour, context_of(request.scope).currency)


async def _health(request: Http) -> Health:
    try:
        return (await ask(request, "GET", "/health/ready")).read(Health)
    except Refused as refused:
        return refused.answer.read(Health)


PART = PortalPart(screens=[Screen(path=HOME, title="Today", group="day", letter="t")], routes=[today])
