"""The life of an order, as a table. Pure.

A pair of status and fact that is not in `NEXT` changes no status: facts come late, early and repeatedly.
`EXPECTED_LATE` lists the pairs that were foreseen; all others are counted, for a person to check.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

from bus.messages.audit import RULES, CheckId, Finding, Remedy, RepairMade
from bus.messages.base import Minor, Money, OrderId, Sums, Units
from bus.messages.order import (
    CancelReason,
    LateMoneyReturned,
    Moment,
    Order,
    OrderCancelled,
    OrderDelivered,
    OrderFulfilled,
    OrderProgressed,
    OrderRevived,
    OrderShipped,
    OrderStatus,
    PaymentCameLate,
    PlaceOrder,
    RefundRequested,
)
from bus.messages.shipping import ParcelStatus
from engine.message import Event

Fact: TypeAlias = Literal[
    "paid", "processing", "payment_failed", "declined_often", "overdue", "called_off", "refunded", "units_gone",
    "units_retaken", "picking", "packed", "shipped", "moving", "delivered",
]  # fmt: skip

NEXT: Mapping[tuple[OrderStatus, Fact], OrderStatus] = {
    ("pending_payment", "paid"): "paid",
    ("pending_payment", "processing"): "payment_processing",
    ("pending_payment", "declined_often"): "cancelled",
    ("pending_payment", "overdue"): "cancelled",
    ("pending_payment", "called_off"): "cancelled",
    ("payment_processing", "paid"): "paid",
    ("payment_processing", "payment_failed"): "pending_payment",
    ("payment_processing", "called_off"): "cancelled",
    ("paid", "called_off"): "cancelled",
    ("paid", "refunded"): "cancelled",
    ("paid", "units_gone"): "cancelled",
    ("paid", "picking"): "picking",
    ("paid", "packed"): "packed",
    ("picking", "called_off"): "cancelled",
    ("picking", "refunded"): "cancelled",
    ("picking", "units_gone"): "cancelled",
    ("picking", "packed"): "packed",
    ("packed", "shipped"): "shipped",
    ("shipped", "moving"): "in_transit",
    ("shipped", "delivered"): "delivered",
    ("in_transit", "delivered"): "delivered",
    ("cancelled", "units_retaken"): "paid",  # Money came late, and the units were still available.
}

# Pairs that come too late by design and change no status. All others that are not in `NEXT` are counted.
_GOING_ON: Final = ("packed", "shipped", "in_transit", "delivered")
EXPECTED_LATE: frozenset[tuple[OrderStatus, Fact]] = frozenset(
    {
        ("cancelled", "paid"),  # The order asks for its units again, or refunds the money.
        ("cancelled", "processing"),  # Its success would be late money.
        ("cancelled", "payment_failed"),
        ("cancelled", "called_off"), ("cancelled", "refunded"), ("cancelled", "units_gone"),
        ("cancelled", "picking"), ("cancelled", "packed"),  # The warehouse gets the cancellation a moment later.
        ("paid", "units_retaken"),
        *((status, "called_off") for status in _GOING_ON),  # The request is refused.
        *((status, "refunded") for status in _GOING_ON),  # Noted for staff.
        *((status, "declined_often") for status in get_args(OrderStatus) if status != "pending_payment"),
        *((status, "overdue") for status in get_args(OrderStatus) if status != "pending_payment"),
        ("in_transit", "moving"), ("delivered", "moving"), ("delivered", "delivered"), ("packed", "moving"),
    }
)  # fmt: skip

# Other words of carriers, known or not, stand in the timeline only.
PARCEL_FACTS: Mapping[ParcelStatus, Fact] = {
    "in_transit": "moving",
    "out_for_delivery": "moving",
    "available_for_pickup": "moving",
    "delivered": "delivered",
}


@dataclass(slots=True)
class OrderState:
    """An order as a turn has locked it, with the turn's changes."""

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
    declines: int = 0  # Attempts to pay.
    pay_until: datetime | None = None
    units: Sequence[Units] = ()  # Of its lines; only of cancelled orders.
    entries: list[tuple[str, str, bool]] = field(default_factory=list)  # For the timeline: event, detail, staff only.
    boxes: dict[int, bytes] = field(default_factory=dict)  # Of some entries, by place: texts that may name people.
    events: list[Event] = field(default_factory=list)
    unexpected: list[tuple[OrderStatus, Fact]] = field(default_factory=list)
    changed: bool = False

    def note(self, event: str, detail: str = "", *, staff_only: bool = False, sealed: bytes | None = None) -> None:
        """Add to the timeline; `sealed` is a text that may name people."""
        if sealed:
            self.boxes[len(self.entries)] = sealed
        self.entries.append((event, detail, staff_only))

    def note_person(self, deed: str, by: str) -> None:
        """Add who of the staff did something, for staff alone; nothing if nobody of them did."""
        if by:
            self.note("DoneByStaff", f"{deed} by {by}", staff_only=True)

    def advance(self, fact: Fact, now: datetime) -> bool:
        """Move to the next status, if the table has one, and report it to those who watch."""
        following = NEXT.get((self.status, fact))
        if following is None:
            if (self.status, fact) not in EXPECTED_LATE:
                self.unexpected.append((self.status, fact))
            return False
        self.status = following
        self.changed = True
        self.events.append(OrderProgressed(order_id=self.id, status=following, at=now, number=self.number))
        return True


