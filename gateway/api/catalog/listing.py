"""Lists of products: found by the search, or browsed in the catalog; counted by the search."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec
from litestar.params import QueryParameter
from msgspec import structs

from bus.messages.base import Currency, Money, ProductId
from bus.messages.catalog import SLUG, ListProductIds
from bus.messages.navigation import MOST_LEVELS, ReadBelow
from bus.messages.search import MOST_VALUES, Chosen, FacetCount, FindProducts, Found
from bus.messages.translations import Locale
from bus.messages.wordings import WordingTexts
from gateway.api.bodies import View
from gateway.api.catalog.wordings import texts_of, titles_of
from gateway.context import GatewayContext, Http
from gateway.problems import Problem
from gateway.views.rendered import Rendered

ListSort: TypeAlias = Literal["relevance", "title", "price", "-price", "newest"]

FILTER: Final = "f."
_PRICES: Final = re.compile(r"(\d{0,15})\.\.(\d{0,15})")
_PATH: Final = re.compile(rf"{SLUG}(/{SLUG}){{0,{MOST_LEVELS - 1}}}")
TITLES: Final = {"category": "Category", "brand": "Brand"}
_DECLARED: Final = frozenset({"f.category", "f.brand", "f.price"})

ChosenCategories = Annotated[list[str] | None, QueryParameter(name="f.category", max_items=MOST_VALUES)]
ChosenBrands = Annotated[list[str] | None, QueryParameter(name="f.brand", max_items=MOST_VALUES)]
ChosenPrices = Annotated[str, QueryParameter(name="f.price", max_length=40)]


class FacetValueView(View, frozen=True, kw_only=True):
    """A value of a facet, and the number of products that have it, whatever is chosen of this facet."""

    value: str
    title: str
    count: int


class FacetView(View, frozen=True, kw_only=True):
    """A facet: `f.NAME=VALUE` filters by it, several times for any of several values. At most 50 values are shown.

    If its values are numbers, `f.NAME=2..5`, `..5` and `2..` filter by ranges, between `lowest` and `highest`.
    """

    name: str
    title: str
    values: Sequence[FacetValueView]
    lowest: float | None
    highest: float | None


class PriceRange(View, frozen=True, kw_only=True):
    """The lowest and the highest price, whatever is chosen: `f.price=2000..5000` filters by it, in minor units."""

    lowest: Money
    highest: Money


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """The wishes of a buyer for a list."""

    q: str
    categories: Sequence[str]
    brands: Sequence[str]
    others: Mapping[str, Sequence[str]]  # Further filters, by facet.
    prices: str
    in_stock: bool
    sort: ListSort | None
    limit: int
    after: str
    within: Sequence[str] = ()  # Ids of categories: only what is in one of them.


class Listing(NamedTuple):
    """Products in order, the cursor of the next page, and what the search counted; None where it did not."""

    views: Sequence[Rendered]
    next: str | None
    found: Found | None
    is_degraded: bool


async def read_listing(context: GatewayContext, wanted: Wanted) -> Listing:
    """Read a page of products: by the search if anything is asked for, by the catalog otherwise, and without an index.

    Raises:
        Problem: A price range that can't be read, or a filter that there is not.
    """
    ask = _question(wanted)
    is_plain = not (wanted.q.strip() or ask.filters or wanted.prices or wanted.in_stock or wanted.within)
    found = await context.bus.ask(structs.replace(ask, limit=0, after="") if is_plain else ask)
    if unknown := found.unknown_facet[:100]:
        said = f"There is no filter {unknown}; there are {', '.join(found.known_facets)}."
        raise Problem(422, "invalid", said, field=f"{FILTER}{unknown}", known=found.known_facets)
    if is_plain:
        return (await _browse(context, wanted))._replace(found=None if found.is_degraded else found)
    if found.is_degraded:
        return (await _browse(context, wanted))._replace(is_degraded=True)
    return Listing(await shown_views(context, found.ids), found.next, found, is_degraded=False)


async def categories_below(context: GatewayContext, path: str) -> Sequence[str]:
    """Read the ids of a category and of all below it; none if there is no such path: it may be a title."""
    return (await context.bus.ask(ReadBelow(ids=(path,)))).ids if _PATH.fullmatch(path) else ()


async def facets(context: GatewayContext, found: Found | None, wanted: Sequence[Locale]) -> list[FacetView]:
    """Show the facets; attributes, their choices and categories in the first of these languages that each has."""
    if found is None or not found.facets:
        return []
    attributes = await texts_of(context, "attribute", wanted)
    categories = WordingTexts(words=await titles_of(context, "category", wanted))
    return [
        _facet(each, categories if each.facet == "category" else attributes.get(each.facet, WordingTexts()))
        for each in found.facets
    ]


def _facet(facet: FacetCount, texts: WordingTexts) -> FacetView:
    return FacetView(
        name=facet.facet,
        title=texts.title or facet.title or TITLES.get(facet.facet, facet.facet),
        values=[
            FacetValueView(
                value=each.value, title=texts.words.get(each.value) or each.title or each.value, count=each.count
            )
            for each in facet.values
        ],
        lowest=facet.lowest,
        highest=facet.highest,
    )


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
    page = await context.bus.ask(
        ListProductIds(
            limit=wanted.limit,
            q=wanted.q,
            category=category,
            sort=sort,
            after=wanted.after,
            within=tuple(wanted.within),
        )
    )
    return Listing(await shown_views(context, page.ids), page.next, None, is_degraded=False)


async def shown_views(context: GatewayContext, ids: Sequence[ProductId]) -> list[Rendered]:
    """Read those of these products that buyers see now, in this order; 500 at most. Whatever the index knows yet."""
    views = await context.views.read(ids)  # By id or slug: a removed product's id may be the slug of another one.
    return [view for product_id in ids if (view := views.get(product_id)) and view.id == product_id]


def _question(wanted: Wanted) -> FindProducts:
    low, high = _range(wanted.prices)
    chosen = [("category", wanted.categories), ("brand", wanted.brands), *wanted.others.items()]
    sort = wanted.sort or ("relevance" if wanted.q.strip() else "title")
    return FindProducts(
        limit=wanted.limit,
        q=wanted.q,
        filters=tuple(Chosen(facet=facet, values=tuple(values)) for facet, values in chosen if values),
        price_from=low,
        price_to=high,
        sort=sort,
        after=wanted.after,
        in_stock=wanted.in_stock,
        within=tuple(wanted.within),
    )


def other_filters(request: Http) -> dict[str, list[str]]:
    """Read the filters of a list that its route does not name: `f.size=S&f.size=M`, by facet."""
    filters = dict[str, list[str]]()
    for name, value in request.query_params.multi_items():  # Once: by name it would be anew for each repetition.
        if name.startswith(FILTER) and name not in _DECLARED:
            filters.setdefault(name.removeprefix(FILTER), []).append(str(value))
    return filters


def _range(text: str) -> tuple[int | None, int | None]:
    if not text:
        return None, None
    match = _PRICES.fullmatch(text)
    if match is None:
        raise Problem(422, "invalid", "f.price: must look like 2000..5000, ..5000 or 2000..", field="f.price")
    low, high = match.groups()
    return int(low) if low else None, int(high) if high else None
