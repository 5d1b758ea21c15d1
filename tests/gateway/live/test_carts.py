"""Carts: their watchers are told to read again."""

import asyncio

import pytest

from gateway.live.frames import text
from gateway.live.messages import STALE
from tests.gateway.live.support import edge, hear, nothing_more, say, soon
from tests.waiting import eventually

CART = {"op": "cart", "cart_id": "cart_1"}


async def test_a_watched_cart_is_to_be_read_now_and_at_each_change() -> None:
    async with edge() as live, live.connect() as socket, live.connect() as other:
        for window in (socket, other):
            await say(window, "watch_cart", cart_id="cart_1")
            assert await hear(window) == CART

        live.hub.cart_changed("cart_1")

        assert [await hear(window) for window in (socket, other)] == [CART, CART]


async def test_a_change_of_another_cart_is_not_told() -> None:
    async with edge() as live, live.connect() as socket:
        await say(socket, "watch_cart", cart_id="cart_1")
        await hear(socket)

        live.hub.cart_changed("cart_2")

        await nothing_more(socket)


async def test_after_a_gap_the_watchers_are_told() -> None:
    async with edge() as live, live.connect() as socket:
        await say(socket, "watch_cart", cart_id="cart_1")
        await hear(socket)

        live.hub.stale()

        assert await soon(socket.recv(decode=False)) == STALE


@pytest.mark.parametrize("fields", [{}, {"cart_id": ""}, {"cart_id": "c" * 65}, {"cart_id": 7}])
async def test_what_can_be_no_cart_is_refused(fields: dict[str, object]) -> None:
    async with edge() as live, live.connect() as socket:
        await say(socket, "watch_cart", **fields)

        assert (await hear(socket))["code"] == "bad_message"


async def test_a_client_may_watch_a_few_carts() -> None:
    async with edge(max_carts=2) as live, live.connect() as socket:
        for cart_id in ("cart_1", "cart_2", "cart_1"):  # The same one again is no more.
            await say(socket, "watch_cart", cart_id=cart_id)
            assert (await hear(socket))["op"] == "cart"

        await say(socket, "watch_cart", cart_id="cart_3")

        assert (await hear(socket))["code"] == "too_many_carts"


async def test_a_client_that_leaves_is_forgotten() -> None:
    async with edge() as live:
        async with live.connect() as socket:
            await say(socket, "watch_cart", cart_id="cart_1")
            await hear(socket)
        await eventually(lambda: live.hub.connections == 0)

        live.hub.cart_changed("cart_1")

        assert live.hub._carts._topics == {}


async def test_a_slow_client_is_told_once_when_it_reads_again() -> None:
    async with edge(pause_at_bytes=1024, kernel_buffer_bytes=4096) as live, live.connect(max_queue=1) as socket:
        await say(socket, "watch_cart", cart_id="cart_1")
        await hear(socket)
        (client,) = live.hub._registry
        client.write(text(b"x" * 400_000))
        assert client.dirty == set()

        for _ in range(3):
            live.hub.cart_changed("cart_1")

        assert {topic.cart_id for topic in client.dirty or () if hasattr(topic, "cart_id")} == {"cart_1"}
        async with asyncio.timeout(10):
            assert len(await socket.recv(decode=False)) == 400_000
            assert await hear(socket) == CART
        await nothing_more(socket)
