"""Orders, for those who hold their token."""

from collections.abc import Sequence
from datetime import datetime

from litestar import get, post
from litestar.params import FromPath

from bus.messages.base import Money, OrderLine
from bus.messages.order import CancelOrder, GetOrder, Moment, NotCancellable, Order, OrderStatus
from gateway.access import bearer, may_see_order
from gateway.api.bodies import View
from gateway.edge import Edge, Http, Wired
from gateway.problems import Problem, not_found


class TrackingView(View, frozen=True, kw_only=True):
    """Who carries the parcel, and under which number."""

    carrier: str
    tracking_number: str


class OrderView(View, frozen=True, kw_only=True):
    """An order. `status` is pending_payment, paid, picking, packed, shipped, in_transit, delivered or cancelled."""

    id: str
    number: str
    status: OrderStatus
    lines: Sequence[OrderLine]
    subtotal: Money
    discount: Money
    shipping: Money
    fees: Money
    tax: Money
    prices_include_tax: bool
    total: Money
    refunded: Money
    tracking: TrackingView | None
    created_at: datetime
    timeline: Sequence[Moment]


@get("/orders/{order_id:str}", summary="Read an order")
async def get_order(edge: Wired, request: Http, order_id: FromPath[str]) -> OrderView:
    """An order. Needs its access token, or staff's; who has neither is told that there is none."""
    await _check(edge, request, order_id)
    return await read_order(edge, order_id)


@post("/orders/{order_id:str}/cancel", status_code=200, summary="Cancel an order")
async def cancel_order(edge: Wired, request: Http, order_id: FromPath[str]) -> OrderView:
    """Call an order off, as long as it is not packed. What was paid goes back."""
    await _check(edge, request, order_id)
    is_buyer = edge.keys.opens(bearer(request), order_id)
    answer = await edge.bus.ask(CancelOrder(order_id=order_id, reason="customer" if is_buyer else "staff"))
    match answer:
        case Order():
            return view(answer)
        case NotCancellable():
            raise Problem(409, "not_cancellable", f"The order is {answer.status}.", order_status=answer.status)
        case _:
            raise not_found("order")


async def read_order(edge: Edge, order_id: str) -> OrderView:
    """An order as its buyer sees it.

    Raises:
        Problem: There is none.
    """
    order = await edge.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        raise not_found("order")
    return view(order)


def view(order: Order) -> OrderView:
    """An order without what only staff need."""
    tracking = (
        TrackingView(carrier=order.carrier or "", tracking_number=order.tracking_number)
        if order.tracking_number
        else None
    )
    return OrderView(
        id=order.id,
        number=order.number,
        status=order.status,
        lines=order.lines,
        subtotal=order.subtotal,
        discount=order.discount,
        shipping=order.shipping,
        fees=order.fees,
        tax=order.tax,
        prices_include_tax=order.prices_include_tax,
        total=order.total,
        refunded=order.refunded,
        tracking=tracking,
        created_at=order.created_at,
        timeline=order.timeline,
    )


async def _check(edge: Edge, request: Http, order_id: str) -> None:
    if not await may_see_order(edge, bearer(request), order_id):
        raise not_found("order")
