"""PostgreSQL: the pool, the transaction that a turn gets, and migrations.

Errors of the driver become the engine's own at this border: a lost connection is Unavailable, a deadlock or a failed
serialization is Conflict. What is left (a violated constraint, say) is a bug or a rule of its caller.
"""

import asyncio
import hashlib
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import asyncpg
from asyncpg import Record

from engine import telemetry
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadInput, BadSetting, Conflict, Unavailable
from engine.message import Command, Event
from engine.pulse import Pulse

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[Record]
    PooledConnection = PoolConnectionProxy[Record]

_log = telemetry.logger(part="postgres")

_APPLYING = CrashPoint("before-migration-commit", "A migration's statements have run; nothing has committed.")
_APPLIED = CrashPoint("after-migration", "One migration has committed; the next one has not begun.")

_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,  # An administrator, or a crash of the server, ended the session.
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DiskFullError,
    asyncpg.InternalClientError,  # It was cut off between two of our messages, and the driver lost its place.
    OSError,
    TimeoutError,
)
_FREE_WITHIN_S = 0.5  # For one of the pool's connections when all are in use. Then it is exhausted, and says so.
_NEW_WITHIN_S = 5.0  # For another one to be made, on a machine that is busy.
_NO_ANSWER = (*_LOST, ValueError, asyncpg.PostgresError)
# What the sender wrote can't be stored, whoever let it through: a text with NUL, a number that is too large. The
# driver's own check of arguments is a plain DataError.
_NOT_STORABLE = (asyncpg.CharacterNotInRepertoireError, asyncpg.NumericValueOutOfRangeError)
_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError)

# A megabyte on its disk, gone with the statement. A write to a page that exists would find room on a full disk, too.
_NEEDS_ROOM = """
create temporary table room on commit drop as select repeat('x', 1000)::char(1000) from generate_series(1, 1000)"""

