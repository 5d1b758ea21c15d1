"""The page of an order: paying, its life as it happens, its receipt, and second thoughts.

It opens with the key of its checkout or of a mail's link, which is in a cookie of this page alone, or to the customer
whose order it is. A link's token is taken out of the address at once: docs/decisions/0060.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath

from gateway.api.cart.carts import CartView, PaymentView
from gateway.api.order import OrderView
from gateway.api.reorder import ReorderView
from gateway.context import GatewayContext, Http, context_of
from gateway.customers import shown_token
from gateway.pages.forms import is_swap, new_key, own_forms_only, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page, policy
from gateway.pages.sentences import sentence_of
from gateway.pages.site import site_of
from gateway.pages.storefront import life
from gateway.pages.storefront.order_key import key_cookie, order_path, read_order, shown_key, usable
from gateway.pages.visitor import cart_cookie, cart_id_of, visitor_of

_PATH: Final = "/order/{order_id:str}"
_NO_REFERRER: Final = {"Referrer-Policy": "no-referrer"}
_STRIPE: Final = "https://api.stripe.com"  # Where Stripe.js sends cards: it knows no other.
# Source: Stripe, "Security guide", Content Security Policy. Wallets open windows of their own.
_STRIPES_PAGES: Final = "https://js.stripe.com https://*.js.stripe.com"
_WITH_STRIPE: Final = f"; script-src 'self' {_STRIPES_PAGES}; frame-src {_STRIPES_PAGES} https://hooks.stripe.com"
_NEVER_KEPT: Final = "no-store"


@get(_PATH, include_in_schema=False)
async def order(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Show an order to whoever has its key."""
    if "token" in request.query_params:
        return await _taken(request, order_id, usable(str(request.query_params["token"])))
    if "redirect_status" in request.query_params:  # Of the bank's page, with much else that is nobody's business.
        is_good = request.query_params["redirect_status"] == "succeeded"
        return see(f"{order_path(order_id)}?bank={'approved' if is_good else 'refused'}")
    found = await _found(request, order_id)
    return await _missing(request) if found is None else await _shown(request, found)


async def _taken(request: Http, order_id: str, token: str) -> Response[bytes]:
    """Put a link's token into the cookie, unless the browser has a key that opens the order already."""
    path, shown = order_path(order_id), shown_key(request)
    is_known = bool(shown) and await read_order(request, order_id, shown) is not None
    is_good = bool(token) and not is_known and await read_order(request, order_id, token) is not None
    answer = see(path, cookies=[key_cookie(request, order_id, token)] if is_good else ())
    answer.headers.update(_NO_REFERRER)
    return answer


async def _found(request: Http, order_id: str) -> OrderView | None:
    """Read the order with the browser's key, else as whoever is signed in."""
    shown = shown_key(request)
    found = await read_order(request, order_id, shown) if shown else None
    return found or await read_order(request, order_id, "")


async def _missing(request: Http) -> Response[bytes]:
    return await page(request, "storefront/order_missing.html", status=404, headers={"Cache-Control": _NEVER_KEPT})


async def _shown(request: Http, found: OrderView, *, problem: str = "", status: int = 200) -> Response[bytes]:
    context, visitor = context_of(request.scope), await visitor_of(request)
    payment = None if is_swap(request) else await _payment(request, found)
    has_stripe = payment is not None and context.stripe_api_base == _STRIPE
    return await page(
        request,
        "storefront/order.html",
        status=status,
        headers=_headers(context, has_stripe=has_stripe),
        visitor=visitor,
        order=found,
        payment=payment,
        has_stripe=has_stripe,
        api_base=context.stripe_api_base,
        bank=str(request.query_params.get("bank", "")),
        watch=_watch_token(request, found.id),
        problem=problem,
        told=life.told(visitor.language, found),
    )


def _headers(context: GatewayContext, *, has_stripe: bool) -> Mapping[str, str]:
    """Let Stripe's own script in where a card is typed, and nowhere else."""
    kept = {"Cache-Control": _NEVER_KEPT}
    if not has_stripe:
        return kept
    return {
        **kept,
        "Content-Security-Policy": policy(context) + _WITH_STRIPE,
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
    }


