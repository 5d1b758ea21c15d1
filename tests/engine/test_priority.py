"""Who is waited for goes first: in the mailbox, and in an actor that has both kinds before it."""

import asyncio
from math import inf
from time import perf_counter

import pytest

from engine.clock import ManualClock
from engine.envelope import Envelope
from engine.mailbox import Mailbox
from engine.postgres import Database
from engine.priority import Priority
from tests.engine.test_mailbox import KINDS, box
from tests.engine.toys import Add, Bell, Gate, Mark, Recorder, Ring, at_rest, done, house, soon
from tests.waiting import eventually

LONG_S = 1000.0


async def put(mailbox: Mailbox, kind: str, *, is_awaited: bool = False) -> Envelope:
    reply = asyncio.get_running_loop().create_future() if is_awaited else None
    envelope = Envelope(KINDS[kind](key=kind), message_id=kind, reply=reply)
    mailbox.put(envelope)
    return envelope


async def test_an_ask_goes_before_what_came_sooner_and_nobody_waits_for() -> None:
    mailbox, _ = box()
    told, asked = await put(mailbox, "alpha"), await put(mailbox, "beta", is_awaited=True)

    assert mailbox.turn_is_due_s(LONG_S) == asked.enqueued_s
    assert mailbox.take_turn(10, LONG_S) == [asked]
    assert mailbox.turn_is_due_s(LONG_S) == told.enqueued_s + LONG_S
    assert mailbox.turn_is_due_s(0.0) == told.enqueued_s
    assert mailbox.take_turn(10) == [told]
    assert mailbox.turn_is_due_s(LONG_S) == inf


async def test_what_has_given_way_for_long_enough_goes_before_asks_that_came_later() -> None:
    mailbox, _ = box()
    told, asked = await put(mailbox, "alpha"), await put(mailbox, "beta", is_awaited=True)
    background_delay_s = (asked.enqueued_s - told.enqueued_s) / 2

    assert mailbox.take_turn(10, background_delay_s) == [told]


async def test_calls_give_way_too() -> None:
    mailbox, _ = box()
    told = await put(mailbox, "gamma")

    assert mailbox.take_call(LONG_S) is None
    assert mailbox.call_is_due_s(LONG_S) == told.enqueued_s + LONG_S
    assert mailbox.take_call() is told
    assert mailbox.call_is_due_s(0.0) == inf


def test_nothing_gives_way_unless_somebody_waits() -> None:
    priority = Priority()
    assert priority.background_delay_s == 0.0
    priority.ask_begins()
    priority.ask_begins()
    priority.ask_ended()
    assert priority.background_delay_s > 0.0
    priority.ask_ended()
    assert priority.background_delay_s == 0.0


@pytest.mark.parametrize("end", ["news", "last answer", "its time has come"])
async def test_giving_way_ends(end: str) -> None:
    priority, wake = Priority(), asyncio.Event()
    priority.ask_begins()
    until_s = perf_counter() + (0.01 if end == "its time has come" else LONG_S)
    resting = asyncio.ensure_future(priority.wait(wake, until_s))
    await asyncio.sleep(0)

    if end == "news":
        wake.set()
    elif end == "last answer":
        priority.ask_ended()
    await soon(resting)


async def test_an_actor_serves_who_waits_first_and_the_others_all_the_same(
    database: Database, clock: ManualClock
) -> None:
    recorder, bell = Recorder(), Bell()
    gate = Gate(bell, "slow")
    async with house(database, clock, recorder, bell) as bus:
        waits = asyncio.ensure_future(bus.ask(Ring(key="b", what="slow")))
        await gate.wait()  # From here on somebody is waited for.
        bus.tell(Add(key="a", what="told"))
        await soon(bus.ask(Mark(key="c", what="asked")))

        async def both() -> list[str]:
            words = await done(database)
            return words if len(words) == 2 else []

        assert await eventually(both) == ["asked", "told"]
        assert not waits.done()  # All the same: what gives way does so for a moment.
        gate.open()
        await soon(waits)
        await at_rest(clock)
