"""Ordering once more: what an earlier order had is put into a cart, as far as it is still for sale."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias

import msgspec
from litestar import post
from litestar.params import FromPath, QueryParameter

from bus.messages.base import OrderLine
from bus.messages.cart import Cart, ChangeLine, CreateCart, GetCart, InputRefused, NoSuchCart
from bus.messages.inputs import InputValue
from bus.messages.inventory import StockRefused, UnknownSku
from bus.messages.order import GetOrder, Order
from engine.errors import BadInput
from gateway import openapi
from gateway.access import order_readers_only
from gateway.api.bodies import View
from gateway.api.cart.carts import CartView, cart_view
from gateway.context import GatewayContext, Http, Injected, client_address
from gateway.idempotency import claim_of
from gateway.problems import Problem, not_found

_MOST: Final = 99  # Units of one line, as `Quantity` has them.

WhyLeftOut: TypeAlias = Literal["not_sold", "out_of_stock", "inputs", "too_many"]


class LeftOutView(View, frozen=True, kw_only=True):
    """Units of a line that are not put into the cart."""

    sku: str
    title: str
    quantity: int
    reason: WhyLeftOut
    detail: str


class ReorderView(CartView, frozen=True, kw_only=True):
    """The cart, and what of the order was not put into it."""

    left_out: Sequence[LeftOutView]


@post(
    "/orders/{order_id:str}/reorder",
    guards=[order_readers_only],
    security=[openapi.ORDER, openapi.CUSTOMER, openapi.STAFF],
    summary="Order the same once more",
    refuses=["not_found", "foreign_origin", "unsupported_media_type"],
)
async def reorder(
    context: Injected,
    request: Http,
    order_id: FromPath[str],
    cart_id: Annotated[str, QueryParameter(name="cart", max_length=128)] = "",
) -> ReorderView:
    """Put the lines of an order into a new cart, or into `cart` beside what it has, at the prices of now, with the same
    inputs. The units are held.

    What is no longer sold, or not left, is in `left_out`. With an `Idempotency-Key` a repeat gets the same cart.
    """
    order = await context.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        raise not_found("order")
    cart, left_out, claim = await _cart(context, cart_id), list[LeftOutView](), claim_of(request)
    adding = _Adding(context, client_address(request), claim.token if claim else "")
    for line in order.lines:
        cart = await adding.put(cart, line, left_out)
    view = cart_view(cart, context.clock.now())
    return ReorderView(**{field: getattr(view, field) for field in view.__struct_fields__}, left_out=left_out)


async def _cart(context: GatewayContext, cart_id: str) -> Cart:
    """Make a cart, or find the one that was named.

    Raises:
        Problem: There is no such cart.
    """
    found = await context.bus.ask(GetCart(cart_id=cart_id) if cart_id else CreateCart())
    if not isinstance(found, Cart):
        raise not_found("cart")
    return found


class _Adding(NamedTuple):
    """A request that puts lines into a cart: from which address, and by which key, which a repeat has too."""

    context: GatewayContext
    address: str
    key: str

    async def put(self, cart: Cart, line: OrderLine, left_out: list[LeftOutView]) -> Cart:
        """Put a line into the cart, or as many of its units as there are; note the others."""
        has = next((each.quantity for each in cart.lines if each.id == line.id), 0)
        room = min(line.quantity, _MOST - has)
        if room < line.quantity:
            left_out.append(_left(line, line.quantity - room, "too_many", f"At most {_MOST} of one article."))
        if not room:
            return cart
        answer = await self._ask(cart, line, has, room)
        left = answer.available - has if isinstance(answer, StockRefused) else 0
        if isinstance(answer, StockRefused) and 0 < left < room:
            part = await self._ask(cart, line, has, left)
            if isinstance(part, Cart):
                left_out.append(_left(line, room - left, "out_of_stock", f"Only {answer.available} left."))
                return part
        match answer:
            case Cart():
                return answer
            case StockRefused():
                left_out.append(_left(line, room, "out_of_stock", "Nothing is left of it."))
            case InputRefused():
                left_out.append(_left(line, room, "inputs", answer.detail))
            case Problem():
                left_out.append(_left(line, room, "too_many", answer.detail))
            case UnknownSku() | NoSuchCart():
                left_out.append(_left(line, room, "not_sold", "It is no longer sold."))
        return cart

    async def _ask(
        self, cart: Cart, line: OrderLine, has: int, units: int
    ) -> Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused | Problem:
        """Hold units of a line beside those that the cart has, within what the carts of one address may hold; the
        refusal of that bound is an answer.
        """
        held, told = self.context.guard.held, {each.key: each.value for each in line.inputs}
        inputs = tuple(InputValue(key=key, value=value) for key, value in told.items())
        change = f"{self.key}-{line.id}" if self.key else ""
        ask = ChangeLine(cart_id=cart.id, sku=line.sku, by=units, change_id=change, inputs=inputs)
        try:
            with held.holding(self.address, cart.id, line.id, has + units) as count:
                elsewhere = held.elsewhere(self.address, cart.id, line.id)
                answer = await self.context.bus.ask(msgspec.structs.replace(ask, elsewhere=elsewhere))
                count(answer)
        except Problem as refused:
            return refused
        except BadInput as refused:  # The cart is full.
            return Problem(422, "invalid", str(refused))
        return answer


def _left(line: OrderLine, quantity: int, reason: WhyLeftOut, detail: str) -> LeftOutView:
    return LeftOutView(sku=line.sku, title=line.title, quantity=quantity, reason=reason, detail=detail)


PUBLIC = [reorder]
