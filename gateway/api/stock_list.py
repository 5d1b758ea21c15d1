"""The stock of all SKUs: listed with their titles and pictures, counted many at a time, and who holds it."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final, NamedTuple

import msgspec
from litestar import get, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from bus.messages.base import Instant, Sku
from bus.messages.catalog_copies import ListSkusWithin
from bus.messages.inventory import (
    MOST_UNITS,
    ListHolds,
    ListStock,
    ReadStock,
    SetOnHand,
    StockBelowHeld,
    StockCount,
    StockMoved,
)
from gateway.access import Member
from gateway.api.bodies import LARGEST, Body, Strict, View
from gateway.api.catalog.listing import categories_below
from gateway.api.goods import GoodView, read_goods
from gateway.api.inventory import StockView, read_books, stock_view
from gateway.api.lists import Limit, ListView, WholeListView
from gateway.bundles import read_bundles
from gateway.context import GatewayContext, Injected

Low = Annotated[int | None, QueryParameter(ge=0, le=MOST_UNITS)]
MOST_COUNTS: Final = 500
_TOGETHER: Final = 50  # Counts that are asked at the same time: one turn decides them.
_LONGEST_SKU: Final = 64
_PAGES: Final = 20  # Of a category's SKUs that are looked through for one page of a list.


class StockRowView(StockView, frozen=True, kw_only=True):
    """The books of one SKU, and the article; without one, no product has the SKU any more."""

    good: GoodView | None


class StockListView(ListView[StockRowView], frozen=True, kw_only=True):
    """A page of stock, and the cursor of the next; null at the end."""


class CountBody(Body, frozen=True, kw_only=True):
    """The units of one SKU that were counted, and the version of the books that the counter has seen."""

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_SKU)]
    on_hand: Annotated[int, msgspec.Meta(ge=0, le=MOST_UNITS)]
    version: Annotated[int, msgspec.Meta(ge=0, le=LARGEST)] | None = None


class CountsBody(Body, frozen=True, kw_only=True):
    """Counts of several SKUs, each once."""

    counts: Annotated[Sequence[CountBody], msgspec.Meta(min_length=1, max_length=MOST_COUNTS)]

    def __post_init__(self) -> None:
        if len({count.sku for count in self.counts}) < len(self.counts):
            raise ValueError("name each SKU once")


class CountedView(View, frozen=True, kw_only=True):
    """The outcome of one count. `code` says why it was refused, "" if it was not; `stock` are the books of now."""

    sku: str
    code: str
    stock: StockView | None


class CountsView(WholeListView[CountedView], frozen=True, kw_only=True):
    """The outcomes of counts, in their order."""


class HoldView(View, frozen=True, kw_only=True):
    """Units that are promised: to a `cart`, at a `checkout`, during a `payment`, or `sold` and not gone.

    `until` is when they go back on the shelf; null for sold ones.
    """

    stage: str
    quantity: int
    until: Instant | None
    order_id: str | None


class HoldsView(WholeListView[HoldView], frozen=True, kw_only=True):
    """The holds of a SKU, those that end first at the beginning, 200 at most.

    `others` are units beyond these: banks decide about their payments, or there are more than 200.
    """

    others: int


class _Page(NamedTuple):
    counts: Sequence[StockCount]
    next: str | None


@get("/stock", summary="List stock")
async def list_stock(
    context: Injected,
    q: FromQuery[str] = "",
    low: Low = None,
    category: Annotated[str, QueryParameter(max_length=200)] = "",
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> StockListView:
    """List the stock of all SKUs by name: with `q` of those that begin so, with `low` where no more is available.

    With `category`, its path, of the products in it and below it; a page of those may have fewer items than `limit`,
    and yet be followed by another.
    """
    if category:
        page = await _of_category(context, category, q[:_LONGEST_SKU], low, limit, cursor)
    else:
        found = await context.bus.ask(ListStock(limit=limit, q=q[:_LONGEST_SKU], low=low, after=cursor))
        page = _Page(found.counts, found.next)
    goods = await read_goods(context, [count.sku for count in page.counts])
    return StockListView(items=[_row(count, goods.get(count.sku)) for count in page.counts], next=page.next)


@put(
    "/stock",
    dto=Strict[CountsBody],
    return_dto=None,
    summary="Set the stock of many SKUs",
    refuses=["unknown_sku"],
)
async def count_stock(context: Injected, staff: Member, data: JSONBody[CountsBody]) -> CountsView:
    """Set the units on hand of up to 500 SKUs as counted, each as `PUT /admin/api/stock/{sku}` does.

    Each is taken or refused by itself: `code` is `stock_moved`, `stock_below_held` or `no_own_stock`, with the books of
    now. A SKU that was never sold here refuses all of them (404 `unknown_sku`).
    """
    skus = [count.sku for count in data.counts]
    books = {count.sku: count for count in (await context.bus.ask(ReadStock(skus=tuple(skus)))).counts}
    for sku in skus:
        if sku not in books:
            books[sku] = await read_books(context, sku)
    bundles = await read_bundles(context.bus, skus)

    async def count(each: CountBody) -> CountedView:
        if each.sku in bundles and each.on_hand:
            return CountedView(sku=each.sku, code="no_own_stock", stock=None)
        ask = SetOnHand(sku=each.sku, on_hand=each.on_hand, version=each.version, by=str(staff))
        return _counted(each.sku, books[each.sku], await context.bus.ask(ask))

    counted = list[CountedView]()
    for start in range(0, len(data.counts), _TOGETHER):
        counted += await asyncio.gather(*(count(each) for each in data.counts[start : start + _TOGETHER]))
    return CountsView(items=counted)


@get("/stock/{sku:str}/holds", summary="Read who holds units of a SKU", refuses=["unknown_sku"])
async def list_holds(context: Injected, sku: FromPath[str]) -> HoldsView:
    """List the units that carts, checkouts and orders hold, with their ends. A cart is not named: its id opens it."""
    books = await read_books(context, sku)
    found = await context.bus.ask(ListHolds(sku=sku))
    items = [
        HoldView(stage=each.stage, quantity=each.quantity, until=each.until, order_id=each.order_id)
        for each in found.holds
    ]
    return HoldsView(items=items, others=max(0, books.held + books.assigned - found.units))


async def _of_category(
    context: GatewayContext, category: str, q: str, low: int | None, limit: int, cursor: str
) -> _Page:
    """Look through the SKUs of a category, a few pages at most, for those with little stock."""
    within = await categories_below(context, category)
    found = list[StockCount]()
    for _ in range(_PAGES if within else 0):
        ask = ListSkusWithin(within=tuple(within), begin=q, limit=limit, after=cursor)
        page = await context.bus.ask(ask)
        cursor = page.next or ""
        books = {count.sku: count for count in (await context.bus.ask(ReadStock(skus=page.skus))).counts}
        found += [each for each in (books.get(sku) or _empty(sku) for sku in page.skus) if _fits(each, low)]
        # Whole pages only: the cursor is the catalog's, and each of its pages is shown once.
        if not cursor or low is None or len(found) >= limit // 2:
            break
    return _Page(found, cursor or None)


def _fits(count: StockCount, low: int | None) -> bool:
    return low is None or count.on_hand - count.assigned - count.held <= low


def _empty(sku: Sku) -> StockCount:
    return StockCount(sku=sku, on_hand=0, held=0, version=1)  # As books begin.


def _row(count: StockCount, good: GoodView | None) -> StockRowView:
    return StockRowView(**msgspec.structs.asdict(stock_view(count)), good=good)


def _counted(sku: Sku, before: StockCount, answer: StockCount | StockBelowHeld | StockMoved) -> CountedView:
    match answer:
        case StockCount():
            return CountedView(sku=sku, code="", stock=stock_view(answer))
        case StockBelowHeld():
            now = msgspec.structs.replace(before, held=answer.held, assigned=answer.assigned)
            return CountedView(sku=sku, code="stock_below_held", stock=stock_view(now))
        case StockMoved():
            now = StockCount(**{name: getattr(answer, name) for name in StockCount.__struct_fields__})
            return CountedView(sku=sku, code="stock_moved", stock=stock_view(now))


STAFF = [list_stock, count_stock, list_holds]
