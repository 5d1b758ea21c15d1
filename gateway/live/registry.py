"""The registry of open websockets: pings, eviction of slow ones, and the end of all.

It is a timing wheel, with a slot for each quarter of a second of the 20 s between two pings. Clients get slots in turn,
so pings are spread over time, and one coroutine turns the wheel. Rejected: docs/decisions/0010.
"""

import asyncio
from collections.abc import Iterator
from itertools import chain

from websockets.frames import CloseCode

from gateway.live.metrics import CONNECTIONS, SLOW
from gateway.live.ports import Connection
from gateway.live.settings import LiveSettings

STEP_S = 0.25


class ConnectionRegistry:
    """The open websockets."""

    def __init__(self, settings: LiveSettings) -> None:
        self._settings = settings
        self._loop = asyncio.get_running_loop()
        self._step_s = min(STEP_S, settings.ping_every_s / 4, settings.stuck_after_s / 4)
        self._wheel: list[set[Connection]] = [set() for _ in range(round(settings.ping_every_s / self._step_s))]
        self._cursor = 0
        self._next_slot = 0
        self._count = 0
        self._slow: dict[Connection, float] = {}  # Since when; oldest first.
        self._empty = asyncio.Event()
        self._empty.set()

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Connection]:
        return chain.from_iterable(self._wheel)

    def join(self, client: Connection) -> None:
        """Add a client, in the next slot."""
        client.slot = self._next_slot = (self._next_slot + 1) % len(self._wheel)
        self._wheel[client.slot].add(client)
        self._count += 1
        self._empty.clear()
        CONNECTIONS.inc()

    def leave(self, client: Connection) -> None:
        """Remove a client whose connection is lost. Harmless for a client without a slot."""
        self.caught_up(client)
        if client.slot is None:
            return
        self._wheel[client.slot].discard(client)
        client.slot = None
        self._count -= 1
        CONNECTIONS.dec()
        if not self._count:
            self._empty.set()

    def became_slow(self, client: Connection) -> None:
        """Start the time in which a slow client must read its backlog."""
        self._slow[client] = self._loop.time()
        SLOW.set(len(self._slow))

    def caught_up(self, client: Connection) -> None:
        """Stop the time of a client that has read its backlog."""
        self._slow.pop(client, None)
        SLOW.set(len(self._slow))

    async def keep_alive(self) -> None:
        """Ping clients in turn and evict the stuck ones, for ever."""
        while True:
            await asyncio.sleep(self._step_s)
            self._evict_stuck()
            self._cursor = (self._cursor + 1) % len(self._wheel)
            for client in list(self._wheel[self._cursor]):
                client.ping()

    async def close(self, within_s: float) -> None:
        """Close all with 1012, spread over the time, so that clients do not all reconnect at once."""
        deadline = self._loop.time() + within_s
        spread_s = max(within_s - self._settings.close_within_s, 0.0)
        steps = max(1, int(spread_s / 0.05))
        clients = list(self)
        for step in range(steps):
            for client in clients[step::steps]:
                client.close(CloseCode.SERVICE_RESTART, "restarting")
            await asyncio.sleep(spread_s / steps)
        try:
            async with asyncio.timeout_at(deadline):
                await self._empty.wait()
        except TimeoutError:
            for client in list(self):
                client.transport.abort()

    def _evict_stuck(self) -> None:
        too_old = self._loop.time() - self._settings.stuck_after_s
        for client in [client for client, since in self._slow.items() if since <= too_old]:
            client.evict("stuck")
