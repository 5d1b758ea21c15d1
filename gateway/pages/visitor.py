"""Visitors of a page: their language, and their basket, whose id is in a cookie that no script reads."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlencode

import msgspec
from litestar.datastructures import Cookie

from bus.messages.base import Money
from gateway.api.cart.carts import CartView
from gateway.api.catalog.categories import CategoryList, CategoryNode
from gateway.api.catalog.few import FewProducts
from gateway.api.catalog.languages import locales
from gateway.api.catalog.products import ProductSummary
from gateway.api.shipping import OfferedMethods, OfferedMethodView
from gateway.context import Http, context_of
from gateway.cookies import cookie_values
from gateway.pages.inside import Refused, ask
from gateway.pages.languages import Language, language_of, languages

CART: Final = "cart"
LANGUAGE: Final = "language"
_CART_LASTS_S: Final = 30 * 86_400  # As long as the shop keeps a cart after its last use.
_LANGUAGE_LASTS_S: Final = 365 * 86_400
_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_METHODS: Final = "shipping_methods"
_MOST_PICTURED: Final = 50  # Lines of a basket that show a picture.


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A visitor of a page.

    Args:
        language: In which they read.
        cart: Their basket, None while they have none.
        goods: The products of its SKUs.
        free_from: The subtotal from which a way of shipping is free; None if there is none.
        categories: The tree of the shop's categories, in their language.
    """

    language: Language
    cart: CartView | None
    goods: Mapping[str, ProductSummary] = MappingProxyType({})
    free_from: Money | None = None
    categories: Sequence[CategoryNode] = ()

    @property
    def departments(self) -> Sequence[CategoryNode]:
        """The categories at the top in which there are products."""
        return [each for each in self.categories if each.level == 1 and each.products]

    @property
    def held_until(self) -> datetime | None:
        """The moment at which the first of their held units come free; None if they hold none."""
        return min((line.held_until for line in self.cart.lines if line.held), default=None) if self.cart else None

    @property
    def units(self) -> int:
        """The units in their basket."""
        return sum(line.quantity for line in self.cart.lines) if self.cart else 0


async def visitor_of(request: Http) -> Visitor:
    """Return who looks at a page. A basket that the shop has forgotten is none."""
    return await visitor_with(request, await cart_of(request))


async def visitor_with(request: Http, cart: CartView | None) -> Visitor:
    """Return who looks at a page, with this basket."""
    language = language_asked(request)
    tree = await ask(request, "GET", "/categories", query=f"locale={language.code}")
    categories = tree.read(CategoryList).items
    if not cart or not cart.lines:
        return Visitor(language=language, cart=cart, categories=categories)
    goods, free_from = await _goods(request, cart, language), await _free_from(request)
    return Visitor(language=language, cart=cart, goods=goods, free_from=free_from, categories=categories)


async def _goods(request: Http, cart: CartView, language: Language) -> Mapping[str, ProductSummary]:
    skus = list(dict.fromkeys(line.sku for line in cart.lines))[:_MOST_PICTURED]
    query = urlencode({"skus": ",".join(skus), "locale": language.code})
    found = (await ask(request, "GET", "/product-lookup", query=query)).read(FewProducts)
    return {sku: product for product in found.items for sku in product.skus}


async def _free_from(request: Http) -> Money | None:
    limits = [method.free_from for method in await offered_methods(request) if method.free_from]
    return min(limits, key=lambda money: money.amount, default=None)


async def offered_methods(request: Http) -> Sequence[OfferedMethodView]:
    """Read the ways of shipping; once for each request."""
    known = request.scope["state"]
    if _METHODS not in known:
        known[_METHODS] = (await ask(request, "GET", "/shipping-methods")).read(OfferedMethods).items
    methods: Sequence[OfferedMethodView] = known[_METHODS]
    return methods


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
    given = cookie_values(request.headers.get("cookie", "")).get(_cart_name(request), "")
    return given if _ID.fullmatch(given) else ""


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
    return own_cookie(request, _cart_name(request), cart_id, lasts_s)


def language_cookie(request: Http, code: str) -> Cookie:
    """Make the cookie of a language that a visitor has chosen."""
    return own_cookie(request, LANGUAGE, code, _LANGUAGE_LASTS_S)


def own_cookie(request: Http, name: str, value: str, lasts_s: int, path: str = "/") -> Cookie:
    """Make a cookie that only this shop's server reads."""
    secure = _is_https(request)
    return Cookie(key=name, value=value, max_age=lasts_s, path=path, httponly=True, secure=secure, samesite="lax")


def _cart_name(request: Http) -> str:
    """Return the name of a basket's cookie. With the prefix no other host of the domain, and no plain page, can plant
    a basket that a stranger reads.
    """
    return f"__Host-{CART}" if _is_https(request) else CART


def _is_https(request: Http) -> bool:
    return context_of(request.scope).public_url.startswith("https://")
