"""Inline turns of toy actors, each scenario about one look that is taken before a listener handles an event inline."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from bus.local import LocalBus
from engine.actor import Actor, turn
from engine.clock import ManualClock
from engine.postgres import Database
from engine.transaction import OutboxEntry, Transaction
from tests.engine.toys import (
    Add,
    Bell,
    Courier,
    Cried,
    Fetch,
    Gate,
    Rang,
    Recorder,
    Ring,
    Toy,
    Trouble,
    at_rest,
    done,
    house,
    soon,
    write,
)
from tests.faults.scenarios.parts import Findings, unless

InlineScenario = Callable[[Database, ManualClock], Awaitable[Findings]]

INLINE_S = 0.2


@asynccontextmanager
async def open_house(database: Database, clock: ManualClock, *actors: Actor) -> AsyncIterator[LocalBus]:
    """At rest, so that every actor is free."""
    async with house(database, clock, *actors, shopflow_inline_s=INLINE_S) as bus:
        await at_rest(clock)
        yield bus


class Crier(Toy):
    """Hears the bell, and repeats it."""

    @turn
    async def hear(self, tx: Transaction, events: Sequence[Rang]) -> None:
        await self.work(tx, events)
        tx.publish(*[Cried(key=event.key, what=f"{event.what} again") for event in events])


class Neighbour(Courier):
    """Hears the bell by a call, and what is cried by a turn."""

    @turn
    async def hear_cries(self, tx: Transaction, events: Sequence[Cried]) -> None:
        await write(tx, self.name, events)


async def a_call_of_the_same_key_is_under_way(database: Database, clock: ManualClock) -> Findings:
    """Somebody has asked for it, so it has no row; its result is recorded before what comes later."""
    neighbour = Neighbour()
    gate = Gate(neighbour, "far")
    async with open_house(database, clock, Bell(), Crier(), neighbour) as bus:
        asking = asyncio.create_task(bus.ask(Fetch(key="k", what="far")))
        await gate.wait()
        async with database.transaction(clock.now()) as tx:
            (addressed,) = bus.deliveries.address([OutboxEntry(Rang(key="k", what="near"))])[:1]
            rows = await bus.deliveries.store(tx, [addressed])
        bus.deliveries.hand_over(rows)
        await _until_cried(database)
        gate.open()
        await soon(asking)
        await at_rest(clock)
    return unless(await done(database, "neighbour"), ["far", "near again"])


async def another_process_has_stored_an_event_of_the_same_key(database: Database, clock: ManualClock) -> Findings:
    """No mailbox of this process knows it."""
    async with open_house(database, clock, Bell(), Recorder()) as bus:
        async with database.transaction(clock.now()) as tx:
            rows = await bus.deliveries.store(tx, bus.deliveries.address([OutboxEntry(Rang(key="k", what="first"))]))
        bus.deliveries.mark_left([envelope.delivery_id for _, envelope in rows.envelopes])
        await soon(bus.ask(Ring(key="k", what="second")))
        await clock.advance(hours=1)
    return unless(await done(database), ["first", "second"])


async def an_earlier_event_of_the_same_transaction_is_stored(database: Database, clock: ManualClock) -> Findings:
    """The neighbour hears the bell by a call, and what is cried after it by a turn."""
    async with open_house(database, clock, Bell(), Crier(), Neighbour()) as bus:
        await soon(bus.ask(Ring(key="k", what="one")))
        await at_rest(clock)
    return unless(await done(database, "neighbour"), ["one", "one again"])


async def a_listener_is_in_a_turn_of_its_own(database: Database, clock: ManualClock) -> Findings:
    """Its turns are taken one after the other."""
    recorder = Recorder()
    gate = Gate(recorder, "long")
    async with open_house(database, clock, Bell(), recorder) as bus:
        adding = asyncio.create_task(bus.ask(Add(key="other", what="long")))
        await gate.wait()
        await soon(bus.ask(Ring(key="k", what="one")))
        gate.open()
        await soon(adding)
        await at_rest(clock)
    return unless(await done(database), ["long", "one"])


async def a_publisher_has_the_listener(database: Database, clock: ManualClock) -> Findings:
    """Until its transaction commits, the listener takes no turn of its own."""
    recorder = Recorder()
    gate = Gate(recorder, "inline")
    async with open_house(database, clock, Bell(), recorder) as bus:
        ringing = asyncio.create_task(bus.ask(Ring(key="k", what="inline")))
        await gate.wait()
        adding = asyncio.create_task(bus.ask(Add(key="other", what="own")))
        await asyncio.wait([adding], timeout=INLINE_S / 4)
        gate.open()
        await soon(asyncio.gather(ringing, adding))
    return unless(await done(database), ["inline", "own"])


async def a_listener_fails(database: Database, clock: ManualClock) -> Findings:
    """Its publisher's asker is answered all the same."""
    recorder = Recorder()
    Trouble(recorder, "bad", times=2)
    async with open_house(database, clock, Bell(), recorder) as bus:
        (answer,) = await asyncio.gather(bus.ask(Ring(key="k", what="bad")), return_exceptions=True)
        await clock.advance(hours=1)
    return [*unless(answer, None), *unless(await done(database), ["bad"])]


async def _until_cried(database: Database) -> None:
    async with asyncio.timeout(5):
        while await done(database, "crier") != ["near"]:
            pass
