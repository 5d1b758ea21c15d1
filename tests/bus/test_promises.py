"""The promises of every transport: the same tests over the local bus and over SQS."""

import asyncio

import pytest

from engine.errors import BadInput, DeadlineExceeded, Unavailable
from engine.trace import TRACE
from engine.transaction import Transaction
from tests.bus.transports import Transport, nothing_is_stored
from tests.engine.toys import Add, Fetch, Gate, Ring, SetTimer, Trouble, done
from tests.waiting import eventually

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_an_ask_is_answered(transport: Transport) -> None:
    async with transport.open() as front:
        assert await front.ask(Add(key="a", what="one")) == "added one"
        assert await front.ask(Fetch(key="a", what="far")) == "fetched far"

    assert await done(transport.database) == ["one"]
    assert await done(transport.database, "courier") == ["far"]


@pytest.mark.parametrize(
    "error",
    [
        BadInput("no such thing"),
        Unavailable("a service", "it rests", retry_after_s=7.0),
        RuntimeError("a bug"),
    ],
    ids=repr,
)
async def test_who_asks_hears_why_there_is_no_answer(transport: Transport, error: Exception) -> None:
    Trouble(transport.courier, "bad", error=error)
    async with transport.open() as front:
        with pytest.raises(type(error), match=str(error)) as raised:
            await front.ask(Fetch(key="a", what="bad"))

    assert getattr(raised.value, "retry_after_s", None) == getattr(error, "retry_after_s", None)


async def test_an_ask_that_nobody_waits_for_any_more_is_not_begun(transport: Transport) -> None:
    gate = Gate(transport.recorder, "first")
    async with transport.open() as front:
        first = asyncio.create_task(front.ask(Add(key="a", what="first")))
        await gate.wait()
        with pytest.raises(DeadlineExceeded):
            await front.ask(Add(key="a", what="second"), timeout_s=0.3)
        gate.open()
        assert await first == "added first"
        assert await front.ask(Add(key="a", what="third")) == "added third"

    assert await done(transport.database) == ["first", "third"]


async def test_an_event_takes_effect_once_for_each_who_hears_it(transport: Transport) -> None:
    words = [f"word-{n}" for n in range(30)]
    async with transport.open() as front:
        await asyncio.gather(*(front.ask(Ring(key=word, what=word)) for word in words))
        await eventually(lambda: nothing_is_stored(transport.database))

    assert sorted(await done(transport.database)) == sorted(words)
    assert sorted(await done(transport.database, "courier")) == sorted(words)


async def test_events_of_one_key_take_effect_in_their_order(transport: Transport) -> None:
    words = [f"{n}" for n in range(40)]
    async with transport.open() as front:
        for first in range(0, 40, 4):
            await front.ask(Ring(key="a", what=" ".join(words[first : first + 4])))
        await eventually(lambda: nothing_is_stored(transport.database))

    assert await done(transport.database) == words
    assert await done(transport.database, "courier") == words


async def test_what_must_be_tried_again_is_overtaken_by_nothing_of_its_key(transport: Transport) -> None:
    Trouble(transport.recorder, "2", times=2)
    async with transport.open() as front:
        await front.ask(Ring(key="a", what="1 2 3 4"))
        await front.ask(Ring(key="a", what="5 6"))
        await eventually(lambda: nothing_is_stored(transport.database))

    assert await done(transport.database) == ["1", "2", "3", "4", "5", "6"]


async def test_poison_is_parked_after_its_tries_and_comes_back_when_it_is_let(transport: Transport) -> None:
    trouble = Trouble(transport.recorder, "bad")
    async with transport.open() as front:
        await front.ask(Ring(key="a", what="bad good"))
        (letter,) = await eventually(front.backlog.dead_letters)
        assert (letter.subscriber, letter.key, letter.attempts) == ("recorder", "a", 4)
        await eventually(lambda: nothing_is_stored(transport.database))
        assert await done(transport.database) == ["good"]

        trouble.end()
        assert await front.deliveries.redrive([letter.id]) == 1
        await eventually(lambda: nothing_is_stored(transport.database))

    assert await done(transport.database) == ["good", "bad"]


async def test_what_was_not_handled_before_the_end_is_after_the_next_start(transport: Transport) -> None:
    gate = Gate(transport.recorder)
    async with transport.open() as front:
        await front.ask(Ring(key="a", what="1 2 3"))
        await front.ask(Ring(key="b", what="4"))
        await gate.wait()
    assert await done(transport.database) == []
    gate.open()

    async with transport.open():
        await eventually(lambda: nothing_is_stored(transport.database))

    assert sorted(await done(transport.database)) == ["1", "2", "3", "4"]


async def test_a_timer_comes_once_to_whoever_handles_it(transport: Transport) -> None:
    async with transport.open() as front:
        await asyncio.gather(*(front.ask(SetTimer(key=f"{n}", what=f"{n}", seconds=0.3 - n / 100)) for n in range(20)))
        await eventually(lambda: nothing_is_stored(transport.database))

    assert await done(transport.database) == [f"{n}" for n in reversed(range(20))]


@pytest.mark.parametrize("words", ["\ufffe\uffff 🧵", "x" * 20_000], ids=["strange", "long"])
async def test_any_text_arrives_as_it_was(transport: Transport, words: str) -> None:
    async with transport.open() as front:
        assert await front.ask(Add(key="a", what=words)) == f"added {words}"
        await front.ask(Ring(key=words[:100], what=words))
        await eventually(lambda: nothing_is_stored(transport.database))

    assert await done(transport.database) == [words, *words.split()]


async def test_a_trace_goes_along(transport: Transport) -> None:
    seen: list[str] = []

    async def look(_tx: Transaction | None, _messages: object) -> None:
        seen.append(TRACE.get())

    transport.courier.meddle = look
    async with transport.open() as front:
        TRACE.set(TRACEPARENT)
        await front.ask(Fetch(key="a", what="asked"))
        await front.ask(Ring(key="a", what="heard"))
        await eventually(lambda: nothing_is_stored(transport.database))
        TRACE.set("")

    assert seen == [TRACEPARENT, TRACEPARENT]
