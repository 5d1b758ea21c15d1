"""Deliveries: stored with the state, deleted with the effect, found again after a crash, on time if they are timers."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from unittest.mock import AsyncMock

import pytest
from asyncpg import QueryCanceledError, Record
from structlog.testing import capture_logs

from engine.actor import turn
from engine.clock import ManualClock
from engine.mailbox import Envelope
from engine.postgres import Database, Outgoing, Transaction
from tests.engine.toys import (
    Add,
    Bell,
    Courier,
    Gate,
    Mark,
    Rang,
    Recorder,
    Ring,
    SetTimer,
    Toy,
    Trouble,
    after_a_crash,
    at_rest,
    done,
    house,
    soon,
    stored,
    transactions,
    until,
    until_done,
)

INSERT = """
insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at, due)
values ($1, $2, $3, $4, $5, '', now(), $6)"""


async def insert(
    database: Database, type_name: str, body: str, *, subscriber: str = "recorder", key: str = "k"
) -> None:
    async with database.transaction(ManualClock().now()) as tx:
        await tx.execute(INSERT, f"id-{body}", subscriber, type_name, key, body, None)


async def test_a_rolled_back_transaction_leaves_no_delivery(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    async with house(database, clock, bell, recorder) as bus:
        async with database.transaction(clock.now()) as tx:
            stored_rows = await bus.deliveries.store(tx, [Outgoing(Rang(key="k", what="never"))])
            assert stored_rows.envelopes
            await tx.execute("rollback")
        bus.deliveries.take_back(stored_rows)
        await clock.advance(hours=1)

    assert await stored(database) == []
    assert await done(database) == []


async def test_a_delivery_and_the_state_it_speaks_of_are_one_transaction(
    database: Database, clock: ManualClock
) -> None:
    bell, recorder = Bell(), Recorder()
    Gate(recorder)
    async with house(database, clock, bell, recorder) as bus:
        await soon(bus.ask(Ring(key="k", what="one two")))
        states = await database.fetch("select xmin::text from toys.done")
        rows = await database.fetch("select xmin::text from bus.deliveries")

    assert len(rows) == 2
    assert {row["xmin"] for row in rows} == {state["xmin"] for state in states}


async def test_a_delivery_is_deleted_with_its_effect(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder)
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await gate.wait()
        assert await stored(database) == ["recorder Rang k"]
        gate.open()
        await at_rest(clock)
        assert await stored(database) == []

    assert await done(database) == ["x"]


async def test_a_delivery_that_comes_twice_in_one_turn_is_handled_once(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house(database, clock, Recorder()) as bus:
        hand = bus.deliveries._hand

        def twice(subscriber: str, envelope: Envelope) -> bool:
            again = Envelope(envelope.message, message_id=envelope.id, delivery_id=envelope.delivery_id)
            return hand(subscriber, envelope) and hand(subscriber, again)

        monkeypatch.setattr(bus.deliveries, "_hand", twice)
        await bus.publish(Rang(key="k", what="x"))
        await at_rest(clock)

    assert await done(database) == ["x"]


async def test_an_event_without_subscribers_is_stored_for_nobody(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Bell()) as bus:
        await soon(bus.ask(Ring(key="k", what="one")))

    assert await stored(database) == []


async def test_every_subscriber_hears_it_once(database: Database, clock: ManualClock) -> None:
    recorder, courier = Recorder(), Courier()
    async with house(database, clock, recorder, courier) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await at_rest(clock)

    assert await done(database, "recorder") == ["x"]
    assert await done(database, "courier") == ["x"]


async def test_a_repeat_finds_its_row_gone_and_does_nothing(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "x")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="x"), Rang(key="j", what="y"))
        await gate.wait()
        async with house(database, other := ManualClock(), again := Recorder()):
            await at_rest(other)  # Both rows are claimed by the first turn, and passed over here.
            assert again.batches == []
        gate.open()
        await at_rest(clock)
        async with house(database, other := ManualClock(), again):
            await at_rest(other)

    assert again.batches == []
    assert await done(database) == ["x", "y"]


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


async def test_timers_fire_once_each_in_order_at_their_time(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    start = clock.now()
    fired: list[tuple[str, timedelta]] = []

    async def look(tx: object, messages: object) -> None:
        fired.extend((message.what, clock.now() - start) for message in messages)  # type: ignore[attr-defined]

    recorder.meddle = look
    async with house(database, clock, bell, recorder) as bus:
        for what, seconds in (("ten", 10), ("five", 5), ("fifteen", 15), ("never", 10_000)):
            await soon(bus.ask(SetTimer(key="k", what=what, seconds=seconds)))
        await clock.advance(seconds=4)
        assert fired == []
        await clock.advance(minutes=10)

    assert fired == [(what, timedelta(seconds=s)) for what, s in (("five", 5), ("ten", 10), ("fifteen", 15))]
    assert await done(database) == ["five", "ten", "fifteen"]
    assert await stored(database) == ["recorder Mark k"]


class SetAgain(Toy, name="recorder"):
    """Sets its next timer while the last one is being looked for."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.fired: list[datetime] = []

    @turn
    async def mark(self, tx: Transaction, ask: Mark) -> None:
        self.fired.append(self._clock.now())
        tx.schedule(ask, tx.now + timedelta(minutes=1))


