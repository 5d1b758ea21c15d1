"""Orders: the list with its filters, saved views and steps for many, and as a file for a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl, urlencode

from litestar import Response, get, post
from litestar.datastructures import MultiDict

from bus.messages import words
from gateway.api.bulk import DoneList
from gateway.api.order_desk import OrderList
from gateway.api.staff_views import SavedViewList, SavedViewView
from gateway.context import Http
from gateway.pages.admin.filters import Filters, filters_of
from gateway.pages.admin.screens import PortalPart, Screen, me_of, screen
from gateway.pages.forms import Form, fresh_sign_in_address, new_key, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked

LIST: Final = "/admin/orders"
STEPS: Final = ("pick", "pack", "ship")
PAYMENTS: Final = ("unpaid", "paid", "partly_refunded", "refunded", "in_doubt")
_VIEWS: Final = "orders"
_LIMIT: Final = 50
_MOST_IN_FILE: Final = 1000  # Orders; a page of the API has 100.
_AT_ONCE: Final = 100


@get(LIST, include_in_schema=False)
async def orders(request: Http) -> Response[bytes]:
    """List orders, the newest first, as the filters in the address say."""
    return await _list(request, filters_of(request.query_params))


@get("/admin/orders.csv", include_in_schema=False)
async def orders_as_file(request: Http) -> Response[bytes]:
    """Write the orders that the filters find into a file, at most a thousand."""
    filters, rows, cursor = filters_of(request.query_params), list[Sequence[object]](), ""
    while len(rows) < _MOST_IN_FILE:
        query = filters.api_query(_AT_ONCE, cursor)
        page = (await ask(request, "GET", "/admin/api/orders", query=query)).read(OrderList)
        rows += [
            (each.number, each.created_at.isoformat(), each.status, each.payment, each.buyer, each.units,
             each.total.amount, each.total.currency)
            for each in page.items
        ]  # fmt: skip
        if page.next is None:
            break
        cursor = page.next
    head = ("number", "placed", "status", "payment", "buyer", "units", "total_minor_units", "currency")
    content = as_csv([head, *rows])
    headers = {"Content-Disposition": 'attachment; filename="orders.csv"', "Cache-Control": "no-store"}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


def as_csv(rows: Sequence[Sequence[object]]) -> bytes:
    """Write rows for a spreadsheet. Text that it would take for a formula is quoted. Source: OWASP, "CSV Injection"."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    for row in rows:
        writer.writerow(
            [f"'{cell}" if isinstance(cell, str) and cell.startswith(tuple("=+-@\t\r")) else cell for cell in row]
        )
    return file.getvalue().encode("utf-8-sig")


# --- Several at once ---


@post("/admin/orders/steps", include_in_schema=False, guards=[own_forms_only])
async def take_steps(request: Http) -> Response[bytes]:
    """Take the next step of the warehouse with the orders that were chosen."""
    form = await read_form(request)
    ids, step = _chosen(form.all("id")), form.get("step")
    if not ids or step not in STEPS:
        return see(_back(form))
    body = {"action": step, "ids": [id_ for id_, _ in ids]}
    done = (await ask(request, "POST", "/admin/api/pick-lists/bulk", body=body, key=form.get("key"))).read(DoneList)
    return await _done(request, done, ids, _back(form))


@get("/admin/orders/cancel", include_in_schema=False)
async def confirm_cancelling(request: Http) -> Response[bytes]:
    """Ask whether the orders that were chosen are to be cancelled."""
    chosen = _chosen([str(each) for each in request.query_params.getall("id", [])])
    return await screen(request, "orders_cancel.html", chosen=chosen, back=_back(request.query_params), key=new_key())


@post("/admin/orders/cancel", include_in_schema=False, guards=[own_forms_only])
async def cancel_orders(request: Http) -> Response[bytes]:
    """Cancel the orders that were chosen, and refund them. It takes a fresh sign-in, from which one comes back here."""
    form = await read_form(request)
    chosen = _chosen(form.all("id"))
    body = {"action": "cancel", "ids": [id_ for id_, _ in chosen]}
    try:
        answer = await ask(request, "POST", "/admin/api/orders/bulk", body=body, key=form.get("key"))
    except Refused as refused:
        if refused.code != "fresh_login_required":
            raise
        again = urlencode([*(("id", f"{id_} {number}") for id_, number in chosen), ("back", form.get("back"))])
        return see(fresh_sign_in_address(f"/admin/orders/cancel?{again}"))
    return await _done(request, answer.read(DoneList), chosen, _back(form))


async def _done(request: Http, done: DoneList, chosen: Sequence[tuple[str, str]], back: str) -> Response[bytes]:
    return await screen(
        request, "orders_done.html", done=done, numbers=dict(chosen), back=back, problem_of=words.problem
    )


def _chosen(values: Sequence[str]) -> list[tuple[str, str]]:
    """Read the ids and numbers of the orders that were chosen: each is `ID NUMBER`."""
    pairs = [value.strip()[:300].partition(" ") for value in values]
    return [(id_, number or id_) for id_, _, number in pairs if id_][:_AT_ONCE]


def _back(given: "Form | MultiDict[str]") -> str:
    """Return the address of the list that a form came from."""
    back = str(given.get("back") or "")
    return f"{LIST}?{filters_of(MultiDict(parse_qsl(back))).query}" if back else LIST


# --- Saved views ---


@post("/admin/orders/views", include_in_schema=False, guards=[own_forms_only])
async def change_views(request: Http) -> Response[bytes]:
    """Save the filters as a view of one's own, or remove the view of this name."""
    form = await read_form(request)
    kept = (await ask(request, "GET", "/admin/api/me/views")).read(SavedViewList).items
    title, query = form.get("title"), filters_of(MultiDict(parse_qsl(form.get("query")))).query
    left = [each for each in kept if (each.list, each.title) != (_VIEWS, title)]
    if not form.get("remove"):
        left.append(SavedViewView(list=_VIEWS, title=title, query=query))
    body = {"items": [{"list": each.list, "title": each.title, "query": each.query} for each in left]}
    try:
        await ask(request, "PUT", "/admin/api/me/views", body=body)
    except Refused as refused:
        return await _list(request, filters_of(MultiDict(parse_qsl(form.get("query")))), refused)
    return see(f"{LIST}?{query}")


async def _list(request: Http, filters: Filters, refused: Refused | None = None) -> Response[bytes]:
    await me_of(request)
    try:
        answer = await ask(request, "GET", "/admin/api/orders", query=filters.api_query(_LIMIT))
        listed = answer.read(OrderList)
    except Refused as said:
        if said.status not in (403, 422) or not filters.pairs:
            raise
        refused, listed = said, OrderList(items=[], next=None)
    views = (await ask(request, "GET", "/admin/api/me/views")).read(SavedViewList).items
    return await screen(
        request,
        "orders.html",
        status=refused.status if refused else 200,
        problem=_problem(request, refused) if refused else "",
        listed=listed,
        filters=filters,
        views=[each for each in views if each.list == _VIEWS],
        statuses=words.STATUSES,
        payments=PAYMENTS,
    )


def _problem(request: Http, refused: Refused) -> str:
    language = language_asked(request)
    if refused.code == "forbidden":
        return language.say("Your role finds orders by their number and by article, not by who has bought.")
    return sentence_of(language, refused)


PART = PortalPart(
    screens=[Screen(path=LIST, title="Orders", group="day", key="read_orders", letter="o")],
    routes=[orders, orders_as_file, take_steps, confirm_cancelling, cancel_orders, change_views],
)
