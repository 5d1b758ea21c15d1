"""Incarnations of a shop under test: it runs until it is killed, and is restarted at once.

Killing it takes no process of its own. At a crash point every way out of the shop is cut (PostgreSQL, Redis, every
connection of its edge), its clock stops, and its tasks are cancelled: code that still runs for a moment can have no
effect. Then the shop is restarted on the same database and outside world, as a service manager would.
`kill -9` of real processes is what tests/faults does; it finds the same, and takes a hundred times longer.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

from redis.exceptions import ConnectionError as RedisConnectionError

from engine.clock import ManualClock
from gateway.server import Server
from wiring.shop import Shop

PATIENCE_S = 20.0  # For a shop to come up, or to reach the point where it is killed.

Opening = Callable[[ManualClock], AbstractAsyncContextManager[tuple[Shop, Server]]]


class Ended(BaseException):
    """Raised at the crash point where an incarnation ends. No handler catches it."""


class Incarnations:
    """Runs a shop, and restarts it whenever it was killed."""

    def __init__(self, open_it: Opening, clock: ManualClock) -> None:
        self._open = open_it
        self.present = Incarnation(clock, open_it)
        self.killed = 0

    async def run(self) -> None:
        """Run until stopped."""
        await self.present.run()
        while self.present.died.done():
            self.killed += 1
            self.present = Incarnation(ManualClock(self.present.clock.now()), self._open)
            await self.present.run()

    async def back(self) -> None:
        """Wait until the shop is up: not at all, unless it has just been killed."""
        async with asyncio.timeout(PATIENCE_S):
            while self.present.died.done():
                await self.present.over.wait()
                await asyncio.sleep(0)  # `run` begins the next.
            await self.present.up.wait()


class Incarnation:
    """A single run of the program, from its start to its end."""

    def __init__(self, clock: ManualClock, open_it: "Opening") -> None:
        self.clock = clock
        self.shop: Shop | None = None
        self.up = asyncio.Event()
        self.over = asyncio.Event()
        self.stop = asyncio.Event()  # In order, as at SIGTERM.
        self.died: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._server: Server | None = None
        self._open = open_it
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Run until killed, or stopped."""
        self._task = asyncio.current_task()
        try:
            async with self._open(self.clock) as (self.shop, self._server):
                self.up.set()
                await self.stop.wait()
        except BaseException:
            if not self.died.done():
                raise
            assert self._task is not None
            self._task.uncancel()
        finally:
            self._cut_edge()  # Connections that were accepted meanwhile.
            self.over.set()

    def end(self) -> NoReturn:
        """Die here: first every way out of the shop is cut, then its tasks are cancelled."""
        if not self.died.done():
            self.died.set_result(None)
            self.clock.stop()
            self._cut()
            assert self._task is not None
            self._task.cancel()
        raise Ended

    def _cut(self) -> None:
        if self.shop is not None:
            self.shop.services.database.terminate()
            setattr(self.shop.services.redis.connection_pool, "get_connection", _cut_off)  # noqa: B010 - a method
        self._cut_edge()

    def _cut_edge(self) -> None:
        if self._server is not None:
            self._server.force_exit = self.died.done()  # Or it would wait for those whom it can't answer any more.
            for server in self._server.servers:
                server.close()  # No new connections, as the kernel ensures when a process dies.
            for connection in self._server.server_state.connections.copy():
                if connection.transport is not None:
                    connection.transport.abort()
            for task in self._server.server_state.tasks.copy():
                task.cancel()


async def _cut_off(*_: object, **_options: object) -> NoReturn:
    raise RedisConnectionError("this shop was killed")
