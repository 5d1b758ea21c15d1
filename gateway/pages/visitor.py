"""Who looks at a page: their language, and their basket, whose id is in a cookie that no script reads."""

from typing import Final

import msgspec
from litestar.datastructures import Cookie

from gateway.api.cart.carts import CartView
from gateway.api.catalog.languages import locales
from gateway.context import Http, context_of
from gateway.cookies import cookie_values
from gateway.pages.inside import Refused, ask
from gateway.pages.languages import Language, language_of, languages

CART: Final = "cart"
LANGUAGE: Final = "language"
_CART_LASTS_S: Final = 30 * 86_400  # As long as the shop keeps a cart after its last use.
_LANGUAGE_LASTS_S: Final = 365 * 86_400
_LONGEST_ID: Final = 64


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever looks at a page. `cart` is their basket, None while they have none."""

    language: Language
    cart: CartView | None

    @property
    def units(self) -> int:
        """The units in their basket."""
        return sum(line.quantity for line in self.cart.lines) if self.cart else 0


async def visitor_of(request: Http) -> Visitor:
    """Return who looks at a page. A basket that the shop has forgotten is none."""
    return Visitor(language=language_asked(request), cart=await cart_of(request))


async def cart_of(request: Http) -> CartView | None:
    """Read the visitor's basket."""
    cart_id = cart_id_of(request)
    if not cart_id:
        return None
    try:
        return (await ask(request, "GET", f"/carts/{cart_id}")).read(CartView)
    except Refused as refused:
        if refused.status != 404:
            raise
        return None


def cart_id_of(request: Http) -> str:
    """Return the id of the visitor's basket, "" without one."""
    given = cookie_values(request.headers.get("cookie", "")).get(CART, "")
    is_id = given.isascii() and given.replace("_", "").replace("-", "").isalnum() and len(given) <= _LONGEST_ID
    return given if is_id else ""


def language_asked(request: Http) -> Language:
    """Return the language of a page: the one in its address, that of an earlier page, or the browser's."""
    context, known = context_of(request.scope), languages()
    chosen = request.query_params.get("lang", "") or cookie_values(request.headers.get("cookie", "")).get(LANGUAGE, "")
    if chosen in known:
        return known[chosen]
    return language_of(locales(context, "", request.headers.get("accept-language", "")), context.language)


def cart_cookie(request: Http, cart_id: str) -> Cookie:
    """Make the cookie of a basket; with "" the one that takes it away."""
    lasts_s = _CART_LASTS_S if cart_id else 0
    return own_cookie(request, CART, cart_id, lasts_s)


def language_cookie(request: Http, code: str) -> Cookie:
    """Make the cookie of a language that a visitor has chosen."""
    return own_cookie(request, LANGUAGE, code, _LANGUAGE_LASTS_S)


def own_cookie(request: Http, name: str, value: str, lasts_s: int, path: str = "/") -> Cookie:
    """Make a cookie that only this shop's server reads."""
    is_secure = context_of(request.scope).public_url.startswith("https://")
    return Cookie(key=name, value=value, max_age=lasts_s, path=path, httponly=True, secure=is_secure, samesite="lax")
