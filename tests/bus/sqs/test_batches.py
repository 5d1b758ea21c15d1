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


class Sender:
    """Sends batches to nowhere: each waits until it is let through."""

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
    sender = Sender()
    async with sender.open():
        sender.put("a")
        await sender.has_sent(1)

    assert sender.sent == [["a"]]


async def test_while_one_is_under_way_only_full_batches_follow() -> None:
    sender = Sender(size=3)
    async with sender.open():
        sender.put("a")
        await sender.has_sent(1)
        sender.put("b", "c")
        await sender.rests()
        assert sender.sent == [["a"]]

        sender.put("d", "e")
        await sender.has_sent(2)
        assert sender.sent == [["a"], ["b", "c", "d"]]

        sender.let_through(0)
        sender.let_through(1)
        await sender.has_sent(3)

    assert sender.sent[2] == ["e"]


async def test_no_more_are_under_way_than_may_be() -> None:
    sender = Sender(size=1, under_way=2)
    async with sender.open():
        sender.put("a", "b", "c")
        await sender.has_sent(2)
        await sender.rests()
        assert len(sender.sent) == 2
        sender.let_through(0)
        await sender.has_sent(3)


async def test_a_group_keeps_its_order_and_the_others_go_past() -> None:
    sender = Sender(size=2, group=lambda item: item[0])
    async with sender.open():
        sender.put("a1", "b1")
        await sender.has_sent(1)
        sender.put("a2", "c1", "a3", "d1")
        await sender.has_sent(2)
        assert sender.sent == [["a1", "b1"], ["c1", "d1"]]

        sender.let_through(0)
        await sender.has_sent(3)

    assert sender.sent[2] == ["a2", "a3"]


async def test_a_batch_is_no_heavier_than_it_may_be() -> None:
    sender = Sender(weight=len, most_weight=5)
    async with sender.open():
        sender.put("aaa", "bb", "c", "too-heavy-for-any", "d")
        await sender.has_sent(3)
        sender.let_through(0)
        sender.let_through(1)
        sender.let_through(2)
        await sender.has_sent(4)

    assert sender.sent == [["aaa", "bb"], ["c"], ["too-heavy-for-any"], ["d"]]


async def test_what_failed_goes_again_before_what_came_later() -> None:
    sender = Sender()
    sender.answers = [lambda batch: batch[1:]]
    async with sender.open():
        sender.put("a", "b", "c")
        await sender.has_sent(1)
        sender.put("d")
        sender.let_through(0)
        await sender.has_sent(2)

    assert sender.sent == [["a", "b", "c"], ["b", "c", "d"]]


async def test_while_it_is_away_one_batch_at_a_time_finds_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bus.sqs.batches.BACKOFF", Backoff(first_s=0.001, longest_s=2.0))

    def is_away(_batch: Sequence[str]) -> Sequence[str]:
        raise Unavailable("SQS")

    sender = Sender(size=1)
    sender.answers = [is_away]
    async with sender.open():
        sender.put("a")
        await sender.has_sent(1)
        assert not sender.batches.is_away
        sender.let_through(0)
        await until(lambda: sender.batches.is_away)
        sender.put("b", "c")
        await sender.has_sent(2)
        await sender.rests()
        assert sender.sent == [["a"], ["a"]]

        sender.let_through(1)
        await sender.has_sent(4)
        assert not sender.batches.is_away

    assert sender.sent[2:] == [["b"], ["c"]]


async def test_it_is_bounded() -> None:
    batches = Batches[str](Sender()._send, limit=2)

    assert [batches.put(item) for item in "abc"] == [True, True, False]


async def test_it_is_empty_when_the_last_has_arrived() -> None:
    sender = Sender()
    async with sender.open():
        sender.put("a")
        await sender.has_sent(1)
        empty = asyncio.create_task(sender.batches.empty())
        await sender.rests()
        assert not empty.done()
        sender.let_through(0)
        await soon(empty)
