"""Carts: goods that a buyer has chosen. Kept in Redis for 30 days; the units themselves are held by the inventory."""

from datetime import datetime
from typing import ClassVar, Literal, TypeAlias

import msgspec

from bus.messages.base import (
    Address,
    CartId,
    Currency,
    LineInput,
    LinePart,
    Money,
    OrderId,
    Quantity,
    Sku,
    Sums,
    Value,
    line_id,
    new_id,
)
from bus.messages.inputs import InputValue
from bus.messages.inventory import OutOfStock, StockRefused, UnknownSku
from bus.messages.shipping import ShippingMethod
from engine.message import Command, Query, Reply

BlockCode: TypeAlias = Literal[
    "cart_empty", "out_of_stock", "not_sold", "no_shipping_method", "unknown_shipping_method", "unknown_code",
    "amount_too_large",
]  # fmt: skip


class CartLine(Value, frozen=True, kw_only=True):
    """Units of one SKU in a cart, all with the same inputs."""

    sku: Sku
    title: str
    quantity: Quantity
    unit_price: Money  # In an answer, the current price; in the stored cart, the price when the line was set.
    held_until: datetime  # UTC. The units are held for this cart until then.
    price_before: Money | None = None  # The price when the line was set, if it was another.
    is_for_sale: bool = True  # If not, the price is the last known one.
    held_since: datetime | None = None  # UTC. The start of the first of a chain of holds; None in older carts.
    parts: tuple[LinePart, ...] = ()  # Of a bundle: in an answer those of now, in the stored cart those that are held.
    inputs: tuple[LineInput, ...] = ()  # Their surcharges are in the price.

    @property
    def id(self) -> str:
        """The line's id in its cart: the SKU if it has no inputs, else `SKU~` and a hash of these."""
        return line_id(self.sku, {each.key: each.value for each in self.inputs})


class Cart(Reply):
    """A cart. Its id is unguessable, and the key to it."""

    id: CartId
    lines: tuple[CartLine, ...]
    currency: Currency
    changes: tuple[str, ...] = ()  # Ids of the latest relative changes, in the stored cart: none is made twice.
    owner: str = ""  # In the stored cart: the customer who goes on with it whenever they sign in.
    merged_into: CartId = ""  # In the stored cart: it is part of that one, and its id leads there.


class NoSuchCart(Reply):
    """The cart never existed, or was not used for 30 days."""

    cart_id: CartId


class CreateCart(Command[Cart]):
    """Create an empty cart."""


class GetCart(Query[Cart | NoSuchCart]):
    """Read a cart."""

    cart_id: CartId


class InputRefused(Reply):
    """A line can't be had with these inputs: one is missing, unknown, or not as the product wants it."""

    sku: Sku
    key: str  # Of the input.
    detail: str  # For people.


class HeldElsewhere(Value, frozen=True, kw_only=True):
    """Units of a SKU that other carts of the buyer's address hold, and the stretch for which it has held that SKU."""

    sku: Sku
    units: int
    since: datetime  # UTC.
    until: datetime  # The end of the last hold; it may be past.


class SetLine(Command[Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused]):
    """Set the quantity of a SKU in the cart, and hold the units for ten minutes. Safe to send twice.

    With other inputs a SKU is another line, beside those that it has.
    """

    cart_id: CartId
    sku: Sku  # Or the id of a line that is in the cart, which keeps its inputs.
    quantity: Quantity
    inputs: tuple[InputValue, ...] = ()
    elsewhere: tuple[HeldElsewhere, ...] | None = None  # None: nobody counts what the buyer's address holds.


class ChangeLine(Command[Cart | NoSuchCart | UnknownSku | StockRefused | InputRefused]):
    """Add units of a SKU to the cart, or take units out, and hold the rest for ten minutes.

    Unlike `SetLine` it says nothing about what its sender has seen: two windows that add one each add two. Safe to send
    twice if it has a `change_id`.
    """

    cart_id: CartId
    sku: Sku  # Or a line's id, as in `SetLine`.
    by: int  # -99 to 99. A line of which nothing is left is removed.
    change_id: str = ""
    inputs: tuple[InputValue, ...] = ()
    elsewhere: tuple[HeldElsewhere, ...] | None = None  # As in `SetLine`.