# Bounds on the server's side, in case ours are not there to act: a session that died in a transaction must not hold
# its locks for ever.
_SESSION = {
    "application_name": "shopflow",
    "timezone": "UTC",
    "jit": "off",  # Our statements are short; compiling them costs more than it gives.
    "max_parallel_workers_per_gather": "0",  # Likewise; and nobody's question is to take every core.
    # A table that is small when a plan is made and kept may be a heap of dead rows a minute later, as a queue's is:
    # reading it from end to end took half of all PostgreSQL did under load. Where there is no index it still does.
    "enable_seqscan": "off",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that a transaction wants to be heard after its commit, or at `due`."""

    message: Event | Command[Any]
    due: datetime | None = None


class Transaction:
    """One transaction, with the time it happens at. What is published here is stored with it."""

    __slots__ = ("_connection", "callbacks", "causation_id", "now", "outgoing", "trace")

    def __init__(self, connection: "Connection", now: datetime) -> None:
        self._connection = connection
        self.causation_id = ""  # The id of the message it handles, if it is a single one.
        self.trace = ""  # And that message's trace.
        self.now = now
        self.outgoing: list[Outgoing] = []
        self.callbacks: list[Callable[[], None]] = []

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        """All rows."""
        with _translated():
            return await self._connection.fetch(sql, *parameters)

    async def row(self, sql: str, *parameters: object) -> Record | None:
        """The first row, if there is one."""
        with _translated():
            return await self._connection.fetchrow(sql, *parameters)

    async def value(self, sql: str, *parameters: object) -> Any:  # noqa: ANN401 - as SQL gives it
        """The first column of the first row; None without rows."""
        with _translated():
            return await self._connection.fetchval(sql, *parameters)

    async def execute(self, sql: str, *parameters: object) -> None:
        """Run a statement for its effect."""
        with _translated():
            await self._connection.execute(sql, *parameters)

    def publish(self, *events: Event) -> None:
        """Store these events with this transaction; every subscriber hears them after the commit."""
        self.outgoing.extend(Outgoing(event) for event in events)

    def send(self, command: Command[Any]) -> None:
        """Store a command with this transaction; its actor handles it after the commit. Nobody gets its answer."""
        self.outgoing.append(Outgoing(command))

    def schedule(self, command: Command[Any], due: datetime) -> None:
        """Store a durable timer: the actor that handles `command` gets it at `due`, or soon after."""
        self.outgoing.append(Outgoing(command, due))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call when this has been committed. A hint only: a crash in between loses it."""
        self.callbacks.append(callback)


class Database:
    """A pool of connections."""

    def __init__(self, pool: "asyncpg.Pool[Record]") -> None:
        self._pool = pool
        self._in_use: dict[PooledConnection, float] = {}  # Since when, on the event loop's clock.
        self._waiting: dict[asyncio.Timeout, float] = {}  # For one, likewise.
        self._hangs = False
        self._none_was_free = False  # For half a second; until one is, nobody else waits for it.
        self._said_full = False

    def transaction(self, now: datetime) -> AbstractAsyncContextManager[Transaction]:
        """A transaction that commits when its block ends, and rolls back when it raises.

        Raises:
            Unavailable: The connection was lost. If that happened during the commit nobody knows whether it took
                effect, which is why commands are safe to repeat and deliveries are deleted with their effect.
            Conflict: Someone else wrote first.
        """
        return self._block(now, is_one=True)

    def reading(self, now: datetime) -> AbstractAsyncContextManager[Transaction]:
        """As `transaction`, for who changes nothing: begin and end would be two round trips of three, for nothing."""
        return self._block(now, is_one=False)

    @asynccontextmanager
    async def _block(self, now: datetime, *, is_one: bool) -> AsyncIterator[Transaction]:
        own: list[Exception] = []  # What the block itself raised is not PostgreSQL's: a missing file, say.
        with _translated(but=own):
            async with self._connection() as connection, connection.transaction() if is_one else nullcontext():
                try:
                    yield Transaction(connection, now)
                except Exception as error:
                    own.append(error)
                    self._said_full |= isinstance(error.__cause__, asyncpg.DiskFullError)
                    raise

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        """All rows of a reading statement, outside any transaction. Raises as `transaction` does."""
        with _translated():
            async with self._connection() as connection:
                return await connection.fetch(sql, *parameters)

    async def check(self) -> None:
        """See whether it can do its work: answer, and, if its disk was full, write.

        Raises:
            Unavailable: It can't.
        """
        if not self._said_full:
            await self.fetch("select 1")
            return
        with suppress(asyncpg.InsufficientPrivilegeError):  # Then the next who writes finds out.
            await self.fetch(_NEEDS_ROOM)
        self._said_full = False

    def terminate(self) -> None:
        """Cut all connections, whatever they are doing."""
        self._pool.terminate()

    def longest_use_s(self) -> float:
        """For how long somebody has had a connection, or has waited for one."""
        since_s = min((*self._in_use.values(), *self._waiting.values()), default=math.inf)
        return asyncio.get_running_loop().time() - since_s

    def stopped(self) -> None:
        """PostgreSQL is there and does not answer: nobody waits for it, those included who do already."""
        self._hangs = True
        for connection in list(self._in_use):
            connection.terminate()
        for waiting in self._waiting:
            if not waiting.expired():  # By itself, in this very moment.
                waiting.reschedule(0.0)  # Long ago: it ends at once.

    def went_on(self) -> None:
        """It answers again, or is gone for good, which others find out by themselves."""
        self._hangs = False

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator["Connection"]:
        connection = await self._acquire()
        self._in_use[connection] = asyncio.get_running_loop().time()
        try:
            yield cast("Connection", connection)
        except asyncpg.InternalClientError:
            connection.terminate()  # Or the pool would give it to somebody else.
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
        # Not the pool's own timeout, which makes a task for each connection that is asked for.
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
        pool = self._pool
        return not pool.get_idle_size() and pool.get_size() == pool.get_max_size()


@asynccontextmanager
async def open_database(dsn: str, *, connections: int) -> AsyncIterator[Database]:
    """Connect, and close when the block ends.

    Raises:
        BadSetting: There is no PostgreSQL at this address. The text names host and port, never the password.
    """
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=1,
            max_size=connections,
            max_inactive_connection_lifetime=0,
            timeout=10,
            command_timeout=40,  # Later than the server's own bound: then it is the server that does not answer.
            statement_cache_size=500,
            server_settings=_SESSION,
            reset=_nothing_to_reset,
        )
    except _NO_ANSWER as error:
        raise _no_postgres(dsn, error) from error
    database = Database(pool)
    pulse = Pulse(database, lambda: asyncpg.connect(dsn, server_settings=_SESSION))
    try:
        async with pulse.watching():
            yield database
    finally:
        database.terminate()  # Whatever was accepted has been committed by now; what is idle needs no farewell.


