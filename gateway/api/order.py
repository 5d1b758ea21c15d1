"""Orders: one, for holders of its token; all, for staff."""

from collections.abc import Sequence
from typing import Final

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath

from bus.messages import moments, words
from bus.messages.base import Address, Instant, Money, OrderLine, new_id
from bus.messages.email import WithdrawOrderLinks
from bus.messages.order import CancelOrder, GetOrder, NoSuchOrder, NotCancellable, Order, OrderStatus
from bus.messages.staff_acts import AskApproval
from gateway import openapi
from gateway.access import Staff, order_readers_only, shown_by_link, signed_in
from gateway.api.bodies import View
from gateway.context import GatewayContext, Http, Injected
from gateway.problems import Problem, not_found

_REFUNDED_BY_CANCELLING: Final = frozenset({"payment_processing", "paid", "picking"})


class TrackingView(View, frozen=True, kw_only=True):
    """The carrier of a parcel, and its tracking number."""

    carrier: str
    tracking_number: str


class MomentView(View, frozen=True, kw_only=True):
    """An entry of an order's timeline. `event` and `detail` are for programs, `title` and `text` say them in words."""

    at: Instant
    event: str
    detail: str
    title: str
    text: str


class BuyerView(View, frozen=True, kw_only=True):
    """The buyer of an order, and the address that its parcel goes to."""

    email: str
    name: str
    phone: str
    address: Address


class ShipsToView(View, frozen=True, kw_only=True):
    """The place that a parcel goes to. By a link in a mail, which may be passed on, it is the town and no more."""

    name: str
    address: Address


class OrderView(View, frozen=True, kw_only=True):
    """An order. `status` is pending_payment, payment_processing, paid, picking, packed, shipped, in_transit, delivered
    or cancelled.
    """

    id: str
    number: str
    status: OrderStatus
    status_text: str
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
    created_at: Instant
    pay_until: Instant | None
    timeline: Sequence[MomentView]
    ships_to: ShipsToView | None = None  # For its buyer only.
    buyer: BuyerView | None = None  # For staff with the key read_customers only.


class WithdrawnView(View, frozen=True, kw_only=True):
    """The number of links that opened the order until now."""

    withdrawn: int


@get(
    "/orders/{order_id:str}",
    summary="Read an order",
    guards=[order_readers_only],
    security=[openapi.ORDER, openapi.CUSTOMER, openapi.STAFF],
    refuses=["not_found"],
)
async def get_order(context: Injected, request: Http, order_id: FromPath[str]) -> OrderView:
    """Read an order. Needs its access token, that of a link in a mail about it, its customer's session, or staff with
    the key `read_orders`; else it is 404.
    """
    staff = signed_in(request.scope)
    shows_buyer = staff is not None and staff.may("read_customers")
    order = await _order(context, order_id)
    seen = view(order, for_staff=staff is not None, shows_buyer=shows_buyer)
    if staff is not None:
        return seen
    return msgspec.structs.replace(seen, ships_to=_ships_to(order, is_link=shown_by_link(request.scope)))


@post(
    "/orders/{order_id:str}/cancel",
    status_code=200,
    summary="Cancel an order and refund it",
    guards=[order_readers_only],
    security=[openapi.ORDER, openapi.CUSTOMER, openapi.STAFF],
    refuses=["not_found", "not_cancellable", "approval_needed"],
)
async def cancel_order(context: Injected, request: Http, order_id: FromPath[str]) -> OrderView:
    """Cancel an order that is not packed yet, and refund its money.

    If that is more than one person of the staff may refund, it waits until a second one approves it: 409
    `approval_needed`, with `approval`.
    """
    staff = signed_in(request.scope)
    shows_buyer = staff is not None and staff.may("read_customers")
    return view(await call_off(context, order_id, staff), for_staff=staff is not None, shows_buyer=shows_buyer)


@delete(
    "/orders/{order_id:str}/links",
    status_code=200,
    summary="Withdraw the links in an order's mails",
    guards=[order_readers_only],
    security=[openapi.ORDER, openapi.CUSTOMER, openapi.STAFF],
    refuses=["not_found"],
)
async def withdraw_links(context: Injected, order_id: FromPath[str]) -> WithdrawnView:
    """Withdraw the links of all mails about an order that were sent so far. Later mails bring new ones.

    The access token that the checkout returned still opens the order.
    """
    return await _withdraw(context, order_id)


