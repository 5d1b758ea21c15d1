"""Turns: many messages in one transaction, and what becomes of those that fail."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest
from asyncpg import ForeignKeyViolationError, InterfaceError

from engine.actor import Actor, turn
from engine.clock import ManualClock
from engine.errors import BadInput, Conflict, Overloaded, Unanswered, Unavailable
from engine.message import Command
from engine.postgres import Database, Transaction
from tests.engine.toys import (
    Add,
    Bell,
    Gate,
    Mark,
    Named,
    Rang,
    Recorder,
    Ring,
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
from tests.waiting import eventually


async def test_what_waits_is_handled_in_one_transaction(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    async with house(database, clock, recorder) as bus:
        answers = await gather(*[bus.ask(Add(key=f"k{n}", what=str(n))) for n in range(100)])

    assert answers == [f"added {n}" for n in range(100)]
    assert await done(database) == [str(n) for n in range(100)]
    assert await transactions(database) == 1


async def test_a_turn_takes_512_messages_at_most(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    async with house(database, clock, recorder) as bus:
        for number in range(600):
            bus.tell(Add(key="one", what=str(number)))
        await at_rest(clock)

    assert [len(batch) for batch in recorder.batches] == [512, 88]
    assert await done(database) == [str(number) for number in range(600)]


async def test_a_handler_of_single_messages_shares_the_transaction(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    async with house(database, clock, recorder) as bus:
        await gather(*[bus.ask(Mark(key="k", what=str(n))) for n in range(10)])

    assert recorder.batches == [[str(n)] for n in range(10)]
    assert await transactions(database) == 1


async def test_a_turn_is_of_one_type_and_order_per_key_holds_across_types(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    async with house(database, clock, recorder) as bus:
        bus.tell(Add(key="k", what="k1"))
        bus.tell(Mark(key="k", what="k2"))
        bus.tell(Add(key="k", what="k3"))
        bus.tell(Add(key="other", what="o1"))
        await at_rest(clock)

    assert recorder.batches == [["k1", "o1"], ["k2"], ["k3"]]


async def test_messages_without_a_key_wait_for_nobody(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    async with house(database, clock, recorder) as bus:
        for number in range(3):
            bus.tell(Add(key="", what=f"a{number}"))
            bus.tell(Mark(key="", what=f"m{number}"))
        await at_rest(clock)

    assert recorder.batches == [["a0", "a1", "a2"], ["m0"], ["m1"], ["m2"]]


async def test_an_answer_comes_after_the_commit(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Recorder()) as bus:
        await bus.ask(Add(key="k", what="seen"))

        assert await done(database) == ["seen"]


async def test_a_failing_ask_gets_its_error_and_the_others_are_unharmed(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad", error=ValueError("not this one"))
    async with house(database, clock, recorder) as bus:
        answers = await gather(*[bus.ask(Add(key=what, what=what)) for what in ("a", "bad", "b")])

    assert [str(answer) for answer in answers] == ["added a", "not this one", "added b"]
    assert await done(database) == ["a", "b"]


async def test_a_failing_ask_does_not_hold_up_its_own_lane(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        answers = await gather(*[bus.ask(Add(key="k", what=what)) for what in ("a", "bad", "b")])

    assert answers[0] == "added a"
    assert answers[2] == "added b"
    assert await done(database) == ["a", "b"]


async def test_a_violated_constraint_reaches_the_asker_as_it_is(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad", error=ForeignKeyViolationError("no such thing"))
    async with house(database, clock, recorder) as bus:
        with pytest.raises(ForeignKeyViolationError):
            await bus.ask(Add(key="k", what="bad"))


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
        (letter,) = await bus.deliveries.dead_letters()
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
        assert len(await bus.deliveries.dead_letters(limit=1000)) == len(bad)
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


async def test_chance_takes_off_up_to_half_of_a_pause_and_a_pause_is_bounded(
    database: Database, clock: ManualClock
) -> None:
    async with house(database, clock, Recorder(), shopflow_backoff_max_s=10.0) as bus:
        cell = bus.supervisor.cells["recorder"]
        for attempts, full in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (1000, 10)):
            pauses = [cell._backoff_s(attempts) for _ in range(200)]
            assert full / 2 <= min(pauses) < full * 0.6
            assert full * 0.9 < max(pauses) <= full


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
        (letter,) = await bus.deliveries.dead_letters()

    assert (letter.attempts, trouble.met) == (4, 4)


async def test_a_command_that_was_told_and_fails_is_retried_and_parked_too(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        bus.tell(Add(key="k", what="bad"))
        await clock.advance(minutes=1)
        (letter,) = await bus.deliveries.dead_letters()

    assert (letter.type, letter.attempts) == ("Add", 4)


async def test_a_redriven_message_is_tried_again_as_if_new(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad")
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="bad"))
        await clock.advance(minutes=1)
        (letter,) = await bus.deliveries.dead_letters()
        trouble.end()
        assert await bus.deliveries.redrive([letter.id]) == 1
        await at_rest(clock)
        assert await bus.deliveries.redrive([letter.id]) == 0
        assert await bus.deliveries.dead_letters() == []

    assert await done(database) == ["bad"]


async def test_bad_input_is_parked_at_once(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "bad", error=BadInput("never"))
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="bad"), Rang(key="k", what="good"))
        await at_rest(clock)
        (letter,) = await bus.deliveries.dead_letters()

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


async def test_an_ask_ends_at_its_deadline_and_is_not_begun_any_more(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "first")
    async with house(database, clock, recorder) as bus:
        first = asyncio.create_task(bus.ask(Add(key="k", what="first")))
        await gate.wait()
        with pytest.raises(Unanswered, match=r"recorder is unavailable: no answer within 0\.02 s"):
            await bus.ask(Add(key="k", what="late"), timeout_s=0.02)
        gate.open()
        assert await soon(first) == "added first"
        await at_rest(clock)

    assert recorder.batches == [["first"]]
    assert await done(database) == ["first"]


async def test_a_full_mailbox_refuses_and_takes_again_when_there_is_room(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "1")
    async with house(database, clock, recorder, shopflow_mailbox_limit=2) as bus:
        bus.tell(Add(key="k", what="1"))
        await gate.wait()
        bus.tell(Add(key="k", what="2"))
        with pytest.raises(Overloaded) as refused:
            await bus.ask(Add(key="k", what="3"))
        with pytest.raises(Overloaded):
            bus.tell(Add(key="k", what="4"))
        gate.open()
        await at_rest(clock)
        assert await bus.ask(Add(key="k", what="5")) == "added 5"

    assert refused.value.retry_after_s
    assert await done(database) == ["1", "2", "5"]


async def test_a_turn_that_fails_says_nothing(database: Database, clock: ManualClock) -> None:
    bell, recorder = Bell(), Recorder()

    async def say_then_fail(tx: Transaction | None, _messages: Sequence[Named]) -> None:
        assert tx
        tx.publish(Rang(key="k", what="said in vain"))
        raise ValueError("after all not")

    bell.meddle = say_then_fail
    async with house(database, clock, bell, recorder) as bus:
        with pytest.raises(ValueError, match="after all not"):
            await bus.ask(Ring(key="k", what="one two"))
        await at_rest(clock)

    assert await done(database) == []
    assert await stored(database) == []


async def test_a_lost_connection_in_a_turn_loses_nothing_and_does_nothing_twice(
    database: Database, clock: ManualClock
) -> None:
    bell, recorder = Bell(), Recorder()
    to_lose = 1  # Who asks is served by the second try, or told.

    async def lose_the_connection(tx: Transaction | None, _messages: Sequence[Named]) -> None:
        nonlocal to_lose
        to_lose -= 1
        if to_lose >= 0:
            assert tx
            await tx.execute("select pg_terminate_backend(pg_backend_pid())")

    bell.meddle = recorder.meddle = lose_the_connection
    async with house(database, clock, bell, recorder) as bus:
        asked = asyncio.create_task(bus.ask(Ring(key="k", what="one two")))
        await asyncio.sleep(0)
        await clock.advance(seconds=5)
        await soon(asked)
        to_lose = 2
        await bus.publish(Rang(key="k", what="three"))
        await clock.advance(seconds=5)

    assert await done(database, "bell") == ["one two"]
    assert await done(database) == ["one", "two", "three"]
    assert await stored(database) == []


async def test_while_postgres_is_away_who_asks_is_told_at_once_and_what_is_stored_waits(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    words = ("stored", "late", *map(str, range(5)))
    away = Trouble(recorder, *words, error=Unavailable("PostgreSQL", retry_after_s=1.0))
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="stored"))
        first = [asyncio.create_task(bus.ask(Add(key=f"k{n}", what=str(n)))) for n in range(5)]
        await asyncio.sleep(0)
        await clock.advance(seconds=3)
        later = await gather(bus.ask(Add(key="late", what="late")))
        refused = [*await gather(*first), *later]
        away.end()
        await clock.advance(seconds=10)
        answers = await gather(bus.ask(Add(key="k", what="again")))

    assert [type(error) for error in refused] == [Unavailable] * 6
    assert all(isinstance(error, Unavailable) and error.retry_after_s for error in refused)
    assert answers == ["added again"]
    assert await done(database) == ["stored", "again"]


async def test_after_a_second_somebody_may_find_out_that_postgres_is_back(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()
    away = Trouble(recorder, "a", "b", "c", error=Unavailable("PostgreSQL", retry_after_s=1.0))
    async with house(database, clock, recorder) as bus:
        asked = asyncio.create_task(bus.ask(Add(key="a", what="a")))
        await asyncio.sleep(0)
        await clock.advance(seconds=3)
        away.end()
        told = [*await gather(asked), *await gather(bus.ask(Add(key="b", what="b")))]

        async def is_back() -> bool:
            return await gather(bus.ask(Add(key="c", what="c"))) == ["added c"]

        assert await eventually(is_back, within_s=5)

    assert [type(error) for error in told] == [Unavailable] * 2
    assert await done(database) == ["c"]


async def test_when_postgres_is_away_no_message_is_to_blame(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    trouble = Trouble(recorder, "a", error=Unavailable("PostgreSQL"))
    async with house(database, clock, recorder) as bus:
        await bus.publish(Rang(key="k", what="a"), Rang(key="j", what="b"))
        await clock.advance(minutes=10)
        assert trouble.met > 5
        trouble.end()
        await clock.advance(minutes=2)
        assert await bus.deliveries.dead_letters() == []

    assert await done(database) == ["a", "b"]


async def test_an_error_of_the_handler_is_not_taken_for_one_of_postgres(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    Trouble(recorder, "bad", error=FileNotFoundError("template.txt"))
    async with house(database, clock, recorder) as bus:
        answers = await gather(bus.ask(Add(key="k", what="bad"), timeout_s=1), bus.ask(Add(key="j", what="good")))

    assert isinstance(answers[0], FileNotFoundError)
    assert answers[1] == "added good"


async def test_a_statement_that_does_not_fit_is_a_bug_and_not_an_absent_postgres(
    database: Database, clock: ManualClock
) -> None:
    recorder = Recorder()

    async def pass_too_few(tx: Transaction | None, _messages: Sequence[Named]) -> None:
        assert tx
        await tx.fetch("select $1::int, $2::int", 1)

    recorder.meddle = pass_too_few
    async with house(database, clock, recorder) as bus:
        with pytest.raises(InterfaceError, match="expects 2 arguments"):
            await bus.ask(Add(key="k", what="bad"), timeout_s=1)


class Reverse(Command[str]):
    key: str


class Mirror(Actor):
    """Touches no database, and can't count when it is told so."""

    answers = 1

    @turn
    async def reverse(self, asks: Sequence[Reverse]) -> Sequence[str]:
        return [ask.key[::-1] for ask in asks] * self.answers


async def test_a_turn_without_a_transaction_answers_too(database: Database, clock: ManualClock) -> None:
    async with house(database, clock, Mirror()) as bus:
        assert await bus.ask(Reverse(key="lamp")) == "pmal"


async def test_as_many_answers_as_messages_or_it_is_a_bug(database: Database, clock: ManualClock) -> None:
    mirror = Mirror()
    mirror.answers = 2
    async with house(database, clock, mirror) as bus:
        with pytest.raises(AssertionError, match="reverse gave 2 answers to 1 messages"):
            await bus.ask(Reverse(key="lamp"))