def begins_as(total: Minor) -> OrderStatus:
    """The first status of an order; one that costs nothing is as good as paid."""
    return "pending_payment" if total else "paid"


def new_order(ask: PlaceOrder, sums: Sums, number: str, now: datetime, pay_until: datetime) -> Order:
    """An order as it is stored: only its number comes from the database."""
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
        phone=ask.phone,
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
        pay_until=pay_until if status == "pending_payment" else None,
    )


def paid(order: OrderState, amount: Money, now: datetime) -> None:
    """Record the order's money, in time or late."""
    if order.advance("paid", now):
        order.note("PaymentReceived", str(amount))
        return
    if order.status != "cancelled":
        return
    order.note("PaymentCameLate", str(amount))
    if order.cancel_reason == "payment_timeout":
        order.events.append(PaymentCameLate(order_id=order.id, lines=tuple(order.units)))
    else:
        _return_late_money(order)


def further_paid(order: OrderState, purpose: str, amount: Money) -> None:
    """Note money beside what the order was placed for."""
    order.note("FurtherPaymentReceived", f"{amount} for {purpose}")


def processing(order: OrderState, now: datetime) -> None:
    """Let the order wait, with its units, for a bank that was asked and takes days."""
    if order.advance("processing", now):
        order.note("PaymentProcessing", "The bank has been asked.")


def payment_failed(order: OrderState, reason: str, now: datetime, pay_until: datetime) -> bool:
    """Give the buyer time to pay in another way: the bank has refused. True if a timer must end that time."""
    if not order.advance("payment_failed", now):
        return False
    order.pay_until = pay_until
    order.note("PaymentFailed", reason)
    return True


def declined(order: OrderState, reason: str, now: datetime, most: int) -> None:
    """Note a failed attempt to pay; the order stays payable until its deadline, or until there were too many.

    Then it is cancelled, and its intent with it: nobody needs so many cards but those who try which ones work.
    """
    if order.status != "pending_payment":
        return
    order.note("PaymentDeclined", reason)
    order.declines, order.changed = order.declines + 1, True
    if order.declines >= most and order.advance("declined_often", now):
        _cancelled(order, "payment_declined")


def overdue(order: OrderState, now: datetime) -> None:
    """Cancel an order whose time to pay is over, unless that was extended meanwhile."""
    if order.status == "pending_payment" and order.pay_until is not None and now < order.pay_until:
        return
    if order.advance("overdue", now):
        _cancelled(order, "payment_timeout")