@delete("/orders/{order_id:str}/links", status_code=200, summary="Withdraw the links in an order's mails")
async def withdraw_links_for_buyer(context: Injected, order_id: FromPath[str]) -> WithdrawnView:
    """Withdraw the links of all mails about an order that were sent so far, as its buyer asked for."""
    return await _withdraw(context, order_id)


async def call_off(context: GatewayContext, order_id: str, staff: Staff | None) -> Order:
    """Cancel an order for its buyer, or for a member of staff.

    Raises:
        Problem: There is no such order, or it is packed; or it gives back more than its canceller may refund alone.
    """
    if staff is not None:
        await _check_limit(context, staff, order_id)
    ask = CancelOrder(order_id=order_id, reason="staff" if staff else "customer", by=str(staff or ""))
    answer = await context.bus.ask(ask)
    match answer:
        case Order():
            return answer
        case NotCancellable():
            detail = f"The order is {words.status(answer.status).lower()}."
            raise Problem(409, "not_cancellable", detail, order_status=answer.status)
        case NoSuchOrder():
            raise not_found("order")


async def read_order(
    context: GatewayContext, order_id: str, *, for_staff: bool = False, shows_buyer: bool = False
) -> OrderView:
    """Read an order as its buyer sees it, or as staff do.

    Raises:
        Problem: There is no such order.
    """
    return view(await _order(context, order_id), for_staff=for_staff, shows_buyer=shows_buyer)


def view(order: Order, *, for_staff: bool = False, shows_buyer: bool = False) -> OrderView:
    """Show an order; to its buyer without the parts that only staff may see, to staff without what names the buyer."""
    tracking = (
        TrackingView(carrier=order.carrier or "", tracking_number=order.tracking_number)
        if order.tracking_number
        else None
    )
    return OrderView(
        id=order.id,
        number=order.number,
        status=order.status,
        status_text=words.status(order.status),
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
        pay_until=order.pay_until,
        timeline=[
            MomentView(
                at=moment.at,
                event=moment.event,
                detail=moment.detail,
                title=words.event(moment.event),
                text=moments.detail(moment.event, moment.detail),
            )
            for moment in order.timeline
            if for_staff or not moment.staff_only
        ],
        buyer=_buyer(order) if shows_buyer else None,
    )


async def _order(context: GatewayContext, order_id: str) -> Order:
    order = await context.bus.ask(GetOrder(order_id=order_id))
    if not isinstance(order, Order):
        raise not_found("order")
    return order


def _ships_to(order: Order, *, is_link: bool) -> ShipsToView:
    if not is_link:
        return ShipsToView(name=order.name, address=order.address)
    known = msgspec.structs.replace(order.address, line1="", line2="")
    return ShipsToView(name="", address=known)


def _buyer(order: Order) -> BuyerView:
    return BuyerView(email=order.email, name=order.name, phone=order.phone, address=order.address)


async def _withdraw(context: GatewayContext, order_id: str) -> WithdrawnView:
    answer = await context.bus.ask(WithdrawOrderLinks(order_id=order_id))
    context.hub.order_rights_changed(order_id)
    return WithdrawnView(withdrawn=answer.withdrawn)


async def _check_limit(context: GatewayContext, staff: Staff, order_id: str) -> None:
    """Refuse a cancellation that gives back more than staff may refund alone: it waits for a second person.

    Raises:
        Problem: 404 or 409.
    """
    order = await read_order(context, order_id)
    if order.status not in _REFUNDED_BY_CANCELLING:
        return
    approval_id = new_id("apr")
    ask = AskApproval(
        id=approval_id,
        order_id=order_id,
        refund_id=approval_id.replace("apr_", "ref_", 1),
        amount=None,
        worth=max(order.total.amount - order.refunded.amount, 0),
        limit=context.staff_gate.settings.shopflow_refund_limit,
        reason="requested_by_customer",
        by=staff.doer,
        what="cancel",
    )
    approval = (await context.bus.ask(ask)).approval
    if approval.state == "waiting":
        detail = "This gives back more than one person may: it waits for a second one."
        raise Problem(409, "approval_needed", detail, approval=approval.id)


PUBLIC = [get_order, cancel_order, withdraw_links]
STAFF = [withdraw_links_for_buyer]
