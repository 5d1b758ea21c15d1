"""Carts: what somebody means to buy. Kept in Redis for 30 days; the units themselves are held by the inventory."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from bus.messages.base import Address, CartId, Currency, Money, OrderId, Quantity, Sku, Sums, Value, new_id
from bus.messages.inventory import OutOfStock, StockRefused, UnknownSku
from bus.messages.shipping import ShippingMethod
from engine.message import Command, Query, Reply

BlockCode: TypeAlias = Literal[
    "cart_empty", "out_of_stock", "not_sold", "no_shipping_method", "unknown_shipping_method", "unknown_code",
    "amount_too_large",
]  # fmt: skip


class CartLine(Value, frozen=True, kw_only=True):
    """Units of one SKU in a cart."""

    sku: Sku
    title: str
    quantity: Quantity
    unit_price: Money  # Of now, in an answer. What is kept is the price of when the line was set.
    held_until: datetime  # UTC. Until then nobody else gets them.
    price_before: Money | None = None  # What it was when the line was set, if that was another.
    is_for_sale: bool = True  # If not, the price is the last one there was.


class Cart(Reply):
    """A cart. Its id is unguessable, and the key to it."""

    id: CartId
    lines: tuple[CartLine, ...]
    currency: Currency


class NoSuchCart(Reply):
    """It was never there, or was left alone for 30 days."""

    cart_id: CartId


class CreateCart(Command[Cart]):
    """Begin an empty cart."""


class GetCart(Query[Cart | NoSuchCart]):
    """Read a cart."""

    cart_id: CartId


class SetLine(Command[Cart | NoSuchCart | UnknownSku | StockRefused]):
    """Have so many units of a SKU in the cart, and hold them for ten minutes. Safe to send twice."""

    cart_id: CartId
    sku: Sku
    quantity: Quantity


class RemoveLine(Command[Cart | NoSuchCart]):
    """Take a SKU out of the cart; its units are free again. Safe to send twice."""

    cart_id: CartId
    sku: Sku


class Block(Value, frozen=True, kw_only=True):
    """Something that stands in the way of a checkout."""

    code: BlockCode
    detail: str  # For people.
    sku: Sku | None = None
    available: int | None = None  # Of the SKU, for this cart.
    given: str | None = None  # The method or code that nobody knows.


class QuotedMethod(Value, frozen=True, kw_only=True):
    """A way to travel, and what it would cost with these goods."""

    id: ShippingMethod
    title: str
    days_min: int
    days_max: int
    price: Money


class Quote(Reply):
    """What checkout would charge, and what stands in its way."""

    cart: Cart  # As of now.
    shipping_method: ShippingMethod | None  # The one that was reckoned with.
    methods: tuple[QuotedMethod, ...]
    subtotal: Money
    sums: Sums | None  # None if there is no way to ship: then there is no price either.
    blocks: tuple[Block, ...]


class QuoteCart(Query[Quote | NoSuchCart]):
    """Ask what a cart would cost. Changes nothing, and holds nothing."""

    cart_id: CartId
    address: Address | None = None  # Where it would go; what depends on that is yet to come.
    shipping_method: ShippingMethod | None = None  # None for the first there is.
    codes: tuple[str, ...] = ()


class CartEmpty(Reply):
    """There is nothing to buy."""

    cart_id: CartId


class CheckoutBlocked(Reply):
    """It can't be bought like that; nothing has happened."""

    blocks: tuple[Block, ...]


class PriceChanged(Reply):
    """It would cost something else than the buyer was shown; nothing has happened."""

    expected: Money
    total: Money


class PaymentRefused(Reply):
    """No payment can be made for this. There is no order, and the units are free again."""


class CheckedOut(Reply):
    """The order is placed. It waits to be paid, unless there is nothing to pay."""

    order_id: OrderId
    intent_id: str  # Empty if there is nothing to pay.
    client_secret: str  # For the buyer's own confirmation, as Stripe.js needs it.
    amount: Money


class Checkout(
    Command[CheckedOut | NoSuchCart | CartEmpty | OutOfStock | CheckoutBlocked | PriceChanged | PaymentRefused]
):
    """Turn a cart into an order with a payment. Safe to send twice: `order_id` is its key."""

    cart_id: CartId
    order_id: OrderId = msgspec.field(default_factory=lambda: new_id("ord"))
    email: str
    name: str
    address: Address
    shipping_method: ShippingMethod = "standard"
    expected_total: Money | None = None  # What the buyer was shown: nothing else is charged.
    began_at: datetime | None = None  # When it was first tried under this id, if that is known.
    is_first: bool = False  # Nobody has tried before under this id: there is no order to look for.
