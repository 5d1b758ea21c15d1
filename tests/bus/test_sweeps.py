"""What is stored and not in memory is found: after a crash, once there is room, and in order."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from unittest.mock import AsyncMock, patch

import pytest
from asyncpg import QueryCanceledError, Record
from structlog.testing import capture_logs

from bus import sweeper
from engine.clock import ManualClock
from engine.errors import Unavailable
from engine.postgres import Database
from engine.transaction import Transaction
from tests.engine.toys import (
    Add,
    Bell,
    Gate,
    Rang,
    Recorder,
    after_a_crash,
    at_rest,
    done,
    house,
    stored,
    until,
    until_done,
)

INSERT = """
insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at, due)
values ($1, $2, $3, $4, $5, '', now(), $6)"""


class LostAnswers:
    """A database whose transactions commit, and whose answers to that are lost."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def transaction(self, now: datetime) -> AsyncIterator[Transaction]:
        async with self._database.transaction(now) as tx:
            yield tx
        raise Unavailable("PostgreSQL", "the connection was closed")


async def insert(
    database: Database, type_name: str, body: str, *, subscriber: str = "recorder", key: str = "k"
) -> None:
    async with database.transaction(ManualClock().now()) as tx:
        await tx.execute(INSERT, f"id-{body}", subscriber, type_name, key, body, None)


async def test_an_event_whose_commit_has_no_answer_is_handled_if_it_was_stored(
    database: Database, clock: ManualClock
) -> None:
    async with house(database, clock, Recorder()) as bus:
        with patch.object(bus, "_database", LostAnswers(database)), pytest.raises(Unavailable):
            await bus.publish(Rang(key="k", what="x"))
        await until_done(database, "recorder", ["x"])


async def test_an_answer_lost_while_a_sweep_reads_leaves_no_event_to_the_next_hour(
    database: Database, clock: ManualClock
) -> None:
    reads = _HoldsWhatItRead(database)
    async with house(reads, clock, Recorder()) as bus:
        await reads.has_read.wait()  # Nothing waits.
        with patch.object(bus, "_database", LostAnswers(database)), pytest.raises(Unavailable):
            await bus.publish(Rang(key="k", what="x"))
        reads.go_on.set()
        await at_rest(clock)  # The clock did not move, so no other sweep was due.

    assert await done(database) == ["x"]


