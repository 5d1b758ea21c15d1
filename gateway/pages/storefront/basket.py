"""The basket: a page, the drawer on every other page, and the forms that change it.

A form may be sent by a script that swaps a part of the page (static/swap.js): it is answered with the basket at once,
instead of leading to it.
"""

from typing import Final
from urllib.parse import quote

from litestar import Response, get, post
from litestar.datastructures import Cookie

from gateway.api.cart.carts import CartView
from gateway.context import Http
from gateway.pages.forms import Form, own_pages_only, own_path, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import Visitor, cart_cookie, cart_id_of, language_asked, visitor_of

_INPUT: Final = "input."
_SWAPS: Final = "x-swap"


@get("/basket", include_in_schema=False)
async def basket(request: Http) -> Response[bytes]:
    """Show the visitor's basket."""
    return await page(request, "storefront/basket.html", problem="")


@post("/basket/lines", include_in_schema=False, guards=[own_pages_only])
async def change_line(request: Http) -> Response[bytes]:
    """Put units of a SKU into the basket (`add`), set how many there are (`quantity`), or take the line out (0)."""
    form = await read_form(request)
    cart_id, cookies = cart_id_of(request), list[Cookie]()
    try:
        if not cart_id:
            cart_id = await _new_cart(request, form)
        try:
            cart = await _change(request, cart_id, form)
        except Refused as refused:
            if refused.code != "not_found" or not cart_id_of(request):
                raise
            cart_id = await _new_cart(request, form)  # The shop keeps a basket for a while only.
            cart = await _change(request, cart_id, form)
    except Refused as refused:
        return await _refused(request, refused)
    cookies = [cart_cookie(request, cart_id)]
    if _SWAPS in request.headers:
        visitor = Visitor(language=language_asked(request), cart=cart)
        return await page(request, "storefront/basket.html", visitor=visitor, cookies=cookies, problem="")
    return see(own_path(form.get("back"), "/basket"), cookies=cookies)


async def _change(request: Http, cart_id: str, form: Form) -> CartView:
    line = f"/carts/{cart_id}/lines/{quote(form.get('line') or form.get('sku'), safe='')}"
    quantity, add = form.number("quantity"), form.number("add")
    if quantity is not None and quantity <= 0:
        return (await ask(request, "DELETE", line)).read(CartView)
    units = {"add": 1 if add is None else add} if quantity is None else {"quantity": quantity}
    inputs = {name.removeprefix(_INPUT): form.get(name) for name in form.fields if name.startswith(_INPUT)}
    body = {**units, **({"inputs": told} if (told := {key: text for key, text in inputs.items() if text}) else {})}
    return (await ask(request, "PUT", line, body=body, key=form.get("key"))).read(CartView)


async def _new_cart(request: Http, form: Form) -> str:
    return (await ask(request, "POST", "/carts", key=form.get("key"))).read(CartView).id


async def _refused(request: Http, refused: Refused) -> Response[bytes]:
    visitor = await visitor_of(request)
    problem = sentence_of(visitor.language, refused)
    return await page(request, "storefront/basket.html", status=refused.status, visitor=visitor, problem=problem)


PUBLIC = [basket, change_line]
