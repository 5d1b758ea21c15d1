"""Deliveries: stored with the state, deleted with the effect, handled once."""

import asyncio
import time
from datetime import timedelta

import pytest

from bus.dispatcher import Subscription
from engine.clock import ManualClock
from engine.envelope import Envelope
from engine.postgres import Database
from engine.transaction import OutboxEntry
from tests.engine.toys import (
    Bell,
    Courier,
    Gate,
    Rang,
    Recorder,
    Ring,
    Trouble,
    at_rest,
    done,
    house,
    soon,
    stored,
    transactions,
)


async def test_a_rolled_back_transaction_leaves_no_delivery(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    async with house(database, clock, bell, recorder) as bus:
        async with database.transaction(clock.now()) as tx:
            stored_rows = await bus.deliveries.store(
                tx, bus.deliveries.address([OutboxEntry(Rang(key="k", what="never"))])
            )
            assert stored_rows.envelopes
            await tx.execute("rollback")
        bus.deliveries.on_rollback(stored_rows)
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
        hand = Subscription.hand

        def twice(subscription: Subscription, envelope: Envelope) -> bool:
            again = Envelope(envelope.message, message_id=envelope.id, delivery_id=envelope.delivery_id)
            return hand(subscription, envelope) and hand(subscription, again)

        monkeypatch.setattr(Subscription, "hand", twice)
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


async def test_events_of_one_turn_are_handled_in_one_turn(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()
    async with house(database, clock, bell, recorder) as bus:
        await soon(bus.ask(Ring(key="k", what=" ".join(str(number) for number in range(300)))))
        await at_rest(clock)

    assert [len(batch) for batch in recorder.batches] == [300]
    assert await transactions(database) == 2


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


@pytest.mark.parametrize("held_up", ["first", "other"], ids=["it is being handled", "it waits in a mailbox"])
async def test_two_processes_on_one_database_keep_the_order_of_each_key(
    database: Database, clock: ManualClock, held_up: str
) -> None:
    recorder, there = Recorder(), ManualClock(clock.now())
    gate = Gate(recorder, held_up)
    async with house(database, clock, recorder) as bus, house(database, there, Recorder()) as bus_there:
        await at_rest(there)  # Its first look would take what is meant for the other.
        if held_up == "other":
            await bus.publish(Rang(key="j", what="other"))
            await gate.wait()
        await bus.publish(Rang(key="k", what="first"))
        await gate.wait()

        await bus_there.publish(Rang(key="k", what="second"))
        await there.advance(seconds=1)  # What came out of turn is looked for again.
        assert await done(database) == ([] if held_up == "first" else ["first", "second"])

        gate.open()
        await at_rest(clock)
        await there.advance(seconds=1)
        assert [what for what in await done(database) if what != "other"] == ["first", "second"]
        assert await stored(database) == []


async def test_a_lane_is_taken_up_to_what_is_missing_from_it(database: Database, clock: ManualClock) -> None:
    """What others may know of, too: here it is a row that came to nobody's memory."""
    recorder = Recorder()
    gate = Gate(recorder, "other")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="j", what="other"))
        await gate.wait()
        await bus.publish(Rang(key="k", what="1"), Rang(key="l", what="a"), Rang(key="k", what="2"))
        async with database.transaction(clock.now()) as tx:
            await bus.deliveries.store(tx, bus.deliveries.address([OutboxEntry(Rang(key="k", what="3"))]))
        bus.deliveries.mark_left(
            [row["id"] for row in await database.fetch("select max(id) as id from bus.deliveries")]
        )
        await bus.publish(Rang(key="k", what="4"), Rang(key="l", what="b"))
        gate.open()
        await clock.advance(seconds=1)

    assert recorder.batches == [["other"], ["1", "a", "2", "b"], ["3", "4"]]


async def test_what_was_just_stored_is_left_to_who_stored_it(database: Database, clock: ManualClock) -> None:
    recorder, there = Recorder(), ManualClock(clock.now())
    gate = Gate(recorder, "other")
    async with house(database, clock, recorder) as bus, house(database, there, Recorder(), shopflow_sweep_s=0.2):
        await at_rest(there)
        await bus.publish(Rang(key="j", what="other"))
        await gate.wait()
        await bus.publish(Rang(key="k", what="x"))

        await there.advance(seconds=0.9)
        assert await done(database) == []
        await there.advance(seconds=0.5)  # Whoever has it takes long, or is gone.
        assert await done(database) == ["x"]
        gate.open()
        await at_rest(clock)

    assert await done(database) == ["x", "other"]


async def test_claiming_a_long_lane_takes_no_longer_than_claiming_as_many_lanes(
    database: Database, clock: ManualClock
) -> None:
    async def claimed_within_s(*events: Rang) -> float:
        async with database.transaction(clock.now()) as tx:
            stored = await deliveries.store(tx, deliveries.address([OutboxEntry(event) for event in events]))
            ids = [envelope.delivery_id for _, envelope in stored.envelopes]
            began_s = time.perf_counter()
            assert (await deliveries.claim(tx, ids)).mine == set(ids)
            return time.perf_counter() - began_s

    async with house(database, clock, Recorder()) as bus:
        deliveries = bus.deliveries
        one = min([await claimed_within_s(*[Rang(key="k")] * 1000) for _ in range(5)])
        many = min([await claimed_within_s(*[Rang(key=str(n)) for n in range(1000)]) for _ in range(5)])

    assert one < 3 * many


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


async def test_dead_letters_are_listed_in_pages(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, *"abcde")
    async with house(database, clock, recorder) as bus:
        await bus.publish(*[Rang(key=what, what=what) for what in "abcde"])
        await clock.advance(minutes=1)
        first = await bus.backlog.dead_letters(limit=3)
        rest = await bus.backlog.dead_letters(after=first[-1].id, limit=3)

    assert sorted(letter.key for letter in [*first, *rest]) == list("abcde")
    assert (len(first), len(rest)) == (3, 2)


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
        backlog = bus.backlog
        late = [(one.subscriber, one.count, one.oldest) for one in await backlog.overdue(begun - timedelta(minutes=1))]
        waiting = await backlog.waiting_about(["nobody"], ["now", "timer", "late", "unknown"])
        first, *rest = await backlog.dead_letters_since(begun, 0, 10)

        assert late == [
            ("nobody", 2, begun - timedelta(seconds=100)), ("somebody", 1, begun - timedelta(seconds=61)),
        ]  # fmt: skip
        assert waiting == {"now"}
        assert await backlog.count() == 5
        assert [letter.id for letter in await backlog.dead_letters_about(["a"])] == [first.id, rest[1].id]
        assert await backlog.dead_letters_since(begun, first.id, 10) == rest
        assert await backlog.dead_letters_since(begun, 0, 1) == [first]
