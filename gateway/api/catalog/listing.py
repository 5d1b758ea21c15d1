"""Lists of products: found by the search, or browsed in the catalog; counted by the search."""

import re
from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec
from litestar.params import QueryParameter
from msgspec import structs

from bus.messages.base import Currency, Money, ProductId
from bus.messages.catalog import ListProductIds
from bus.messages.search import MOST_VALUES, Chosen, FindProducts, Found
from gateway.api.bodies import View
from gateway.context import GatewayContext
from gateway.problems import Problem
from gateway.views.rendered import Rendered

ListSort: TypeAlias = Literal["relevance", "title", "price", "-price", "newest"]

_PRICES: Final = re.compile(r"(\d{0,15})\.\.(\d{0,15})")
_TITLES: Final = {"category": "Category", "brand": "Brand"}

ChosenCategories = Annotated[list[str] | None, QueryParameter(name="f.category", max_items=MOST_VALUES)]
ChosenBrands = Annotated[list[str] | None, QueryParameter(name="f.brand", max_items=MOST_VALUES)]
ChosenPrices = Annotated[str, QueryParameter(name="f.price", max_length=40)]


class FacetValueView(View, frozen=True, kw_only=True):
    """A value of a facet, and the number of products that have it, whatever is chosen of this facet."""

    value: str
    title: str
    count: int


class FacetView(View, frozen=True, kw_only=True):
    """A facet: `f.NAME=VALUE` filters by it, several times for any of several values. At most 50 values are shown."""

    name: str
    title: str
    values: Sequence[FacetValueView]


class PriceRange(View, frozen=True, kw_only=True):
    """The lowest and the highest price, whatever is chosen: `f.price=2000..5000` filters by it, in minor units."""

    lowest: Money
    highest: Money


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The wishes of a buyer for a list."""

    q: str
    categories: Sequence[str]
    brands: Sequence[str]
    prices: str
    sort: ListSort | None
    limit: int
    after: str


class Listing(NamedTuple):
    """Products in order, the cursor of the next page, and what the search counted; None where it did not."""

    views: Sequence[Rendered]
    next: str | None
    found: Found | None
    is_degraded: bool


async def read_listing(context: GatewayContext, wanted: Wanted) -> Listing:
    """Read a page of products: by the search if anything is asked for, by the catalog otherwise, and without an index.

    Raises:
        Problem: A price range that can't be read, or an order that the search does not know.
    """
    ask = _question(wanted)
    is_plain = not (wanted.q.strip() or ask.filters or wanted.prices)
    if wanted.sort == "newest" and not is_plain:
        if ask.filters or wanted.prices:
            raise Problem(422, "invalid", "sort: newest is for lists without filters", field="sort")
        return await _browse(context, wanted)
    found = await context.bus.ask(structs.replace(ask, limit=0, after="") if is_plain else ask)
    if is_plain:
        return (await _browse(context, wanted))._replace(found=None if found.is_degraded else found)
    if found.is_degraded:
        return (await _browse(context, wanted))._replace(is_degraded=True)
    return Listing(await _views(context, found.ids), found.next, found, is_degraded=False)


def facets(found: Found | None) -> list[FacetView]:
    """Show the facets."""
    return [
        FacetView(
            name=facet.facet,
            title=_TITLES[facet.facet],
            values=[FacetValueView(value=each.value, title=each.value, count=each.count) for each in facet.values],
        )
        for facet in (found.facets if found else ())
    ]


def prices(found: Found | None, currency: Currency) -> PriceRange | None:
    """Show the range of prices; None where nothing is found, or counted."""
    if found is None or found.prices is None:
        return None
    lowest, highest = (Money(amount=amount, currency=currency) for amount in found.prices)
    return PriceRange(lowest=lowest, highest=highest)


async def _browse(context: GatewayContext, wanted: Wanted) -> Listing:
    """List what the catalog has; it also finds words, as they are written."""
    category = wanted.categories[0] if wanted.categories else ""
    sort = wanted.sort if wanted.sort and wanted.sort != "relevance" else "title"
    ask = ListProductIds(limit=wanted.limit, q=wanted.q, category=category, sort=sort, after=wanted.after)
    page = await context.bus.ask(ask)
    return Listing(await _views(context, page.ids), page.next, None, is_degraded=False)


async def _views(context: GatewayContext, ids: Sequence[ProductId]) -> list[Rendered]:
    """Read what was found, in its order. What buyers don't see any more is left out, whatever the index knows yet."""
    views = await context.views.read(ids)
    return [views[product_id] for product_id in ids if product_id in views]


def _question(wanted: Wanted) -> FindProducts:
    low, high = _range(wanted.prices)
    chosen = [("category", wanted.categories), ("brand", wanted.brands)]
    sort = wanted.sort if wanted.sort and wanted.sort != "newest" else "relevance" if wanted.q.strip() else "title"
    return FindProducts(
        limit=wanted.limit,
        q=wanted.q,
        filters=tuple(Chosen(facet=facet, values=tuple(values)) for facet, values in chosen if values),
        price_from=low,
        price_to=high,
        sort=sort,
        after=wanted.after,
    )


def _range(text: str) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    match = _PRICES.fullmatch(text)
    if match is None:
        raise Problem(422, "invalid", "f.price: must look like 2000..5000, ..5000 or 2000..", field="f.price")
    low, high = match.groups()
    return int(low) if low else None, int(high) if high else None
