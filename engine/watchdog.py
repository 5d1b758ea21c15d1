"""The watchdog: detects a hung PostgreSQL, which callers can't tell from a slow statement.

Stopped by a signal, swapped out, cut off without a word: the server takes our bytes and returns none. Statements have
a bound of half a minute, which is far too long for a buyer to wait. So while some connection has been in use for long,
the watchdog asks the server for a number over a connection of its own. If that stays unanswered too, it cuts off all
statements under way (their callers find out their outcome as after any lost connection), and none may begin until the
number comes.

It costs nothing while all statements are quick. It can't tell a slow statement from a disk that hangs under a healthy
server: a number needs no disk.

Rejected: docs/decisions/0004.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from engine import telemetry

if TYPE_CHECKING:
    import asyncpg

_CHECK_S = 0.05
_LONG_S = 0.25  # Most statements take a hundredth of it.
_ANSWER_S = 0.5  # Together with `_LONG_S` it leaves time to answer a caller within a second.
_CONNECT_S = 5.0  # Making a connection is work for a busy machine: only silence this long counts.
_RECONNECT_S = 1.0


class Watched(Protocol):
    """The pool of connections that is watched."""

    def longest_use_s(self) -> float:
        """Return for how long a connection has been in use, or waited for, at most."""
        ...

    def on_hang(self) -> None:
        """The server does not answer."""
        ...

    def on_recovery(self) -> None:
        """The server answers again, or is gone."""
        ...


class Watchdog:
    """Probes the server while some connection has been in use for long."""

    def __init__(
        self, watched: Watched, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
    ) -> None:
        self._watched = watched
        self._make_connection = connect
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._reconnect_at_s = 0.0  # On the event loop's clock; sooner if a connection has been in use for long.

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Watch for as long as the block runs.

        Enter it before the first use of the watched connections: on a busy machine the watchdog's own may take long to
        make, and that means nothing.
        """
        try:
            await self._connect()
            task = asyncio.create_task(self._watch())
            try:
                yield
            finally:
                task.cancel()
                await asyncio.wait((task,))
        finally:
            self._drop()  # Not in the task, which may end before it has begun.

    async def _connect(self) -> None:
        """Connect before there is need: over a connection that exists, silence means more."""
        connecting = asyncio.create_task(self._open())
        try:
            for _ in range(round(_CONNECT_S / _ANSWER_S)):
                await asyncio.wait((connecting,), timeout=_ANSWER_S)
                if not connecting.done() and self._watched.longest_use_s() > _LONG_S:
                    self._watched.on_hang()  # Other connections are silent, too: it may be more than a busy machine.
            if connecting.done():
                connecting.result()
                self._watched.on_recovery()
            else:
                self._watched.on_hang()
        except Exception:  # noqa: BLE001 - the server is gone, which callers find out by themselves
            self._watched.on_recovery()
            self._reconnect_at_s = asyncio.get_running_loop().time() + _RECONNECT_S
        finally:
            if not connecting.done():
                connecting.cancel()
                await asyncio.wait((connecting,))

    async def _open(self) -> None:
        self._connection = await self._make_connection()  # Kept here, so that `_drop` finds one made at the very end.

    async def _watch(self) -> None:
        while True:
            try:
                await self._check()
            except Exception:  # noqa: BLE001 - without a watchdog nothing would detect a recovery
                telemetry.logger().exception("could not probe PostgreSQL")
                self._drop()
                await asyncio.sleep(_RECONNECT_S)  # Otherwise it might log this twenty times a second.
            await asyncio.sleep(_CHECK_S)

    async def _check(self) -> None:
        is_long = self._watched.longest_use_s() > _LONG_S
        if self._connection is None or self._connection.is_closed():
            if is_long or asyncio.get_running_loop().time() >= self._reconnect_at_s:
                await self._connect()
        elif is_long:
            await self._probe(self._connection)

    async def _probe(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        asking = asyncio.create_task(_answers(connection))
        try:
            for _ in range(2):  # In two parts: if this process itself stood still, the answer is read now.
                await asyncio.wait((asking,), timeout=_ANSWER_S / 2)
            if not asking.done():
                telemetry.logger().warning("a service hangs", service="PostgreSQL")
                self._watched.on_hang()
                await asyncio.wait((asking,), timeout=_CONNECT_S)
            if asking.done():
                self._watched.on_recovery()
        finally:
            if not asking.done():
                self._drop()  # In case this connection is all that hangs; the next one will show.
            await asyncio.wait((asking,))

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


async def _answers(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Wait for any answer. A lost connection is one, too."""
    with suppress(Exception):
        await connection.fetchval("select 1")
