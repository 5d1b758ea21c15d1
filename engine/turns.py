"""Turns: an actor takes what waits in its mailbox, and handles it in ONE transaction.

    claim the deliveries  ->  the handler reads, decides, writes  ->  store what it published  ->  commit
    -> hand the events over in memory -> answer everybody who asked

A turn that fails is tried again in halves, until the message at fault stands alone: a dozen transactions more for one
among 512, where one by one would be 512, and everybody behind would wait for them. When the database itself is away,
the whole turn waits and is tried again as it was: no message is to blame.
"""

import asyncio
from collections.abc import Sequence
from time import perf_counter

from engine import telemetry
from engine.actor import Actor
from engine.availability import Availability
from engine.bisection import Bisection
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.deliveries import Deliveries
from engine.envelope import Envelope
from engine.errors import Conflict, Unavailable
from engine.handler import Handler
from engine.mailbox import Mailbox
from engine.outcomes import Outcomes
from engine.postgres import Database, Transaction
from engine.precedence import Precedence

_AT_ONCE = 3  # How often a turn that lost a race reads and decides again before it counts as failed.

_SOON_S = 0.3  # Who asks and can't be served by then is told so, and does not wait.

_TAKEN = CrashPoint("before-transaction", "Messages were taken from the mailbox; their transaction has not begun.")
_CLAIMED = CrashPoint("after-claim", "Their deliveries are deleted in the transaction; nothing is decided.")
_HANDLED = CrashPoint("after-handler", "What was decided is written in the transaction; its events are not stored.")
_STORED = CrashPoint("before-commit", "Everything is written; the transaction has not committed.")
_COMMITTED = CrashPoint("after-commit", "It has committed; nobody has been answered, no event handed over.")
_HANDED_OVER = CrashPoint("after-hand-over", "Events are in the mailboxes; nobody has been answered.")
_ANSWERED = CrashPoint("after-answer", "Whoever asked has been answered.")


class _Lost(Exception):
    """The turn handles something that somebody else may have by now, and must not commit."""


