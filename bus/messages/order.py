"""Orders: their life from placed to delivered, and what the rest of the house hears of it."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import Findings
from bus.messages.base import (
    Address,
    CartId,
    Fact,
    Line,
    Minor,
    Money,
    OrderId,
    OrderLine,
    ReadSpan,
    Sums,
    Units,
    Value,
)
from bus.messages.shipping import ShippingMethod
from engine.message import Command, Event, Query, Reply

OrderStatus: TypeAlias = Literal[
    "pending_payment", "payment_processing", "paid", "picking", "packed", "shipped", "in_transit", "delivered",
    "cancelled",
]  # fmt: skip
CancelReason: TypeAlias = Literal["payment_timeout", "customer", "staff", "out_of_stock", "refunded"]

_NOTHING = Money(amount=0, currency="")  # For an answer of yesterday's version, which did not speak of it.


class Moment(Value, frozen=True, kw_only=True):
    """An entry of an order's timeline."""

    at: datetime
    event: str
    detail: str
    staff_only: bool = False  # Not for the buyer's eyes.


class Order(Reply):
    """Everything about an order."""

    id: OrderId
    number: str  # For people: SF-100001.
    status: OrderStatus
    email: str
    name: str
    address: Address
    shipping_method: ShippingMethod
    lines: tuple[OrderLine, ...]
    subtotal: Money
    discount: Money = _NOTHING
    shipping: Money
    fees: Money = _NOTHING
    tax: Money = _NOTHING
    prices_include_tax: bool = True
    total: Money
    refunded: Money
    weight_g: int
    carrier: str | None
    tracking_number: str | None
    created_at: datetime
    timeline: tuple[Moment, ...]
    pay_until: datetime | None = None  # While it waits to be paid.
    refund_follows: bool = False  # All of its money goes back, or has.


class NoSuchOrder(Reply):
    """There is none of this id."""

    order_id: OrderId


class NotCancellable(Reply):
    """It is packed already, or gone."""

    order_id: OrderId
    status: OrderStatus


class PlaceOrder(Command[Order]):
    """Store an order that waits to be paid, or costs nothing. Safe to send twice: the first one stands."""

    order_id: OrderId
    cart_id: CartId
    email: str
    name: str
    address: Address
    shipping_method: ShippingMethod
    lines: tuple[OrderLine, ...]
    weight_g: int
    sums: Sums | None = None  # What the cart quoted. Yesterday's version left them to the order: it is refused.


class GetOrder(Query[Order | NoSuchOrder]):
    """Read an order."""

    order_id: OrderId


class OrderSummary(Value, frozen=True, kw_only=True):
    """An order in a list."""

    id: OrderId
    number: str
    status: OrderStatus
    total: Money
    created_at: datetime


class OrderPage(Reply):
    """The newest first, and where the next page starts."""

    orders: tuple[OrderSummary, ...]
    next: str | None


class ListOrders(Query[OrderPage]):
    """For staff."""

    limit: int = 20  # 1 to 100.
    status: OrderStatus | None = None
    after: str = ""


class CancelOrder(Command[Order | NotCancellable | NoSuchOrder]):
    """Call an order off, as long as it is not packed. Safe to send twice."""

    order_id: OrderId
    reason: CancelReason


class AuditOrders(Query[Findings]):
    """Recompute every order's totals from its lines, and its refunds from its timeline."""


class OrderCreated(Event):
    """An order was placed, and waits to be paid."""

    order_id: OrderId
    number: str
    lines: tuple[OrderLine, ...]
    total: Money
    weight_g: int


class OrderSettled(Event):
    """An order that costs nothing was placed: there is nothing to pay, and it is as good as paid."""

    order_id: OrderId
    number: str


class OrderCancelled(Event):
    """An order will not be delivered. What was held for it, taken for it or packed for it goes back."""

    order_id: OrderId
    number: str
    reason: CancelReason


class OrderFulfilled(Event):
    """An order is packed, and nobody can call it off any more."""

    order_id: OrderId
    number: str


class OrderShipped(Event):
    """A carrier has an order's parcel."""

    order_id: OrderId
    number: str
    carrier: str
    tracking_number: str


class OrderDelivered(Event):
    """An order has arrived."""

    order_id: OrderId
    number: str
    at: datetime


class OrderProgressed(Event):
    """An order's status is another than before, for those who watch it."""

    order_id: OrderId
    status: OrderStatus
    at: datetime


class PaymentCameLate(Event):
    """Money came for an order that had been cancelled because none came: can its units be had again?"""

    order_id: OrderId
    lines: tuple[Line, ...]


class OrderRevived(Event):
    """A cancelled order lives again: its money came late, and its units could be had again."""

    order_id: OrderId
    number: str


class LateMoneyReturned(Event):
    """Money came for an order that stays cancelled, and goes back."""

    order_id: OrderId
    number: str
    reason: CancelReason


class RefundRequested(Event):
    """Money came for an order that will not be delivered: it goes back at once."""

    order_id: OrderId
    reason: str


class OrderFact(Fact, frozen=True, kw_only=True):
    """What an audit compares other domains with."""

    id: OrderId
    status: OrderStatus
    total: Money
    refunded: Minor
    tracking_number: str | None
    units: tuple[Units, ...]

    @property
    def of_order(self) -> OrderId:
        return self.id


class OrderFacts(Reply):
    """In the order of their ids."""

    facts: tuple[OrderFact, ...]


class ReadOrderFacts(ReadSpan[OrderFacts]):
    """Read orders by their ids, page by page."""

    limit: int = 500


class KnownOrder(Value, frozen=True, kw_only=True):
    """An order that exists."""

    id: OrderId
    status: OrderStatus
    total: Money


class KnownOrders(Reply):
    """In any order; what does not exist is missing."""

    orders: tuple[KnownOrder, ...]


class FindOrders(Query[KnownOrders]):
    """Which of these exist, at most 1,000."""

    orders: tuple[OrderId, ...]


class OwedOrder(Value, frozen=True, kw_only=True):
    """A cancelled order not all of whose money is back."""

    order_id: OrderId
    since: datetime


class OwedOrders(Reply):
    """The longest cancelled first."""

    orders: tuple[OwedOrder, ...]


class ListOwedOrders(Query[OwedOrders]):
    """Cancelled orders not all of whose money is back, whether it is on its way or not."""

    after: OrderId
    since: datetime
    limit: int = 100


class CorrectRefunded(Command[None]):
    """What the payment says was refunded of an order. It is sent in line with the refunds themselves."""

    order_id: OrderId
    refunded: Minor
