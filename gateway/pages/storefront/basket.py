"""The basket: a page, the drawer on every other page, and the forms that change it.

A form may be sent by a script that swaps a part of the page (static/swap.js): it is answered with the basket at once,
instead of leading to it.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

import msgspec
from litestar import Response, get, post

from bus.messages.inputs import LONGEST_INPUT, MOST_INPUTS
from gateway.api.cart.carts import CartView
from gateway.context import Http
from gateway.pages.forms import Form, is_swap, own_forms_only, own_path, read_form, see
from gateway.pages.inside import Refused, ask
from gateway.pages.render import page
from gateway.pages.sentences import sentence_of
from gateway.pages.visitor import cart_cookie, cart_id_of, visitor_of, visitor_with

_INPUT: Final = "input."
_MOST_UNITS: Final = 99
_LONGEST: Final = LONGEST_INPUT


class TakenOut(msgspec.Struct, frozen=True, kw_only=True):
    """A line that was taken out of a basket just now, to be put back."""

    sku: str
    units: int
    inputs: Mapping[str, str]

    @property
    def query(self) -> str:
        """Write it as a query string."""
        told = {f"{_INPUT}{key}": value for key, value in self.inputs.items()}
        return urlencode({"removed": self.sku, "units": self.units, **told})


@get("/basket", include_in_schema=False)
async def basket(request: Http) -> Response[bytes]:
    """Show the visitor's basket; after a line was taken out, with the way to put it back."""
    given = {name: str(value)[:_LONGEST] for name, value in request.query_params.items()}
    units = given.get("units", "")
    taken = _taken(given.get("removed", ""), int(units) if units.isascii() and units.isdigit() else 0, given)
    return await page(request, "storefront/basket.html", basket_problem="", taken=taken)


@post("/basket/lines", include_in_schema=False, guards=[own_forms_only])
async def change_line(request: Http) -> Response[bytes]:
    """Put units of a SKU into the basket (`add`), set how many there are (`quantity`), or take the line out (0)."""
    form = await read_form(request)
    cart_id = cart_id_of(request)
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
    cookies, taken = [cart_cookie(request, cart_id)], _taken_by(form, cart)
    if is_swap(request):
        visitor = await visitor_with(request, cart)
        return await page(
            request, "storefront/basket.html", visitor=visitor, cookies=cookies, basket_problem="", taken=taken
        )
    if taken:
        return see(f"/basket?{taken.query}", cookies=cookies)
    return see(own_path(form.get("back"), "/basket"), cookies=cookies)


def _taken_by(form: Form, cart: CartView) -> TakenOut | None:
    """Return what a form has taken out: a line that is not there any more."""
    name = form.get("line") or form.get("sku")
    if form.get("add") != "-1" and form.get("quantity") != "0":
        return None
    if any(line.id == name for line in cart.lines):
        return None
    return _taken(form.get("sku"), form.number("units") or 1, {name: form.get(name) for name in form.fields})


def _taken(sku: str, units: int, given: Mapping[str, str]) -> TakenOut | None:
    typed = [(name.removeprefix(_INPUT), value) for name, value in given.items() if name.startswith(_INPUT) and value]
    inputs = {name[:_LONGEST]: value[:_LONGEST] for name, value in typed[:MOST_INPUTS]}
    return TakenOut(sku=sku, units=min(units, _MOST_UNITS), inputs=inputs) if sku and units > 0 else None


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
    return await page(
        request, "storefront/basket.html", status=refused.status, visitor=visitor, basket_problem=problem, taken=None
    )


PUBLIC = [basket, change_line]
