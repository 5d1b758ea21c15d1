"""The pulse: finds out that PostgreSQL hangs, which looks like a slow statement to whoever waits for one.

Stopped by a signal, swapped out, cut off without a word: the server takes our bytes and gives none. Statements have a
bound of half a minute, which nobody at the edge should wait for. So when somebody has had a connection for a while,
the server is asked for a number over a connection of its own. If that stays unanswered too, all statements under way
are cut off (who sent them finds out again what became of them, as after any lost connection) and nobody may begin
another until the number comes.

It costs nothing while all is quick. What it can't tell from a slow statement is a disk that hangs under a server which
is well: a number needs no disk.

Rejected: docs/decisions/0004.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Protocol

from engine import telemetry

if TYPE_CHECKING:
    import asyncpg

_LOOK_S = 0.05
_LONG_S = 0.25  # Most statements take a hundredth of it.
_ANSWER_S = 0.5  # Together they leave time to say so within a second.
_CONNECT_S = 5.0  # Making a connection is work for a machine that is busy: only this long is silence.
_TRY_ANEW_S = 1.0


class Watched(Protocol):
    """What it looks after."""

    def longest_use_s(self) -> float:
        """For how long somebody has had a connection."""
        ...

    def stopped(self) -> None:
        """It does not answer."""
        ...

    def went_on(self) -> None:
        """It does, or is gone."""
        ...


class Pulse:
    """Feels it, when there is reason to."""

    def __init__(
        self, watched: Watched, connect: Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
    ) -> None:
        self._watched = watched
        self._connect = connect
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None
        self._anew_s = 0.0  # On the event loop's clock: when to try again, unless somebody waits before.

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Feel it for as long as the block runs.

        To be entered while nobody has a connection of those it looks after: on a busy machine its own may take long to
        make, and that means nothing.
        """
        try:
            await self._reach()
            looking = asyncio.create_task(self._watch())
            try:
                yield
            finally:
                looking.cancel()
                await asyncio.wait((looking,))
        finally:
            self._drop()  # Not in the task, which may end before it has begun.

    async def _reach(self) -> None:
        """Before there is need: over a connection that is there, silence says more."""
        connecting = asyncio.create_task(self._open())
        try:
            for _ in range(round(_CONNECT_S / _ANSWER_S)):
                await asyncio.wait((connecting,), timeout=_ANSWER_S)
                if not connecting.done() and self._watched.longest_use_s() > _LONG_S:
                    self._watched.stopped()  # Others wait, too: then this may be more than a machine that is busy.
            if connecting.done():
                connecting.result()
                self._watched.went_on()
            else:
                self._watched.stopped()
        except Exception:  # noqa: BLE001 - it is gone, which others find out by themselves
            self._watched.went_on()
            self._anew_s = asyncio.get_running_loop().time() + _TRY_ANEW_S
        finally:
            if not connecting.done():
                connecting.cancel()
                await asyncio.wait((connecting,))

    async def _open(self) -> None:
        self._connection = await self._connect()  # Here, so that one made in the moment all ends is not left behind.

    async def _watch(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - without a pulse nobody would find that it goes on
                telemetry.logger().exception("could not feel PostgreSQL's pulse")
                self._drop()
                await asyncio.sleep(_TRY_ANEW_S)  # Else it might say so twenty times a second.
            await asyncio.sleep(_LOOK_S)

    async def _look(self) -> None:
        is_long = self._watched.longest_use_s() > _LONG_S
        if self._connection is None or self._connection.is_closed():
            if is_long or asyncio.get_running_loop().time() >= self._anew_s:
                await self._reach()
        elif is_long:
            await self._feel(self._connection)

    async def _feel(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        asking = asyncio.create_task(_answers(connection))
        try:
            for _ in range(2):  # In two parts: should this process itself have stood still, the answer is read now.
                await asyncio.wait((asking,), timeout=_ANSWER_S / 2)
            if not asking.done():
                telemetry.logger().warning("a service hangs", service="PostgreSQL")
                self._watched.stopped()
                await asyncio.wait((asking,), timeout=_CONNECT_S)
            if asking.done():
                self._watched.went_on()
        finally:
            if not asking.done():
                self._drop()  # In case this connection is all that hangs; another one will tell.
            await asyncio.wait((asking,))

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None


async def _answers(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let it say something. That it is gone is an answer, too."""
    with suppress(Exception):
        await connection.fetchval("select 1")
