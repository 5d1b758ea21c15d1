"""PostgreSQL at the border: migrations, transactions, and its errors made the engine's own."""

import asyncio
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from engine.clock import ManualClock
from engine.errors import BadSetting, Conflict, Unavailable
from engine.migrations import migrate
from engine.postgres import Database, open_database
from engine.postgres_errors import no_postgres
from testkit import Servers
from tests.waiting import eventually

NOBODY_THERE = "postgresql://shop:secret@127.0.0.1:1/shop"


@pytest.fixture
async def empty_url(servers: Servers) -> str:
    return await servers.fresh_database({})


def schema(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, sql in files.items():
        (folder / f"{name}.sql").write_text(sql)
    return folder


async def tables(url: str) -> set[str]:
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("select table_name from information_schema.tables where table_schema = 'public'")
        return {row["table_name"] for row in rows}
    finally:
        await connection.close()


async def test_migrations_are_applied_in_order_and_once(empty_url: str, tmp_path: Path, clock: ManualClock) -> None:
    first = schema(tmp_path / "a", _0002_b="alter table a add column c int", _0001_a="create table a (b int)")
    second = schema(tmp_path / "b", _0001_of_a="create table b (a int)")

    applied = await migrate(empty_url, {"a": first, "b": second}, clock)

    assert applied == ["a/_0001_a.sql", "a/_0002_b.sql", "b/_0001_of_a.sql"]
    assert await migrate(empty_url, {"a": first, "b": second}, clock) == []
    schema(first, _0003_d="create table d ()")
    assert await migrate(empty_url, {"a": first, "b": second}, clock) == ["a/_0003_d.sql"]
    assert await tables(empty_url) == {"a", "b", "d"}


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    empty_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    folder = schema(tmp_path / "a", _0001_a="create table a ()")
    await migrate(empty_url, {"a": folder}, clock)
    schema(folder, _0001_a="create table a (b int)", _0002_b="create table b ()")

    with pytest.raises(BadSetting, match=r"Migration a/_0001_a\.sql was changed after it was applied: add a new file"):
        await migrate(empty_url, {"a": folder}, clock)

    assert await tables(empty_url) == {"a"}


async def test_a_migration_that_this_version_does_not_know_is_refused(
    empty_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    folder = schema(tmp_path / "a", _0001_a="create table a ()")
    await migrate(empty_url, {"a": folder}, clock)
    (folder / "_0001_a.sql").unlink()

    with pytest.raises(BadSetting, match=r"Migration a/_0001_a\.sql was applied here, but this version does not know"):
        await migrate(empty_url, {"a": folder}, clock)


async def test_a_migration_that_fails_leaves_nothing_of_itself(
    empty_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    folder = schema(tmp_path / "a", _0001_a="create table a ()", _0002_b="create table b (); select 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_url, {"a": folder}, clock)
    assert await tables(empty_url) == {"a"}

    schema(folder, _0002_b="create table b ()")
    assert await migrate(empty_url, {"a": folder}, clock) == ["a/_0002_b.sql"]


async def test_migrating_from_several_places_at_once_applies_each_file_once(
    empty_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    folder = schema(tmp_path / "a", **{f"_{n:04}": f"create table t{n} (); select pg_sleep(0.005)" for n in range(10)})

    applied = await asyncio.gather(*[migrate(empty_url, {"a": folder}, clock) for _ in range(6)])

    assert sorted(len(each) for each in applied) == [0, 0, 0, 0, 0, 10]
    assert len(await tables(empty_url)) == 10


async def test_migrating_waits_while_another_process_holds_the_lock(
    empty_url: str, tmp_path: Path, clock: ManualClock
) -> None:
    folder = schema(tmp_path / "a", _0001_a="create table a ()")
    other = await asyncpg.connect(empty_url)
    await other.execute("select pg_advisory_lock(x'53484f50'::int)")
    migrating = asyncio.create_task(migrate(empty_url, {"a": folder}, clock))
    async with asyncio.timeout(5):
        while not await other.fetchval("select count(*) from pg_locks where locktype = 'advisory' and not granted"):
            pass
    assert await tables(empty_url) == set()

    await other.close()  # As the process's end would.

    assert await asyncio.wait_for(migrating, 5) == ["a/_0001_a.sql"]


async def test_a_server_that_can_not_be_reached_is_one_line_without_the_password(clock: ManualClock) -> None:
    with pytest.raises(BadSetting) as refused:
        async with open_database(NOBODY_THERE, connections=1):
            pass

    line = str(refused.value)
    assert line.startswith("DATABASE_URL: no PostgreSQL answers at postgresql://shop:***@127.0.0.1:1/shop: ")
    assert "\n" not in line
    assert "secret" not in line


@pytest.mark.parametrize(
    "query",
    ["?user=shop&password=hush", "?password=hush&sslmode=prefer", "?sslmode=prefer&sslpassword=hush", "?Password=hush"],
)
def test_a_password_behind_the_question_mark_is_not_shown(query: str) -> None:
    line = str(no_postgres(f"postgresql://127.0.0.1:1/shop{query}", OSError("nobody there")))

    assert line.startswith("DATABASE_URL: no PostgreSQL answers at postgresql://127.0.0.1:1/shop?")
    assert "hush" not in line
    assert ("sslmode=prefer" in line) is ("sslmode=prefer" in query)


async def test_migrating_a_server_that_can_not_be_reached_is_a_bad_setting(clock: ManualClock) -> None:
    with pytest.raises(BadSetting, match="DATABASE_URL: no PostgreSQL answers at"):
        await migrate(NOBODY_THERE, {}, clock)


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:1/x", "postgresql://[::1/x"])
async def test_a_url_that_is_none_is_a_bad_setting(url: str) -> None:
    with pytest.raises(BadSetting, match="DATABASE_URL: "):
        async with open_database(url, connections=1):
            pass


async def test_a_transaction_commits_when_its_block_ends_and_rolls_back_when_it_raises(
    database: Database, clock: ManualClock
) -> None:
    async with database.transaction(clock.now()) as tx:
        await tx.execute("insert into toys.done (actor, key, what) values ('a', 'k', 'kept')")
    with suppress(KeyError):
        async with database.transaction(clock.now()) as tx:
            await tx.execute("insert into toys.done (actor, key, what) values ('a', 'k', 'gone')")
            raise KeyError

    assert [row["what"] for row in await database.fetch("select what from toys.done")] == ["kept"]


async def test_a_lost_connection_is_unavailable(database: Database, clock: ManualClock) -> None:
    with pytest.raises(Unavailable, match="PostgreSQL is unavailable") as lost:
        async with database.transaction(clock.now()) as tx:
            await tx.execute("select pg_terminate_backend(pg_backend_pid())")
    assert lost.value.retry_after_s

    assert await database.fetch("select 1")  # The pool has another.


async def test_a_statement_that_takes_too_long_is_its_own_fault_and_not_the_servers(
    database: Database, clock: ManualClock
) -> None:
    """Else its turn would be repeated for ever, as it is while PostgreSQL is away."""
    async with database.transaction(clock.now()) as tx:
        await tx.execute("set local statement_timeout = '5ms'")
        with pytest.raises(asyncpg.QueryCanceledError):
            await tx.execute("select pg_sleep(5)")


@pytest.mark.parametrize("state", ["40001", "40P01", "55P03"])
async def test_a_lost_race_is_a_conflict(database: Database, clock: ManualClock, state: str) -> None:
    with pytest.raises(Conflict):
        async with database.transaction(clock.now()) as tx:
            await tx.execute(f"do $$ begin raise exception using errcode = '{state}', message = 'raced'; end $$")


async def test_a_violated_constraint_stays_what_it_is(database: Database, clock: ManualClock) -> None:
    with pytest.raises(asyncpg.NotNullViolationError):
        async with database.transaction(clock.now()) as tx:
            await tx.execute("insert into toys.done (actor) values ('a')")


@pytest.mark.parametrize("own", [OSError("a missing file"), TimeoutError("a slow friend")])
async def test_what_the_block_raises_stays_what_it_is(database: Database, clock: ManualClock, own: Exception) -> None:
    with pytest.raises(type(own)) as raised:
        async with database.transaction(clock.now()):
            raise own
    assert raised.value is own


async def test_sessions_are_bounded_on_the_server_s_side(database: Database, clock: ManualClock) -> None:
    async with database.transaction(clock.now()) as tx:
        assert await tx.value("show statement_timeout") == "30s"
        assert await tx.value("show lock_timeout") == "10s"
        assert await tx.value("show idle_in_transaction_session_timeout") == "1min"
        assert await tx.value("show timezone") == "UTC"
        row = await tx.row("select 1 as one")
        assert row
        assert row["one"] == 1


async def test_where_none_was_free_in_time_nobody_else_waits_until_one_is(
    database_url: str, clock: ManualClock
) -> None:
    loop = asyncio.get_running_loop()
    async with open_database(database_url, connections=1) as database:
        async with database.transaction(clock.now()):
            with pytest.raises(Unavailable, match="no connection is free"):
                await database.fetch("select 1")
            began_s = loop.time()
            with pytest.raises(Unavailable, match="no connection is free"):
                await database.fetch("select 1")
            assert loop.time() - began_s < 0.1
        assert await database.fetch("select 1")


async def nobody_is_connected(url: str) -> bool:
    """But who asks."""
    connection = await asyncpg.connect(url)
    try:
        others = "select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        return not await connection.fetch(f"{others} and backend_type = 'client backend'")
    finally:
        await connection.close()


async def test_a_block_that_ends_at_once_leaves_no_connection(database_url: str) -> None:
    async with open_database(database_url, connections=1):
        pass

    assert await eventually(lambda: nobody_is_connected(database_url), within_s=5)


async def test_a_start_that_is_called_off_leaves_no_connection(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def silence(*_: object, **__: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    async def use() -> None:
        async with open_database(database_url, connections=1):
            raise AssertionError("it has no watchdog yet")

    with monkeypatch.context() as server:
        server.setattr(asyncpg, "connect", silence)
        using = asyncio.create_task(use())
        await asyncio.wait_for(asked.wait(), 5)
        using.cancel()
        await asyncio.wait((using,))

    assert using.cancelled()
    assert await eventually(lambda: nobody_is_connected(database_url), within_s=5)


async def test_a_disk_that_was_full_is_written_to_before_it_counts_as_well(
    database: Database, clock: ManualClock
) -> None:
    await database.check()
    with pytest.raises(Unavailable, match="full"):
        async with database.transaction(clock.now()) as tx:
            await tx.execute("do $$ begin raise exception 'the disk is full' using errcode = 'disk_full'; end $$")

    written = "select pg_current_wal_insert_lsn() as place"
    before = await database.fetch(written)
    await database.check()
    after = await database.fetch(written)
    await database.check()

    assert before != after
    assert await database.fetch(written) == after  # There was room: from here on an answer is enough.
