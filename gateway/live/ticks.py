"""When changes are told: at once when it is quiet, together when it is not.

A tick begins in the loop's next round when the last one is over for long enough: as long again as it took, and never
more than 50 ms. So an idle hub waits 0 ms, a busy one spends at most half its time on frames, and what changes
meanwhile shares the next tick, where only the newest value of a SKU is left. How long a tick took is taken a round
after its last write, because uvloop makes its system calls at the end of a round.

In a tick every subscriber owes its frame to the set of changes it must hear, written as the bits of a number: most
subscribers share a few of these sets, and each set's frame is made once. Writing goes in slices, so that ten thousand
sockets do not hold up HTTP; until a tick is over, no other begins, so no version can overtake another.

Rejected: docs/decisions/0012.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from bus.messages.inventory import StockLevel
from gateway.live import frames
from gateway.live.messages import stock
from gateway.live.metrics import CONFLATED, DELIVERIES, LAG, TICK_CHANGES
from gateway.live.settings import LiveSettings
from gateway.live.topics import StockTopic, Subscriber

FRAMES_KEPT = 1024  # Distinct sets of changes whose frames one tick remembers.


class Change(NamedTuple):
    """A value that waits for its tick."""

    level: StockLevel
    committed_at: datetime | None


class Ticks:
    """Gathers changes and writes them to all who watch."""

    def __init__(
        self,
        settings: LiveSettings,
        clock: Callable[[], datetime] | None,
        on_shown: Callable[[StockTopic], None],
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._on_shown = on_shown
        self._loop = asyncio.get_running_loop()
        self._pending: dict[StockTopic, Change] = {}
        self._busy = False  # A tick is scheduled or under way.
        self._began_at = 0.0
        self._not_before = 0.0
        # The tick that is under way.
        self._batch: list[tuple[StockTopic, Change]] = []
        self._owed: dict[Subscriber, int] = {}
        self._frames: dict[int, bytes] = {}

    def change(self, topic: StockTopic, level: StockLevel, committed_at: datetime | None = None) -> bool:
        """Tell this at the next tick, if it is newer than all we have. Says whether a newer value is on its way."""
        waiting = self._pending.get(topic)
        if level.version <= (topic.version if waiting is None else waiting.level.version):
            return waiting is not None
        if waiting is not None:
            CONFLATED.inc()
        self._pending[topic] = Change(level, committed_at)
        if not self._busy:
            self._schedule()
        return True

    def settle(self, subscriber: Subscriber) -> None:
        """Write what the tick under way still owes it, so that what is said next does not overtake that."""
        mask = self._owed.pop(subscriber, 0)
        if mask:
            self._give(subscriber, mask)

    def forget(self, subscriber: Subscriber) -> None:
        """It is gone, or does not want to know any more."""
        self._owed.pop(subscriber, None)

    def _schedule(self) -> None:
        self._busy = True
        wait_s = self._not_before - self._loop.time()
        if wait_s <= 0:
            self._loop.call_soon(self._begin)
        else:
            self._loop.call_later(wait_s, self._begin)

    def _begin(self) -> None:
        self._began_at = self._loop.time()
        taken = [(topic, self._pending.pop(topic)) for topic in self._next_topics()]
        # While nobody read it, a topic may have been shown a newer value without a tick.
        self._batch = [(topic, change) for topic, change in taken if change.level.version > topic.version]
        topics = [topic for topic, _ in self._batch]
        TICK_CHANGES.observe(len(topics))
        for topic, change in self._batch:
            topic.show(change.level)
        self._owed = who_must_hear(topics)
        # Only now, or those who waited for the value would get it twice.
        for topic in topics:
            self._on_shown(topic)
        self._write_slice()

    def _next_topics(self) -> list[StockTopic]:
        return list(islice(self._pending, self._settings.batch_changes))

    def _write_slice(self) -> None:
        owed, told = self._owed, 0
        last, values, frame = 0, 0, b""  # Neighbours mostly get the same; this is the loop that counts.
        for _ in range(min(len(owed), self._settings.slice_clients)):
            subscriber, mask = owed.popitem()
            if subscriber.dirty is not None:
                self._give(subscriber, mask)
                continue
            if mask != last:
                last, values, frame = mask, mask.bit_count(), self._frame(mask)
            subscriber.write(frame)
            told += values
        DELIVERIES.inc(told)
        self._loop.call_soon(self._write_slice if owed else self._end)

    def _end(self) -> None:
        now = self._loop.time()
        self._not_before = now + min(now - self._began_at, self._settings.tick_max_s)
        if self._clock is not None:
            seen_at = self._clock()
            for _, change in self._batch:
                if change.committed_at is not None:
                    LAG.observe((seen_at - change.committed_at).total_seconds())
        self._batch = []
        self._frames = {}
        self._busy = False
        if self._pending:
            self._schedule()

    def _give(self, subscriber: Subscriber, mask: int) -> None:
        DELIVERIES.inc(mask.bit_count())
        if subscriber.dirty is None:
            subscriber.write(self._frame(mask))
        else:
            topics = self._topics(mask)
            CONFLATED.inc(sum(topic in subscriber.dirty for topic in topics))
            subscriber.conflate(topics)

    def _topics(self, mask: int) -> list[StockTopic]:
        return [topic for bit, (topic, _) in enumerate(self._batch) if mask >> bit & 1]

    def _frame(self, mask: int) -> bytes:
        frame = self._frames.get(mask)
        if frame is None:
            if len(self._frames) >= FRAMES_KEPT:
                self._frames.clear()
            frame = self._frames[mask] = frames.text(stock([topic.body for topic in self._topics(mask)]))
        return frame


def who_must_hear(topics: list[StockTopic]) -> dict[Subscriber, int]:
    """Each reader with the set of topics it reads: bit n stands for the n-th topic."""
    if len(topics) == 1:
        return dict.fromkeys(topics[0].readers, 1)
    owed: dict[Subscriber, int] = {}
    for bit, topic in enumerate(topics):
        for subscriber in topic.readers:
            owed[subscriber] = owed.get(subscriber, 0) | 1 << bit
    return owed