def call_off(order: OrderState, reason: CancelReason, now: datetime, *, by: str = "") -> bool:
    """Cancel an order on request. False if it is too late for that; a repeat is fine."""
    was_paid = order.status not in ("pending_payment", "payment_processing")
    if order.advance("called_off", now):
        order.note_person("cancelled", by)
        _cancelled(order, reason)
        if was_paid:
            _send_money_back(order, reason)
    elif order.cancel_reason == "payment_timeout":  # Now cancelled on request: late money goes back.
        order.cancel_reason, order.changed = reason, True
    return order.status == "cancelled"


def fully_refunded(order: OrderState, now: datetime) -> None:
    """Record that people gave all money back: an order that is not packed ends, later it is noted for staff."""
    if order.advance("refunded", now):
        _cancelled(order, "refunded")
        order.refund_requested = True  # The refund is on its way already.
    elif order.status != "cancelled":
        order.note("FullyRefunded", "All of its money goes back.", staff_only=True)


def disputed(order: OrderState, amount: Money, reason: str, *, is_inquiry: bool) -> None:
    """Note an inquiry of the buyer's bank, or a dispute, which takes the money away until it is decided."""
    order.note("DisputeOpened", f"{'inquiry about ' if is_inquiry else ''}{amount}: {reason}", staff_only=True)


def dispute_closed(order: OrderState, amount: Money, outcome: str) -> None:
    """Note the bank's decision."""
    order.note("DisputeClosed", f"{amount}: {outcome}", staff_only=True)


def dispute_funds_moved(order: OrderState, amount: Money, *, is_withdrawal: bool) -> None:
    """Note that disputed money has left the shop's account, or is back there."""
    order.note("DisputeFundsMoved", f"{amount} {'withdrawn' if is_withdrawal else 'put back'}", staff_only=True)


def warned_of_fraud(order: OrderState, fraud_type: str) -> None:
    """Note that the card's issuer suspects fraud."""
    order.note("FraudWarned", fraud_type, staff_only=True)


def units_gone(order: OrderState, now: datetime) -> None:
    """Refund a paid order whose units were sold to others: at once, and only once."""
    was_paid = order.advance("units_gone", now)
    if was_paid:
        _cancelled(order, "out_of_stock")
    elif order.cancel_reason == "payment_timeout":
        order.cancel_reason, order.changed = "out_of_stock", True
    if order.status == "cancelled" and not order.refund_requested:
        order.note("UnitsGone", "The units were sold to somebody else; the money goes back.")
        if was_paid:
            _send_money_back(order, "out_of_stock")
        else:
            _return_late_money(order)


def units_retaken(order: OrderState, now: datetime) -> None:
    """Revive an order that was paid late, whose units were still available."""
    if order.status == "cancelled" and order.cancel_reason not in (None, "payment_timeout"):
        # Called off while its units were asked for again: units and money go back.
        _cancelled(order, order.cancel_reason)
        _send_money_back(order, order.cancel_reason)
    elif order.advance("units_retaken", now):
        order.cancel_reason = None
        order.note("UnitsRetaken", "The units could be had again.")
        order.events.append(OrderRevived(order_id=order.id, number=order.number))


def picking(order: OrderState, now: datetime) -> None:
    """Record that the warehouse is picking the order."""
    if order.advance("picking", now):
        order.note("PickingStarted")


def packed(order: OrderState, now: datetime) -> None:
    """Record that the parcel is packed."""
    if order.advance("packed", now):
        order.note("OrderFulfilled")
        order.events.append(OrderFulfilled(order_id=order.id, number=order.number))


def shipped(order: OrderState, carrier: str, tracking_number: str, now: datetime) -> None:
    """Record that a carrier is booked."""
    if order.advance("shipped", now):
        order.carrier, order.tracking_number = carrier, tracking_number
        order.note("OrderShipped", f"{carrier} {tracking_number}")
        order.events.append(
            OrderShipped(order_id=order.id, number=order.number, carrier=carrier, tracking_number=tracking_number)
        )


