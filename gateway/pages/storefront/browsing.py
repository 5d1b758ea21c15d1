"""Categories and the search: lists of products, with what they are filtered by in their address."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get
from litestar.params import FromPath
from msgspec import structs

from bus.messages.currencies import decimals
from bus.messages.search import MOST_QUERY
from gateway.api.catalog.categories import CategoryView
from gateway.api.catalog.listing import FacetView
from gateway.api.catalog.products import ProductList, ProductSummary
from gateway.api.search import SuggestionsView
from gateway.context import Http, context_of
from gateway.pages.forms import see
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page
from gateway.pages.visitor import Visitor, visitor_of

_SORTS: Final = ("relevance", "title", "price", "-price", "newest")
_MOST_CHOSEN: Final = 50  # Values of filters that are passed on; the search has a limit of its own.
_LONGEST: Final = 200
_LONGEST_TYPED: Final = MOST_QUERY
_ON_PAGE: Final = 24
_POPULAR: Final = 8
_AMOUNT: Final = re.compile(r"\d{1,9}(?:[.,]\d{1,3})?")


class Chip(msgspec.Struct, frozen=True):
    """A filter that is set, and the address of the same list without it."""

    title: str
    address: str


class ListAsked(msgspec.Struct, frozen=True, kw_only=True):
    """The wishes for a list, as its address says. What can't be read is left out: an address may be old."""

    q: str
    sort: str
    in_stock: bool
    chosen: Sequence[tuple[str, str]]  # Facets and values.
    low: str  # As typed, in whole units of the currency.
    high: str
    cursor: str

    def values(self, facet: str) -> Sequence[str]:
        """Return the values that are chosen of a facet."""
        return [value for name, value in self.chosen if name == facet]

    def query(self, *, without: tuple[str, str] | None = None, cursor: str = "") -> str:
        """Write it as a query string, for a page's address."""
        pairs = [("q", self.q), ("sort", self.sort), ("in_stock", "true" if self.in_stock else "")]
        pairs += [("from", self.low), ("to", self.high)]
        pairs += [(f"f.{name}", value) for name, value in self.chosen]
        return urlencode([pair for pair in [*pairs, ("cursor", cursor)] if pair[1] and pair != without])


@get("/c/{path:path}", include_in_schema=False)
async def category(request: Http, path: FromPath[str]) -> Response[bytes]:
    """List the products of a category, and of those below it."""
    visitor, name = await visitor_of(request), quote(path.strip("/"))
    locale = f"locale={visitor.language.code}"
    found = (await ask(request, "GET", f"/categories/{name}", query=locale)).read(CategoryView)
    asked, listed = await _found(request, visitor, _asked(request), found.path)
    return await _list_page(request, visitor, asked, listed, "storefront/category.html", category=found)


@get("/search", include_in_schema=False)
async def search(request: Http) -> Response[bytes]:
    """List the products that a query finds; without one, all."""
    visitor = await visitor_of(request)
    asked, listed = await _found(request, visitor, _asked(request), "")
    if listed.redirect:
        return see(listed.redirect)
    near, popular = await _instead(request, visitor, asked) if not listed.items else ([], [])
    return await _list_page(
        request, visitor, asked, listed, "storefront/search.html", category=None, near=near, popular=popular
    )


async def _found(request: Http, visitor: Visitor, asked: ListAsked, path: str) -> tuple[ListAsked, ProductList]:
    """Return a list, and the wishes that it follows: no filters and no place that the shop has forgotten."""
    try:
        return asked, await products_of(request, visitor, _api_query(request, asked, path))
    except Refused as refused:
        if refused.status != 422:
            raise
    known = structs.replace(asked, chosen=(), low="", high="", cursor="")
    return known, await products_of(request, visitor, _api_query(request, known, path))


async def _instead(request: Http, visitor: Visitor, asked: ListAsked) -> tuple[Sequence[str], Sequence[ProductSummary]]:
    """Return words that are like those of a query that finds nothing, and what sells."""
    popular = await products_of(request, visitor, f"sort=relevance&in_stock=true&limit={_POPULAR}")
    query = urlencode({"q": asked.q[:_LONGEST_TYPED]})
    near = (await ask(request, "GET", "/search/suggest", query=query)).read(SuggestionsView) if asked.q else None
    return [*near.queries, *near.categories] if near else [], popular.items


async def _list_page(
    request: Http,
    visitor: Visitor,
    asked: ListAsked,
    listed: ProductList,
    template: str,
    *,
    category: CategoryView | None,
    near: Sequence[str] = (),
    popular: Sequence[ProductSummary] = (),
) -> Response[bytes]:
    next_page = f"{request.url.path}?{asked.query(cursor=listed.next)}" if listed.next else ""
    return await page(
        request,
        template,
        visitor=visitor,
        asked=asked,
        listed=listed,
        category=category,
        chips=_chips(request, asked, listed.facets),
        next_page=next_page,
        near=near,
        popular=popular,
        has_filters=bool(asked.chosen or asked.low or asked.high or asked.in_stock),
        sorts=_SORTS,
    )


async def products_of(request: Http, visitor: Visitor, query: str) -> ProductList:
    """Ask for a list of products, in the visitor's language."""
    return (await ask(request, "GET", "/products", query=f"{query}&locale={visitor.language.code}")).read(ProductList)


def _asked(request: Http) -> ListAsked:
    given = [(name, str(value)[:_LONGEST]) for name, value in request.query_params.multi_items()]
    first = dict(reversed(given))
    chosen = [(name.removeprefix("f."), value) for name, value in given if name.startswith("f.") and value]
    return ListAsked(
        q=first.get("q", "").strip(),
        sort=first.get("sort", "") if first.get("sort") in _SORTS else "",
        in_stock=first.get("in_stock") == "true",
        chosen=[(name, value) for name, value in chosen if name != "price"][:_MOST_CHOSEN],
        low=_amount(first.get("from", "")),
        high=_amount(first.get("to", "")),
        cursor=first.get("cursor", ""),
    )


def _amount(text: str) -> str:
    return text if _AMOUNT.fullmatch(text) else ""


def _api_query(request: Http, asked: ListAsked, path: str) -> str:
    """Write what the API is asked for: prices in minor units."""
    currency = context_of(request.scope).currency
    low, high = _minor(asked.low, currency), _minor(asked.high, currency)
    pairs = [(f"f.{name}", value) for name, value in asked.chosen]
    pairs += [("q", asked.q), ("category", path), ("sort", asked.sort), ("cursor", asked.cursor)]
    pairs += [("in_stock", "true" if asked.in_stock else ""), ("f.price", f"{low}..{high}" if low or high else "")]
    return urlencode([*[pair for pair in pairs if pair[1]], ("limit", str(_ON_PAGE))])


def _minor(text: str, currency: str) -> str:
    return str(round(float(text.replace(",", ".")) * 10 ** decimals(currency))) if text else ""


def _chips(request: Http, asked: ListAsked, facets: Sequence[FacetView]) -> list[Chip]:
    titles = {(facet.name, value.value): value.title for facet in facets for value in facet.values}
    return [
        Chip(titles.get(pair, pair[1]), f"{request.url.path}?{asked.query(without=(f'f.{pair[0]}', pair[1]))}")
        for pair in asked.chosen
    ]


PUBLIC = [category, search]
