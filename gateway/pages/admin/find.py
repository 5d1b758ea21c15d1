"""Finding anything: in a page, or in the dialog that Ctrl K opens over any page."""

import asyncio
from typing import Final
from urllib.parse import urlencode

from litestar import Response, get

from gateway.api.catalog.edits import EditedList
from gateway.api.order_desk import OrderList
from gateway.api.people import CustomerList
from gateway.api.stock_list import StockListView
from gateway.context import Http
from gateway.pages.admin.screens import SCREENS, PortalPart, Screen, T, has_screen, me_of, menu_of, screen
from gateway.pages.inside import Refused, ask
from gateway.pages.visitor import language_asked

PATH: Final = "/admin/find"
_LONGEST: Final = 100
_LIMIT: Final = 6


@get(PATH, include_in_schema=False)
async def find(request: Http) -> Response[bytes]:
    """Find what the words in the address name; without any, all screens."""
    await me_of(request)
    q = str(request.query_params.get("q", "")).strip()[:_LONGEST]
    query = urlencode({"q": q, "limit": _LIMIT})
    found = await asyncio.gather(
        _listed(request, "/admin/api/orders", OrderList, query if q else ""),
        _listed(request, "/admin/api/products", EditedList, query if q else ""),
        _listed(request, "/admin/api/stock", StockListView, query if q else ""),
        _listed(request, "/admin/api/customers", CustomerList, query if q else ""),
    )
    orders, products, stock, people = found
    return await screen(
        request,
        "find.html",
        q=q,
        screens=await _screens(request, q),
        orders=orders.items if orders else [],
        people=people.items if people else [],
        products=products.items if products and has_screen(request, "/admin/products") else [],
        skus=stock.items if stock and has_screen(request, "/admin/stock") else [],
    )


async def _screens(request: Http, q: str) -> list[Screen]:
    language, wanted = language_asked(request), q.casefold()
    menu = menu_of(await me_of(request), request.route_handler.opt[SCREENS])
    every = [each for screens in menu.values() for each in screens]
    return [each for each in every if wanted in language.say(each.title).casefold() or wanted in each.title.casefold()]


async def _listed(request: Http, path: str, kind: type[T], query: str) -> T | None:
    """Read a list; None without a question, or if it is refused: not everybody may look for everything."""
    if not query:
        return None
    try:
        return (await ask(request, "GET", path, query=query)).read(kind)
    except Refused:
        return None


PART: Final = PortalPart(screens=(), routes=[find])
