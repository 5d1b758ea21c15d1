"""Orders: the list."""

from urllib.parse import urlencode

from litestar import Response, get

from bus.messages.words import STATUSES
from gateway.api.order_desk import OrderList
from gateway.context import Http
from gateway.pages.admin.screens import Part, Screen, screen
from gateway.pages.inside import ask

_LIMIT = 50


@get("/admin/orders", include_in_schema=False)
async def orders(request: Http) -> Response[bytes]:
    """List orders, the newest first; filtered by status and found by number or buyer, as the address says."""
    given = {name: str(request.query_params.get(name, ""))[:100] for name in ("q", "status", "cursor")}
    query = urlencode({name: value for name, value in {**given, "limit": str(_LIMIT)}.items() if value})
    listed = (await ask(request, "GET", "/admin/api/orders", query=query)).read(OrderList)
    return await screen(request, "orders.html", listed=listed, given=given, statuses=STATUSES)


PART = Part(
    screens=[Screen(path="/admin/orders", title="Orders", group="day", key="read_orders", letter="o")], routes=[orders]
)
