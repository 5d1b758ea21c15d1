"""Turns: many messages in one transaction, and what becomes of it when that fails or is lost."""

import asyncio
from collections.abc import Sequence

import pytest
from asyncpg import ForeignKeyViolationError, InterfaceError

from engine.actor import Actor, turn
from engine.clock import ManualClock
from engine.errors import DeadlineExceeded, Overloaded, Unavailable
from engine.message import Command
from engine.postgres import Database
from engine.transaction import Transaction
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


async def test_an_ask_ends_at_its_deadline_and_is_not_begun_any_more(database: Database, clock: ManualClock) -> None:
    recorder = Recorder()
    gate = Gate(recorder, "first")
    async with house(database, clock, recorder) as bus:
        first = asyncio.create_task(bus.ask(Add(key="k", what="first")))
        await gate.wait()
        with pytest.raises(DeadlineExceeded, match=r"recorder is unavailable: no answer within 0\.02 s"):
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
        assert await bus.backlog.dead_letters() == []

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
