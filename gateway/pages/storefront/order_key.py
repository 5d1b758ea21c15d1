"""The key to an order, in a cookie of that order's pages alone: no script reads it, and no other page sends it."""

from typing import Final
from urllib.parse import quote

from litestar.datastructures import Cookie

from gateway.api.order import OrderView
from gateway.context import Http
from gateway.cookies import cookie_values
from gateway.pages.inside import Refused, ask
from gateway.pages.visitor import own_cookie

_NAME: Final = "order"
_LASTS_S: Final = 365 * 86_400  # As long as the links of mails.
_LONGEST: Final = 512


def order_path(order_id: str) -> str:
    """Return the address of an order's page."""
    return f"/order/{quote(order_id, safe='')}"


def key_cookie(request: Http, order_id: str, token: str) -> Cookie:
    """Make the cookie of an order; with "" the one that takes it away."""
    return own_cookie(request, _NAME, token, _LASTS_S if token else 0, path=order_path(order_id))


def shown_key(request: Http) -> str:
    """Return the token of the order whose page is asked for, "" without one: a session may open it all the same."""
    return usable(cookie_values(request.headers.get("cookie", "")).get(_NAME, ""))


def usable(token: str) -> str:
    """Return a token that may be one, "" for what can't be."""
    is_one = token.isascii() and token.replace("_", "").replace("-", "").isalnum() and len(token) <= _LONGEST
    return token if is_one else ""


async def read_order(request: Http, order_id: str, token: str) -> OrderView | None:
    """Read an order with a token, or with "" as whoever is signed in; None if that does not open it."""
    try:
        answer = await ask(request, "GET", f"/orders/{quote(order_id, safe='')}", token=token)
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
    return answer.read(OrderView)
