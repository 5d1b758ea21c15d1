"""Durable timers: each fires once, in order, at its time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from asyncpg import Record

from engine.actor import turn
from engine.clock import ManualClock
from engine.postgres import Database
from engine.transaction import Transaction
from tests.engine.toys import Bell, Courier, Mark, Recorder, SetTimer, Toy, Trouble, at_rest, done, house, soon, stored


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
        (letter,) = await bus.backlog.dead_letters()

    assert trouble.met == letter.attempts == 4


async def test_a_timer_that_was_parked_comes_at_once_when_redriven(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, bell, recorder) as bus:
        await soon(bus.ask(SetTimer(key="k", what="bad", seconds=1)))
        await clock.advance(minutes=1)
        (letter,) = await bus.backlog.dead_letters()
        trouble.end()
        await bus.deliveries.redrive([letter.id])
        await at_rest(clock)

    assert await done(database) == ["bad"]
