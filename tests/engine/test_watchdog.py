"""A server that hangs is told from a slow statement, and nobody waits for it."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import cast
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest

from engine.errors import Unavailable
from engine.postgres import Database
from engine.watchdog import Watchdog
from tests.waiting import eventually, pace

_CUT_ALL_BUT = """
select pg_terminate_backend(pid, 5000) from pg_stat_activity
where datname = $1 and application_name = 'shopflow' and pid is distinct from $2"""


@contextmanager
def frozen(postmaster: int) -> Iterator[None]:
    """Nobody of it moves: first the one who makes the others, and those who are just leaving may."""
    server = psutil.Process(postmaster)
    server.suspend()
    try:
        for process in server.children():
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in (*server.children(), server):
            with suppress(psutil.NoSuchProcess):
                process.resume()


async def postmaster(database: Database) -> int:
    """The server's first process, which is the parent of every connection's."""
    (row,) = await database.fetch("select pg_backend_pid() as pid")
    return psutil.Process(row["pid"]).ppid()


async def refused_within_s(database: Database) -> float:
    began_s = time.monotonic()
    with pytest.raises(Unavailable, match="PostgreSQL"):
        await database.fetch("select 1")
    return time.monotonic() - began_s


async def answers(database: Database) -> bool:
    try:
        return bool(await database.fetch("select 1"))
    except Unavailable:
        return False


async def test_a_server_that_hangs_keeps_nobody_waiting_for_a_second(database: Database) -> None:
    server = await postmaster(database)

    with frozen(server):
        assert await refused_within_s(database) < 1.0
        assert await refused_within_s(database) < 0.1  # By now it is known.

    assert await eventually(lambda: answers(database), within_s=5)


async def test_a_server_that_hangs_when_it_was_just_away_keeps_nobody_waiting_either(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await postmaster(database)
    monkeypatch.setattr("engine.watchdog._CHECK_S", 0.5)  # It will not be back before the server hangs.
    await pace(0.2)
    connection = await asyncpg.connect(database_url)
    # Ours, and the one of the watchdog: each must be made anew.
    await connection.execute(_CUT_ALL_BUT, urlsplit(database_url).path[1:], None)
    await connection.close()

    with frozen(server):
        assert await refused_within_s(database) < 1.0

    assert await eventually(lambda: answers(database), within_s=10)


async def test_a_server_that_hangs_when_it_had_just_refused_a_connection_keeps_nobody_waiting_either(
    database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await postmaster(database)
    monkeypatch.setattr("engine.watchdog._RECONNECT_S", 60.0)  # It need not be back yet when the server hangs.
    name = urlsplit(database_url).path[1:]
    admin = await asyncpg.connect(database_url, database="postgres")
    (pooled,) = await database.fetch("select pg_backend_pid() as pid")
    await admin.execute(f'alter database "{name}" allow_connections false')
    await admin.execute(_CUT_ALL_BUT, name, pooled["pid"])  # The one of the watchdog can't be made anew.
    await pace(0.3)
    await admin.execute(f'alter database "{name}" allow_connections true')
    await admin.close()

    with frozen(server):
        assert await refused_within_s(database) < 1.0

    assert await eventually(lambda: answers(database), within_s=10)


async def test_a_statement_that_takes_long_is_left_alone(database: Database) -> None:
    assert await database.fetch("select pg_sleep(1.2)")
    assert await answers(database)


class AllInUse:
    """A pool that has no connection free."""

    def get_max_size(self) -> int:
        return 1

    async def acquire(self) -> None:
        await asyncio.Event().wait()


async def test_that_it_hangs_may_be_said_to_somebody_who_gives_up_in_that_moment() -> None:
    database = Database(cast("asyncpg.Pool[asyncpg.Record]", AllInUse()))
    waiting = asyncio.create_task(refused_within_s(database))
    await asyncio.sleep(0)  # Until it waits for a connection.
    database.on_hang()
    await asyncio.sleep(0)  # Its time is over, and it has not heard of that yet.
    database.on_hang()
    assert await waiting < 0.4


class Uncertain:
    """What a watchdog watches; looking at it fails the first time."""

    looks = 0

    def longest_use_s(self) -> float:
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("a bug")
        return 0.0

    def on_hang(self) -> None:
        raise AssertionError("it is well")

    def on_recovery(self) -> None:
        pass


async def test_a_watchdog_goes_on_after_a_bug(database_url: str) -> None:
    watched = Uncertain()
    async with Watchdog(watched, lambda: asyncpg.connect(database_url)).watching():
        assert await eventually(lambda: watched.looks > 1, within_s=5)


class Calm:
    """What a watchdog watches, and nobody uses."""

    def longest_use_s(self) -> float:
        return 0.0

    def on_hang(self) -> None:
        pass

    on_recovery = on_hang


class Made:
    """A connection that knows whether somebody ended it."""

    is_ended = False

    def is_closed(self) -> bool:
        return self.is_ended

    def terminate(self) -> None:
        self.is_ended = True


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
async def test_a_connection_that_is_made_in_the_moment_all_ends_is_not_left_behind(steps: int) -> None:
    made, asked, gate = Made(), asyncio.Event(), asyncio.Event()

    async def connect() -> "asyncpg.Connection[asyncpg.Record]":
        asked.set()
        await gate.wait()
        return cast("asyncpg.Connection[asyncpg.Record]", made)

    async def watch() -> None:
        async with Watchdog(Calm(), connect).watching():
            await asyncio.Event().wait()

    watching = asyncio.create_task(watch())
    await asked.wait()
    gate.set()
    for _ in range(steps):
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.wait((watching,))
    assert made.is_ended
