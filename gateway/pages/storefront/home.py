"""The home page: categories with pictures, what is new, what runs out, and what this browser has seen."""

from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import quote, urlencode

from litestar import Response, get
from litestar.params import FromQuery

from gateway.api.catalog.categories import CategoryNode
from gateway.api.catalog.few import FewProducts, LowProducts
from gateway.api.catalog.products import ProductSummary
from gateway.api.pictures import ImageView
from gateway.context import Http
from gateway.pages.inside import ask
from gateway.pages.render import page
from gateway.pages.storefront.browsing import products_of
from gateway.pages.visitor import Visitor, visitor_of

_NEW: Final = 8
_LOW: Final = 4
_LOOKED_AT: Final = 60  # The newest products: as a rule there is one of each category among them.
_MOST_CATEGORIES: Final = 12
_MOST_SEEN: Final = 8


@get("/", include_in_schema=False)
async def home(request: Http) -> Response[bytes]:
    """Show what the shop has: its categories, what is new, and what runs out."""
    visitor = await visitor_of(request)
    newest = (await products_of(request, visitor, f"sort=newest&limit={_LOOKED_AT}")).items
    few = await ask(request, "GET", "/low-stock", query=f"limit={_LOW}&locale={visitor.language.code}")
    low = few.read(LowProducts)
    return await page(
        request,
        "storefront/home.html",
        visitor=visitor,
        pictures=await _pictures(request, visitor, newest),
        products=newest[:_NEW],
        low=low.items,
        left=low.left,
    )


async def _pictures(
    request: Http, visitor: Visitor, newest: Sequence[ProductSummary]
) -> Sequence[tuple[CategoryNode, ImageView | None]]:
    """Return categories, each with the picture of a product in it."""
    known: Mapping[str, ImageView] = {each.category: each.image for each in reversed(newest) if each.image}
    shown = visitor.departments[:_MOST_CATEGORIES]
    return [(each, known.get(each.title) or await _picture(request, visitor, each)) for each in shown]


async def _picture(request: Http, visitor: Visitor, category: CategoryNode) -> ImageView | None:
    found = await products_of(request, visitor, f"sort=newest&limit=1&category={quote(category.path)}")
    return found.items[0].image if found.items else None


@get("/seen", include_in_schema=False)
async def seen(request: Http, ids: FromQuery[str] = "") -> Response[bytes]:
    """Show products whose ids a browser has kept, to be put into another page by a script."""
    visitor, named = await visitor_of(request), ",".join(ids.split(",")[:_MOST_SEEN])
    query = urlencode({"ids": named, "locale": visitor.language.code})
    found = (await ask(request, "GET", "/product-lookup", query=query)).read(FewProducts)
    return await page(request, "storefront/seen.html", visitor=visitor, products=found.items)


PUBLIC = [home, seen]