class Turns:
    """The one loop that takes an actor's turns."""

    def __init__(
        self,
        actor: Actor,
        mailbox: Mailbox,
        outcomes: Outcomes,
        availability: Availability,
        *,
        database: Database,
        deliveries: Deliveries,
        clock: Clock,
        precedence: Precedence,
        limit: int,
    ) -> None:
        self._actor = actor
        self._mailbox = mailbox
        self._outcomes = outcomes
        self._availability = availability
        self._database = database
        self._deliveries = deliveries
        self._clock = clock
        self._precedence = precedence
        self._limit = limit  # Messages in one turn.
        self._log = telemetry.logger(actor=actor.name)
        self.taken = 0  # Since the start.

    async def run(self) -> None:
        """Take turns until cancelled."""
        mailbox = self._mailbox
        while True:
            patience_s = self._precedence.patience_s
            if batch := mailbox.take_turn(self._limit, patience_s):
                self.taken += 1
                await self._turn(batch)
                continue
            mailbox.turn_ready.clear()
            await self._precedence.rest(mailbox.turn_ready, mailbox.turn_is_due_s(patience_s))

    async def _turn(self, batch: Sequence[Envelope]) -> None:
        handler = batch[0].handler
        begun_s = perf_counter()
        waited_s = begun_s - batch[0].put_s
        outcome = await self._together(handler, batch)
        took_s = perf_counter() - begun_s
        telemetry.note_turn(
            self._actor.name, handler.name, outcome, messages=len(batch), waited_s=waited_s, took_s=took_s
        )

    async def _together(self, handler: Handler, batch: Sequence[Envelope]) -> str:
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
                if failures > 1 or loop.time() - begun_s > _SOON_S:  # A cut connection is made anew before that.
                    batch = self._availability.went_away(away, live)
                if batch:
                    await self._availability.pause(failures)
            except Exception as error:  # noqa: BLE001 - whatever it is, it ends this message's try and not the actor
                failed = error
                break
            else:
                self._availability.came_back()
                return "done"
        else:
            return "expired"
        self._availability.came_back()
        await self._bisect(handler, live, failed)  # Not in the `except`: each error would drag this one along.
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
        """Commit, and once more at once if somebody else wrote first."""
        for again in range(_AT_ONCE, 0, -1):
            try:
                await self._commit(handler, batch)
            except Conflict:
                if again == 1:
                    raise
            else:
                return

    async def _commit(self, handler: Handler, batch: Sequence[Envelope]) -> None:
        if not handler.takes_tx and not any(envelope.delivery_id for envelope in batch):
            self._outcomes.finish(batch, await self._handle(handler, None, batch))
            return
        if handler.is_query:
            async with self._database.reading(self._clock.now()) as tx:
                answers = await self._handle(handler, tx, batch)
            assert not tx.outgoing, f"{handler.name} answers queries, and has nothing to publish"
            self._outcomes.finish(batch, answers)
            return
        place = f"{self._actor.name}.{handler.name}"
        stored: object = None
        not_yet: Sequence[Envelope] = ()
        _TAKEN.reach(place)
        try:
            async with self._database.transaction(self._clock.now()) as tx:
                live, not_yet = await self._claim(tx, batch)
                _CLAIMED.reach(place)
                answers = await self._handle(handler, tx, live) if live else []
                _HANDLED.reach(place)
                if tx.outgoing:
                    stored = await self._deliveries.store(tx, tx.outgoing)
                _STORED.reach(place)
                if any(envelope.is_lost for envelope in batch):
                    raise _Lost  # noqa: TRY301 - it is this block that must roll back
        except BaseException:
            if stored is not None:
                self._deliveries.take_back(stored)
            raise
        # Committed. Nothing below may make the turn happen again.
        _COMMITTED.reach(place)
        if stored is not None:
            self._deliveries.hand_over(stored)
        self._call_back(tx)
        _HANDED_OVER.reach(place)
        if len(live) < len(batch):
            repeats = list(set(batch) - set(live) - set(not_yet))
            self._outcomes.finish(repeats, [None] * len(repeats))
        if not_yet:
            self._outcomes.defer(not_yet)
        self._outcomes.finish(live, answers)
        _ANSWERED.reach(place)

    async def _claim(self, tx: Transaction, batch: Sequence[Envelope]) -> tuple[Sequence[Envelope], Sequence[Envelope]]:
        """Tell what may be handled, and what not yet. Left out are deliveries whose row is gone: they were handled."""
        if len(batch) == 1:
            tx.cause, tx.trace = batch[0].id, batch[0].trace
        ids = [envelope.delivery_id for envelope in batch if envelope.delivery_id]
        if not ids:
            return batch, ()
        claimed = await self._deliveries.claim(tx, ids)
        mine = set(claimed.mine)
        live: list[Envelope] = []
        for envelope in batch:
            if not envelope.delivery_id or envelope.delivery_id in mine:
                mine.discard(envelope.delivery_id)  # The same one twice in a turn is one.
                live.append(envelope)
        return _in_order(live), [envelope for envelope in batch if envelope.delivery_id in claimed.not_yet]

    async def _handle(self, handler: Handler, tx: Transaction | None, batch: Sequence[Envelope]) -> Sequence[object]:
        arguments = (self._actor, tx) if handler.takes_tx else (self._actor,)
        if not handler.takes_many:
            return [await handler.function(*arguments, envelope.message) for envelope in batch]
        answers = await handler.function(*arguments, [envelope.message for envelope in batch])
        if answers is None:
            return [None] * len(batch)
        assert len(answers) == len(batch), f"{handler.name} gave {len(answers)} answers to {len(batch)} messages"
        return list(answers)

    def _call_back(self, tx: Transaction) -> None:
        for callback in tx.callbacks:
            try:
                callback()
            except Exception:  # noqa: BLE001 - it has committed: a callback is a hint, and must not fail the turn
                self._log.exception("a callback after the commit failed")


def _in_order(batch: Sequence[Envelope]) -> Sequence[Envelope]:
    """As they were stored: they may have changed places on their way here. Timers come in the order of their times."""
    stored = iter(sorted(filter(_is_stored, batch), key=lambda envelope: envelope.delivery_id))
    return [next(stored) if _is_stored(envelope) else envelope for envelope in batch]


def _is_stored(envelope: Envelope) -> bool:
    return envelope.delivery_id > 0 and not envelope.is_timer
