"""Turns: an actor takes the messages that wait in its mailbox, and handles them in ONE transaction.

    claim the deliveries -> the handler reads, decides, writes
    -> free listeners handle what it published (engine/inline.py) -> store the rest -> commit
    -> hand the events over in memory -> answer the askers

A turn that fails is bisected until the message at fault stands alone: a dozen transactions more for one among 512. One
by one it would be 512, and all messages behind would wait for them. When the database itself is away, no message is at
fault: the whole turn waits and is retried as it was.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from time import perf_counter

from engine import telemetry
from engine.actor import Actor
from engine.availability import Availability
from engine.bisection import Bisection
from engine.calls import SETTLE
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.deliveries import DeliveryStore
from engine.envelope import Envelope
from engine.errors import Conflict, Unavailable
from engine.flow import Flow
from engine.handler import Handler
from engine.inline import InlineTurns, Listener, ListenerFailed
from engine.mailbox import Mailbox
from engine.message import Message
from engine.outcomes import Outcomes
from engine.postgres import Database
from engine.priority import Priority
from engine.transaction import Transaction

_AT_ONCE = 3  # How often a turn that lost a race reads and decides before it counts as failed.

_LEFT_OUT_S = 5.0  # How long a listener that failed inline is left alone.

_REFUSE_AFTER_S = 0.3  # PostgreSQL is away for so long: asks are refused. A cut connection is remade before that.

_TAKEN = CrashPoint("before-transaction", "Messages were taken from the mailbox; their transaction has not begun.")
_CLAIMED = CrashPoint("after-claim", "Their deliveries are deleted in the transaction; nothing is decided.")
_HANDLED = CrashPoint("after-handler", "What was decided is written in the transaction; its events are not stored.")
_STORED = CrashPoint("before-commit", "Everything is written; the transaction has not committed.")
_COMMITTED = CrashPoint("after-commit", "It has committed; nobody has been answered, no event handed over.")
_HANDED_OVER = CrashPoint("after-hand-over", "Events are in the mailboxes; nobody has been answered.")
_ANSWERED = CrashPoint("after-answer", "Whoever asked has been answered.")


class _Lost(Exception):
    """A lease expired during the turn: another process may hold the message, so this transaction must roll back."""


class Turns:
    """The loop that takes one actor's turns."""

    def __init__(
        self,
        actor: Actor,
        mailbox: Mailbox,
        outcomes: Outcomes,
        availability: Availability,
        *,
        database: Database,
        deliveries: DeliveryStore,
        clock: Clock,
        priority: Priority,
        limit: int,
        listeners: dict[str, Listener],
        inline_s: float,
        flow: Flow,
    ) -> None:
        self.name = actor.name
        self._actor = actor
        self._mailbox = mailbox
        self._outcomes = outcomes
        self._availability = availability
        self._database = database
        self._deliveries = deliveries
        self._clock = clock
        self._priority = priority
        self._limit = limit  # Messages in one turn.
        self._listeners = listeners  # All of this process that take turns, by name.
        self._inline_s = inline_s
        self._flow = flow
        self._is_in_turn = False
        self._is_lent = False  # A publisher handles messages of this actor in its own transaction.
        self._left_out_until_s = 0.0  # On the event loop's clock.
        self._log = telemetry.logger(actor=actor.name)
        self.taken = 0  # Since the start.

    async def run(self) -> None:
        """Take turns until cancelled."""
        self._listeners[self.name] = self
        try:
            while True:
                await self._take_next()
        finally:
            del self._listeners[self.name]

    async def _take_next(self) -> None:
        """Take the next turn, or wait until there may be one."""
        mailbox = self._mailbox
        background_delay_s = self._priority.background_delay_s
        if batch := [] if self._is_lent else mailbox.take_turn(self._limit, background_delay_s):
            self.taken += 1
            self._is_in_turn = True
            try:
                await self._turn(batch)
            finally:
                self._is_in_turn = False
            return
        mailbox.turn_ready.clear()
        due_s = inf if self._is_lent else mailbox.turn_is_due_s(background_delay_s)
        await self._priority.wait(mailbox.turn_ready, due_s)

    # --- As a listener: see engine/inline.py ---

    def hindrance(self, message: Message, *, is_lent: bool) -> str:
        """Return why it can't handle this message inline now, in a word; "" if it can."""
        if self._mailbox.handler_of(type(message)).is_call:
            return "call"
        if self._is_in_turn or self._is_lent is not is_lent:
            return "busy"
        if message.key and self._mailbox.has_lane(message.key):
            return "order"
        if asyncio.get_running_loop().time() < self._left_out_until_s:
            return "left out"
        return ""

    def handler_of(self, message: Message) -> Handler:
        """Return the handler of a message that nothing hinders."""
        return self._mailbox.handler_of(type(message))

    def lend(self) -> None:
        """Take no turn until `take_back`."""
        self._is_lent = True

    def take_back(self) -> None:
        """Take turns again."""
        self._is_lent = False
        self._mailbox.turn_ready.set()

    def leave_out(self, error: BaseException) -> None:
        """Refuse inline turns for a while: one has failed, or took too long."""
        self._left_out_until_s = asyncio.get_running_loop().time() + _LEFT_OUT_S
        self._log.warning("an inline turn failed; its events are stored instead", error=repr(error))

    async def handle_inline(self, tx: Transaction, handler: Handler, messages: Sequence[Message]) -> None:
        """Handle messages in a transaction that somebody else commits."""
        await self._call_handler(handler, tx, messages)

    async def _turn(self, batch: Sequence[Envelope]) -> None:
        handler = batch[0].handler
        begun_s = perf_counter()
        waited_s = begun_s - batch[0].enqueued_s
        if self._flow.is_watched:
            self._flow.note_waits(self.name, batch)
        outcome = await self._run_turn(handler, batch)
        took_s = perf_counter() - begun_s
        telemetry.note_turn(
            self._actor.name, handler.name, outcome, messages=len(batch), waited_s=waited_s, took_s=took_s
        )

    async def _run_turn(self, handler: Handler, batch: Sequence[Envelope]) -> str:
        loop = asyncio.get_running_loop()
        begun_s, failures = loop.time(), 0
        while live := self._outcomes.drop_abandoned(batch):
            try:
                await self._attempt(handler, live)
            except _Lost:
                batch = live
            except Unavailable as away:
                failures += 1
                if failures == 1:
                    self._log.warning("waiting for a service", service=away.service, error=str(away))
                batch = live
                if failures > 1 or loop.time() - begun_s > _REFUSE_AFTER_S:
                    batch = self._availability.went_away(away, live)
                if batch:
                    await self._availability.pause(failures)
            except Exception as error:  # noqa: BLE001 - it ends a message's try, not the actor
                failed = error
                break
            else:
                self._availability.came_back()
                return "done"
        else:
            return "expired"
        self._availability.came_back()
        await self._bisect(handler, live, failed)  # Not in the `except`: each error would keep this one as its context.
        return "failed"

    async def _bisect(self, handler: Handler, batch: Sequence[Envelope], error: Exception) -> None:
        """Fail each message that is at fault, and handle the others in their order; its own lane waits for it."""
        if len(batch) == 1:
            await self._outcomes.fail(batch[0], error)
            return
        left, bisection = list(batch), Bisection(len(batch))
        while left:
            size = bisection.next_size(len(left))
            try:
                await self._attempt(handler, left[:size])
            except _Lost:
                left = list(self._outcomes.drop_abandoned(left))
                bisection.forget()
            except Exception as own:  # noqa: BLE001 - as above
                if bisection.failed(size):
                    left = await self._outcomes.fail_ahead_of(left[1:], left[0], own)
            else:
                bisection.passed(size)
                del left[:size]

    async def _attempt(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        """Handle a batch as a whole; at once again, a few times, if another transaction wrote first."""
        for left in range(_AT_ONCE, 0, -1):
            try:
                await self._run_handler(handler, batch)
            except Conflict:
                if left == 1:
                    raise
            else:
                return

    async def _run_handler(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        if not handler.takes_tx and not any(envelope.delivery_id for envelope in batch):
            await self._answer_in_memory(handler, batch)
        elif handler.is_query:
            await self._answer_query(handler, batch)
        elif handler is SETTLE:
            await self._settle(batch)
        else:
            try:
                await self._commit(handler, batch, self._inline_s)
            except ListenerFailed:
                await self._commit(handler, batch, inline_s=0.0)

    async def _answer_in_memory(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        """Answer a batch without any transaction."""
        self._outcomes.finish(batch, await self._call_handler(handler, None, _messages(batch)))

    async def _answer_query(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        """Answer a batch of queries, which change nothing."""
        async with self._database.reading(self._clock.now()) as tx:
            answers = await self._call_handler(handler, tx, _messages(batch))
        assert not tx.outgoing, f"{handler.name} answers queries, and has nothing to publish"
        self._outcomes.finish(batch, answers)

    async def _settle(self, batch: Sequence[Envelope]) -> None:
        """Delete the deliveries of calls that have nothing to record. A single statement needs no transaction."""
        work = _Work(SETTLE, batch)
        place = f"{self.name}.{SETTLE.name}"
        _TAKEN.reach(place)
        work.check_leases()
        async with self._database.reading(self._clock.now()) as tx:
            await self._claim(tx, work)
            await self._handle(tx, work)
        _COMMITTED.reach(place)
        self._answer(work)
        _ANSWERED.reach(place)

    async def _commit(self, handler: Handler, batch: Sequence[Envelope], inline_s: float) -> None:
        """Handle a batch in one transaction, and answer after it has committed.

        Raises:
            ListenerFailed: Nothing has happened: to be tried again without inline turns.
        """
        with InlineTurns(self._listeners, self._deliveries, inline_s) as inline:
            await self._commit_with(inline, _Work(handler, batch))

    async def _commit_with(self, inline: InlineTurns, work: "_Work") -> None:
        place = f"{self.name}.{work.handler.name}"
        _TAKEN.reach(place)
        try:
            async with self._database.transaction(self._clock.now()) as tx:
                tx.publisher = self.name
                await self._claim(tx, work)
                _CLAIMED.reach(place)
                await self._handle(tx, work)
                _HANDLED.reach(place)
                await self._send(tx, work, inline)
                _reach(_STORED, place, *inline.places)
                work.check_leases()
        except BaseException:
            if work.stored is not None:
                self._deliveries.on_rollback(work.stored)
            raise
        # Committed. Nothing below may make the turn happen again.
        _reach(_COMMITTED, place, *inline.places)
        self._flow.count(inline.published, inline.handled)
        self._publish(tx, work)
        _HANDED_OVER.reach(place)
        self._answer(work)
        _ANSWERED.reach(place)

    async def _claim(self, tx: Transaction, work: "_Work") -> None:
        """Claim the batch's deliveries. One whose row is gone was handled before; some must wait for others."""
        batch = work.batch
        if len(batch) == 1:
            tx.causation_id, tx.trace = batch[0].id, batch[0].trace
        ids = [envelope.delivery_id for envelope in batch if envelope.delivery_id]
        if not ids:
            work.live = batch
            return
        claimed = await self._deliveries.claim(tx, ids)
        mine = set(claimed.mine)
        live: list[Envelope] = []
        for envelope in batch:
            if not envelope.delivery_id or envelope.delivery_id in mine:
                mine.discard(envelope.delivery_id)  # The same one twice in a turn is one.
                live.append(envelope)
        work.live = _in_order(live)
        work.not_yet = [envelope for envelope in batch if envelope.delivery_id in claimed.not_yet]

    async def _handle(self, tx: Transaction, work: "_Work") -> None:
        """Call the handler, which reads, decides and writes."""
        if work.live:
            work.answers = await self._call_handler(work.handler, tx, _messages(work.live))

    async def _send(self, tx: Transaction, work: "_Work", inline: InlineTurns) -> None:
        """Let listeners handle what was published, and store the rest, in the same transaction."""
        if tx.outgoing and (addressed := await inline.take(tx)):
            work.stored = await self._deliveries.store(tx, addressed)

    def _publish(self, tx: Transaction, work: "_Work") -> None:
        """Hand over in memory what was stored, and run the callbacks of the commit."""
        if work.stored is not None:
            self._deliveries.hand_over(work.stored)
        for callback in tx.callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - it has committed: a callback is a hint, and must not fail the turn
                self._log.exception("a callback after the commit failed")

    def _answer(self, work: "_Work") -> None:
        """Answer the askers, and let the lanes of the batch move on."""
        repeats = work.repeats()
        if repeats:
            self._outcomes.finish(repeats, [None] * len(repeats))
        if work.not_yet:
            self._outcomes.defer(work.not_yet)
        self._outcomes.finish(work.live, work.answers)

    async def _call_handler(
        self, handler: Handler, tx: Transaction | None, messages: Sequence[Message]
    ) -> Sequence[object]:
        arguments = (self._actor, tx) if handler.takes_tx else (self._actor,)
        if not handler.takes_many:
            return [await handler.function(*arguments, message) for message in messages]
        answers = await handler.function(*arguments, messages)
        if answers is None:
            return [None] * len(messages)
        assert len(answers) == len(messages), f"{handler.name} gave {len(answers)} answers to {len(messages)} messages"
        return list(answers)


@dataclass(slots=True)
class _Work:
    """The state of one transaction in the pipeline: the results that each step leaves for the next."""

    handler: Handler
    batch: Sequence[Envelope]
    live: Sequence[Envelope] = ()  # Of the batch: handled by this transaction.
    not_yet: Sequence[Envelope] = ()  # Of the batch: deliveries that must wait for others of their key.
    answers: Sequence[object] = ()  # To `live`, in its order.
    stored: object = None  # What `hand_over` needs.

    def check_leases(self) -> None:
        """Roll back if another process may have some of the batch by now."""
        if any(envelope.is_lost for envelope in self.batch):
            raise _Lost

    def repeats(self) -> Sequence[Envelope]:
        """Return those of the batch that were handled before."""
        if len(self.live) == len(self.batch):
            return ()
        return list(set(self.batch) - set(self.live) - set(self.not_yet))


def _messages(batch: Sequence[Envelope]) -> Sequence[Message]:
    return [envelope.message for envelope in batch]


def _reach(point: CrashPoint, *places: str) -> None:
    for place in places:
        point.reach(place)


def _in_order(batch: Sequence[Envelope]) -> Sequence[Envelope]:
    """Put deliveries in the order they were stored; they may have changed places on their way. Timers stay in place."""
    stored = iter(sorted(filter(_is_stored, batch), key=lambda envelope: envelope.delivery_id))
    return [next(stored) if _is_stored(envelope) else envelope for envelope in batch]


def _is_stored(envelope: Envelope) -> bool:
    return envelope.delivery_id > 0 and not envelope.is_timer
