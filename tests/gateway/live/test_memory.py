"""What a client that only listens costs, counted: a buffer or a leak for each of them fails here."""

import asyncio
import gc
import socket
import tracemalloc
from contextlib import ExitStack

from tests.gateway.live.support import Edge, edge
from tests.waiting import eventually

CLIENTS = 300
MOST_BYTES = 8 * 1024  # As promised, for each.
_HELLO = (
    b"GET /live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


async def welcome(live: Edge) -> socket.socket:
    """A client without a library, so that hardly anything of it is in the figure."""
    loop = asyncio.get_running_loop()
    client = socket.socket()
    client.setblocking(False)
    await loop.sock_connect(client, ("127.0.0.1", live.port))
    await loop.sock_sendall(client, _HELLO)
    assert (await loop.sock_recv(client, 1024)).startswith(b"HTTP/1.1 101")
    return client


def traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def test_a_client_that_listens_takes_at_most_8_kib_and_gives_them_back() -> None:
    async with edge(handshakes_a_second=10_000) as live:
        with ExitStack() as stack:
            stack.enter_context(await welcome(live))  # What the first one brings along is for all.
            tracemalloc.start()
            stack.callback(tracemalloc.stop)
            before = traced()
            with ExitStack() as clients:
                for _ in range(CLIENTS):
                    clients.enter_context(await welcome(live))
                each = (traced() - before) / CLIENTS
            assert each <= MOST_BYTES
            await eventually(lambda: live.hub.connections == 1)
            await eventually(lambda: traced() - before <= CLIENTS * MOST_BYTES / 10)  # The loop frees them last.
