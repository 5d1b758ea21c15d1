"""What a message that fails costs: its tries, the pauses between them, its lane, and where it is parked."""

from datetime import timedelta

import pytest

from engine.clock import ManualClock
from engine.errors import BadInput, Conflict
from engine.postgres import Database
from tests.engine.toys import (
    Add,
    Mark,
    Rang,
    Recorder,
    Trouble,
    after_a_crash,
    at_rest,
    done,
    gather,
    house,
    soon,
    stored,
    transactions,
)


@pytest.mark.usefixtures("no_chance")
async def test_a_failing_delivery_is_retried_with_growing_pauses_and_then_parked(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        await bus.publish(*[Rang(key=what, what=what) for what in ("a", "bad", "b")])
        await at_rest(clock)
        assert await done(database) == ["a", "b"]
        assert trouble.met == 2  # In the turn, and alone.
        for pause in (1, 2, 4):  # Tries 2, 3 and 4.
            met = trouble.met
            await clock.advance(seconds=pause - 0.01)
            assert trouble.met == met
            await clock.advance(seconds=0.01)
            assert trouble.met == met + 1
        (letter,) = await bus.backlog.dead_letters()
        await clock.advance(minutes=10)

    assert (letter.subscriber, letter.type, letter.key, letter.attempts) == ("recorder", "Rang", "bad", 4)
    assert letter.error == "RuntimeError('no luck')"
    assert letter.body == '{"type":"Rang","key":"bad","what":"bad"}'
    assert trouble.met == 5
    assert await stored(database) == []


async def test_one_poisonous_message_costs_its_company_a_few_transactions_and_not_one_each(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad")
    words = [*map(str, range(300)), "bad", *map(str, range(300, 511))]
    async with house(database, clock, recorder) as bus:
        await bus.publish(*[Rang(key=word, what=word) for word in words])
        await at_rest(clock)

        assert await done(database) == [str(number) for number in range(511)]
        assert await transactions(database) + trouble.met <= 1 + 10 + 1  # The turn, halves of halves, and the rest.


@pytest.mark.parametrize("bad", [range(64), range(0, 64, 2), range(20, 50)], ids=["all", "every other", "many"])
async def test_many_poisonous_messages_cost_about_one_transaction_each(
    database: Database, clock: ManualClock, bad: range
) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, *map(str, bad))
    async with house(database, clock, recorder, shopflow_tries=1) as bus:
        await bus.publish(*[Rang(key=str(number), what=str(number)) for number in range(64)])
        await at_rest(clock)

        assert await done(database) == [str(number) for number in range(64) if number not in bad]
        assert len(await bus.backlog.dead_letters(limit=1000)) == len(bad)
        assert await transactions(database) + trouble.met <= 64 * 1.5 + 20


async def test_what_is_tried_again_spoils_no_turn_of_others(
    database: Database, clock: ManualClock, no_chance: None
) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad", "worse")
    async with house(database, clock, recorder) as bus:
        bus.tell(Add(key="bad", what="bad"))
        bus.tell(Add(key="worse", what="worse"))
        await at_rest(clock)
        recorder.batches.clear()
        for _ in ("bad", "worse"):  # Their time has come in the moment in which others come.
            timer = clock._next(clock.now() + timedelta(seconds=1))
            assert timer is not None
            timer.fire()
        for number in range(3):
            bus.tell(Add(key=str(number), what=str(number)))
        await at_rest(clock)

        assert recorder.batches == [["worse", "bad"], ["worse"], ["bad"], ["0", "1", "2"]]


async def test_while_a_message_is_retried_its_lane_waits_and_no_other(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "k1")
    async with house(database, clock, recorder) as bus:
        await bus.publish(*[Rang(key=what[0], what=what) for what in ("k1", "k2", "j1", "k3")])
        await at_rest(clock)
        await bus.publish(Rang(key="k", what="k4"), Rang(key="j", what="j2"))
        bus.tell(Mark(key="k", what="k5"))
        await at_rest(clock)
        assert await done(database) == ["j1", "j2"]
        trouble.end()
        await clock.advance(seconds=2)

    assert await done(database) == ["j1", "j2", "k1", "k2", "k3", "k4", "k5"]


async def test_when_a_message_is_parked_its_lane_moves_on(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "k1")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="k1"), Rang(key="k", what="k2"))
        await clock.advance(minutes=1)

    assert await done(database) == ["k2"]


async def test_tries_are_counted_across_a_restart(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        await clock.advance(seconds=3)  # Three tries.
    assert trouble.met == 3

    async with house(database, clock := after_a_crash(clock), recorder) as bus:
        await at_rest(clock)
        (letter,) = await bus.backlog.dead_letters()

    assert (letter.attempts, trouble.met) == (4, 4)


async def test_a_command_that_was_told_and_fails_is_retried_and_parked_too(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        bus.tell(Add(key="k", what="bad"))
        await clock.advance(minutes=1)
        (letter,) = await bus.backlog.dead_letters()

    assert (letter.type, letter.attempts) == ("Add", 4)


async def test_a_redriven_message_is_tried_again_as_if_new(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        await clock.advance(minutes=1)
        (letter,) = await bus.backlog.dead_letters()
        trouble.end()
        assert await bus.deliveries.redrive([letter.id]) == 1
        await at_rest(clock)
        assert await bus.deliveries.redrive([letter.id]) == 0
        assert await bus.backlog.dead_letters() == []

    assert await done(database) == ["bad"]


async def test_bad_input_is_parked_at_once(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad", error=BadInput("never"))
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="bad"), Rang(key="k", what="good"))
        await at_rest(clock)
        (letter,) = await bus.backlog.dead_letters()

    assert (letter.attempts, letter.error) == (1, "BadInput('never')")
    assert trouble.met == 2  # In the turn, and alone.
    assert await done(database) == ["good"]


async def test_a_lost_race_is_repeated_at_once(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "a", error=Conflict("someone was faster"), times=2)
    async with house(database, clock, recorder) as bus:
        answers = await gather(bus.ask(Add(key="a", what="a")), bus.ask(Add(key="b", what="b")))

    assert answers == ["added a", "added b"]
    assert recorder.batches == [["a", "b"]] * 3
    assert trouble.met == 2


async def test_a_race_that_is_always_lost_ends(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "a", error=Conflict("someone was faster"))
    async with house(database, clock, recorder) as bus:
        with pytest.raises(Conflict):
            await soon(bus.ask(Add(key="a", what="a")))

    assert trouble.met == 3
