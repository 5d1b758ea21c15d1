"""Carts on a real Valkey."""

import asyncio

from bus.messages.cart import Cart, CreateCart, GetCart, SetLine
from testkit import ShopUnderTest

BUYERS = 400  # More than any pool has connections.


async def test_a_crowd_that_comes_at_once_has_its_carts(shop: ShopUnderTest) -> None:
    carts = await asyncio.gather(*(shop.ask(CreateCart()) for _ in range(BUYERS)))
    filled = await asyncio.gather(*(shop.ask(SetLine(cart_id=cart.id, sku="BOOK", quantity=1)) for cart in carts[:90]))
    found = await asyncio.gather(*(shop.ask(GetCart(cart_id=cart.id)) for cart in carts))

    assert len({cart.id for cart in carts}) == BUYERS
    assert found == [*filled, *carts[90:]]
    assert all(isinstance(cart, Cart) for cart in found)
