"""The life of an order, as a table. Pure.

A pair of status and fact that is not in `NEXT` changes no status: facts come late, early and again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import RepairMade
from bus.messages.base import Finding, Line, Minor, Money, OrderId, Sums
from bus.messages.order import (
    CancelReason,
    Moment,
    Order,
    OrderCancelled,
    OrderDelivered,
    OrderFulfilled,
    OrderProgressed,
    OrderShipped,
    OrderStatus,
    PaymentCameLate,
    PlaceOrder,
    RefundRequested,
)
from bus.messages.shipping import ParcelStatus
from engine.message import Event

Fact: TypeAlias = Literal[
    "paid", "overdue", "called_off", "units_gone", "units_retaken",
    "picking", "packed", "shipped", "moving", "delivered",
]  # fmt: skip

NEXT: Mapping[tuple[OrderStatus, Fact], OrderStatus] = {
    ("pending_payment", "paid"): "paid",
    ("pending_payment", "overdue"): "cancelled",
    ("pending_payment", "called_off"): "cancelled",
    ("paid", "called_off"): "cancelled",
    ("paid", "units_gone"): "cancelled",
    ("paid", "picking"): "picking",
    ("paid", "packed"): "packed",
    ("picking", "called_off"): "cancelled",
    ("picking", "units_gone"): "cancelled",
    ("picking", "packed"): "packed",
    ("packed", "shipped"): "shipped",
    ("shipped", "moving"): "in_transit",
    ("shipped", "delivered"): "delivered",
    ("in_transit", "delivered"): "delivered",
    ("cancelled", "units_retaken"): "paid",  # Money came late, and the units could be had again.
}

PARCEL_FACTS: Mapping[ParcelStatus, Fact] = {
    "in_transit": "moving",
    "out_for_delivery": "moving",
    "delivered": "delivered",
}


@dataclass(slots=True)
class State:
    """What a turn knows of an order, and what it does to it."""

    id: OrderId
    number: str
    status: OrderStatus
    cancel_reason: CancelReason | None
    currency: str
    total: Minor
    refunded: Minor
    carrier: str | None
    tracking_number: str | None
    refund_requested: bool = False
    lines: Sequence[Line] = ()
    entries: list[tuple[str, str]] = field(default_factory=list)  # For the timeline: event, detail.
    events: list[Event] = field(default_factory=list)
    changed: bool = False

    def note(self, event: str, detail: str = "") -> None:
        """Add to the timeline."""
        self.entries.append((event, detail))

    def advance(self, fact: Fact, now: datetime) -> bool:
        """Go on to the next status, if the table has one; tell those who watch."""
        following = NEXT.get((self.status, fact))
        if following is None:
            return False
        self.status = following
        self.changed = True
        self.events.append(OrderProgressed(order_id=self.id, status=following, at=now))
        return True


def begins_as(total: Minor) -> OrderStatus:
    """What costs nothing is as good as paid."""
    return "pending_payment" if total else "paid"


def new_order(ask: PlaceOrder, sums: Sums, number: str, now: datetime) -> Order:
    """An order as it is stored: all of it is known but its number."""
    status = begins_as(sums.total)
    events = ("OrderCreated",) if status == "pending_payment" else ("OrderCreated", "OrderSettled")

    def money(amount: Minor) -> Money:
        return Money(amount=amount, currency=sums.currency)

    return Order(
        id=ask.order_id,
        number=number,
        status=status,
        email=ask.email,
        name=ask.name,
        address=ask.address,
        shipping_method=ask.shipping_method,
        lines=ask.lines,
        subtotal=money(sums.subtotal),
        discount=money(sums.discount),
        shipping=money(sums.shipping),
        fees=money(sums.fees),
        tax=money(sums.tax),
        prices_include_tax=sums.prices_include_tax,
        total=money(sums.total),
        refunded=money(0),
        weight_g=ask.weight_g,
        carrier=None,
        tracking_number=None,
        created_at=now,
        timeline=tuple(Moment(at=now, event=event, detail="") for event in events),
    )


def paid(order: State, amount: Money, now: datetime) -> None:
    """Money is here."""
    if order.advance("paid", now):
        order.note("PaymentReceived", str(amount))
        return
    if order.status != "cancelled":
        return
    order.note("PaymentCameLate", str(amount))
    if order.cancel_reason == "payment_timeout":
        order.events.append(PaymentCameLate(order_id=order.id, lines=tuple(order.lines)))
    else:
        _send_money_back(order, str(order.cancel_reason))


def declined(order: State, reason: str) -> None:
    """A try to pay failed; the order stays payable until its end."""
    if order.status == "pending_payment":
        order.note("PaymentDeclined", reason)


def overdue(order: State, now: datetime) -> None:
    """Its time to be paid is over."""
    if order.advance("overdue", now):
        _cancelled(order, "payment_timeout")


def call_off(order: State, reason: CancelReason, now: datetime) -> bool:
    """Somebody does not want it any more. False if it is too late for that; a repeat is fine."""
    was_paid = order.status != "pending_payment"
    if order.advance("called_off", now):
        _cancelled(order, reason)
        if was_paid:
            _send_money_back(order, reason)
    elif order.cancel_reason == "payment_timeout":  # Now somebody has said no: money that comes late goes back.
        order.cancel_reason, order.changed = reason, True
    return order.status == "cancelled"


def units_gone(order: State, now: datetime) -> None:
    """Money came, but somebody else has the units: it goes back at once, and once."""
    if order.advance("units_gone", now):
        _cancelled(order, "out_of_stock")
    elif order.cancel_reason == "payment_timeout":
        order.cancel_reason, order.changed = "out_of_stock", True
    if order.status == "cancelled" and not order.refund_requested:
        order.note("UnitsGone", "The units were sold to somebody else; the money goes back.")
        _send_money_back(order, "out_of_stock")


def units_retaken(order: State, now: datetime) -> None:
    """Money came late, and the units could be had again."""
    if order.status == "cancelled" and order.cancel_reason not in (None, "payment_timeout"):
        # Called off while its units were asked for again: they go back, and so does the money.
        _cancelled(order, order.cancel_reason)
        _send_money_back(order, order.cancel_reason)
    elif order.advance("units_retaken", now):
        order.cancel_reason = None
        order.note("UnitsRetaken", "The units could be had again.")


def picking(order: State, now: datetime) -> None:
    """The warehouse is at it."""
    if order.advance("picking", now):
        order.note("PickingStarted")


def packed(order: State, now: datetime) -> None:
    """The parcel is closed."""
    if order.advance("packed", now):
        order.note("OrderFulfilled")
        order.events.append(OrderFulfilled(order_id=order.id, number=order.number))


def shipped(order: State, carrier: str, tracking_number: str, now: datetime) -> None:
    """A carrier is booked."""
    if order.advance("shipped", now):
        order.carrier, order.tracking_number = carrier, tracking_number
        order.note("OrderShipped", f"{carrier} {tracking_number}")
        order.events.append(
            OrderShipped(order_id=order.id, number=order.number, carrier=carrier, tracking_number=tracking_number)
        )


def moved(order: State, status: ParcelStatus, detail: str, at: datetime, now: datetime) -> None:
    """The carrier has said where the parcel is. What is older than the status known is kept in the timeline only."""
    order.note("ParcelMoved", f"{status}: {detail}" if detail else status)
    fact = PARCEL_FACTS.get(status)
    if fact and order.advance(fact, now) and order.status == "delivered":
        order.note("OrderDelivered")
        order.events.append(OrderDelivered(order_id=order.id, number=order.number, at=at))


def refunded(order: State, amount: Money) -> None:
    """Money went back."""
    order.refunded += amount.amount
    order.changed = True
    order.note("RefundProcessed", str(amount))


def refund_failed(order: State, amount: Money) -> None:
    """The bank sent refunded money back."""
    order.refunded -= amount.amount
    order.changed = True
    order.note("RefundFailed", str(amount))


def correct_refunded(order: State, refunded: Minor) -> RepairMade | None:
    """What the payment says was refunded, in line with the refunds themselves; None if that is known, or can't be."""
    if refunded == order.refunded or not 0 <= refunded <= order.total:
        return None
    before, order.refunded, order.changed = order.refunded, refunded, True
    order.note("RefundsCorrected", f"{before} was written down, {refunded} went back")
    return RepairMade(rule="I8 refunded", about=order.id, before=str(before), after=str(refunded))


