"""The account's first page, and the orders that are in it."""

from urllib.parse import quote

from litestar import Response, get, post

from bus.messages.words import STATUSES
from gateway.api.customer.orders import ClaimedView, OwnOrderList
from gateway.context import Http
from gateway.pages.account.place import account_page
from gateway.pages.forms import own_forms_only, see
from gateway.pages.inside import ask

_FEW = 5
_MANY = 20


@get("/account", include_in_schema=False)
async def overview(request: Http) -> Response[bytes]:
    """Show the latest orders, and where everything else is."""
    orders = (await ask(request, "GET", "/me/orders", query=f"limit={_FEW}")).read(OwnOrderList)
    return await account_page(request, "overview.html", orders=orders, statuses=STATUSES)


@get("/account/orders", include_in_schema=False)
async def own_orders(request: Http) -> Response[bytes]:
    """List all orders, the latest first."""
    cursor = quote(str(request.query_params.get("cursor", ""))[:200], safe="")
    orders = (await ask(request, "GET", "/me/orders", query=f"limit={_MANY}&cursor={cursor}")).read(OwnOrderList)
    claimed = str(request.query_params.get("claimed", ""))[:4]
    number = int(claimed) if claimed.isascii() and claimed.isdigit() else None
    return await account_page(request, "orders.html", orders=orders, statuses=STATUSES, claimed=number)


@post("/account/orders/claim", include_in_schema=False, guards=[own_forms_only])
async def claim(request: Http) -> Response[bytes]:
    """Put the orders into the account that were bought as a guest, with its address."""
    answer = await ask(request, "POST", "/me/orders/claim")
    return see(f"/account/orders?claimed={answer.read(ClaimedView).count}")


ROUTES = [overview, own_orders, claim]