class _HoldsWhatItRead(Database):
    """Reads at once what waits for an actor, and says what it has read when it may go on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._pool)
        self.has_read = asyncio.Event()
        self.go_on = asyncio.Event()

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        records = await super().fetch(sql, *parameters)
        if sql == sweeper._WAITING:
            self.has_read.set()
            await self.go_on.wait()
        return records


# --- After a crash ---


async def test_after_a_crash_what_is_stored_is_picked_up_in_order(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder)
    words = [str(number) for number in range(2500)]  # More than two pages of the sweep.
    async with house(database, clock, recorder) as bus:
        await bus.publish(*[Rang(key=f"k{int(word) % 7}", what=word) for word in words])
        await gate.wait()
    assert await done(database) == []

    fresh = Recorder()
    async with house(database, clock := after_a_crash(clock), fresh):
        await at_rest(clock)

    handled = await done(database)
    assert sorted(handled, key=int) == words
    for lane in range(7):
        assert [word for word in handled if int(word) % 7 == lane] == [w for w in words if int(w) % 7 == lane]
    assert await stored(database) == []


async def test_after_a_crash_what_is_new_does_not_overtake_what_is_old(database: Database, clock: ManualClock) -> None:
    first = Recorder()
    gate = Gate(first)
    async with house(database, clock, first) as bus:
        await bus.publish(Rang(key="k", what="old"))
        await gate.wait()

    slow = SlowToRead(database)
    async with house(slow, clock := after_a_crash(clock), Recorder()) as bus:
        await bus.publish(Rang(key="k", what="new"))
        slow.go_on.set()
        await at_rest(clock)

    assert await done(database) == ["old", "new"]


class SlowToRead(Database):
    """Reads nothing outside of transactions until it may go on."""

    def __init__(self, database: Database) -> None:
        super().__init__(database._pool)
        self.go_on = asyncio.Event()

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        await self.go_on.wait()
        return await super().fetch(sql, *parameters)


async def test_more_than_memory_keeps_while_a_sweep_reads_comes_in_order_too(
    database: Database, clock: ManualClock
) -> None:
    slow = SlowToRead(database)
    words = [str(number) for number in range(2500)]
    async with house(slow, clock, Recorder()) as bus:
        for page in range(0, len(words), 500):
            await bus.publish(*[Rang(key="k", what=word) for word in words[page : page + 500]])
        slow.go_on.set()
        await at_rest(clock)

    assert await done(database) == words
    assert await stored(database) == []


# --- Full mailboxes ---


async def test_what_a_full_mailbox_refused_comes_as_soon_as_there_is_room_and_in_order(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "0")
    async with house(database, clock, recorder, shopflow_mailbox_limit=8) as bus:
        await bus.publish(*[Rang(key="k", what=str(number)) for number in range(50)])
        await gate.wait()
        gate.open()
        await at_rest(clock)  # The clock did not move, so no sweep was due.

    assert await done(database) == [str(number) for number in range(50)]
    assert await stored(database) == []


async def test_what_comes_after_does_not_overtake_what_a_full_mailbox_refused(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "first")
    async with house(database, clock, recorder, shopflow_mailbox_limit=2) as bus:
        bus.tell(Add(key="other", what="first"))
        await gate.wait()
        bus.tell(Add(key="other", what="second"))
        await bus.publish(Rang(key="k", what="1"))  # Refused: the mailbox is full.
        gate.open()
        await until(lambda: not bus.supervisor.cells["recorder"].mailbox.size)
        await bus.publish(Rang(key="k", what="2"))  # There is room again.
        await clock.advance(seconds=2000)

    assert [what for what in await done(database) if what.isdigit()] == ["1", "2"]


async def test_a_full_mailbox_does_not_hold_up_the_timers_of_others(database: Database, clock: ManualClock) -> None:
    recorder, bell = Recorder(), Bell()
    gate = Gate(recorder, "stuck")
    async with house(database, clock, recorder, bell, shopflow_mailbox_limit=1) as bus:
        async with database.transaction(clock.now()) as tx:
            soon_due = clock.now() + timedelta(seconds=1)
            for what in ("a", "b"):
                body = f'{{"type":"Mark","key":"{what}","what":"{what}"}}'
                await tx.execute(INSERT, what, "recorder", "Mark", what, body, soon_due)
            body = '{"type":"Ring","key":"k","what":""}'
            await tx.execute(INSERT, "c", "bell", "Ring", "k", body, soon_due + timedelta(seconds=1))
        bus.tell(Add(key="k", what="stuck"))
        await gate.wait()
        bus.deliveries._sweeper.wake()
        clock.jump(timedelta(seconds=5))
        bus.deliveries._sweeper.wake()
        await until_done(database, "bell", [""])
        gate.open()
        await clock.advance(seconds=2000)

    assert await done(database) == ["stuck", "a", "b"]


# --- What a sweep can not read, and when it can not read ---


@pytest.mark.parametrize(
    ("type_name", "body"),
    [
        ("Unheard", '{"type":"Unheard","key":"k"}'),
        ("Rang", '{"type":"Rang"}'),
        ("Rang", '{"type":"Rang","key":7}'),
        ("Rang", "no json"),
    ],
)
async def test_an_unreadable_message_stays_is_logged_once_and_holds_nobody_up(
    database: Database, clock: ManualClock, type_name: str, body: str
) -> None:
    await insert(database, type_name, body)
    await insert(database, "Rang", '{"type":"Rang","key":"k","what":"good"}')
    with capture_logs() as logs:
        async with house(database, clock, Recorder(), shopflow_sweep_s=5):
            await at_rest(clock)
            assert await done(database) == ["good"]
            await clock.advance(minutes=1)

    told = [line for line in logs if line["event"] == "a stored message can't be read; it stays"]
    assert len(told) == 1
    assert await stored(database) == [f"recorder {type_name} k"]


async def test_messages_for_actors_that_live_elsewhere_are_left_alone(database: Database, clock: ManualClock) -> None:
    await insert(database, "Rang", '{"type":"Rang","key":"k"}', subscriber="elsewhere")
    async with house(database, clock, Recorder(), shopflow_sweep_s=5):
        await clock.advance(minutes=1)

    assert await stored(database) == ["elsewhere Rang k"]


async def test_a_sweep_that_can_not_reach_postgres_is_made_good_by_the_next(
    database: Database, clock: ManualClock, database_url: str
) -> None:
    async with house(database, clock, Recorder(), shopflow_sweep_s=5):
        await at_rest(clock)
        await insert(database, "Rang", '{"type":"Rang","key":"k","what":"x"}')
        await database.fetch(
            "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"
            " and datname = current_database()"
        )
        await clock.advance(seconds=11)

    assert await done(database) == ["x"]


async def test_a_sweep_that_was_called_off_is_made_good_by_the_next(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database, clock, Recorder(), shopflow_sweep_s=5):
        await at_rest(clock)
        await insert(database, "Rang", '{"type":"Rang","key":"k","what":"x"}')
        with monkeypatch.context() as patch:  # By an administrator, or because it took half a minute.
            patch.setattr(database, "fetch", AsyncMock(side_effect=QueryCanceledError("on user request")))
            await clock.advance(seconds=6)
        await clock.advance(seconds=6)

    assert await done(database) == ["x"]
