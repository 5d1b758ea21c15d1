"""One cart in several windows: "one more" is a change, counted once, and all windows hear of it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import aiohttp
import pytest
from websockets.asyncio.client import ClientConnection, connect

from testkit import ShopUnderTest
from tests.gateway.live.support import hear, nothing_more, say
from tests.journeys.people import Answer, Customer, at_once, new_key

LEASE = timedelta(seconds=11)


async def add(buyer: Customer, cart: str, sku: str, by: object, *, key: str = "") -> Answer:
    return await buyer.ask("PUT", f"/carts/{cart}/lines/{sku}", {"add": by}, key=key)


def quantities(answer: Answer) -> dict[str, int]:
    return {line["sku"]: line["quantity"] for line in answer.good["lines"]}


async def test_two_windows_that_add_one_each_add_two(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=3)

    await at_once(add(buyer, cart, "MUG", 1, key=new_key()), add(buyer, cart, "MUG", 1, key=new_key()))

    assert quantities(await buyer.get(f"/carts/{cart}")) == {"MUG": 5}
    assert await buyer.available("MUG") == 5


async def test_one_more_of_what_is_not_there_is_the_first(buyer: Customer) -> None:
    cart = await buyer.new_cart()

    assert quantities(await add(buyer, cart, "BOOK", 2)) == {"BOOK": 2}


async def test_one_less_than_one_is_none(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=2, BOOK=1)

    assert quantities(await add(buyer, cart, "MUG", -1)) == {"MUG": 1, "BOOK": 1}
    assert quantities(await add(buyer, cart, "MUG", -1)) == {"BOOK": 1}
    assert quantities(await add(buyer, cart, "BOOK", -99)) == {}
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (10, 100)


async def test_a_change_that_is_sent_again_counts_once(buyer: Customer) -> None:
    cart, key = await buyer.new_cart(), new_key()

    first = await add(buyer, cart, "MUG", 1, key=key)
    await add(buyer, cart, "MUG", 1, key=new_key())
    again = await add(buyer, cart, "MUG", 1, key=key)

    assert again.body == first.body
    assert quantities(await buyer.get(f"/carts/{cart}")) == {"MUG": 2}


@pytest.mark.parametrize("point", ["cart-held", "request-done"])
async def test_a_change_counts_once_also_if_the_shop_dies_of_it(
    shop: ShopUnderTest, buyer: Customer, point: str
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    async with shop.kill_at(point):
        with suppress(aiohttp.ClientError):
            await add(buyer, cart, "MUG", 2, key=key)
    shop.clock.jump(LEASE)

    assert quantities(await add(buyer, cart, "MUG", 2, key=key)) == {"MUG": 3}
    assert quantities(await buyer.get(f"/carts/{cart}")) == {"MUG": 3}
    assert await buyer.available("MUG") == 7


async def test_more_than_there_is_changes_nothing(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=8)

    refused = await add(buyer, cart, "MUG", 3)

    assert refused.refusal == (409, "out_of_stock")
    assert refused.json["available"] == 10
    assert quantities(await buyer.get(f"/carts/{cart}")) == {"MUG": 8}


async def test_a_line_has_99_at_most(buyer: Customer) -> None:
    cart = await buyer.fill_cart(BOOK=98)

    assert quantities(await add(buyer, cart, "BOOK", 1)) == {"BOOK": 99}
    assert (await add(buyer, cart, "BOOK", 1)).refusal == (422, "invalid")


@pytest.mark.parametrize(
    "body",
    [{}, {"add": 0}, {"add": 1, "quantity": 1}, {"add": 100}, {"add": -100}, {"add": 1.5}, {"add": "1"}, {"add": None},
     {"add": True}],
)  # fmt: skip
async def test_what_is_no_change_is_refused(buyer: Customer, body: object) -> None:
    cart = await buyer.fill_cart(MUG=1)

    assert (await buyer.ask("PUT", f"/carts/{cart}/lines/MUG", body)).refusal == (422, "invalid")
    assert quantities(await buyer.get(f"/carts/{cart}")) == {"MUG": 1}


async def test_a_sku_or_a_cart_that_is_not_there_is_not_found(buyer: Customer) -> None:
    cart = await buyer.new_cart()

    assert (await add(buyer, cart, "NOPE", 1)).refusal == (404, "unknown_sku")
    assert (await add(buyer, "cart_nope", "MUG", 1)).refusal == (404, "not_found")


@asynccontextmanager
async def window(shop: ShopUnderTest, cart: str) -> AsyncIterator[ClientConnection]:
    """A window that watches a cart, and has been told to read it."""
    async with connect(f"{shop.url.replace('http', 'ws')}/live", proxy=None) as socket:
        await say(socket, "watch_cart", cart_id=cart)
        assert await hear(socket) == {"op": "cart", "cart_id": cart}
        yield socket


async def test_every_change_of_a_cart_is_heard_by_its_windows(shop: ShopUnderTest, buyer: Customer) -> None:
    cart, other = await buyer.new_cart(), await buyer.new_cart()
    async with window(shop, cart) as one, window(shop, cart) as two, window(shop, other) as stranger:
        changes: list[Callable[[], Awaitable[Answer]]] = [
            lambda: add(buyer, cart, "MUG", 1),
            lambda: buyer.put(cart, "MUG", 3),
            lambda: add(buyer, cart, "BOOK", 1),
            lambda: buyer.ask("DELETE", f"/carts/{cart}/lines/BOOK"),
            lambda: buyer.check_out(cart, key=new_key()),
        ]
        for change in changes:
            _ = (await change()).good
            assert [await hear(socket) for socket in (one, two)] == [{"op": "cart", "cart_id": cart}] * 2

        await nothing_more(stranger)
