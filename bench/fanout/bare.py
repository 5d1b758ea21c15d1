"""The limit: one write to each transport, and nothing else. Even the handshake is not parsed."""

import asyncio
from collections.abc import Sequence
from typing import cast

import uvloop

from bench.fanout.driver import drive, message
from gateway.live import frames

_WELCOME = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
_transports: list[asyncio.Transport] = []


class _Client(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"\r\n\r\n"):
            self._transport.write(_WELCOME)
            _transports.append(self._transport)


def _tell(changes: Sequence[tuple[int, int]]) -> None:
    for change in changes:
        frame = frames.text(message(*change))
        for transport in _transports:
            transport.write(frame)


async def main() -> None:
    """Serve until stdin ends."""
    server = await asyncio.get_running_loop().create_server(_Client, "127.0.0.1", 0, backlog=4096)
    await drive(server.sockets[0].getsockname()[1], _tell)


if __name__ == "__main__":
    uvloop.run(main())
