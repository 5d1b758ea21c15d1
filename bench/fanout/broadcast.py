"""The library `websockets`, with its `broadcast`."""

from collections.abc import Sequence

import uvloop
from websockets.asyncio.server import ServerConnection, broadcast, serve

from bench.fanout.driver import drive, message

_clients: set[ServerConnection] = set()


async def _keep(client: ServerConnection) -> None:
    _clients.add(client)
    await client.wait_closed()


def _tell(changes: Sequence[tuple[int, int]]) -> None:
    for change in changes:
        broadcast(_clients, message(*change).decode())


async def main() -> None:
    """Serve until stdin ends."""
    async with serve(_keep, "127.0.0.1", 0, compression=None, backlog=4096) as server:
        await drive(next(iter(server.sockets)).getsockname()[1], _tell)


if __name__ == "__main__":
    uvloop.run(main())