async def _payment(request: Http, order: OrderView) -> PaymentView | None:
    """Read what the browser needs to pay; None if there is nothing to pay, or Stripe can't be asked at the moment."""
    if order.status != "pending_payment":
        return None
    try:
        answer = await ask(request, "GET", f"/orders/{quote(order.id, safe='')}/payment", token=shown_key(request))
    except Refused:  # The order itself is shown all the same.
        return None
    return answer.read(PaymentView)


def _watch_token(request: Http, order_id: str) -> str:
    """Make the token with which a script hears the order's news; "" for staff, who have no key to it."""
    token = shown_key(request) or shown_token(request)
    return context_of(request.scope).keys.watch_token(token, order_id) if token else ""


@get(f"{_PATH}/receipt", include_in_schema=False)
async def receipt(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Show an order's receipt, to print."""
    found = await _found(request, order_id)
    if found is None:
        return await _missing(request)
    visitor = await visitor_of(request)
    return await page(
        request,
        "storefront/receipt.html",
        headers={"Cache-Control": _NEVER_KEPT},
        visitor=visitor,
        order=found,
        imprint=notice.text if (notice := site_of(context_of(request.scope)).notice("imprint")) else "",
        told=life.told(visitor.language, found),
    )


@get(f"{_PATH}/cancel", include_in_schema=False)
async def ask_to_cancel(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Ask whether an order shall really be cancelled."""
    found = await _found(request, order_id)
    if found is None:
        return await _missing(request)
    visitor = await visitor_of(request)
    return await page(
        request,
        "storefront/cancel.html",
        headers={"Cache-Control": _NEVER_KEPT},
        visitor=visitor,
        order=found,
        told=life.told(visitor.language, found),
    )


@post(f"{_PATH}/cancel", include_in_schema=False, guards=[own_forms_only])
async def cancel(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Cancel an order, and show it."""
    form = await read_form(request)
    return await _done(request, order_id, "POST", "cancel", form.get("key"))


@post(f"{_PATH}/links", include_in_schema=False, guards=[own_forms_only])
async def withdraw(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Withdraw the links of all mails so far. Whoever came by one is locked out."""
    form = await read_form(request)
    return await _done(request, order_id, "DELETE", "links", form.get("key"))


async def _done(request: Http, order_id: str, method: str, what: str, key: str) -> Response[bytes]:
    path = f"/orders/{quote(order_id, safe='')}/{what}"
    try:
        await ask(request, method, path, key=key or new_key(), token=shown_key(request))
    except Refused as refused:
        found = await _found(request, order_id)
        if found is None:
            return await _missing(request)
        visitor = await visitor_of(request)
        return await _shown(request, found, problem=sentence_of(visitor.language, refused), status=refused.status)
    return see(order_path(order_id))


@post(f"{_PATH}/again", include_in_schema=False, guards=[own_forms_only])
async def again(request: Http, order_id: FromPath[str]) -> Response[bytes]:
    """Put the same lines into the basket, as far as they can be had. Sent twice, it is done once."""
    key = (await read_form(request)).get("key") or new_key()
    if await _found(request, order_id) is None:
        return await _missing(request)
    cart_id, shown = await _cart(request, key), shown_key(request)
    token = shown if shown and await read_order(request, order_id, shown) is not None else ""
    path = f"/orders/{quote(order_id, safe='')}/reorder"
    answer = await ask(request, "POST", path, query=urlencode({"cart": cart_id}), key=f"{key}-again", token=token)
    cart = answer.read(ReorderView)
    cookies = [cart_cookie(request, cart.id)]
    if not cart.left_out:
        return see("/basket", cookies=cookies)
    visitor = msgspec.structs.replace(await visitor_of(request), cart=cart)
    titles = ", ".join(dict.fromkeys(each.title for each in cart.left_out))
    sentence = visitor.language.say("Not to be had at the moment: %(titles)s.") % {"titles": titles}
    return await page(request, "storefront/basket.html", visitor=visitor, cookies=cookies, basket_problem=sentence)


async def _cart(request: Http, key: str) -> str:
    """Return the visitor's basket, a new one if they have none."""
    visitor = await visitor_of(request)
    if visitor.cart is not None and cart_id_of(request):
        return visitor.cart.id
    return (await ask(request, "POST", "/carts", key=key)).read(CartView).id


PUBLIC = [order, receipt, ask_to_cancel, cancel, withdraw, again]
