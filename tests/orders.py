"""From a cart to an order that waits for its payment, by messages."""

from contextlib import suppress

from bus.messages.cart import Cart, CheckedOut, Checkout
from engine.errors import Unavailable
from testkit import ShopUnderTest
from testkit.people import ADDRESS, NAME, BusBuyer


async def cart_with(shop: ShopUnderTest, **lines: int) -> Cart:
    return await BusBuyer(shop).fill_cart(lines)


def checkout(cart_id: str, order_id: str = "ord_1") -> Checkout:
    """Every order has a mail address of its own."""
    return Checkout(cart_id=cart_id, order_id=order_id, email=f"{order_id}@example.com", name=NAME, address=ADDRESS)


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
