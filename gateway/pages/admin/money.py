"""Money: what is stuck, each with the one request that resolves it, and refunds that wait for a second person."""

import asyncio
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, get, post
from litestar.params import FromPath

from bus.messages.base import Money
from gateway.api.approvals import Approvals, ApprovalView
from gateway.api.audit import StuckMoney, StuckView
from gateway.api.order import OrderView
from gateway.api.staff import StaffList
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, cursor_of, me_of, names_of, read_if_allowed, screen
from gateway.pages.forms import fresh_sign_in_address, new_key, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.problems import not_found

PATH: Final = "/admin/money"
DECISIONS: Final = ("approve", "refuse")
_LIMIT: Final = 50
_AT_ONCE: Final = 100
_MOST_PAGES: Final = 20  # Of stuck items that are looked through for one.


@get(PATH, include_in_schema=False)
async def money(request: Http) -> Response[bytes]:
    """List what is stuck, the oldest first, and refunds that wait."""
    return await _money(request)


@post("/admin/money/apply", include_in_schema=False, guards=[own_forms_only])
async def apply_remedy(request: Http) -> Response[bytes]:
    """Do what resolves a stuck item: the request that the API names for it now, whatever the page has shown."""
    form = await read_form(request)
    item = await _item(request, form.get("item"))
    remedy = item.remedy
    return await _done(request, remedy.method, remedy.path, form.get("key"), remedy.body)


@post("/admin/money/settle", include_in_schema=False, guards=[own_forms_only])
async def settle(request: Http) -> Response[bytes]:
    """Take an item off the list: a person has resolved it elsewhere."""
    form = await read_form(request)
    path = f"/admin/api/stuck-money/{quote(form.get('item'), safe='')}/settle"
    return await _done(request, "POST", path, form.get("key"))


@post("/admin/money/approvals/{approval_id:str}", include_in_schema=False, guards=[own_forms_only])
async def decide(request: Http, approval_id: FromPath[str]) -> Response[bytes]:
    """Approve a refund that somebody else has asked for, or refuse it."""
    form = await read_form(request)
    decision = form.get("decision")
    if decision not in DECISIONS:
        return see(PATH)
    path = f"/admin/api/approvals/{quote(approval_id, safe='')}/{decision}"
    return await _done(request, "POST", path, form.get("key"))


async def _done(request: Http, method: str, path: str, key: str, body: object = None) -> Response[bytes]:
    try:
        await ask(request, method, path, body=body, key=key)
    except Refused as refused:
        if refused.code == "fresh_login_required":
            return see(fresh_sign_in_address(PATH))
        if refused.status == 401:
            raise
        return await _money(request, refused)
    return see(PATH)


async def _money(request: Http, refused: Refused | None = None) -> Response[bytes]:
    await me_of(request)
    query = urlencode({"limit": _LIMIT, "cursor": cursor_of(request)})
    stuck = (await ask(request, "GET", "/admin/api/stuck-money", query=query)).read(StuckMoney)
    approvals = (await ask(request, "GET", "/admin/api/approvals", query="limit=50")).read(Approvals)
    waiting = [each for each in approvals.items if each.state == "waiting"]
    people = await read_if_allowed(request, "/admin/api/staff", StaffList)
    abouts = await asyncio.gather(*(_about(request, each) for each in waiting))
    return await screen(
        request,
        "money.html",
        refused=refused,
        stuck=stuck,
        waiting=[(each, *about) for each, about in zip(waiting, abouts, strict=True)],
        decided=[each for each in approvals.items if each.state in ("approved", "refused")][:10],
        names=names_of(people),
        key=new_key(),
    )


async def _about(request: Http, approval: ApprovalView) -> tuple[str, Money | None]:
    """Return the number of an approval's order, and the money: an approval has no currency of its own."""
    order = await read_if_allowed(request, f"/orders/{quote(approval.order_id, safe='')}", OrderView)
    if order is None:
        return approval.order_id, None
    amount = order.total.amount - order.refunded.amount if approval.amount is None else approval.amount
    return order.number, Money(amount=amount, currency=order.total.currency)


async def _item(request: Http, item_id: str) -> StuckView:
    cursor = ""
    for _ in range(_MOST_PAGES):
        query = urlencode({"limit": _AT_ONCE, "cursor": cursor})
        page = (await ask(request, "GET", "/admin/api/stuck-money", query=query)).read(StuckMoney)
        if found := _named(page.items, item_id):
            return found
        if page.next is None:
            break
        cursor = page.next
    raise not_found("item that waits for a person")


def _named(items: Sequence[StuckView], item_id: str) -> StuckView | None:
    return next((each for each in items if each.id == item_id), None)


PART: Final = PortalPart(
    screens=[Screen(path=PATH, title="Money", group="day", key="read_payments", letter="m")],
    routes=[money, apply_remedy, settle, decide],
)
