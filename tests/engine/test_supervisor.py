"""A crash of one actor: it comes back, its siblings do not notice, and what it had in hand is not lost."""

import asyncio
from collections.abc import Sequence

import anyio
import pytest
from structlog.testing import capture_logs

from bus.local import LocalBus
from bus.routes import Routes
from engine.clock import ManualClock
from engine.errors import ShopFlowError, Unavailable
from engine.postgres import Database
from engine.transaction import Transaction
from tests.engine.toys import (
    Add,
    Bell,
    Courier,
    Fetch,
    Gate,
    Mark,
    Named,
    Rang,
    Recorder,
    Ring,
    Trouble,
    at_rest,
    done,
    gather,
    house,
    settings,
    soon,
    stored,
    until,
)


class Disaster(BaseException):
    """No handler of exceptions stops it."""


class Fragile(Recorder):
    """Its companion falls over whenever it is told so, and its start may fail."""

    def __init__(self) -> None:
        super().__init__()
        self.fall = asyncio.Event()
        self.starts = 0
        self.failing_starts = 0

    async def start(self) -> None:
        self.starts += 1
        if self.starts <= self.failing_starts:
            raise ConnectionError("not yet")

    async def run(self) -> None:
        await self.fall.wait()
        self.fall.clear()
        raise ValueError("the companion fell over")


async def crash(fragile: Fragile) -> None:
    """Let the companion fall, and wait until it was noticed: the clock then waits for the restart."""
    fragile.fall.set()
    await until(lambda: not fragile.fall.is_set())
    for _ in range(10):
        await asyncio.sleep(0)


async def test_an_actor_that_crashes_starts_again_and_its_siblings_go_on(
    database: Database, clock: ManualClock
) -> None:
    fragile, bell = Fragile(), Bell()
    async with house(database, clock, fragile, bell) as bus:
        await at_rest(clock)
        await crash(fragile)
        await soon(bus.ask(Ring(key="k", what="")))
        waiting = asyncio.create_task(bus.ask(Add(key="k", what="after")))
        assert fragile.starts == 1
        await clock.advance(seconds=1)
        assert await soon(waiting) == "added after"

    assert fragile.starts == 2
    assert await done(database, "fragile") == ["after"]


async def test_a_crash_is_logged_once_with_the_ids_of_what_was_in_hand(database: Database, clock: ManualClock) -> None:
    fragile = Fragile()
    gate = Gate(fragile)
    with capture_logs() as logs:
        async with house(database, clock, fragile) as bus:
            await bus.publish(Rang(key="k", what="x"))
            await gate.wait()
            await crash(fragile)
            gate.open()
            await clock.advance(seconds=10)

    (told,) = [line for line in logs if line["event"] == "an actor crashed"]
    assert told["actor"] == "fragile"
    assert len(told["message_ids"]) == 1
    assert await done(database, "fragile") == ["x"]


@pytest.mark.usefixtures("no_chance")
async def test_pauses_between_crashes_grow_and_are_forgiven(database: Database, clock: ManualClock) -> None:
    fragile = Fragile()
    fragile.failing_starts = 3
    async with house(database, clock, fragile):
        for crashes, pause in enumerate((1, 2, 4), start=1):
            await clock.advance(seconds=pause - 0.01)
            assert fragile.starts == crashes
            await clock.advance(seconds=0.02)
            await until(lambda crashes=crashes: fragile.starts == crashes + 1)  # type: ignore[misc]
        await clock.advance(minutes=2)
        await crash(fragile)
        await clock.advance(seconds=1)
        await until(lambda: fragile.starts == 5)


async def test_a_crash_in_the_middle_of_a_turn_loses_nothing_and_keeps_the_order(
    database: Database, clock: ManualClock
) -> None:
    fragile = Fragile()
    gate = Gate(fragile)
    words = [f"{key}{number}" for number in range(20) for key in "abc"]
    async with house(database, clock, fragile) as bus:
        await bus.publish(*[Rang(key=word[0], what=word) for word in words])
        await gate.wait()
        await crash(fragile)
        gate.open()
        await clock.advance(minutes=1)

        assert clock._work == 0
        assert bus.supervisor.cells["fragile"].mailbox.size == 0

    handled = await done(database, "fragile")
    assert sorted(handled) == sorted(words)
    for key in "abc":
        assert [word for word in handled if word[0] == key] == [word for word in words if word[0] == key]
    assert await stored(database) == []


async def test_a_crash_while_a_failed_turn_is_taken_apart_touches_only_what_is_not_done(
    database: Database, clock: ManualClock
) -> None:
    fragile = Fragile()
    blocked, opened = asyncio.Event(), asyncio.Event()

    async def fail_together_and_block_on_the_third(_tx: Transaction | None, messages: Sequence[Named]) -> None:
        if len(messages) > 1:
            raise RuntimeError("not together")
        if messages[0].what == "c":
            blocked.set()
            await opened.wait()

    fragile.meddle = fail_together_and_block_on_the_third
    async with house(database, clock, fragile) as bus:
        await bus.publish(*[Rang(key=what, what=what) for what in "abcd"])
        await soon(blocked.wait())
        await crash(fragile)
        opened.set()
        await clock.advance(minutes=1)
        assert clock._work == 0
        assert bus.supervisor.cells["fragile"].mailbox.size == 0
        assert await bus.backlog.dead_letters() == []

    assert sorted(await done(database, "fragile")) == ["a", "b", "c", "d"]


