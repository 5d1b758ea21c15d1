"""A mailbox: bounded, and in order per key.

Messages of one key stand in a **lane**, in the order they came. Only the front of a lane may be handled: for turns the
front is every message up to the first of another handler (they go into one turn together), for calls it is a single
message (calls run side by side). What is behind waits until the front is done. So every operation costs the same
however full the box is, and a message that is being retried holds up its own lane and no other.

What failed and is tried again takes turns of its own: in company it would spoil a whole turn with each of its tries.

Rejected: docs/decisions/0003.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from math import inf
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from engine.errors import Overloaded
from engine.message import Message

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from engine.actor import Handler
    from engine.clock import Clock


class Lease(Protocol):
    """A message's loan from a queue outside, where it comes to light again for others when the loan ends."""

    receives: int  # How often it was handed out, this time included.
    on_lost: "Callable[[], None] | None"  # Called when it is lost, if anybody wants to know at once.

    @property
    def is_lost(self) -> bool:
        """Whether somebody else may have it by now: what is not done yet must not be."""
        ...

    def done(self) -> None:
        """It was handled, or is of no use: the queue may forget it."""
        ...

    def give_back(self, pause_s: float) -> None:
        """Let the queue hand it out again, to whomever, after this pause."""
        ...


class Envelope:
    """A message on its way to one actor, with what the engine must know about it."""

    __slots__ = (
        "answer", "attempts", "cause", "delivery_id", "expires_s",
        "handler", "id", "is_timer", "key", "learned", "lease", "message", "put_s", "trace", "waits",
    )  # fmt: skip

    def __init__(
        self,
        message: Message,
        *,
        message_id: str,
        answer: "asyncio.Future[object] | None" = None,
        expires_s: float = 0.0,
        delivery_id: int = 0,
        attempts: int = 0,
        cause: str = "",
        trace: str = "",
        is_timer: bool = False,
        lease: Lease | None = None,
    ) -> None:
        self.message = message
        self.key = message.key
        self.id = message_id
        self.answer = answer  # Somebody waits for it, if not None.
        self.expires_s = expires_s  # On the event loop's clock; 0 never.
        self.delivery_id = delivery_id  # The row that is the right to handle it; 0 if it came from memory alone.
        self.attempts = attempts  # How often it failed by itself.
        self.waits = 0  # How often what it needs was away.
        self.cause = cause  # The id of the message that led to this one.
        self.trace = trace  # The `traceparent` it belongs to, or "".
        self.is_timer = is_timer  # It was stored for a time that has come.
        self.lease = lease  # It came from another process through a queue, if not None.
        self.learned = False  # It tells what a call has done already, and must be recorded whoever still waits.
        self.put_s = 0.0
        self.handler: Handler

    @property
    def is_refusable(self) -> bool:
        """Whether nothing is lost if somebody is told "not now"."""
        return self.answer is not None and not self.learned

    @property
    def is_lost(self) -> bool:
        """Whether it was lent to this process, and is so no more."""
        return self.lease is not None and self.lease.is_lost

    def is_abandoned(self, now_s: float) -> bool:
        """Whether there is no need to begin: who asked waits no more, or somebody else has it by now."""
        if self.learned:
            return False
        answer = self.answer
        return self.is_lost or (answer is not None and (answer.done() or self.expires_s <= now_s))


class _Lane:
    """The messages of one key: how many are at the front, and who waits behind them."""

    __slots__ = ("front", "handler", "started", "waiting")

    def __init__(self, handler: "Handler") -> None:
        self.handler = handler
        self.front = 0
        self.started = False  # Some of the front were taken: nobody may join it any more.
        self.waiting: deque[Envelope] | None = None