def moved(order: OrderState, status: ParcelStatus, sealed: bytes | None, at: datetime, now: datetime) -> None:
    """Record where the parcel is. A report that is older than the known status goes to the timeline only."""
    order.note("ParcelMoved", status, sealed=sealed)
    fact = PARCEL_FACTS.get(status)
    if fact and order.advance(fact, now) and order.status == "delivered":
        order.note("OrderDelivered")
        order.events.append(OrderDelivered(order_id=order.id, number=order.number, at=at))


def refunded(order: OrderState, amount: Money, *, by: str = "") -> None:
    """Count a refund, begun here or at Stripe."""
    order.note_person(f"refunded {amount}", by)
    order.refunded += amount.amount
    order.changed = True
    order.note("RefundProcessed", str(amount))


def refund_failed(order: OrderState, amount: Money, detail: str, *, was_processed: bool) -> None:
    """Record a failed refund: the bank sent its money back, or Stripe never took it."""
    if was_processed:
        order.refunded -= amount.amount
        order.changed = True
        order.note("RefundFailed", str(amount))
    else:
        order.note("RefundFailed", f"{amount}: {detail}" if detail else str(amount), staff_only=True)


def correct_refunded(order: OrderState, refunded: Minor) -> RepairMade | None:
    """Set the refunded sum to the payment's, in sequence with the refunds; None if it is right already, or can't be."""
    if refunded == order.refunded or not 0 <= refunded <= order.total:
        return None
    before, order.refunded, order.changed = order.refunded, refunded, True
    written, went_back = (Money(amount=amount, currency=order.currency) for amount in (before, refunded))
    order.note("RefundsCorrected", f"{written} was written down, {went_back} went back")
    return RepairMade(rule=RULES["refunded_agrees"], about=order.id, before=str(before), after=str(refunded))


def _send_money_back(order: OrderState, reason: str) -> None:
    """Request a refund of all money, and only once: an order is paid once."""
    if not order.refund_requested:
        order.refund_requested = order.changed = True
        order.events.append(RefundRequested(order_id=order.id, reason=reason))


def _return_late_money(order: OrderState) -> None:
    """Refund late money: the order stays cancelled, and its buyer is informed."""
    assert order.cancel_reason is not None, "a cancelled order has its reason"
    if not order.refund_requested:
        order.events.append(LateMoneyReturned(order_id=order.id, number=order.number, reason=order.cancel_reason))
    _send_money_back(order, order.cancel_reason)


def _cancelled(order: OrderState, reason: CancelReason) -> None:
    order.cancel_reason = reason
    order.note("OrderCancelled", reason)
    order.events.append(OrderCancelled(order_id=order.id, number=order.number, reason=reason))


def total_of(sums: Sums) -> Minor:
    """The total of the parts."""
    on_top = 0 if sums.prices_include_tax else sums.tax
    return sums.subtotal - sums.discount + sums.shipping + sums.fees + on_top


def audit(order_id: OrderId, sums: Sums, of_lines: Minor, status: OrderStatus, refunded: Minor) -> list[Finding]:
    """Compare an order's sums with its lines and with one another, and its status with its refunds."""
    subtotal, total, of_parts = sums.subtotal, sums.total, total_of(sums)
    checks: list[tuple[CheckId, Callable[[], bool], str]] = [
        ("subtotal_equals_lines", lambda: subtotal == of_lines, f"{subtotal} stored, {of_lines} computed"),
        ("total_equals_parts", lambda: total == of_parts, f"{total} stored, {of_parts} computed"),
        ("nothing_refunded_unpaid", lambda: not (refunded and status == "pending_payment"), f"{refunded} refunded"),
    ]
    return [
        Finding(check=check, about=order_id, detail=detail, remedy=Remedy(action="compare_at_stripe"))
        for check, holds, detail in checks
        if not holds()
    ]
