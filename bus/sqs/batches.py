"""Batches: items are sent ten at a time.

While no batch is under way, waiting items are sent at once. Otherwise they wait for a full batch, or until no batch is
under way any more. So a quiet shop has no delay, and a busy one sends full batches, without a timer that would have to
be right for both.
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

_WINDOW = 64  # Items searched for a batch, those included that must wait for their group.
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
        """Make an empty queue.

        Args:
            send: Sends a batch; returns the items to retry, or raises Unavailable, which means all.
            size: The most items of a batch.
            under_way: The most batches at once.
            limit: The most items that wait.
            group: Returns the group of an item, which is sent in order; "" is no group.
            weight: Returns the weight of an item.
            most_weight: The most weight of a batch.
        """
        self._send = send
        self._size = size
        self._most = under_way
        self._limit = limit
        self._group = group
        self._weight = weight
        self._most_weight = most_weight
        self._waiting: deque[T] = deque()
        self._groups: set[str] = set()  # Groups with an item under way.
        self._under_way = 0
        self._failures = 0  # In a row.
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()

    @property
    def is_away(self) -> bool:
        """Whether the last batch failed; one is still to be sent, and shows whether the receiver is back."""
        return self._failures > 0 and bool(self._waiting or self._under_way)

    def put(self, item: T) -> bool:
        """Add an item. Return False if there is no room for it."""
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
        """Wait until all items have been sent."""
        while self._waiting or self._under_way:
            self._moved.clear()
            await self._moved.wait()

    def _next(self) -> Sequence[T]:
        """Take the next batch; empty if none may be sent now."""
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
        """Return the places of the items that may be sent together, and whether they make a full batch."""
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