async def migrate(database_url: str, schemas: Mapping[str, Path], clock: Clock) -> list[str]:
    """Bring every domain's tables up to date: forward only, each file once, in the order of their names.

    Safe to run from several processes at once: all but one wait, and then find nothing to do.

    Args:
        database_url: Where to; needs the right to create schemas.
        schemas: For each domain the folder with its files, `0001_what_it_does.sql` and so on. A domain may refer to
            what stands before it here.
        clock: For the time that is noted.

    Returns:
        What was applied now, as `domain/file`.

    Raises:
        BadSetting: A file that was applied has been changed or taken away since, or the server can't be reached.
    """
    try:
        connection = await asyncpg.connect(database_url, timeout=10, server_settings={"timezone": "UTC"})
    except _NO_ANSWER as error:
        raise _no_postgres(database_url, error) from error
    with _translated():
        try:
            await connection.execute("select pg_advisory_lock($1)", _MIGRATION_LOCK, timeout=120)
            await connection.execute(_MIGRATIONS_TABLE)
            rows = await connection.fetch("select domain, name, checksum from engine.migrations")
            applied = {(row["domain"], row["name"]): row["checksum"] for row in rows}
            return [
                f"{domain}/{file.name}"
                for domain, folder in schemas.items()
                for file in _new_files(domain, folder, applied)
                if await _apply(connection, domain, file, clock.now())
            ]
        finally:
            await connection.close(timeout=5)


_MIGRATION_LOCK = 0x5348_4F50  # "SHOP"; any number will do that nobody else in this database uses.
_MIGRATIONS_TABLE = """
create schema if not exists engine;
create table if not exists engine.migrations (
    domain text not null, name text not null, checksum text not null, applied_at timestamptz not null,
    primary key (domain, name)
)"""


def _new_files(domain: str, folder: Path, applied: Mapping[tuple[str, str], str]) -> list[Path]:
    files = sorted(folder.glob("*.sql"))
    known = {name for of, name in applied if of == domain}
    if gone := known - {file.name for file in files}:
        raise BadSetting(f"Migration {domain}/{min(gone)} was applied here, but this version does not know it")
    for file in files:
        if file.name in known and applied[domain, file.name] != _checksum(file):
            raise BadSetting(f"Migration {domain}/{file.name} was changed after it was applied: add a new file instead")
    return [file for file in files if file.name not in known]


async def _apply(connection: "Connection", domain: str, file: Path, now: datetime) -> bool:
    async with connection.transaction():
        await connection.execute(file.read_text(encoding="utf-8"))
        await connection.execute(
            "insert into engine.migrations (domain, name, checksum, applied_at) values ($1, $2, $3, $4)",
            domain, file.name, _checksum(file), now,
        )  # fmt: skip
        _APPLYING.reach()
    _APPLIED.reach()
    return True


def _checksum(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


async def _nothing_to_reset(connection: object) -> None:
    """Sessions are never altered, so the driver's reset would be a round trip for nothing."""


def _no_postgres(dsn: str, error: Exception) -> BadSetting:
    if "://" not in dsn:  # Not shown: what is no URL may well be a password.
        return BadSetting("DATABASE_URL: must look like postgresql://user:password@host:5432/name")
    return BadSetting(f"DATABASE_URL: no PostgreSQL answers at {_without_password(dsn)}: {error}")


def _without_password(dsn: str) -> str:
    return re.sub(r"//([^:/@]*):[^@]*@", r"//\1:***@", dsn)


@contextmanager
def _translated(but: Sequence[Exception] = ()) -> Iterator[None]:
    try:
        yield
    except asyncpg.QueryCanceledError:
        raise  # It took too long: the statement's fault, and not the server's.
    except _LOST as error:
        if error in but or _is_misuse(error):
            raise
        raise Unavailable("PostgreSQL", str(error) or type(error).__name__, retry_after_s=1.0) from error
    except _AGAIN as error:
        raise Conflict(str(error)) from error
    except asyncpg.DataError as error:
        if not isinstance(error, _NOT_STORABLE) and type(error) is not asyncpg.DataError:
            raise
        _log.warning("PostgreSQL can't take this", error=str(error))  # Its own words help whoever reads the log.
        raise BadInput(_say(error)) from error


def _say(error: asyncpg.DataError) -> str:
    """For whoever sent it: the sender knows nothing of columns and arguments."""
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):
        return "A text has characters that can't be kept."
    return "A value is out of its range."


def _is_misuse(error: BaseException) -> bool:
    """The driver says "connection is closed" and "too few arguments" with one class; the second is a bug of ours."""
    return isinstance(error, asyncpg.InterfaceError) and "clos" not in str(error)
