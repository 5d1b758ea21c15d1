"""Ordering once more: a new cart with what an earlier order had, as far as it is still for sale."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from litestar import post
from litestar.params import FromPath

from bus.messages.base import OrderLine, line_id
from bus.messages.cart import Cart, CreateCart, InputRefused, NoSuchCart, SetLine
from bus.messages.inputs import InputValue
from bus.messages.inventory import StockRefused, UnknownSku
from bus.messages.order import GetOrder, Order
from gateway import openapi
from gateway.access import order_readers_only
from gateway.api.bodies import View
from gateway.api.cart.carts import CartView, cart_view
from gateway.context import GatewayContext, Http, Injected, client_address
from gateway.problems import Problem, not_found

WhyLeftOut: TypeAlias = Literal["not_sold", "out_of_stock", "inputs", "too_many"]


class LeftOutView(View, frozen=True, kw_only=True):
    """Units of a line that are not in the new cart."""

    sku: str
    title: str
    quantity: int
    reason: WhyLeftOut
    detail: str


class ReorderView(CartView, frozen=True, kw_only=True):
    """A new cart, and what it has not of the order."""

    left_out: Sequence[LeftOutView]


@post(
    "/orders/{order_id:str}/reorder",
    guards=[order_readers_only],
    security=[openapi.ORDER, openapi.CUSTOMER, openapi.STAFF],
    summary="Order the same once more",
    refuses=["not_found", "foreign_origin", "unsupported_media_type"],
)
async def reorder(context: Injected, request: Http, order_id: FromPath[str]) -> ReorderView:
    """Make a new cart with the lines of an order, at the prices of now, with the same inputs. Its units are held.

    What is no longer sold, or not left, is in `left_out`. With an `Idempotency-Key` a repeat gets the same cart.
    """
    order = await context.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        raise not_found("order")
    cart, left_out = await context.bus.ask(CreateCart()), list[LeftOutView]()
    for line in order.lines:
        cart = await _put(context, client_address(request), cart, line, left_out)
    view = cart_view(cart, context.clock.now())
    return ReorderView(**{field: getattr(view, field) for field in view.__struct_fields__}, left_out=left_out)


async def _put(context: GatewayContext, address: str, cart: Cart, line: OrderLine, left_out: list[LeftOutView]) -> Cart:
    """Put a line into the cart, or as many of its units as there are; note the others."""
    answer = await _ask(context, address, cart, line, line.quantity)
    available = answer.available if isinstance(answer, StockRefused) else 0
    if isinstance(answer, StockRefused) and 0 < available < line.quantity:
        part = await _ask(context, address, cart, line, available)
        if isinstance(part, Cart):
            left_out.append(_left(line, line.quantity - available, "out_of_stock", f"Only {available} left."))
            return part
    match answer:
        case Cart():
            return answer
        case StockRefused():
            left_out.append(_left(line, line.quantity, "out_of_stock", "Nothing is left of it."))
        case InputRefused():
            left_out.append(_left(line, line.quantity, "inputs", answer.detail))
        case Problem():
            left_out.append(_left(line, line.quantity, "too_many", answer.detail))
        case UnknownSku() | NoSuchCart():
            left_out.append(_left(line, line.quantity, "not_sold", "It is no longer sold."))
    return cart


async def _ask(
    context: GatewayContext, address: str, cart: Cart, line: OrderLine, units: int
) -> Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused | Problem:
    """Hold units of a line, within what the carts of one address may hold; the refusal of that bound is an answer."""
    held, told = context.guard.held, {each.key: each.value for each in line.inputs}
    which = line_id(line.sku, told)
    inputs = tuple(InputValue(key=key, value=value) for key, value in told.items())
    ask = SetLine(cart_id=cart.id, sku=line.sku, quantity=units, inputs=inputs)
    try:
        with held.holding(address, cart.id, which, units) as count:
            elsewhere = held.elsewhere(address, cart.id, which)
            answer = await context.bus.ask(msgspec.structs.replace(ask, elsewhere=elsewhere))
            count(answer)
    except Problem as refused:
        return refused
    return answer


def _left(line: OrderLine, quantity: int, reason: WhyLeftOut, detail: str) -> LeftOutView:
    return LeftOutView(sku=line.sku, title=line.title, quantity=quantity, reason=reason, detail=detail)


PUBLIC = [reorder]
