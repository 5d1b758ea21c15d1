"""Ticks send changes: at once when the hub is idle, in batches when it is busy.

A tick begins in the loop's next round, or after a pause as long as the last tick took, which is at most 50 ms. So an
idle hub waits 0 ms, a busy one spends at most half its time on frames, and changes that come meanwhile share the next
tick, where only the newest value of a SKU is left. A tick's duration is measured a round after its last write, because
uvloop makes its system calls at the end of a round.

Within a tick, each subscriber's set of changes is a bit mask. Most subscribers share a few masks, so each mask's frame
is encoded once. Writing goes in slices, so that ten thousand sockets do not block HTTP; a tick begins only when the
last one is over, so no version can overtake another.

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
    """Gathers changes and writes them to all watchers."""

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
        self._busy = False  # A tick is scheduled or in progress.
        self._began_at = 0.0
        self._not_before = 0.0
        # The tick in progress.
        self._batch: list[tuple[StockTopic, Change]] = []
        self._masks: dict[Subscriber, int] = {}
        self._frames: dict[int, bytes] = {}

    def change(self, topic: StockTopic, level: StockLevel, committed_at: datetime | None = None) -> bool:
        """Send a level at the next tick, if it is newer than all others. True if a newer value is now on its way."""
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
        """Write the rest of the current tick to a subscriber, so that no later message overtakes it."""
        mask = self._masks.pop(subscriber, 0)
        if mask:
            self._deliver(subscriber, mask)

    def forget(self, subscriber: Subscriber) -> None:
        """Drop the rest of the current tick for a subscriber that has left."""
        self._masks.pop(subscriber, None)

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
        # While a topic had no readers, it may have been shown a newer value without a tick.
        self._batch = [(topic, change) for topic, change in taken if change.level.version > topic.version]
        topics = [topic for topic, _ in self._batch]
        TICK_CHANGES.observe(len(topics))
        for topic, change in self._batch:
            topic.show(change.level)
        self._masks = masks_of_readers(topics)
        # Only now: subscriptions that waited for the value would otherwise get it twice.
        for topic in topics:
            self._on_shown(topic)
        self._write_slice()

    def _next_topics(self) -> list[StockTopic]:
        return list(islice(self._pending, self._settings.batch_changes))

    def _write_slice(self) -> None:
        masks, written = self._masks, 0
        last, values, frame = 0, 0, b""  # Neighbours mostly share a frame; this is the hot loop.
        for _ in range(min(len(masks), self._settings.slice_clients)):
            subscriber, mask = masks.popitem()
            if subscriber.dirty is not None:
                self._deliver(subscriber, mask)
                continue
            if mask != last:
                last, values, frame = mask, mask.bit_count(), self._frame(mask)
            subscriber.write(frame)
            written += values
        DELIVERIES.inc(written)
        self._loop.call_soon(self._write_slice if masks else self._end)

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

    def _deliver(self, subscriber: Subscriber, mask: int) -> None:
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


def masks_of_readers(topics: list[StockTopic]) -> dict[Subscriber, int]:
    """Map each reader to the mask of topics it reads: bit n stands for the n-th topic."""
    if len(topics) == 1:
        return dict.fromkeys(topics[0].readers, 1)
    masks: dict[Subscriber, int] = {}
    for bit, topic in enumerate(topics):
        for subscriber in topic.readers:
            masks[subscriber] = masks.get(subscriber, 0) | 1 << bit
    return masks
