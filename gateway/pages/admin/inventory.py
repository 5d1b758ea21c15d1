"""The inventory: one table of all SKUs to type counts into, and why a number is as it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from bus.messages import words
from bus.messages.inventory import MOST_UNITS
from gateway.api.catalog.categories import CategoryList
from gateway.api.goods import GoodView
from gateway.api.inventory import LedgerView, StockView
from gateway.api.stock_list import CountsView, HoldsView, StockListView, StockRowView
from gateway.context import Http
from gateway.pages.admin.screens import PortalPart, Screen, cursor_of, screen
from gateway.pages.forms import Form, own_forms_only, read_form
from gateway.pages.inside import Refused, ask
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import language_asked

_API: Final = "/admin/api/stock"
_FILTERS: Final = ("q", "low", "category", "cursor")
_LIMIT: Final = 100
_LEDGER: Final = 50
_MOST_FIELDS: Final = 1_100  # Two for each of 500 counts.
_COUNT: Final = "count."
_SEEN: Final = "seen."  # The number that was there, and the version of the books: `47:12`.


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the table. `typed` is what was typed and not taken, `said` why."""

    stock: StockRowView
    typed: str = ""
    said: str = ""


class TypedCount(msgspec.Struct, frozen=True, kw_only=True):
    """A count that differs from what was there."""

    sku: str
    text: str
    version: int

    @property
    def units(self) -> int | None:
        """The number, None if it is none."""
        is_number = self.text.isascii() and self.text.isdigit() and len(self.text) <= 10
        return int(self.text) if is_number and int(self.text) <= MOST_UNITS else None


@get("/admin/stock", include_in_schema=False)
async def stock(request: Http) -> Response[bytes]:
    """List the stock of all SKUs, filtered as the address says."""
    return await _table(request, _given(request.query_params))


@post("/admin/stock", include_in_schema=False, guards=[own_forms_only])
async def save_counts(request: Http) -> Response[bytes]:
    """Save the counts that differ from what was there; those that are refused stand there again, with what is now."""
    form = await read_form(request, most_fields=_MOST_FIELDS)
    typed = [each for each in _typed(form) if each.units is not None]
    refused = {each.sku: (each.text, words.problem("invalid")) for each in _typed(form) if each.units is None}
    counts = [{"sku": each.sku, "on_hand": each.units, "version": each.version} for each in typed]
    saved = 0
    if counts:
        try:
            answer = (await ask(request, "PUT", _API, body={"counts": counts})).read(CountsView)
        except Refused as error:
            if error.is_denied:
                raise
            return await _table(request, _given(form.fields), error=error, typed={one.sku: one.text for one in typed})
        texts = {each.sku: each.text for each in typed}
        refused |= {each.sku: (texts[each.sku], words.problem(each.code)) for each in answer.items if each.code}
        saved = sum(not each.code for each in answer.items)
    return await _table(request, _given(form.fields), refused=refused, saved=saved)


@get("/admin/stock/{sku:str}", include_in_schema=False)
async def one_sku(request: Http, sku: FromPath[str]) -> Response[bytes]:
    """Show the books of a SKU: its ledger, and who holds its units until when."""
    path = f"{_API}/{quote(sku, safe='')}"
    books = (await ask(request, "GET", path)).read(StockView)
    query = urlencode({"limit": _LEDGER, "cursor": cursor_of(request)})
    ledger = (await ask(request, "GET", f"{path}/ledger", query=query)).read(LedgerView)
    holds = (await ask(request, "GET", f"{path}/holds")).read(HoldsView)
    return await screen(
        request,
        "stock_of.html",
        books=books,
        ledger=ledger,
        holds=holds,
        reasons=words.MOVEMENTS,
        good=await _good(request, sku),
    )


async def _good(request: Http, sku: str) -> GoodView | None:
    listed = (await ask(request, "GET", _API, query=urlencode({"q": sku, "limit": 1}))).read(StockListView)
    return next((row.good for row in listed.items if row.sku == sku), None)


async def _table(
    request: Http,
    given: Mapping[str, str],
    *,
    refused: Mapping[str, tuple[str, str]] | None = None,
    error: Refused | None = None,
    typed: Mapping[str, str] | None = None,
    saved: int = 0,
) -> Response[bytes]:
    query = urlencode({**{name: value for name, value in given.items() if value}, "limit": _LIMIT})
    listed = (await ask(request, "GET", _API, query=query)).read(StockListView)
    categories = (await ask(request, "GET", "/categories")).read(CategoryList)
    language, refused = language_asked(request), refused or {}
    return await screen(
        request,
        "stock.html",
        status=error.status if error else 409 if refused else 200,
        problem=sentence_of(language, error) if error else "",
        cells=list(_cells(listed.items, refused, typed or {})),
        given=given,
        categories=categories.items,
        next_page=f"?{urlencode({**given, 'cursor': listed.next})}" if listed.next else "",
        saved=saved,
        not_taken=len(refused),
    )


def _cells(
    rows: Sequence[StockRowView], refused: Mapping[str, tuple[str, str]], typed: Mapping[str, str]
) -> Iterator[Cell]:
    for row in rows:
        text, said = refused.get(row.sku, (typed.get(row.sku, ""), ""))
        yield Cell(stock=row, typed=text, said=said)


def _typed(form: Form) -> Iterator[TypedCount]:
    """Yield what was typed over the number that was there."""
    for name in form.fields:
        if not name.startswith(_COUNT):
            continue
        sku, text = name.removeprefix(_COUNT), form.get(name)
        before, _, version = form.get(f"{_SEEN}{sku}").partition(":")
        if text and text != before and version.isascii() and version.isdigit() and len(version) <= 15:
            yield TypedCount(sku=sku, text=text, version=int(version))


def _given(values: Mapping[str, object]) -> Mapping[str, str]:
    """Return the filters of a list, from an address or from a form."""
    found = {name: values.get(name, "") for name in _FILTERS}
    plain = {name: value[-1] if isinstance(value, list) else value for name, value in found.items()}
    given = {name: str(value)[:200] for name, value in plain.items()}
    return {**given, "low": given["low"] if given["low"].isascii() and given["low"].isdigit() else ""}


PART = PortalPart(
    screens=[Screen(path="/admin/stock", title="Stock", group="goods", key="read_stock", letter="s")],
    routes=[stock, save_counts, one_sku],
)
