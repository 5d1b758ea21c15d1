"""Orders for the order's rules."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from actors.order import rules
from actors.order.rules import Fact, OrderState
from bus.messages.base import Line, Money, OrderLine
from bus.messages.order import CancelReason, OrderStatus
from engine.message import Event

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
EARLIER = datetime(2030, 1, 1, 9, tzinfo=UTC)
LATER = datetime(2030, 1, 1, 13, tzinfo=UTC)
ORDER, NUMBER = "ord_1", "SF-100001"
LINES = (Line(sku="LAMP", quantity=2), Line(sku="MUG", quantity=1))
TOTAL = 4490

# What each fact is called with, so that a test can let any of them come.
DECIDE: Mapping[Fact, Callable[[OrderState], object]] = {
    "paid": lambda order: rules.paid(order, eur(TOTAL), NOON),
    "processing": lambda order: rules.processing(order, NOON),
    "payment_failed": lambda order: rules.payment_failed(order, "insufficient_funds", NOON, LATER),
    "declined_often": lambda order: rules.declined(order, "generic_decline", NOON, most=1),
    "refunded": lambda order: rules.fully_refunded(order, NOON),
    "overdue": lambda order: rules.overdue(order, NOON),
    "called_off": lambda order: rules.call_off(order, "customer", NOON),
    "units_gone": lambda order: rules.units_gone(order, NOON),
    "units_retaken": lambda order: rules.units_retaken(order, NOON),
    "picking": lambda order: rules.picking(order, NOON),
    "packed": lambda order: rules.packed(order, NOON),
    "shipped": lambda order: rules.shipped(order, "Sandbox Post", "SP1", NOON),
    "moving": lambda order: rules.moved(order, "in_transit", None, EARLIER, NOON),
    "delivered": lambda order: rules.moved(order, "delivered", None, EARLIER, NOON),
}


def order_of(status: OrderStatus = "pending_payment", reason: CancelReason | None = None) -> OrderState:
    """An order in some status, as it was locked."""
    return OrderState(
        id=ORDER,
        number=NUMBER,
        status=status,
        cancel_reason=reason or ("payment_timeout" if status == "cancelled" else None),
        currency="EUR",
        total=TOTAL,
        refunded=0,
        carrier=None,
        tracking_number=None,
        units=LINES,
    )


def order_after(*facts: Fact) -> OrderState:
    """An order to which these things have happened, in this order."""
    order = order_of()
    for fact in facts:
        DECIDE[fact](order)
    return order


def said(order: OrderState, kind: type[Event]) -> list[Event]:
    """What the order made known, of one kind."""
    return [event for event in order.events if isinstance(event, kind)]


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def line(sku: str, quantity: int, price: int) -> OrderLine:
    return OrderLine(sku=sku, title=sku.title(), quantity=quantity, unit_price=eur(price))
