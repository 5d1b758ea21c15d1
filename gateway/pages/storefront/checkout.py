"""The checkout: one page on which a buyer says who they are, where the parcel goes and how it travels, and orders.

Nothing is ordered but by its button, which names the sum. "Update" shows the page again for another country or way of
travelling; a script presses it. The form has an idempotency key, so that a double click or a reload makes one order.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie

from bus.messages import words
from gateway.api.cart.carts import CheckoutView
from gateway.api.cart.quotes import QuoteView
from gateway.api.customer.addresses import SavedAddressList, SavedAddressView
from gateway.api.customer.bodies import CustomerView
from gateway.api.shop import AddressForm
from gateway.context import Http, context_of
from gateway.cookies import cookie_values
from gateway.customers import shown_token
from gateway.pages.forms import Form, new_key, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page
from gateway.pages.sentences import sentence_of
from gateway.pages.site import Notice, site_of
from gateway.pages.storefront.countries import countries, likely_country
from gateway.pages.storefront.order_key import key_cookie, order_path
from gateway.pages.storefront.typed import Typed, fault, missing, read_typed
from gateway.pages.visitor import Visitor, cart_cookie, own_cookie, visitor_of

_PATH: Final = "/checkout"
_ORDERED: Final = "ordered"  # The cookie with the key and the order of this browser's last checkout.
_ORDERED_LASTS_S: Final = 3600
_NEVER_KEPT: Final = {"Cache-Control": "no-store"}  # A customer's address is in it.
_LEGAL: Final = ("Terms", "Returns", "Privacy")
_UNKNOWN_METHOD: Final = "unknown_shipping_method"


class _Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A checkout that was refused: its status, the sentence above the form, and one at each field at fault."""

    status: int = 200
    sentence: str = ""
    faults: Mapping[str, str] = msgspec.field(default_factory=dict)


_NONE: Final = _Refusal()


@get(_PATH, include_in_schema=False)
async def checkout(request: Http) -> Response[bytes]:
    """Show the checkout of the visitor's basket."""
    visitor = await visitor_of(request)
    customer = await _customer(request)
    country = likely_country(request.headers.get("accept-language", ""), context_of(request.scope).language)
    typed = Typed(country=country)
    if customer is not None:
        typed = msgspec.structs.replace(typed, email=customer.email, name=customer.name, phone=customer.phone)
        typed = next((_with(typed, saved) for saved in await _addresses(request) if saved.default), typed)
    return await _shown(request, visitor, typed, new_key())


@post(_PATH, include_in_schema=False, guards=[own_forms_only])
async def order(request: Http) -> Response[bytes]:
    """Order what is in the basket; or show the page for what was changed on it, without ordering."""
    form = await read_form(request)
    key = form.get("key") or new_key()
    if (done := _done_before(request, key)) and not form.get("do"):
        return see(order_path(done))
    visitor, typed = await visitor_of(request), read_typed(form)
    if visitor.cart is None:
        return see("/basket")
    if form.get("do") or form.get("use"):
        return await _shown(request, visitor, await _changed(request, typed, form.get("use")), key)
    return await _ordered(request, visitor, visitor.cart.id, form, key)


async def _ordered(request: Http, visitor: Visitor, cart_id: str, form: Form, key: str) -> Response[bytes]:
    typed = read_typed(form)
    fields = await _address_form(request, typed.country)
    if faults := missing(typed, fields.fields):
        return await _shown(request, visitor, typed, key, _Refusal(status=422, faults=faults))
    try:
        made = await _order(request, cart_id, typed, form, key)
    except Refused as refused:
        if refused.code in ("cart_empty", "not_found"):
            return see("/basket")
        is_unknown = refused.status >= 500 or refused.code == "idempotency_in_progress"  # It may have been done.
        return await _shown(request, visitor, typed, key if is_unknown else new_key(), _refusal(visitor, refused))
    return see(order_path(made.order.id), cookies=_cookies(request, made, key))


async def _order(request: Http, cart_id: str, typed: Typed, form: Form, key: str) -> CheckoutView:
    total = form.number("expected_total")
    body = {**typed.body, **({} if total is None else {"expected_total": total})}
    return (await ask(request, "POST", f"/carts/{cart_id}/checkout", body=body, key=key)).read(CheckoutView)


