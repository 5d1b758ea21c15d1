"""Orders: their life from placed to delivered, and the events that report it to other domains."""

from datetime import date, datetime
from typing import ClassVar, Literal, TypeAlias

from bus.messages.audit import Findings
from bus.messages.base import (
    Address,
    CartId,
    Fact,
    Instant,
    Minor,
    Money,
    OrderId,
    OrderLine,
    ReadSpan,
    Sku,
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
CancelReason: TypeAlias = Literal[
    "payment_timeout", "payment_declined", "customer", "staff", "out_of_stock", "refunded"
]

_NOTHING = Money(amount=0, currency="")  # For an answer of an older version, which lacks the field.


class Moment(Value, frozen=True, kw_only=True):
    """An entry of an order's timeline."""

    at: datetime
    event: str
    detail: str
    staff_only: bool = False  # Hidden from the buyer.


class Order(Reply):
    """An order with all its details."""

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
    phone: str = ""
    weight_g: int
    carrier: str | None
    tracking_number: str | None
    created_at: datetime
    timeline: tuple[Moment, ...]
    pay_until: datetime | None = None  # While it waits to be paid.
    refund_follows: bool = False  # All of its money is on its way back, or is back.


class NoSuchOrder(Reply):
    """No order has this id."""

    order_id: OrderId


class NotCancellable(Reply):
    """The order is packed already, or gone."""

    order_id: OrderId
    status: OrderStatus


class PlaceOrder(Command[Order]):
    """Store an order that waits to be paid, or costs nothing. Safe to send twice: the first one stands."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId
    cart_id: CartId
    email: str
    name: str
    address: Address
    shipping_method: ShippingMethod
    lines: tuple[OrderLine, ...]
    weight_g: int
    phone: str = ""
    sums: Sums | None = None  # As the cart quoted them. Orders of older versions lack them, and are refused.


class GetOrder(Query[Order | NoSuchOrder]):
    """Read an order."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId


class OrderSummary(Value, frozen=True, kw_only=True):
    """An order in a list."""

    id: OrderId
    number: str
    status: OrderStatus
    total: Money
    created_at: Instant


class CancelOrder(Command[Order | NotCancellable | NoSuchOrder]):
    """Cancel an order, as long as it is not packed. Safe to send twice."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId
    reason: CancelReason
    by: str = ""  # Who of the staff asks.


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
    """An order that costs nothing was placed: there is nothing to pay, and it counts as paid."""

    order_id: OrderId
    number: str


class OrderCancelled(Event):
    """An order will not be delivered. Its held units, its money and its packed goods go back."""

    order_id: OrderId
    number: str
    reason: CancelReason


class OrderFulfilled(Event):
    """An order is packed, and can't be cancelled any more."""

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


class BuyerCorrected(Event):
    """Staff have corrected an order's buyer. Who that is stands in no event."""

    order_id: OrderId
    fields: tuple[str, ...]  # Any of email, name, phone, address.


class OrderProgressed(Event):
    """The status of an order has changed, for its watchers."""

    order_id: OrderId
    status: OrderStatus
    at: datetime
    number: str = ""  # For the list of staff; events of earlier versions have none.


class PaymentCameLate(Event):
    """Money came for an order that was cancelled for lack of it: are its units still available?"""

    order_id: OrderId
    lines: tuple[Units, ...]  # Bundles are their parts.


class OrderRevived(Event):
    """A cancelled order goes on: its money came late, and its units were still available."""

    order_id: OrderId
    number: str


class LateMoneyReturned(Event):
    """Money came for an order that stays cancelled, and goes back."""

    order_id: OrderId
    number: str
    reason: CancelReason


class RefundRequested(Event):
    """Money came for an order that will not be delivered, and must be refunded at once."""

    order_id: OrderId
    reason: str


class OrderFact(Fact, frozen=True, kw_only=True):
    """An order, as an audit compares it with other domains."""

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
    """Facts about orders, in the order of their ids."""

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
    """The orders that exist, in any order."""

    orders: tuple[KnownOrder, ...]


class FindOrders(Query[KnownOrders]):
    """Find which of these orders exist, at most 1,000."""

    orders: tuple[OrderId, ...]


class BoughtOrder(Value, frozen=True, kw_only=True):
    """An order, by when it was placed."""

    id: OrderId
    created_at: datetime


class BoughtOrders(Reply):
    """Orders in the order of their ids."""

    orders: tuple[BoughtOrder, ...]


class ListBoughtOrders(Query[BoughtOrders]):
    """List the orders that were bought with an e-mail address, but for those whose buyer is forgotten."""

    email_index: str  # The address's keyed hash, in hex.
    after: OrderId = ""
    limit: int = 100


class OwedOrder(Value, frozen=True, kw_only=True):
    """A cancelled order that is not fully refunded."""

    order_id: OrderId
    since: datetime


class OwedOrders(Reply):
    """Owed orders, the longest cancelled first."""

    orders: tuple[OwedOrder, ...]


class ListOwedOrders(Query[OwedOrders]):
    """List cancelled orders that are not fully refunded, whether the money is on its way or not."""

    after: OrderId
    since: datetime
    limit: int = 100


class CorrectRefunded(Command[None]):
    """Set the refunded amount of an order to its payment's. Sent in one lane with the refunds themselves."""

    order_id: OrderId
    refunded: Minor


class SoldUnits(Value, frozen=True, kw_only=True):
    """Units of a SKU that were sold in one day (UTC)."""

    day: date
    sku: Sku
    units: int


class Sold(Reply):
    """Sold units in order of day and SKU, a page of them."""

    units: tuple[SoldUnits, ...]


class ReadSold(Query[Sold]):
    """Read which units were sold in some days, 2,000 rows at a time: of orders that are paid, and not cancelled."""

    first: date
    last: date  # Included.
    after_day: date | None = None  # Of the last row of the page before.
    after_sku: Sku = ""