class Mailbox:
    """What waits for one actor, at most `limit` messages.

    A message counts from `put` to `done`: what is being handled takes room too. To the clock it is work only while
    it is at the front of its lane and not held back, so that a shop whose only business is a retry in a minute is at
    rest until the clock moves.
    """

    def __init__(self, owner: str, handlers: Iterable["Handler"], limit: int, clock: "Clock") -> None:
        self.owner = owner
        self._clock = clock
        self._active = 0  # At the front and not held back.
        self._suspended = False
        self.limit = limit
        self.size = 0
        self.in_hand: dict[Envelope, None] = {}  # Taken and neither done nor held back, in order: what a crash hits.
        self._handlers = {message_type: handler for handler in handlers for message_type in handler.message_types}
        self._ready: dict[Handler, deque[Envelope]] = {handler: deque() for handler in self._handlers.values()}
        # For turns, what failed before stands apart.
        self._again: dict[Handler, deque[Envelope]] = {each: deque() for each in self._ready if not each.is_call}
        self._turns = [*self._again.items(), *((each, self._ready[each]) for each in self._again)]
        self._calls = [(handler, ready) for handler, ready in self._ready.items() if handler.is_call]
        self._running = dict.fromkeys((handler for handler, _ in self._calls), 0)
        self._lanes: dict[str, _Lane] = {}

    def handles(self, message_type: type[Message]) -> bool:
        """Whether its actor handles messages of this type."""
        return message_type in self._handlers

    def is_for_turns(self, message_type: type[Message]) -> bool:
        """Whether messages of this type are handled in turns, and not by calls."""
        return not self._handlers[message_type].is_call

    def oldest_wait_s(self) -> float:
        """How long the message that may go next has waited; 0 when nothing does."""
        heads = [ready[0].put_s for ready in (*self._ready.values(), *self._again.values()) if ready]
        return perf_counter() - min(heads) if heads else 0.0

    def put(self, envelope: Envelope) -> None:
        """Take a message in.

        Raises:
            Overloaded: It is full. Nothing was taken in.
        """
        if self.size >= self.limit:
            raise Overloaded(self.owner)
        self.size += 1
        envelope.put_s = perf_counter()
        self._line_up(envelope)

    def replace(self, envelope: Envelope, message: Message) -> None:
        """Go on with another message in the same place: what a call learned is recorded before its lane moves on."""
        envelope.message = message
        envelope.learned = True
        envelope.handler = self._handlers[type(message)]
        if envelope.key:
            lane = self._lanes[envelope.key]
            lane.handler = envelope.handler
        del self.in_hand[envelope]
        self._ready[envelope.handler].append(envelope)

    def take_turn(self, limit: int, patience_s: float = 0.0) -> list[Envelope]:
        """The next turn: up to `limit` messages of one handler, chosen by who has waited longest. Empty if none is due.

        What nobody waits for counts as if it had come `patience_s` later, as it does for calls.
        """
        chosen = min((ready for _, ready in self._turns if ready), key=lambda it: _due_s(it, patience_s), default=None)
        if chosen is None or _due_s(chosen, patience_s) > perf_counter():
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
        """Everything that is ready for a turn and that somebody waits for: to be refused, when turns can't be had."""
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

    def turn_is_due_s(self, patience_s: float) -> float:
        """When the next turn should begin, by `perf_counter`; infinite if nothing is ready."""
        return min((_due_s(ready, patience_s) for _, ready in self._turns if ready), default=inf)

    def take_call(self, patience_s: float = 0.0) -> Envelope | None:
        """The next message whose handler is a call and has a place free, if any is due."""
        now_s = perf_counter()
        for handler, ready in self._calls:
            if ready and self._running[handler] < handler.limit and _due_s(ready, patience_s) <= now_s:
                self._running[handler] += 1
                envelope = ready.popleft()
                self.in_hand[envelope] = None
                return envelope
        return None

    def call_is_due_s(self, patience_s: float) -> float:
        """When the next call that has a place should begin, by `perf_counter`; infinite if there is none."""
        free = (ready for handler, ready in self._calls if ready and self._running[handler] < handler.limit)
        return min((_due_s(ready, patience_s) for ready in free), default=inf)

    def call_ended(self, handler: "Handler") -> None:
        """A call's place is free again, whatever became of its message."""
        self._running[handler] -= 1

    def done(self, envelopes: Sequence[Envelope]) -> None:
        """These are over, well or not: their lanes move on."""
        for envelope in envelopes:
            self.size -= 1
            del self.in_hand[envelope]
            if envelope.key:
                lane = self._lanes[envelope.key]
                lane.front -= 1
                if not lane.front:
                    self._move_on(envelope.key, lane)
        self._end(len(envelopes))

    def hold_back(self, failed: Envelope, taken: Sequence[Envelope] = ()) -> None:
        """This one must be tried later; until then all of its lane waits, with `taken` (in their order) at its head."""
        for envelope in (failed, *taken):
            del self.in_hand[envelope]
        self._end(1)
        lane = self._lanes.get(failed.key)
        if lane is None:
            return
        ready = self._ready[failed.handler]
        behind = [*taken, *(other for other in ready if other.key == failed.key)]
        if behind:
            self._end(len(behind))
            lane.front -= len(behind)
            lane.waiting = deque(behind) + (lane.waiting or deque())
            others = [other for other in ready if other.key != failed.key]
            ready.clear()
            ready.extend(others)

    def try_again(self, envelope: Envelope) -> None:
        """The time has come for one that was held back. It is older than the rest, so it goes first."""
        self._begin(1)
        self._again.get(envelope.handler, self._ready[envelope.handler]).appendleft(envelope)

    def suspend(self) -> None:
        """Nothing can be done for a while: to the clock, what is here is no work."""
        self._suspended = True
        self._clock.end(self._active)

    def resume(self) -> None:
        """What is here is work again."""
        self._suspended = False
        self._clock.begin(self._active)

    def rest(self) -> None:
        """One that is in hand does nothing but wait for somebody else's work."""
        self._end(1)

    def rest_is_over(self) -> None:
        """It goes on."""
        self._begin(1)

    def _begin(self, pieces: int) -> None:
        self._active += pieces
        if not self._suspended:
            self._clock.begin(pieces)

    def _end(self, pieces: int) -> None:
        self._active -= pieces
        if not self._suspended:
            self._clock.end(pieces)

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
        self._begin(1)
        self._ready[handler].append(envelope)

    def _move_on(self, key: str, lane: _Lane) -> None:
        """Let the next front of this lane step forward: one call, or all that can share a turn."""
        waiting = lane.waiting
        if not waiting:
            del self._lanes[key]
            return
        handler = lane.handler = waiting[0].handler
        lane.started = handler.is_call
        while waiting and waiting[0].handler is handler:
            self._begin(1)
            self._ready[handler].append(waiting.popleft())
            lane.front += 1
            if handler.is_call:
                break


def _due_s(ready: Sequence[Envelope], patience_s: float) -> float:
    return ready[0].put_s if ready[0].answer is not None else ready[0].put_s + patience_s
