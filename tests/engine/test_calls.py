"""Calls: many at once with a bound, with a deadline, in order per key, never in a transaction."""

import asyncio
from collections.abc import Sequence

import pytest

from engine.calls import RunningCall
from engine.clock import ManualClock
from engine.errors import BadInput, DeadlineExceeded, Unavailable
from engine.postgres import Database
from engine.transaction import Transaction
from engine.work_count import WorkCount
from tests.engine.toys import (
    Courier,
    Fetch,
    Gate,
    Named,
    Patient,
    Rang,
    Trouble,
    after_a_crash,
    at_rest,
    done,
    gather,
    house,
    soon,
    stored,
    until,
)


async def test_a_call_s_answer_is_what_the_recording_turn_says(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Courier()) as bus:
        assert await soon(bus.ask(Fetch(key="k", what="x"))) == "fetched x"

    assert await done(database, "courier") == ["x"]


async def test_no_more_calls_than_the_limit_run_at_once(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    gate = Gate(courier)
    async with house(database, clock, courier) as bus:
        asked = [asyncio.create_task(bus.ask(Fetch(key=str(n), what=str(n)))) for n in range(10)]
        await until(lambda: courier.running == 3)
        for _ in range(10):
            await asyncio.sleep(0)
        assert courier.running == 3
        gate.open()
        await soon(asyncio.gather(*asked))

    assert courier.most == 3
    assert sorted(courier.fetched) == [str(n) for n in range(10)]


async def test_calls_of_one_key_run_one_after_the_other_each_recorded_before_the_next(
    database: Database, clock: ManualClock
) -> None:
    courier = Courier()
    seen: list[list[str]] = []

    async def look(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
        seen.append(await done(database, "courier"))

    courier.meddle = look
    async with house(database, clock, courier) as bus:
        await gather(*[bus.ask(Fetch(key="k", what=str(n))) for n in range(4)])

    assert courier.most == 1
    assert seen == [[], ["0"], ["0", "1"], ["0", "1", "2"]]


async def test_no_transaction_is_open_while_a_call_runs(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    open_transactions: list[int] = []

    async def look(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
        rows = await database.fetch(
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            " and (state <> 'idle' or backend_xid is not null)"
        )
        open_transactions.append(rows[0][0])

    courier.meddle = look
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await at_rest(clock)

    assert open_transactions == [0]


async def test_recording_what_was_learned_deletes_the_delivery_in_the_same_transaction(
    database: Database, clock: ManualClock
) -> None:
    courier = Courier()
    gate = Gate(courier)
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await gate.wait()
        (row,) = await database.fetch("select ctid::text from bus.deliveries")
        assert row
        gate.open()
        await at_rest(clock)

    assert await done(database, "courier") == ["x"]
    assert await stored(database) == []


async def test_a_recording_turn_that_fails_keeps_the_delivery_and_does_not_call_again(
    database: Database, clock: ManualClock
) -> None:
    courier = Courier()
    await database.fetch("alter table toys.done add constraint unwanted check (what <> 'x')")
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await at_rest(clock)
        assert await stored(database) == ["courier Rang k"]
        await database.fetch("alter table toys.done drop constraint unwanted")
        await clock.advance(seconds=1)

    assert courier.fetched == ["x"]
    assert await done(database, "courier") == ["x"]
    assert await stored(database) == []


async def test_after_a_crash_between_call_and_record_it_is_called_again(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    await database.fetch("alter table toys.done add constraint unwanted check (what <> 'x')")
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="x"))
        await at_rest(clock)
    await database.fetch("alter table toys.done drop constraint unwanted")
    async with house(database, clock := after_a_crash(clock), courier):
        await at_rest(clock)

    assert courier.fetched == ["x", "x"]
    assert await done(database, "courier") == ["x"]


async def test_a_call_with_nothing_to_record_settles_its_delivery(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="nothing"), Rang(key="k", what="something"))
        await at_rest(clock)

    assert courier.fetched == ["nothing", "something"]
    assert await done(database, "courier") == ["something"]
    assert await stored(database) == []


async def test_what_a_call_learned_is_recorded_though_the_asker_gave_up(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    gate = Gate(courier)
    async with house(database, clock, courier) as bus:
        asked = asyncio.create_task(bus.ask(Fetch(key="k", what="x"), timeout_s=0.02))
        await gate.wait()
        with pytest.raises(DeadlineExceeded):
            await soon(asked)
        gate.open()
        await at_rest(clock)

    assert await done(database, "courier") == ["x"]


async def test_an_ask_that_expired_while_it_waited_is_not_called(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    gate = Gate(courier, "first")
    async with house(database, clock, courier) as bus:
        first = asyncio.create_task(bus.ask(Fetch(key="k", what="first")))
        await gate.wait()
        with pytest.raises(DeadlineExceeded):
            await bus.ask(Fetch(key="k", what="late"), timeout_s=0.02)
        gate.open()
        await soon(first)
        await at_rest(clock)

    assert courier.fetched == ["first"]


async def test_a_call_that_takes_too_long_is_cancelled_and_tried_again(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    gate = Gate(courier)
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="slow"))
        await gate.wait()
        await at_rest(clock)  # Its time, 50 ms, is over.
        assert (courier.running, courier.fetched) == (0, [])
        gate.open()
        await clock.advance(seconds=1)

    assert courier.fetched == ["slow"]
    assert await done(database, "courier") == ["slow"]


async def test_a_failing_call_is_retried_with_its_lane_waiting_and_then_parked(
    database: Database, clock: ManualClock
) -> None:
    courier = Courier()
    trouble = Trouble(courier, "bad", error=RuntimeError("a bug"))
    async with house(database, clock, courier) as bus:
        await bus.publish(*[Rang(key=key, what=what) for key, what in (("k", "bad"), ("k", "behind"), ("j", "other"))])
        await at_rest(clock)
        assert courier.fetched == ["other"]
        await clock.advance(minutes=1)
        (letter,) = await bus.backlog.dead_letters()

    assert (trouble.met, letter.attempts, letter.type) == (4, 4, "Rang")
    assert letter.error == "RuntimeError('a bug')"
    assert courier.fetched == ["other", "behind"]


async def test_a_call_waits_out_what_is_away_for_longer_than_what_is_broken(
    database: Database, clock: ManualClock
) -> None:
    courier = Courier()
    trouble = Trouble(courier, "bad", error=Unavailable("Stripe"))
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        await clock.advance(minutes=1)
        assert trouble.met > 4
        assert not await bus.backlog.dead_letters()
        trouble.end()
        await clock.advance(minutes=1)

    assert courier.fetched == ["bad"]


async def test_waiting_for_what_was_away_uses_up_none_of_a_messages_own_tries(
    database: Database, clock: ManualClock
) -> None:
    courier = Courier()
    trouble = Trouble(courier, "bad", error=Unavailable("Stripe"))
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        await clock.advance(minutes=1)
        waited = trouble.met
        trouble.error = RuntimeError("a bug")
        await clock.advance(minutes=10)
        (letter,) = await bus.backlog.dead_letters()

    assert waited > 4
    assert (trouble.met - waited, letter.attempts) == (4, 4)


async def test_bad_input_of_a_call_is_parked_at_once(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    trouble = Trouble(courier, "bad", error=BadInput("no such address"))
    async with house(database, clock, courier) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        await at_rest(clock)
        (letter,) = await bus.backlog.dead_letters()

    assert (trouble.met, letter.attempts) == (1, 1)


async def test_who_asked_for_a_call_gets_its_error(database: Database, clock: ManualClock) -> None:
    courier = Courier()
    Trouble(courier, "bad", error=Unavailable("Stripe"))
    async with house(database, clock, courier) as bus:
        answers = await gather(*[bus.ask(Fetch(key="k", what=what)) for what in ("bad", "good")])

    assert isinstance(answers[0], Unavailable)
    assert answers[1] == "fetched good"


async def test_who_asks_is_served_though_what_is_outside_was_away_for_a_moment(
    database: Database, clock: ManualClock
) -> None:
    patient = Patient()
    trouble = Trouble(patient, "x", error=Unavailable("the outside"), times=2)
    async with house(database, clock, patient) as bus:
        asked = asyncio.create_task(bus.ask(Fetch(key="k", what="x")))
        await asyncio.sleep(0)
        await clock.advance(seconds=5)
        assert await soon(asked) == "fetched x"

    assert trouble.met == 2


async def test_a_call_is_tried_so_often_and_then_its_asker_is_told(database: Database, clock: ManualClock) -> None:
    patient = Patient()
    trouble = Trouble(patient, "x", error=Unavailable("the outside"))
    async with house(database, clock, patient) as bus:
        asked = asyncio.create_task(bus.ask(Fetch(key="k", what="x")))
        await asyncio.sleep(0)
        await clock.advance(seconds=20)
        with pytest.raises(Unavailable, match="the outside"):
            await soon(asked)

    assert trouble.met == 3


async def test_no_try_is_made_before_the_time_that_what_was_away_has_named(
    database: Database, clock: ManualClock
) -> None:
    patient = Patient()
    trouble = Trouble(patient, "x", error=Unavailable("the outside", retry_after_s=4.0), times=1)
    async with house(database, clock, patient) as bus:
        asked = asyncio.create_task(bus.ask(Fetch(key="k", what="x")))
        await asyncio.sleep(0)
        await clock.advance(seconds=3.9)
        assert (trouble.met, patient.fetched, asked.done()) == (1, [], False)
        await clock.advance(seconds=0.2)
        assert await soon(asked) == "fetched x"


async def test_who_could_not_be_served_in_time_is_told_at_once(database: Database, clock: ManualClock) -> None:
    patient = Patient()
    trouble = Trouble(patient, "x", error=Unavailable("the outside", retry_after_s=60.0))
    async with house(database, clock, patient) as bus:
        with pytest.raises(Unavailable, match="the outside"):
            await soon(bus.ask(Fetch(key="k", what="x")))

    assert trouble.met == 1


async def test_a_call_that_ends_while_it_asks_has_ended_once(clock: ManualClock) -> None:
    """Two asks at once, and the first fails: the call is over, and the other ask is answered into nowhere."""
    work = WorkCount(clock)
    work.begin()
    call = RunningCall(work)
    call.ask_begins()
    call.ask_begins()
    call.ask_ended()

    call.end()
    work.end()  # Its message is done. More work was never ended than begun.

    call.ask_ended()
    await asyncio.wait_for(clock.at_rest(), timeout=1)
