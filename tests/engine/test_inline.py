"""Inline turns: a listener that is free handles an event in its publisher's transaction, all others by a row."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from time import perf_counter

import pytest

from bus.local import LocalBus
from engine.actor import Actor, turn
from engine.clock import ManualClock, SystemClock
from engine.message import Command, Event
from engine.postgres import Database
from engine.transaction import Transaction
from tests.bus.transports import nothing_is_stored
from tests.engine.toys import (
    Add,
    Bell,
    Courier,
    Gate,
    Named,
    Rang,
    Recorder,
    Ring,
    Toy,
    Trouble,
    at_rest,
    done,
    house,
    soon,
    stored,
    transactions,
    write,
)
from tests.waiting import eventually, pace

INLINE_S = 0.2


@asynccontextmanager
async def quick_house(database: Database, clock: ManualClock, *actors: Actor) -> AsyncIterator[LocalBus]:
    """At rest, so that no actor is behind."""
    async with house(database, clock, *actors, shopflow_inline_s=INLINE_S) as bus:
        await at_rest(clock)
        yield bus


async def test_a_free_listener_handles_an_event_in_the_transaction_that_publishes_it(
    database: Database, clock: ManualClock
) -> None:
    async with quick_house(database, clock, Bell(), Recorder()) as bus:
        await soon(bus.ask(Ring(key="k", what="one two")))

        assert await done(database) == ["one", "two"]
        assert await transactions(database) == 1
        assert await stored(database) == []


async def test_a_call_gets_its_row(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    gate = Gate(courier)
    async with quick_house(database, clock, Bell(), Recorder(), courier) as bus:
        await soon(bus.ask(Ring(key="k", what="one")))

        assert await done(database) == ["one"]
        assert await stored(database) == ["courier Rang k"]
        gate.open()
        await at_rest(clock)
        assert await done(database, "courier") == ["one"]


async def test_a_process_that_is_about_to_end_leaves_events_to_the_next(database: Database, clock: ManualClock) -> None:
    async with quick_house(database, clock, Bell(), Recorder()) as bus:
        bus.deliveries.close()
        await soon(bus.ask(Ring(key="k", what="one")))

        assert await done(database) == []
        assert await stored(database) == ["recorder Rang k"]


async def test_a_listener_that_is_in_a_turn_gets_a_row_and_keeps_nobody_waiting(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "long")
    async with quick_house(database, clock, Bell(), recorder) as bus:
        asking = asyncio.create_task(bus.ask(Add(key="other", what="long")))
        await gate.wait()
        await soon(bus.ask(Ring(key="k", what="one")))
        assert await stored(database) == ["recorder Rang k"]
        gate.open()
        await asking
        await at_rest(clock)

    assert await done(database) == ["long", "one"]


async def test_nothing_overtakes_an_event_of_its_key_that_is_being_retried(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad")
    async with quick_house(database, clock, Bell(), recorder) as bus:
        await soon(bus.ask(Ring(key="k", what="bad")))
        await clock.advance(seconds=0.1)
        await asyncio.sleep(0)
        trouble.end()
        await soon(bus.ask(Ring(key="k", what="next")))
        assert await stored(database) == ["recorder Rang k"] * 2
        await clock.advance(seconds=10)

    assert await done(database) == ["bad", "next"]


async def test_a_listener_whose_rows_are_not_all_in_memory_gets_a_row(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder)
    async with house(database, clock, Bell(), recorder, shopflow_inline_s=INLINE_S, shopflow_mailbox_limit=1) as bus:
        await at_rest(clock)
        await bus.publish(*[Rang(key="k", what=str(n)) for n in range(3)])
        await gate.wait()
        gate.open()
        await soon(bus.ask(Ring(key="k", what="3")))
        await clock.advance(hours=1)

    assert await done(database) == ["0", "1", "2", "3"]


async def test_a_listener_that_fails_fails_alone_and_in_turns_of_its_own(
    database: Database, clock: ManualClock
) -> None:
    recorder, second = Recorder(), Second()
    trouble = Trouble(recorder, "bad")
    async with quick_house(database, clock, Bell(), recorder, second) as bus:
        await soon(bus.ask(Ring(key="k", what="bad")))
        await soon(bus.ask(Ring(key="other", what="good")))
        await clock.advance(hours=1)

        assert await done(database) == ["good"]
        assert sorted(await done(database, "second")) == ["bad", "good"]
        assert await done(database, "bell") == ["bad", "good"]
        (letter,) = await database.fetch("select subscriber, attempts from bus.dead_letters")
        assert (letter["subscriber"], letter["attempts"]) == ("recorder", 4)
        assert trouble.met == 1 + 1 + 4  # Inline, beside the good one, and by itself.


async def test_a_listener_that_cancels_itself_does_not_end_its_publisher(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad", error=asyncio.CancelledError(), times=1)
    async with quick_house(database, clock, Bell(), recorder) as bus:
        await soon(bus.ask(Ring(key="k", what="bad")))
        await at_rest(clock)

    assert await done(database) == ["bad"]


async def test_a_slow_listener_keeps_its_publisher_waiting_up_to_the_bound_and_once(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()

    async def dawdle(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
        await pace(1.0)

    recorder.meddle = dawdle
    async with quick_house(database, clock, Bell(), recorder) as bus:
        for word, bound_s in (("first", INLINE_S + 0.2), ("second", 0.2)):
            begun_s = perf_counter()
            await soon(bus.ask(Ring(key=word, what=word)))
            assert perf_counter() - begun_s < bound_s
        await at_rest(clock)

    assert sorted(await done(database)) == ["first", "second"]


async def test_when_the_time_is_over_the_slowest_listener_is_left_out(database: Database, clock: ManualClock) -> None:
    recorder, second = Recorder(), Second()
    gate = Gate(recorder, "later")

    async def take(share: float) -> None:
        await pace(INLINE_S * share)

    async def slow(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
        await take(0.7)

    async def quick(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
        await take(0.4)

    recorder.meddle, second.meddle = slow, quick
    async with quick_house(database, clock, Bell(), recorder, second) as bus:
        await soon(bus.ask(Ring(key="k", what="one")))
        await at_rest(clock)
        recorder.meddle = gate._pass
        await soon(bus.ask(Ring(key="l", what="later")))

        assert await done(database, "second") == ["one", "later"]
        assert await stored(database) == ["recorder Rang l"]
        gate.open()


async def test_a_turn_that_publishes_much_stores_it(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder)
    async with quick_house(database, clock, Bell(), recorder) as bus:
        await soon(bus.ask(Ring(key="k", what=" ".join(map(str, range(200))))))
        assert len(await stored(database)) == 200
        gate.open()
        await at_rest(clock)

    assert await done(database) == [str(n) for n in range(200)]


@pytest.mark.parametrize("length", [5, 12])
async def test_a_chain_of_listeners_that_publish_back_takes_each_effect_once(
    database: Database, clock: ManualClock, length: int
) -> None:
    async with quick_house(database, clock, Ping(), Pong()) as bus:
        await soon(bus.ask(Serve(key="k", left=length)))
        await at_rest(clock)

    assert await done(database, "pong") == [str(n) for n in range(length, -1, -2)]
    assert await done(database, "ping") == [str(n) for n in range(length - 1, -1, -2)]


async def test_events_of_a_key_are_handled_in_the_order_they_were_published(
    database: Database, clock: ManualClock
) -> None:
    async with quick_house(database, clock, Mixer(), Taster()) as bus:
        await soon(bus.ask(Mix(key="k", words="a1 b2 a3 a4 b5")))
        await soon(bus.ask(Mix(key="l", words="b6")))

    assert await done(database, "taster") == ["a1", "b2", "a3", "a4", "b5", "b6"]
    assert await transactions(database) == 2


async def test_order_per_key_and_once_hold_in_two_processes_that_handle_inline_and_by_rows(database: Database) -> None:
    chance = Random(7)
    keys = [f"key-{n}" for n in range(6)]
    clock = SystemClock()

    async def stumble(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
        await pace(chance.choice([0, 0, 0.001, 0.004]))
        if chance.random() < 0.1:
            raise RuntimeError("no luck")

    ways = {"shopflow_inline_s": INLINE_S, "shopflow_sweep_s": 0.2, "shopflow_backoff_first_s": 0.01}
    ways |= {"shopflow_tries": 100}
    recorders = Recorder(), Recorder()
    for recorder in recorders:
        recorder.meddle = stumble
    async with (
        house(database, clock, Bell(), recorders[0], **ways) as one,
        house(database, clock, Bell(), recorders[1], **ways) as other,
    ):

        async def ring(key: str) -> None:
            for number in range(40):
                await chance.choice([one, other]).ask(Ring(key=key, what=f"{key}:{number}"))

        await asyncio.gather(*map(ring, keys))
        await eventually(lambda: nothing_is_stored(database))

    words = await done(database)
    assert {key: [word for word in words if word.startswith(f"{key}:")] for key in keys} == {
        key: [f"{key}:{number}" for number in range(40)] for key in keys
    }


class Second(Toy):
    """Hears the bell, too."""

    @turn
    async def hear(self, tx: Transaction, events: Sequence[Rang]) -> None:
        await self.work(tx, events)


class Serve(Command[None]):
    key: str
    left: int


class ToPong(Event):
    key: str
    left: int

    @property
    def what(self) -> str:
        return str(self.left)


class ToPing(Event):
    key: str
    left: int

    @property
    def what(self) -> str:
        return str(self.left)


class Ping(Toy):
    """Plays until nothing is left."""

    @turn
    async def serve(self, tx: Transaction, ask: Serve) -> None:
        tx.publish(ToPong(key=ask.key, left=ask.left))

    @turn
    async def hear(self, tx: Transaction, events: Sequence[ToPing]) -> None:
        await write(tx, self.name, events)
        tx.publish(*[ToPong(key=each.key, left=each.left - 1) for each in events if each.left])


class Pong(Toy):
    """Plays back."""

    @turn
    async def hear(self, tx: Transaction, events: Sequence[ToPong]) -> None:
        await write(tx, self.name, events)
        tx.publish(*[ToPing(key=each.key, left=each.left - 1) for each in events if each.left])


class Mix(Command[None]):
    key: str
    words: str


class A(Event):
    key: str
    what: str


class B(Event):
    key: str
    what: str


class Mixer(Toy):
    """Publishes two kinds of events in a row."""

    @turn
    async def mix(self, tx: Transaction, ask: Mix) -> None:
        tx.publish(*[(A if word.startswith("a") else B)(key=ask.key, what=word) for word in ask.words.split()])


class Taster(Toy):
    """Handles each kind by itself."""

    @turn
    async def hear_a(self, tx: Transaction, events: Sequence[A]) -> None:
        await self.work(tx, events)

    @turn
    async def hear_b(self, tx: Transaction, events: Sequence[B]) -> None:
        await self.work(tx, events)