def _send_money_back(order: State, reason: str) -> None:
    """All of it, and once: an order is paid once."""
    if not order.refund_requested:
        order.refund_requested = order.changed = True
        order.events.append(RefundRequested(order_id=order.id, reason=reason))


def _cancelled(order: State, reason: CancelReason) -> None:
    order.cancel_reason = reason
    order.note("OrderCancelled", reason)
    order.events.append(OrderCancelled(order_id=order.id, number=order.number, reason=reason))


def total_of(sums: Sums) -> Minor:
    """What the parts come to."""
    on_top = 0 if sums.prices_include_tax else sums.tax
    return sums.subtotal - sums.discount + sums.shipping + sums.fees + on_top


def audit(order_id: OrderId, sums: Sums, of_lines: Minor, status: OrderStatus, refunded: Minor) -> list[Finding]:
    """Compare an order's sums with its lines and with one another, and its status with its refunds."""
    subtotal, total, of_parts = sums.subtotal, sums.total, total_of(sums)
    checks: list[tuple[str, Callable[[], bool], str]] = [
        ("I8 subtotal = lines", lambda: subtotal == of_lines, f"{subtotal} stored, {of_lines} computed"),
        ("I8 total = its parts", lambda: total == of_parts, f"{total} stored, {of_parts} computed"),
        ("I8 nothing refunded unpaid", lambda: not (refunded and status == "pending_payment"), f"{refunded} refunded"),
    ]
    return [
        Finding(rule=rule, about=order_id, detail=detail, remedy="compare with the payment at Stripe")
        for rule, holds, detail in checks
        if not holds()
    ]
