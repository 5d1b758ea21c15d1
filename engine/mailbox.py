"""A mailbox: bounded, and in order per key.

Messages of one key stand in a **lane**, in the order they came. Only the front of a lane may be handled: for turns the
front is every message up to the first of another handler (they share a turn), for calls it is a single message (calls
run side by side). The messages behind wait until the front is done. So every operation costs the same however full the
mailbox is, and a message that is being retried holds up its own lane and no other.

Retries take turns of their own: among other messages, each retry could fail a whole turn.

Rejected: docs/decisions/0003.
"""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from math import inf
from time import perf_counter

from engine.clock import Clock
from engine.envelope import Envelope
from engine.errors import Overloaded
from engine.handler import Handler
from engine.message import Message
from engine.work_count import WorkCount


class _Lane:
    """The messages of one key: the number at the front, and those that wait behind."""

    __slots__ = ("front", "handler", "started", "waiting")

    def __init__(self, handler: Handler) -> None:
        self.handler = handler
        self.front = 0
        self.started = False  # Some of the front were taken: no message may join it any more.
        self.waiting: deque[Envelope] | None = None


class Mailbox:
    """The messages of one actor, at most `limit`.

    A message takes room from `put` to `done`, so while it is handled, too. To the clock it is work only while it is at
    the front of its lane and not held back (engine/work_count.py).
    """

    def __init__(self, owner: str, handlers: Iterable[Handler], limit: int, clock: Clock) -> None:
        self.owner = owner
        self.work = WorkCount(clock)
        self.limit = limit
        self.size = 0
        self.in_hand: dict[Envelope, None] = {}  # Taken and neither done nor held back, in order. A crash fails these.
        self._handlers = {message_type: handler for handler in handlers for message_type in handler.message_types}
        self._ready: dict[Handler, deque[Envelope]] = {handler: deque() for handler in self._handlers.values()}
        # For turns, messages that failed before stand apart.
        self._retries: dict[Handler, deque[Envelope]] = {each: deque() for each in self._ready if not each.is_call}
        self._turns = [*self._retries.items(), *((each, self._ready[each]) for each in self._retries)]
        self._calls = [(handler, ready) for handler, ready in self._ready.items() if handler.is_call]
        self._running = dict.fromkeys((handler for handler, _ in self._calls), 0)
        self._lanes: dict[str, _Lane] = {}
        self.turn_ready = asyncio.Event()  # Set when a message becomes ready for a turn; its loop clears it.
        self.call_ready = asyncio.Event()  # Likewise for a call, and when the place of one becomes free.

    def handles(self, message_type: type[Message]) -> bool:
        """Return whether its actor handles messages of this type."""
        return message_type in self._handlers

    def is_for_turns(self, message_type: type[Message]) -> bool:
        """Return whether messages of this type are handled in turns, and not by calls."""
        return not self._handlers[message_type].is_call

    def has_lane(self, key: str) -> bool:
        """Return whether a message of this key waits, is being handled, or is held back."""
        return key in self._lanes

    def handler_of(self, message_type: type[Message]) -> Handler:
        """Return the handler of messages of this type."""
        return self._handlers[message_type]

    def oldest_wait_s(self) -> float:
        """Return how long the oldest ready message has waited; 0 if none is ready."""
        heads = [ready[0].enqueued_s for ready in (*self._ready.values(), *self._retries.values()) if ready]
        return perf_counter() - min(heads) if heads else 0.0

    def put(self, envelope: Envelope) -> None:
        """Take a message in.

        Raises:
            Overloaded: The mailbox is full. Nothing was taken in.
        """
        if self.size >= self.limit:
            raise Overloaded(self.owner)
        self.size += 1
        envelope.enqueued_s = perf_counter()
        self._line_up(envelope)

    def replace(self, envelope: Envelope, message: Message) -> None:
        """Replace a call's message by its result, in the same place: it is recorded before its lane moves on."""
        envelope.message = message
        envelope.is_call_result = True
        envelope.handler = self._handlers[type(message)]
        if envelope.key:
            lane = self._lanes[envelope.key]
            lane.handler = envelope.handler
        del self.in_hand[envelope]
        self._ready[envelope.handler].append(envelope)
        self._wake(envelope.handler)

    def take_turn(self, limit: int, background_delay_s: float = 0.0) -> list[Envelope]:
        """Take up to `limit` messages of the handler whose oldest message has waited longest; none if none is due.

        A message without an asker counts as if it had come `background_delay_s` later; likewise for calls.
        """
        chosen = min(
            (ready for _, ready in self._turns if ready), key=lambda it: _due_s(it, background_delay_s), default=None
        )
        if chosen is None or _due_s(chosen, background_delay_s) > perf_counter():
            return []
        if len(chosen) <= limit:
            batch = list(chosen)
            chosen.clear()
        else:
            batch = [chosen.popleft() for _ in range(limit)]
        self._take(batch)
        return batch

    def _take(self, batch: Sequence[Envelope]) -> None:
        self.in_hand.update(dict.fromkeys(batch))
        for envelope in batch:
            if envelope.key:
                self._lanes[envelope.key].started = True

    def take_asks(self) -> list[Envelope]:
        """Take all asks that are ready for a turn, to be refused while turns can't be had."""
        taken: list[Envelope] = []
        for _, ready in self._turns:
            asks = [envelope for envelope in ready if envelope.is_refusable]
            if asks:
                rest = [envelope for envelope in ready if not envelope.is_refusable]
                ready.clear()
                ready.extend(rest)
                taken += asks
        self._take(taken)
        return taken

    def turn_is_due_s(self, background_delay_s: float) -> float:
        """Return when the next turn is due, by `perf_counter`; infinite if no message is ready."""
        return min((_due_s(ready, background_delay_s) for _, ready in self._turns if ready), default=inf)

    def take_call(self, background_delay_s: float = 0.0) -> Envelope | None:
        """Take the next message whose handler is a call with a free place, if one is due."""
        now_s = perf_counter()
        for handler, ready in self._calls:
            if ready and self._running[handler] < handler.limit and _due_s(ready, background_delay_s) <= now_s:
                self._running[handler] += 1
                envelope = ready.popleft()
                self.in_hand[envelope] = None
                return envelope
        return None

    def call_is_due_s(self, background_delay_s: float) -> float:
        """Return when the next call with a free place is due, by `perf_counter`; infinite if there is none."""
        free = (ready for handler, ready in self._calls if ready and self._running[handler] < handler.limit)
        return min((_due_s(ready, background_delay_s) for ready in free), default=inf)

    def call_ended(self, handler: Handler) -> None:
        """Free a call's place, whatever became of its message."""
        self._running[handler] -= 1
        self.call_ready.set()

    def done(self, envelopes: Sequence[Envelope]) -> None:
        """Remove taken messages that have ended, well or not; their lanes move on."""
        for envelope in envelopes:
            self.size -= 1
            del self.in_hand[envelope]
            if envelope.key:
                lane = self._lanes[envelope.key]
                lane.front -= 1
                if not lane.front:
                    self._move_on(envelope.key, lane)
        self.work.end(len(envelopes))

    def hold_back(self, failed: Envelope, taken: Sequence[Envelope] = ()) -> None:
        """Keep a failed message for a retry. Until then its lane waits, with `taken` (in their order) at its head."""
        for envelope in (failed, *taken):
            del self.in_hand[envelope]
        self.work.end()
        lane = self._lanes.get(failed.key)
        if lane is None:
            return
        ready = self._ready[failed.handler]
        behind = [*taken, *(other for other in ready if other.key == failed.key)]
        if behind:
            self.work.end(len(behind))
            lane.front -= len(behind)
            lane.waiting = deque(behind) + (lane.waiting or deque())
            others = [other for other in ready if other.key != failed.key]
            ready.clear()
            ready.extend(others)

    def retry(self, envelope: Envelope) -> None:
        """Make a message ready that was held back. It is older than the rest, so it goes first."""
        self.work.begin()
        self._retries.get(envelope.handler, self._ready[envelope.handler]).appendleft(envelope)
        self._wake(envelope.handler)

    def wake(self) -> None:
        """Let both loops check for due messages, though none is new."""
        self.turn_ready.set()
        self.call_ready.set()

    def _wake(self, handler: Handler) -> None:
        (self.call_ready if handler.is_call else self.turn_ready).set()

    def _line_up(self, envelope: Envelope) -> None:
        envelope.handler = handler = self._handlers[type(envelope.message)]
        if envelope.key:
            lane = self._lanes.get(envelope.key)
            if lane is None:
                lane = self._lanes[envelope.key] = _Lane(handler)
                lane.started = handler.is_call
            elif lane.started or lane.waiting or lane.handler is not handler:
                if lane.waiting is None:
                    lane.waiting = deque()
                lane.waiting.append(envelope)
                return
            lane.front += 1
        self.work.begin()
        self._ready[handler].append(envelope)
        self._wake(handler)

    def _move_on(self, key: str, lane: _Lane) -> None:
        """Make the lane's next front ready: one call, or all messages that can share a turn."""
        waiting = lane.waiting
        if not waiting:
            del self._lanes[key]
            return
        handler = lane.handler = waiting[0].handler
        lane.started = handler.is_call
        while waiting and waiting[0].handler is handler:
            self.work.begin()
            self._ready[handler].append(waiting.popleft())
            lane.front += 1
            if handler.is_call:
                break
        self._wake(handler)


def _due_s(ready: Sequence[Envelope], background_delay_s: float) -> float:
    return ready[0].enqueued_s if ready[0].reply is not None else ready[0].enqueued_s + background_delay_s
