"""Batches: at once when nothing is under way, full when something is, and in order per group."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from bus.sqs.batches import Batches
from engine.backoff import Backoff
from engine.errors import Unavailable
from tests.engine.toys import soon, until


class Way:
    """Where batches are sent: each waits until it is let through."""

    def __init__(self, **bounds: Any) -> None:
        self.sent: list[list[str]] = []
        self.answers: list[Callable[[Sequence[str]], Sequence[str]]] = []
        self._gates: list[asyncio.Event] = []
        self.batches = Batches[str](self._send, **bounds)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.batches.run)
            yield
            tasks.cancel_scope.cancel()

    def put(self, *items: str) -> None:
        for item in items:
            assert self.batches.put(item)

    async def has_sent(self, batches: int) -> None:
        await until(lambda: len(self.sent) == batches)

    async def rests(self) -> None:
        """Whatever may be sent has been."""
        for _ in range(20):
            await asyncio.sleep(0)

    def let_through(self, number: int) -> None:
        self._gates[number].set()

    async def _send(self, batch: Sequence[str]) -> Sequence[str]:
        self.sent.append(list(batch))
        answer = self.answers.pop(0) if self.answers else lambda _: ()
        self._gates.append(gate := asyncio.Event())
        await gate.wait()
        return answer(batch)


async def test_what_comes_alone_goes_at_once() -> None:
    way = Way()
    async with way.open():
        way.put("a")
        await way.has_sent(1)

    assert way.sent == [["a"]]


async def test_while_one_is_under_way_only_full_batches_follow() -> None:
    way = Way(size=3)
    async with way.open():
        way.put("a")
        await way.has_sent(1)
        way.put("b", "c")
        await way.rests()
        assert way.sent == [["a"]]

        way.put("d", "e")
        await way.has_sent(2)
        assert way.sent == [["a"], ["b", "c", "d"]]

        way.let_through(0)
        way.let_through(1)
        await way.has_sent(3)

    assert way.sent[2] == ["e"]


async def test_no_more_are_under_way_than_may_be() -> None:
    way = Way(size=1, under_way=2)
    async with way.open():
        way.put("a", "b", "c")
        await way.has_sent(2)
        await way.rests()
        assert len(way.sent) == 2
        way.let_through(0)
        await way.has_sent(3)


async def test_a_group_keeps_its_order_and_the_others_go_past() -> None:
    way = Way(size=2, group=lambda item: item[0])
    async with way.open():
        way.put("a1", "b1")
        await way.has_sent(1)
        way.put("a2", "c1", "a3", "d1")
        await way.has_sent(2)
        assert way.sent == [["a1", "b1"], ["c1", "d1"]]

        way.let_through(0)
        await way.has_sent(3)

    assert way.sent[2] == ["a2", "a3"]


async def test_a_batch_is_no_heavier_than_it_may_be() -> None:
    way = Way(weight=len, most_weight=5)
    async with way.open():
        way.put("aaa", "bb", "c", "too-heavy-for-any", "d")
        await way.has_sent(3)
        way.let_through(0)
        way.let_through(1)
        way.let_through(2)
        await way.has_sent(4)

    assert way.sent == [["aaa", "bb"], ["c"], ["too-heavy-for-any"], ["d"]]


async def test_what_failed_goes_again_before_what_came_later() -> None:
    way = Way()
    way.answers = [lambda batch: batch[1:]]
    async with way.open():
        way.put("a", "b", "c")
        await way.has_sent(1)
        way.put("d")
        way.let_through(0)
        await way.has_sent(2)

    assert way.sent == [["a", "b", "c"], ["b", "c", "d"]]


async def test_while_it_is_away_one_batch_at_a_time_finds_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bus.sqs.batches.BACKOFF", Backoff(first_s=0.001, longest_s=2.0))

    def is_away(_batch: Sequence[str]) -> Sequence[str]:
        raise Unavailable("SQS")

    way = Way(size=1)
    way.answers = [is_away]
    async with way.open():
        way.put("a")
        await way.has_sent(1)
        assert not way.batches.is_away
        way.let_through(0)
        await until(lambda: way.batches.is_away)
        way.put("b", "c")
        await way.has_sent(2)
        await way.rests()
        assert way.sent == [["a"], ["a"]]

        way.let_through(1)
        await way.has_sent(4)
        assert not way.batches.is_away

    assert way.sent[2:] == [["b"], ["c"]]


async def test_it_is_bounded() -> None:
    batches = Batches[str](Way()._send, limit=2)

    assert [batches.put(item) for item in "abc"] == [True, True, False]


async def test_it_is_empty_when_the_last_has_arrived() -> None:
    way = Way()
    async with way.open():
        way.put("a")
        await way.has_sent(1)
        empty = asyncio.create_task(way.batches.empty())
        await way.rests()
        assert not empty.done()
        way.let_through(0)
        await soon(empty)