async def test_a_timer_that_is_set_during_a_look_is_not_forgotten_until_the_next(
    database: Database, clock: ManualClock
) -> None:
    start, toy = clock.now(), SetAgain(clock)
    async with house(database, clock, toy) as bus:
        bus.tell(Mark(key="k"))
        await clock.advance(minutes=100)

    assert toy.fired == [start + timedelta(minutes=n) for n in range(101)]


async def test_a_look_at_nothing_is_one_statement(
    database: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    fetch = Database.fetch

    async def counted(self: Database, sql: str, *parameters: object) -> Sequence[Record]:
        looks.append(sql)
        return await fetch(self, sql, *parameters)

    monkeypatch.setattr(Database, "fetch", counted)
    async with house(database, clock, Bell(), Recorder(), Courier(), shopflow_sweep_s=3600) as bus:
        await soon(bus.ask(SetTimer(key="k", what="far", seconds=1e9)))
        await at_rest(clock)
        looks.clear()
        await clock.advance(hours=10)

    assert len(looks) == 10


async def test_a_timer_whose_time_has_come_fires_at_once(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    async with house(database, clock, bell, recorder) as bus:
        await soon(bus.ask(SetTimer(key="k", what="past", seconds=-10)))
        await at_rest(clock)

    assert await done(database) == ["past"]


async def test_timers_survive_a_restart(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Bell(), Recorder()) as bus:
        for what, seconds in (("missed", 10), ("due", 1000)):
            await soon(bus.ask(SetTimer(key="k", what=what, seconds=seconds)))

    later = ManualClock(clock.now() + timedelta(seconds=500))
    async with house(database, later, Bell(), Recorder()):
        await at_rest(later)
        assert await done(database) == ["missed"]
        await later.advance(seconds=499)
        assert await done(database) == ["missed"]
        await later.advance(seconds=1)

    assert await done(database) == ["missed", "due"]


async def test_a_timer_that_is_being_retried_is_not_taken_a_second_time(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, bell, recorder, shopflow_sweep_s=0.1) as bus:
        await soon(bus.ask(SetTimer(key="k", what="bad", seconds=1)))
        await clock.advance(minutes=1)
        (letter,) = await bus.deliveries.dead_letters()

    assert trouble.met == letter.attempts == 4


async def test_a_timer_that_was_parked_comes_at_once_when_redriven(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, bell, recorder) as bus:
        await soon(bus.ask(SetTimer(key="k", what="bad", seconds=1)))
        await clock.advance(minutes=1)
        (letter,) = await bus.deliveries.dead_letters()
        trouble.end()
        await bus.deliveries.redrive([letter.id])
        await at_rest(clock)

    assert await done(database) == ["bad"]


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
        bus.deliveries._sleeper.wake()
        clock.jump(timedelta(seconds=5))
        bus.deliveries._sleeper.wake()
        await until_done(database, "bell", [""])
        gate.open()
        await clock.advance(seconds=2000)

    assert await done(database) == ["stuck", "a", "b"]


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


async def test_two_processes_on_one_database_handle_each_delivery_once(database: Database, clock: ManualClock) -> None:
    there = ManualClock(clock.now())
    words = [str(number) for number in range(200)]
    async with (
        house(database, clock, Recorder(), shopflow_sweep_s=0.01) as bus,
        house(database, there, Recorder(), shopflow_sweep_s=0.01),
    ):

        async def publish() -> None:
            for word in words:
                await bus.publish(Rang(key=word, what=word))

        async def sweep_there() -> None:
            while not publishing.done():
                await there.advance(seconds=0.01)
                await asyncio.sleep(0)

        publishing = asyncio.create_task(publish())
        await soon(asyncio.gather(publishing, sweep_there()))
        await clock.advance(seconds=1)
        await there.advance(seconds=1)

    assert sorted(await done(database), key=int) == words
    assert await stored(database) == []


async def test_closed_deliveries_hand_over_nothing_more_and_lose_nothing(
    database: Database, clock: ManualClock
) -> None:
    async with house(database, clock, Recorder()) as bus:
        await at_rest(clock)
        bus.deliveries.close()
        await bus.publish(Rang(key="k", what="x"))
        await clock.advance(hours=1)
        assert await done(database) == []

    assert await stored(database) == ["recorder Rang k"]


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


async def test_dead_letters_are_listed_in_pages(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, *"abcde")
    async with house(database, clock, recorder) as bus:
        await bus.publish(*[Rang(key=what, what=what) for what in "abcde"])
        await clock.advance(minutes=1)
        first = await bus.deliveries.dead_letters(limit=3)
        rest = await bus.deliveries.dead_letters(after=first[-1].id, limit=3)

    assert sorted(letter.key for letter in [*first, *rest]) == list("abcde")
    assert (len(first), len(rest)) == (3, 2)


async def test_events_of_one_turn_are_handled_in_one_turn(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    async with house(database, clock, bell, recorder) as bus:
        await soon(bus.ask(Ring(key="k", what=" ".join(str(number) for number in range(300)))))
        await at_rest(clock)

    assert [len(batch) for batch in recorder.batches] == [300]
    assert await transactions(database) == 2


async def test_an_audit_reads_what_waits_what_is_late_and_what_is_parked(
    database: Database, clock: ManualClock
) -> None:
    begun = clock.now()
    async with house(database, clock, Bell(), Recorder()) as bus:
        async with database.transaction(begun) as tx:
            for key, subscriber, stored_s, due_s in (
                ("now", "nobody", 0, None), ("old", "nobody", -90, None), ("older", "nobody", -100, None),
                ("timer", "nobody", -900, 60), ("late", "somebody", -900, -61),
            ):  # fmt: skip
                await tx.execute(
                    "insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at, due)"
                    " values ('m', $1, 'Rang', $2, '{}', '', $3, $4)",
                    subscriber, key, begun + timedelta(seconds=stored_s),
                    None if due_s is None else begun + timedelta(seconds=due_s),
                )  # fmt: skip
            for key in ("a", "b", "a"):
                await tx.execute(
                    "insert into bus.dead_letters (message_id, subscriber, type, key, body, cause, attempts, error,"
                    " parked_at) values ('m', 'nobody', 'Rang', $1, '{}', '', 8, 'why', $2)",
                    key, begun,
                )  # fmt: skip
        deliveries = bus.deliveries
        late = [
            (one.subscriber, one.count, one.oldest) for one in await deliveries.overdue(begun - timedelta(minutes=1))
        ]
        waiting = await deliveries.waiting_about(["nobody"], ["now", "timer", "late", "unknown"])
        first, *rest = await deliveries.dead_letters_since(begun, 0, 10)

        assert late == [
            ("nobody", 2, begun - timedelta(seconds=100)), ("somebody", 1, begun - timedelta(seconds=61)),
        ]  # fmt: skip
        assert waiting == {"now"}
        assert await deliveries.count() == 5
        assert [letter.id for letter in await deliveries.dead_letters_about(["a"])] == [first.id, rest[1].id]
        assert await deliveries.dead_letters_since(begun, first.id, 10) == rest
        assert await deliveries.dead_letters_since(begun, 0, 1) == [first]
