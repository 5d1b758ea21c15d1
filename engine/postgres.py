"""PostgreSQL: the pool of connections, its bounds, and transactions on them."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from datetime import datetime
from typing import TYPE_CHECKING, cast

import anyio
import asyncpg
from asyncpg import Record

from engine.errors import Unavailable
from engine.postgres_errors import NO_ANSWER, no_postgres, translated
from engine.transaction import Transaction
from engine.watchdog import Watchdog

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[Record]
    PooledConnection = PoolConnectionProxy[Record]

_FREE_WITHIN_S = 0.5  # Wait for a connection when all are in use; then the pool counts as exhausted.
_CLOSED_WITHIN_S = 0.5
_NEW_WITHIN_S = 5.0  # Wait for a new connection, on a busy machine.

# A megabyte on its disk, gone with the statement. A write to a page that exists would find room on a full disk, too.
_NEEDS_ROOM = """
create temporary table room on commit drop as select repeat('x', 1000)::char(1000) from generate_series(1, 1000)"""

# Bounds on the server's side, in case ours are not there to act: a session that died in a transaction must not hold
# its locks for ever.
_SESSION = {
    "application_name": "shopflow",
    "timezone": "UTC",
    "jit": "off",  # Our statements are short; compiling them costs more than it saves.
    "max_parallel_workers_per_gather": "0",  # Likewise; and no query may take every core.
    # A table that is small when a plan is made and kept may be a heap of dead rows a minute later, as a queue's is:
    # reading it from end to end took half of all PostgreSQL did under load. Where there is no index it still does.
    "enable_seqscan": "off",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}


class Database:
    """A pool of connections."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self._pool = pool
        self._in_use: dict[PooledConnection, float] = {}  # Since when, on the event loop's clock.
        self._waiting: dict[asyncio.Timeout, float] = {}  # Waiting for a connection, likewise.
        self._hangs = False
        self._none_was_free = False  # For half a second: until one is, others are refused at once.
        self._said_full = False

    def transaction(self, now: datetime) -> AbstractAsyncContextManager[Transaction]:
        """Open a transaction that commits when its block ends, and rolls back when it raises.

        Raises:
            Unavailable: The connection was lost. If that happened during the commit, its outcome is unknown. Therefore
                commands are safe to repeat, and deliveries are deleted with their effect.
            Conflict: Another transaction wrote first.
        """
        return self._block(now, is_one=True)

    def reading(self, now: datetime) -> AbstractAsyncContextManager[Transaction]:
        """Read as in `transaction`, without one: its begin and end would be two round trips of three, for nothing."""
        return self._block(now, is_one=False)

    @asynccontextmanager
    async def _block(self, now: datetime, *, is_one: bool) -> AsyncIterator[Transaction]:
        own: list[Exception] = []  # Raised by the block itself, and so not by PostgreSQL: a missing file, say.
        with translated(but=own):
            async with self._connection() as connection, _Whole(connection) if is_one else nullcontext():
                try:
                    yield Transaction(connection, now)
                except Exception as error:
                    own.append(error)
                    self._said_full |= isinstance(error.__cause__, asyncpg.DiskFullError)
                    raise

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        """Return all rows of a reading statement, outside any transaction. Raises as `transaction` does."""
        with translated():
            async with self._connection() as connection:
                return await connection.fetch(sql, *parameters)

    async def check(self) -> None:
        """Check that the server can work: answer, and, if its disk was full, write.

        Raises:
            Unavailable: It can't.
        """
        if not self._said_full:
            await self.fetch("select 1")
            return
        with suppress(asyncpg.InsufficientPrivilegeError):  # Then the next write shows it.
            await self.fetch(_NEEDS_ROOM)
        self._said_full = False

    def terminate(self) -> None:
        """Cut all connections, in use or not."""
        self._pool.terminate()

    def longest_use_s(self) -> float:
        """Return for how long a connection has been in use, or waited for, at most."""
        since_s = min((*self._in_use.values(), *self._waiting.values()), default=math.inf)
        return asyncio.get_running_loop().time() - since_s

    def on_hang(self) -> None:
        """Refuse all use while PostgreSQL does not answer, and cut off what is under way."""
        self._hangs = True
        for connection in list(self._in_use):
            connection.terminate()
        for waiting in self._waiting:
            if not waiting.expired():  # By itself, in this very moment.
                waiting.reschedule(0.0)  # Long ago: it ends at once.

    def on_recovery(self) -> None:
        """Allow use: PostgreSQL answers again, or is gone, which its users find out by themselves."""
        self._hangs = False

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["Connection"]:
        connection = await self._acquire()
        self._in_use[connection] = asyncio.get_running_loop().time()
        try:
            yield cast("Connection", connection)
        except asyncpg.InternalClientError:
            connection.terminate()  # Otherwise the pool would hand it out again.
            raise
        finally:
            del self._in_use[connection]
            await self._pool.release(connection)
            self._none_was_free = False

    async def _acquire(self) -> "PooledConnection":
        if self._hangs:
            raise Unavailable("PostgreSQL", "it does not answer", retry_after_s=1.0)
        is_exhausted = self._is_exhausted()
        if is_exhausted and self._none_was_free:
            raise Unavailable("PostgreSQL", "no connection is free", retry_after_s=1.0)
        # Not the pool's own timeout, which makes a task for each acquisition.
        waiting = asyncio.timeout(_FREE_WITHIN_S if is_exhausted else _NEW_WITHIN_S)
        try:
            async with waiting:
                self._waiting[waiting] = asyncio.get_running_loop().time()
                return await self._pool.acquire()
        except TimeoutError as late:
            self._none_was_free = is_exhausted
            raise Unavailable("PostgreSQL", "no connection is free", retry_after_s=1.0) from late
        finally:
            self._waiting.pop(waiting, None)

    def _is_exhausted(self) -> bool:
        # By our own count: the pool's looks at each of its connections, at every use of one.
        return len(self._in_use) >= self._pool.get_max_size()


class _Whole:
    """A transaction that is rolled back although its task is cancelled, again at each await, as anyio does."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._transaction = connection.transaction()

    async def __aenter__(self) -> None:
        try:
            await self._transaction.start()
        except asyncio.CancelledError:
            self._connection.terminate()  # Whether it has begun is unknown.
            raise

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            await self._transaction.commit()
            return
        with anyio.move_on_after(_CLOSED_WITHIN_S, shield=True):
            await self._transaction.rollback()


@asynccontextmanager
async def open_database(dsn: str, *, connections: int) -> AsyncIterator[Database]:
    """Connect, and close when the block ends.

    Raises:
        BadSetting: No PostgreSQL answers at this address. The text names host and port, never the password.
    """
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=connections,
            max_inactive_connection_lifetime=0,
            timeout=10,
            command_timeout=40,  # Longer than the server's own bound: then the server does not answer.
            statement_cache_size=500,
            server_settings=_SESSION,
            reset=_nothing_to_reset,
        )
    except NO_ANSWER as error:
        raise no_postgres(dsn, error) from error
    database = Database(pool)
    watchdog = Watchdog(database, lambda: asyncpg.connect(dsn, server_settings=_SESSION))
    try:
        async with watchdog.watching():
            yield database
    finally:
        # All accepted work has committed by now. What was cancelled is still returning its connections: cutting those
        # would make asyncpg log errors that nobody can catch.
        with anyio.move_on_after(_CLOSED_WITHIN_S, shield=True):
            await pool.close()
        database.terminate()


async def _nothing_to_reset(connection: object) -> None:
    """Skip the driver's reset: sessions are never altered, so it would be a round trip for nothing."""
