"""Decisions of the cart. Pure."""

from collections.abc import Mapping
from datetime import datetime

from bus.messages.base import Currency, Minor, OrderLine, Sku
from bus.messages.cart import Cart, CartLine
from bus.messages.catalog import PricedSku
from bus.messages.currencies import largest

MAX_LINES = 100  # Different SKUs in one cart.


def most_goods(currency: Currency) -> Minor:
    """What goods may cost together: what Stripe takes in one payment, less a hundredth for any shipping."""
    return largest(currency) * 99 // 100


def with_line(cart: Cart, priced: PricedSku, quantity: int, held_until: datetime) -> Cart:
    """The cart with so many units of a SKU, in the place the SKU had or at the end."""
    line = CartLine(
        sku=priced.sku, title=priced.title, quantity=quantity, unit_price=priced.price, held_until=held_until
    )
    lines = {known.sku: known for known in cart.lines} | {line.sku: line}
    return Cart(id=cart.id, lines=tuple(lines.values()), currency=cart.currency)


def without(cart: Cart, *skus: Sku) -> Cart:
    """The cart without some SKUs."""
    return Cart(id=cart.id, lines=tuple(line for line in cart.lines if line.sku not in skus), currency=cart.currency)


def order_lines(cart: Cart, prices: Mapping[Sku, PricedSku]) -> tuple[OrderLine, ...]:
    """What would be ordered, at today's prices. Every SKU of the cart has one."""
    return tuple(
        OrderLine(
            sku=line.sku,
            title=prices[line.sku].title,
            quantity=line.quantity,
            unit_price=prices[line.sku].price,
        )
        for line in cart.lines
    )


def weight_g(cart: Cart, prices: Mapping[Sku, PricedSku]) -> int:
    """What the goods weigh together."""
    return sum(line.quantity * prices[line.sku].weight_g for line in cart.lines)