async def test_a_message_that_brings_its_actor_down_is_parked_in_the_end(
    database: Database, clock: ManualClock
) -> None:
    recorder, bell = Recorder(), Bell()
    Trouble(recorder, "bomb", error=Disaster())
    async with house(database, clock, recorder, bell) as bus:
        await bus.publish(Rang(key="k", what="bomb"))
        await clock.advance(minutes=1)
        await bus.publish(Rang(key="k", what="good"))
        await at_rest(clock)
        await soon(bus.ask(Ring(key="k", what="")))
        (letter,) = await bus.backlog.dead_letters()

    assert letter.body == '{"type":"Rang","key":"k","what":"bomb"}'
    assert letter.attempts == 4
    assert await done(database) == ["good"]


async def test_who_asked_a_crashed_actor_is_told(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "bomb", error=Disaster("boom"))
    async with house(database, clock, recorder) as bus:
        with pytest.raises(ShopFlowError, match="recorder is unavailable: it crashed"):
            await soon(bus.ask(Add(key="k", what="bomb")))
        again = asyncio.create_task(bus.ask(Add(key="k", what="good")))
        await clock.advance(seconds=1)
        assert await soon(again) == "added good"


@pytest.mark.parametrize("via_call", [False, True])
async def test_a_handler_that_is_cancelled_from_within_is_a_crash_and_not_an_end(
    database: Database, clock: ManualClock, *, via_call: bool
) -> None:
    toy = Courier() if via_call else Recorder()
    Trouble(toy, "odd", error=asyncio.CancelledError(), times=1)
    async with house(database, clock, toy) as bus:
        await bus.publish(Rang(key="k", what="odd"))
        await clock.advance(seconds=10)
        assert clock._work == 0

    assert await done(database, toy.name) == ["odd"]
    assert await stored(database) == []


async def test_a_crash_while_a_turn_waits_for_postgres_leaves_the_counts_right(
    database: Database, clock: ManualClock
) -> None:
    fragile = Fragile()
    Trouble(fragile, "x", error=Unavailable("PostgreSQL"), times=1)
    async with house(database, clock, fragile) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await at_rest(clock)
        await crash(fragile)
        await clock.advance(minutes=1)
        assert clock._work == 0

    assert await done(database, "fragile") == ["x"]


async def test_a_pause_that_is_over_in_the_moment_of_a_crash_is_over_once(
    database: Database, clock: ManualClock
) -> None:
    bus = LocalBus(routes=Routes([Recorder]), database=database, clock=clock, settings=settings())
    bus.host(Recorder())
    cell = bus.supervisor.cells["recorder"]
    bus.tell(Add(key="k"))
    pausing = asyncio.create_task(cell.availability.pause(1))
    await asyncio.sleep(0)
    assert clock._work == 0

    clock._delays[0][2].fire()
    pausing.cancel()
    await gather(pausing)

    assert clock._work == 1


async def test_a_message_that_can_not_even_be_parked_does_not_bring_the_house_down(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad", error=ValueError("no"))
    async with house(database, clock, recorder) as bus:
        bus.tell(Add(key="nul\x00", what="bad"))  # PostgreSQL's text can't hold it.
        await clock.advance(minutes=5)
        assert await bus.ask(Add(key="k", what="good")) == "added good"


async def test_draining_ends_when_what_was_accepted_has_ended(database: Database, clock: ManualClock) -> None:
    bell, recorder, courier = Bell(), Recorder(), Courier()
    async with house(database, clock, bell, recorder, courier) as bus:
        for number in range(50):
            bus.tell(Ring(key=f"k{number}", what=f"{number}"))
        bus.tell(Fetch(key="k", what="far"))
        assert await bus.supervisor.drain(within_s=5)

    assert len(await done(database)) == 50
    assert "far" in await done(database, "courier")
    assert await stored(database) == []


async def test_draining_gives_up_at_its_deadline_and_what_is_stored_stays(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    gate = Gate(recorder)
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await gate.wait()
        with capture_logs() as logs:
            assert not await bus.supervisor.drain(within_s=0.02)

    assert logs[0]["left"] == {"recorder": 1}
    assert await stored(database) == ["recorder Rang k"]


async def test_draining_does_not_wait_for_a_retry_that_is_stored(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        assert await bus.supervisor.drain(within_s=5)

    assert await stored(database) == ["recorder Rang k"]


async def test_two_actors_of_one_name_are_a_bug(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Recorder()) as bus:
        with pytest.raises(AssertionError, match="recorder is hosted already"):
            bus.host(Recorder())


async def test_leaving_ends_every_task(database: Database, clock: ManualClock) -> None:
    before = asyncio.all_tasks()
    with anyio.fail_after(5):
        async with house(database, clock, Recorder(), Bell(), Courier()) as bus:
            await gather(*[bus.ask(Mark(key="k")) for _ in range(5)])
            await at_rest(clock)  # The driver has tasks of its own to cancel a statement that is under way.

    assert asyncio.all_tasks() == before
