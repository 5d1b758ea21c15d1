"""Batches: what is put in goes out ten at a time.

While nothing is under way, what there is goes at once; else it waits for a full batch, or until the way is free. So a
quiet shop has no delay in it, and a busy one sends full batches, without a timer that would have to be right for both.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Generic, TypeVar

import anyio

from engine.backoff import Backoff
from engine.errors import Unavailable

T = TypeVar("T")

_WINDOW = 64  # How far ahead to look for what may go, past what must wait for its group.
BACKOFF = Backoff(first_s=0.2, longest_s=2.0)  # While SQS is away.


def _no_group(_item: object) -> str:
    return ""


def _no_weight(_item: object) -> int:
    return 0


class Batches(Generic[T]):
    """An outgoing queue of items that are sent in batches.

    Items of one group leave in their order: none while a batch with another of it is under way.
    """

    def __init__(
        self,
        send: Callable[[Sequence[T]], Awaitable[Sequence[T]]],
        *,
        size: int = 10,
        under_way: int = 8,
        limit: int = 10_000,
        group: Callable[[T], str] = _no_group,
        weight: Callable[[T], int] = _no_weight,
        most_weight: int = 1 << 20,
    ) -> None:
        """All bounds.

        Args:
            send: Sends a batch; gives those that must be tried again, or raises Unavailable, which means all.
            size: Of a batch.
            under_way: Batches at once.
            limit: Items that wait.
            group: What must stay in order; "" is no group.
            weight: Of an item.
            most_weight: Of a batch.
        """
        self._send = send
        self._size = size
        self._most = under_way
        self._limit = limit
        self._group = group
        self._weight = weight
        self._most_weight = most_weight
        self._waiting: deque[T] = deque()
        self._groups: set[str] = set()  # Of which some are under way.
        self._under_way = 0
        self._failures = 0  # In a row.
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def is_away(self) -> bool:
        """Whether the last try failed, and another one is going to find out whether it is back."""
        return self._failures > 0 and bool(self._waiting or self._under_way)

    def put(self, item: T) -> bool:
        """Take one in; False if there is no room, and then it was not."""
        if len(self._waiting) >= self._limit:
            return False
        self._waiting.append(item)
        self._wake.set()
        return True

    async def run(self) -> None:
        """Send until cancelled."""
        async with anyio.create_task_group() as tasks:
            while True:
                batch = self._next()
                if batch:
                    self._under_way += 1
                    tasks.start_soon(self._go, batch)
                    continue
                self._wake.clear()
                await self._wake.wait()

    async def empty(self) -> None:
        """Wait until nothing waits and nothing is under way."""
        while self._waiting or self._under_way:
            self._moved.clear()
            await self._moved.wait()

    def _next(self) -> Sequence[T]:
        """The next batch; empty if none may go now."""
        if self._under_way >= (1 if self.is_away else self._most):
            return ()
        places, is_full = self._choose()
        if not places or (self._under_way and not is_full):
            return ()
        head = [self._waiting.popleft() for _ in range(places[-1] + 1)]
        batch = [head[place] for place in places]
        self._waiting.extendleft(reversed([item for place, item in enumerate(head) if place not in set(places)]))
        return batch

    def _choose(self) -> tuple[Sequence[int], bool]:
        """Where those are that may go together, and whether more of them would be too many."""
        places: list[int] = []
        blocked, weight = set(self._groups), 0
        for place, item in enumerate(islice(self._waiting, _WINDOW)):
            group = self._group(item)
            if group and group in blocked:
                continue
            weight += self._weight(item)
            if places and weight > self._most_weight:
                return places, True
            places.append(place)
            if len(places) == self._size:
                return places, True
        return places, False

    async def _go(self, batch: Sequence[T]) -> None:
        groups = {group for item in batch if (group := self._group(item))}
        self._groups |= groups
        again: Sequence[T] = ()
        try:
            again = await self._send(batch)
            self._failures = 0
        except Unavailable:
            again = batch
            self._failures += 1
            await anyio.sleep(BACKOFF.pause_s(self._failures))
        finally:
            self._waiting.extendleft(reversed(again))
            self._groups -= groups
            self._under_way -= 1
            self._wake.set()
            self._moved.set()