class RemoveLine(Command[Cart | NoSuchCart]):
    """Remove a line from the cart, and release its units. Safe to send twice."""

    cart_id: CartId
    sku: Sku  # Or the line's id.


class MergedLine(Value, frozen=True, kw_only=True):
    """A line of which two carts had different quantities."""

    id: str
    title: str
    own: int  # Units in the customer's cart before, 0 if it had none.
    guest: int  # In the other one.
    quantity: int  # Now.
    is_held: bool


class CartsMerged(Reply):
    """A customer's cart, with what another had."""

    cart: Cart
    changes: tuple[MergedLine, ...]


class MergeCarts(Command[CartsMerged | NoSuchCart]):
    """Make a cart a customer's, and put into it what another has: of each line the greater quantity.

    The other's id leads to it from then on. Safe to send twice. A cart that is another customer's is left alone.
    """

    cart_id: CartId
    guest_id: CartId  # The same, if there is only one.
    owner: str


class Block(Value, frozen=True, kw_only=True):
    """A reason to refuse a checkout."""

    code: BlockCode
    detail: str  # For people.
    sku: Sku | None = None
    available: int | None = None  # Units of the SKU for this cart.
    given: str | None = None  # The unknown method or code.


class QuotedMethod(Value, frozen=True, kw_only=True):
    """A shipping method, and its price for these goods."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    price: Money


class Quote(Reply):
    """The price that checkout would charge, and the reasons to refuse it."""

    cart: Cart  # As of now.
    shipping_method: ShippingMethod | None  # The method of this quote.
    methods: tuple[QuotedMethod, ...]
    subtotal: Money
    sums: Sums | None  # None if there is no way to ship: then there is no total.
    blocks: tuple[Block, ...]


class QuoteCart(Query[Quote | NoSuchCart]):
    """Compute the price of a cart. Changes nothing, and holds nothing."""

    names_persons: ClassVar[bool] = True
    cart_id: CartId
    address: Address | None = None  # The destination; no price depends on it yet.
    shipping_method: ShippingMethod | None = None  # None for the first one.
    codes: tuple[str, ...] = ()


class CartEmpty(Reply):
    """The cart has no lines."""

    cart_id: CartId


class CheckoutBlocked(Reply):
    """The checkout is refused for these reasons; nothing has happened."""

    blocks: tuple[Block, ...]


class PriceChanged(Reply):
    """The total is not the one that the buyer was shown; nothing has happened."""

    expected: Money
    total: Money


class PaymentRefused(Reply):
    """No payment can be made for this cart. There is no order, and the units are free again."""


class CheckedOut(Reply):
    """The placed order. It waits to be paid, unless there is nothing to pay."""

    order_id: OrderId
    intent_id: str  # Empty if there is nothing to pay.
    client_secret: str  # For the buyer's own confirmation, as Stripe.js needs it.
    amount: Money


class Checkout(
    Command[CheckedOut | NoSuchCart | CartEmpty | OutOfStock | CheckoutBlocked | PriceChanged | PaymentRefused]
):
    """Turn a cart into an order with a payment. Safe to send twice with one `order_id`."""

    names_persons: ClassVar[bool] = True
    cart_id: CartId
    order_id: OrderId = msgspec.field(default_factory=lambda: new_id("ord"))
    email: str
    name: str
    address: Address
    phone: str = ""
    shipping_method: ShippingMethod = "standard"
    expected_total: Money | None = None  # As the buyer was shown it: no other total is charged.
    began_at: datetime | None = None  # The time of the first try with this order id, if known.
    is_first: bool = False  # The first try with this order id: no order exists yet.
