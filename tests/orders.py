"""From a cart to an order that waits for its payment, by messages."""

from contextlib import suppress

from bus.messages.base import Address
from bus.messages.cart import Cart, CheckedOut, Checkout, CreateCart, SetLine
from engine.errors import Unavailable
from testkit import ShopUnderTest

_HOME = Address(line1="1 Harbour Street", city="Hamburg", postal_code="20095", country="DE")


async def cart_with(shop: ShopUnderTest, **lines: int) -> Cart:
    cart = await shop.ask(CreateCart())
    for sku, quantity in lines.items():
        answer = await shop.ask(SetLine(cart_id=cart.id, sku=sku, quantity=quantity))
        assert isinstance(answer, Cart), answer
        cart = answer
    return cart


def checkout(cart_id: str, order_id: str = "ord_1") -> Checkout:
    """Every order has a mail address of its own."""
    return Checkout(cart_id=cart_id, order_id=order_id, email=f"{order_id}@example.com", name="Ada", address=_HOME)


async def until_answered(shop: ShopUnderTest, ask: Checkout) -> CheckedOut:
    """Ask again with the same key, as clients do."""
    for _ in range(5):
        with suppress(Unavailable):
            answer = await shop.ask(ask)
            assert isinstance(answer, CheckedOut), answer
            return answer
    raise AssertionError("it was never answered")


async def placed_order(shop: ShopUnderTest, order_id: str = "ord_1", **lines: int) -> CheckedOut:
    placed = await until_answered(shop, checkout((await cart_with(shop, **lines)).id, order_id))
    await shop.clock.at_rest()
    return placed
