"""Carts: what somebody means to buy. Kept in Redis for 30 days; the units themselves are held by the inventory."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from bus.messages.base import Address, CartId, Currency, Money, OrderId, Quantity, Sku, Value, new_id
from bus.messages.inventory import OutOfStock, StockRefused, UnknownSku
from engine.message import Command, Query, Reply

ShippingMethod: TypeAlias = Literal["standard", "express"]


class CartLine(Value, frozen=True, kw_only=True):
    """Units of one SKU in a cart."""

    sku: Sku
    title: str
    quantity: Quantity
    unit_price: Money
    held_until: datetime  # UTC. Until then nobody else gets them.


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


class CartEmpty(Reply):
    """There is nothing to buy."""

    cart_id: CartId


class CheckedOut(Reply):
    """The order is placed, and waits to be paid."""

    order_id: OrderId
    intent_id: str
    client_secret: str  # For the buyer's own confirmation, as Stripe.js needs it.
    amount: Money


class Checkout(Command[CheckedOut | NoSuchCart | CartEmpty | OutOfStock]):
    """Turn a cart into an order with a payment. Safe to send twice: `order_id` is its key."""

    cart_id: CartId
    order_id: OrderId = msgspec.field(default_factory=lambda: new_id("ord"))
    email: str
    name: str
    address: Address
    shipping_method: ShippingMethod = "standard"