def _cookies(request: Http, made: CheckoutView, key: str) -> Sequence[Cookie]:
    """Give the browser the key to its order, and take the basket, which is ordered now."""
    return [
        key_cookie(request, made.order.id, made.access_token),
        own_cookie(request, _ORDERED, f"{key}.{made.order.id}", _ORDERED_LASTS_S, path=_PATH),
        cart_cookie(request, ""),
    ]


def _done_before(request: Http, key: str) -> str:
    """Return the order that this form has made already, "" if it has made none: whoever goes back may send it again."""
    given = cookie_values(request.headers.get("cookie", "")).get(_ORDERED, "")
    of_key, _, order_id = given.rpartition(".")
    return order_id if of_key == key else ""


def _refusal(visitor: Visitor, refused: Refused) -> _Refusal:
    faults = fault(refused.field, refused.document.detail) if refused.status == 422 else {}
    sentence = "" if faults else sentence_of(visitor.language, refused)
    return _Refusal(status=refused.status, sentence=sentence, faults=faults)


async def _shown(request: Http, visitor: Visitor, typed: Typed, key: str, refusal: _Refusal = _NONE) -> Response[bytes]:
    if visitor.cart is None or not visitor.cart.lines:
        return see("/basket")
    fields = await _address_form(request, typed.country)
    quote = await _quote(request, visitor.cart.id, typed.shipping_method)
    return await page(
        request,
        "storefront/checkout.html",
        status=refusal.status,
        headers=_NEVER_KEPT,
        visitor=visitor,
        typed=msgspec.structs.replace(typed, country=fields.country, shipping_method=quote.shipping_method or ""),
        key=key,
        fields=fields.fields,
        quote=quote,
        countries=countries(visitor.language),
        saved=await _addresses(request),
        legal=_legal(request),
        problem_words=words.problem,
        sentence=refusal.sentence,
        faults=refusal.faults,
    )


async def _address_form(request: Http, country: str) -> AddressForm:
    """Read the form of a country's addresses; for what is none, that of the country which the visitor is likely in."""
    likely = likely_country(request.headers.get("accept-language", ""), context_of(request.scope).language)
    known = country if len(country) == 2 and country.isascii() and country.isalpha() else likely
    try:
        return (await ask(request, "GET", f"/address-forms/{known}")).read(AddressForm)
    except Refused as refused:
        if refused.status != 404:
            raise
        return (await ask(request, "GET", f"/address-forms/{likely}")).read(AddressForm)


async def _quote(request: Http, cart_id: str, method: str) -> QuoteView:
    """Ask for the sum. A way of travelling that is no longer there gives way to the first one."""
    path, body = f"/carts/{cart_id}/quote", {"shipping_method": method} if method else {}
    quote = (await ask(request, "POST", path, body=body)).read(QuoteView)
    if method and any(block.code == _UNKNOWN_METHOD for block in quote.blocks):
        quote = (await ask(request, "POST", path, body={})).read(QuoteView)
    return quote


async def _changed(request: Http, typed: Typed, use: str) -> Typed:
    """Return what was typed, with the saved address that was chosen, if one was."""
    chosen = (saved for saved in await _addresses(request) if saved.id == use) if use else iter(())
    return next((_with(typed, saved) for saved in chosen), typed)


def _with(typed: Typed, saved: SavedAddressView) -> Typed:
    return typed.at(saved.address, saved.name, saved.phone)


async def _customer(request: Http) -> CustomerView | None:
    """Return the customer who is signed in, None for a guest."""
    if not shown_token(request):
        return None
    try:
        return (await ask(request, "GET", "/me")).read(CustomerView)
    except Refused as refused:
        if refused.status != 401:
            raise
        return None


async def _addresses(request: Http) -> Sequence[SavedAddressView]:
    if await _customer(request) is None:
        return ()
    return (await ask(request, "GET", "/me/addresses")).read(SavedAddressList).items


def _legal(request: Http) -> Sequence[Notice]:
    """Return the notices that a buyer should read before ordering."""
    return [notice for notice in site_of(context_of(request.scope)).notices if notice.title in _LEGAL]


PUBLIC = [checkout, order]
