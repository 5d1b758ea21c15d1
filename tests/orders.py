"""From a cart to an order that waits for its payment, by messages."""

from contextlib import suppress
from typing import TypeVar

from bus.messages.cart import Cart, CheckedOut, Checkout
from engine.errors import Unavailable
from engine.message import Command
from testkit import ShopUnderTest
from testkit.people import ADDRESS, NAME, BusBuyer

R = TypeVar("R")


async def cart_with(shop: ShopUnderTest, **lines: int) -> Cart:
    return await BusBuyer(shop).fill_cart(lines)


def checkout(cart_id: str, order_id: str = "ord_1") -> Checkout:
    """Every order has a mail address of its own."""
    return Checkout(cart_id=cart_id, order_id=order_id, email=f"{order_id}@example.com", name=NAME, address=ADDRESS)


async def until_answered(shop: ShopUnderTest, ask: Checkout) -> CheckedOut:
    """Check out, with the same key again while the shop is away, as clients do."""
    answer = await asked_until_answered(shop, ask)
    assert isinstance(answer, CheckedOut), answer
    return answer


async def asked_until_answered(shop: ShopUnderTest, ask: Command[R]) -> R:
    """Ask again while the shop is away: commands are safe to repeat."""
    for _ in range(5):
        with suppress(Unavailable):
            return await shop.ask(ask)
    raise AssertionError("it was never answered")


async def placed_order(shop: ShopUnderTest, order_id: str = "ord_1", **lines: int) -> CheckedOut:
    placed = await until_answered(shop, checkout((await cart_with(shop, **lines)).id, order_id))
    await shop.clock.at_rest()
    return placed
