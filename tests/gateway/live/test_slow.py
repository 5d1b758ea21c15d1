"""Clients that do not read, and clients that are not there."""

import asyncio
import socket as sockets

import pytest
from websockets.asyncio.client import ClientConnection
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame
from websockets.uri import parse_uri

from bus.messages.inventory import StockLevel
from tests.gateway.live.support import Edge, Message, edge, hear, levels_of, sample, soon, subscribe
from tests.waiting import eventually

SKUS = [f"SKU-WITH-A-LONG-NAME-{n}" for n in range(128)]
SMALL = {"kernel_buffer_bytes": 4096, "pause_at_bytes": 4096}


def small_socket(live: Edge) -> sockets.socket:
    """Whose other end can't hide what is not read in the kernel's buffers."""
    socket = sockets.socket()
    socket.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
    socket.connect(("127.0.0.1", live.port))
    socket.setblocking(False)
    return socket


async def change_until_slow(live: Edge, reader: ClientConnection) -> int:
    """Stop reading and tell news until the reader is behind. Returns the last version."""
    reader.transport.pause_reading()
    version = 1
    async with asyncio.timeout(10):
        while not sample("slow"):
            version += 1
            live.hub.stock_changed([StockLevel(sku=sku, available=1, version=version) for sku in SKUS])
            await asyncio.sleep(0)
    return version


async def read_until(socket: ClientConnection, version: int) -> list[Message]:
    heard: list[Message] = []
    while not heard or heard[-1]["version"] < version:
        heard += levels_of(await hear(socket))
    return heard


async def test_a_slow_reader_is_spared_what_is_overtaken_and_then_hears_the_newest() -> None:
    async with edge(**SMALL) as live, live.connect(sock=small_socket(live)) as socket:
        await subscribe(socket, *SKUS)
        behind_at = await change_until_slow(live, socket)
        conflated = sample("conflated_total")
        last = behind_at + 50
        for version in range(behind_at + 1, last + 1):
            live.hub.stock_changed([StockLevel(sku=sku, available=version, version=version) for sku in SKUS])
            await asyncio.sleep(0)
        await eventually(lambda: sample("conflated_total") > conflated)

        socket.transport.resume_reading()
        heard = await read_until(socket, last)

        for sku in SKUS:
            versions = [level["version"] for level in heard if level["sku"] == sku]
            assert versions == sorted(set(versions))
            assert versions[-1] == last
        assert len(heard) < last * len(SKUS)
        assert sample("slow") == 0


async def test_a_stuck_reader_is_closed_in_time_and_told_so_if_it_wakes_up() -> None:
    async with edge(stuck_after_s=0.1, **SMALL) as live, live.connect(sock=small_socket(live)) as socket:
        evicted = sample("evicted_total", reason="stuck")
        await subscribe(socket, *SKUS)
        await change_until_slow(live, socket)
        await eventually(lambda: sample("evicted_total", reason="stuck") == evicted + 1)

        socket.transport.resume_reading()
        with pytest.raises(ConnectionClosed) as closed:
            await read_until(socket, 1_000_000)

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013


async def test_a_stuck_reader_that_stays_stuck_is_cut_off() -> None:
    settings = {"stuck_after_s": 0.1, "close_within_s": 0.1}
    async with edge(**settings, **SMALL) as live, live.connect(sock=small_socket(live)) as socket:
        await subscribe(socket, *SKUS)
        await change_until_slow(live, socket)

        await eventually(lambda: live.hub.connections == 0)

        assert sample("slow") == 0
        socket.transport.abort()


async def test_other_clients_hear_everything_beside_a_stuck_one() -> None:
    async with edge(**SMALL) as live, live.connect() as good, live.connect(sock=small_socket(live)) as bad:
        await subscribe(bad, *SKUS)
        await subscribe(good, SKUS[0])
        reading = asyncio.create_task(read_until(good, 1_000_000))
        last = await change_until_slow(live, bad)
        live.hub.stock_changed([StockLevel(sku=SKUS[0], available=1, version=1_000_000)])

        heard = await soon(reading)

        assert last > 1
        assert heard[-1]["version"] == 1_000_000
        bad.transport.abort()


async def test_a_client_that_does_not_answer_pings_is_closed() -> None:
    async with edge(ping_every_s=0.1, close_within_s=0.1) as live:
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
        protocol = ClientProtocol(parse_uri(f"ws://127.0.0.1:{live.port}/live"))
        protocol.send_request(protocol.connect())
        writer.write(b"".join(protocol.data_to_send()))
        frames: list[Frame] = []
        while data := await soon(reader.read(4096)):
            protocol.receive_data(data)  # It would answer, but what it says is not sent.
            frames += [event for event in protocol.events_received() if isinstance(event, Frame)]

        assert [frame.opcode.name for frame in frames] == ["PING", "CLOSE"]
        writer.close()


async def test_a_client_that_answers_pings_stays() -> None:
    async with edge(ping_every_s=0.02) as live, live.connect() as socket:
        pings = sample("pings_total")

        await eventually(lambda: sample("pings_total") >= pings + 5)

        assert await subscribe(socket, "MUG") == []
