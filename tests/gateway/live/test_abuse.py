"""What a client may not do, and what it costs it."""

import asyncio
from contextlib import suppress

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode

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
        ('{"op": "watch_order", "order_id": "o1", "token": ""}', "bad_message"),
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


@pytest.mark.parametrize(
    "text",
    [b"\xff", b'{"op": "subscribe", "skus": ["\xc3\x28"]}', b'{"op": "\xed\xa0\x80"}', b"\xc3"],
    ids=["no beginning", "no continuation", "a surrogate", "cut short"],
)
async def test_text_that_is_not_utf_8_is_closed(text: bytes) -> None:
    async with edge() as live, live.connect() as socket:
        await socket.send(text, text=True)

        assert await closing_code(socket) == 1007


async def test_a_character_may_be_split_between_frames() -> None:
    async with edge() as live, live.connect() as socket:
        euro = "\u20ac".encode()
        await socket.send([b'{"op": "' + euro[:1], euro[1:] + b'"}'], text=True)

        assert (await hear(socket))["code"] == "unknown_op"


async def test_pongs_come_between_answers_as_their_pings_came_between_messages() -> None:
    async with edge() as live:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        writer.write(
            b"GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        await soon(reader.readuntil(b"\r\n\r\n"))
        ask = Frame(Opcode.TEXT, b'{"op":"unsubscribe"}').serialize(mask=True)
        pings = [Frame(Opcode.PING, b"%d" % number).serialize(mask=True) for number in range(3)]
        writer.write(pings[0] + ask + pings[1] + ask + pings[2])

        opcodes = []
        for _ in range(5):
            head = await soon(reader.readexactly(2))
            await soon(reader.readexactly(head[1]))
            opcodes.append(Opcode(head[0] & 15))
        assert opcodes == [Opcode.PONG, Opcode.TEXT, Opcode.PONG, Opcode.TEXT, Opcode.PONG]
        writer.close()
