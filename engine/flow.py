"""Counts of the messages that flow between the actors of this process, edge by edge: publisher, type, subscriber.

A message costs one addition when its transaction has committed, whether its subscriber handled it inline or it got a
row. How long messages wait is sampled only while somebody watches; otherwise that costs one comparison for each turn.
Timers are no flow between actors, and are not counted.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from time import perf_counter
from typing import Final, NamedTuple

from engine.deliveries import Addressed
from engine.envelope import Envelope

_MOST_SAMPLES: Final = 256  # Of one type and subscriber between two readings; the longest wait counts in any case.


class Edge(NamedTuple):
    """A way that messages take."""

    publisher: str  # "": they were published outside of any turn.
    type: str
    subscriber: str


class Waits(NamedTuple):
    """How long messages waited to be handled, in seconds; 0 for those handled inline."""

    p50_s: float = 0.0
    max_s: float = 0.0


class _Samples:
    __slots__ = ("longest_s", "waits_s")

    def __init__(self) -> None:
        self.waits_s: list[float] = []
        self.longest_s = 0.0

    def add(self, wait_s: float) -> None:
        if len(self.waits_s) < _MOST_SAMPLES:
            self.waits_s.append(wait_s)
        if wait_s > self.longest_s:  # noqa: PLR1730 - `max` takes three times as long
            self.longest_s = wait_s


class Flow:
    """The counts of one process, since it began."""

    def __init__(self) -> None:
        self.is_watched = False
        self._sent: defaultdict[tuple[str, type, str], int] = defaultdict(int)
        self._parked: defaultdict[tuple[str, str], int] = defaultdict(int)  # By type and subscriber.
        self._samples: defaultdict[tuple[type, str], _Samples] = defaultdict(_Samples)

    def count(self, published: Sequence[Addressed], inline: Iterable[Addressed]) -> None:
        """Count what a transaction has published, some of it handled inline."""
        sent = self._sent
        for item in published:
            entry = item.entry
            if entry.due is None:
                sent[entry.publisher, type(entry.message), item.subscriber] += 1
        if self.is_watched:
            for item in inline:
                self._samples[type(item.entry.message), item.subscriber].add(0.0)

    def note_waits(self, subscriber: str, batch: Sequence[Envelope]) -> None:
        """Sample how long these waited in a mailbox; asks are no flow. Only while somebody watches."""
        now_s = perf_counter()
        for envelope in batch:
            if envelope.delivery_id:
                self._samples[type(envelope.message), subscriber].add(now_s - envelope.enqueued_s)

    def note_parked(self, subscriber: str, envelope: Envelope) -> None:
        """Count a dead letter."""
        self._parked[type(envelope.message).__name__, subscriber] += 1

    def sent(self) -> Mapping[Edge, int]:
        """Return how many messages took each edge, since the process began."""
        sent = {Edge(by, kind.__name__, to): count for (by, kind, to), count in self._sent.items()}
        known = {(edge.type, edge.subscriber) for edge in sent}
        # Dead letters of messages that an earlier process, or another one, has published.
        return sent | {Edge("", kind, to): 0 for kind, to in self._parked if (kind, to) not in known}

    def parked(self, kind: str, subscriber: str) -> int:
        """Return how many messages of a type became dead letters of a subscriber, since the process began."""
        return self._parked.get((kind, subscriber), 0)

    def take_waits(self) -> Mapping[tuple[str, str], Waits]:
        """Return the waits of each type and subscriber since the last call, and sample from now on."""
        taken, self._samples = self._samples, defaultdict(_Samples)
        self.is_watched = True
        return {(kind.__name__, to): Waits(median(each.waits_s), each.longest_s) for (kind, to), each in taken.items()}

    def rest(self) -> None:
        """Sample no more waits: nobody watches."""
        self.is_watched = False
        self._samples.clear()
