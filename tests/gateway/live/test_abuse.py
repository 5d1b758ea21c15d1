"""What a client may not do, and what it costs it."""

from contextlib import suppress

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bus.messages.inventory import StockLevel
from tests.gateway.live.support import edge, hear, levels_of, nothing_more, say, shown, soon, subscribe


async def forever(socket: ClientConnection) -> None:
    while True:
        await soon(socket.recv())


async def closing_code(socket: ClientConnection) -> int:
    """Hear all that is still said, and then why it ended."""
    with pytest.raises(ConnectionClosed) as closed:
        await forever(socket)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


async def test_the_129th_sku_is_refused() -> None:
    async with edge() as live, live.connect() as socket:
        skus = [f"SKU-{n}" for n in range(129)]

        await say(socket, "subscribe", skus=skus)
        assert (await hear(socket))["code"] == "too_many_skus"

        assert await subscribe(socket, *skus[:128]) == []
        await say(socket, "subscribe", skus=skus[128:])
        assert (await hear(socket))["code"] == "too_many_skus"
        live.hub.stock_changed(
            [StockLevel(sku=skus[128], available=1, version=1), StockLevel(sku=skus[127], available=1, version=1)]
        )
        assert levels_of(await hear(socket)) == shown(StockLevel(sku=skus[127], available=1, version=1))


async def test_a_full_house_takes_no_more_skus() -> None:
    async with edge(max_topics=2) as live, live.connect() as socket:
        await subscribe(socket, "A", "B")

        await say(socket, "subscribe", skus=["C"])

        assert (await hear(socket))["code"] == "busy"


async def test_subscriptions_that_wait_are_bounded() -> None:
    async with edge(max_pending=2) as live, live.connect() as socket:
        live.shelf.open.clear()
        for sku in "ABC":
            await say(socket, "subscribe", skus=[sku])

        assert (await hear(socket))["code"] == "busy"
        live.shelf.open.set()
        assert [(await hear(socket))["op"] for _ in "AB"] == ["subscribed", "subscribed"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", "bad_json"),
        ("", "bad_json"),
        ("[]", "bad_message"),
        pytest.param('{"op": "subscribe", "x": ' + "[" * 60_000, "bad_json", id="deep"),
        pytest.param('{"skus": [7], "x": ' + "[" * 60_000, "bad_json", id="deep after a wrong field"),
        ('{"skus": []}', "bad_message"),
        ('{"op": "dance"}', "unknown_op"),
        ('{"op": "subscribe"}', "bad_message"),
        ('{"op": "subscribe", "skus": "MUG"}', "bad_message"),
        ('{"op": "subscribe", "skus": [7]}', "bad_message"),
        ('{"op": "subscribe", "skus": [""]}', "bad_message"),
        ('{"op": "subscribe", "skus": ["%s"]}' % ("x" * 65), "bad_message"),
        ('{"op": "subscribe", "skus": ["MUG"], "versions": {"MUG": "1"}}', "bad_message"),
        ('{"op": "watch_order", "order_id": "o1"}', "bad_message"),
    ],
)
async def test_nonsense_is_answered_with_what_is_wrong(message: str, code: str) -> None:
    async with edge() as live, live.connect() as socket:
        await socket.send(message)

        answer = await hear(socket)

        assert (answer["op"], answer["code"]) == ("error", code)
        assert answer["detail"]
        await nothing_more(socket)


async def test_a_flood_is_closed() -> None:
    async with edge() as live, live.connect() as socket:
        for _ in range(100):
            await say(socket, "unsubscribe", skus=[])
        await socket.ping()  # Weighs as much as a message.

        assert await closing_code(socket) == 1008


async def test_a_hundred_messages_are_no_flood() -> None:
    async with edge() as live, live.connect() as socket:
        for _ in range(99):
            await say(socket, "unsubscribe", skus=[])

        assert await subscribe(socket, "MUG") == []


async def test_a_message_may_come_in_several_frames() -> None:
    async with edge() as live, live.connect() as socket:
        await socket.send(['{"op": "subsc', 'ribe", "skus"', ": []}"])

        assert await hear(socket) == {"op": "subscribed", "stock": []}


@pytest.mark.parametrize("size", [65_537, 300_000])
async def test_a_message_over_64_kib_is_closed(size: int) -> None:
    async with edge() as live, live.connect() as socket:
        with suppress(ConnectionClosed):
            await socket.send("x" * size)

        assert await closing_code(socket) == 1009


async def test_64_kib_are_read() -> None:
    async with edge() as live, live.connect() as socket:
        await socket.send(" " * 65_536)

        assert (await hear(socket))["code"] == "bad_json"


async def test_binary_frames_are_refused_and_then_closed() -> None:
    async with edge() as live, live.connect() as socket:
        await socket.send(b"\x00")
        assert (await hear(socket))["code"] == "binary"

        for _ in range(5):
            await socket.send(b"\x00")

        assert await closing_code(socket) == 1008


async def test_a_ping_is_answered() -> None:
    async with edge() as live, live.connect() as socket:
        await soon(await socket.ping())
