"""A cell: one hosted actor with its mailbox, and what becomes of each message.

Turns run one after the other, calls side by side; both end here. A message ends in one of three ways: it is done (and
whoever asked is answered), it is tried again after a pause, or it is parked as a dead letter. Who asked decides for
themselves whether to ask again, so an ask that fails is answered with its error and never parked.
"""

import asyncio
import math
import random
from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

import anyio

from engine import telemetry
from engine.actor import Actor
from engine.calls import SETTLE, Calls
from engine.clock import Clock
from engine.errors import BadInput, Crashed, Overloaded, ShopFlowError, Unavailable
from engine.mailbox import Envelope, Mailbox
from engine.postgres import Database, Outgoing, Transaction
from engine.precedence import Precedence
from engine.settings import EngineSettings
from engine.turns import Turns

_LONGEST_PAUSE_S = 2.0
_OUT_OF_TURN_S = 0.2  # Until a queue hands out again what came before its time.
_LOOK_AGAIN_S = 1.0  # How long everybody is refused before one may find out whether what was away is back.


class Claimed(NamedTuple):
    """Which deliveries a transaction may handle. What is in neither was handled before."""

    mine: Collection[int]
    not_yet: Collection[int] = ()  # Another process has these in hand, or something of their key comes first.


class Deliveries(Protocol):
    """What the engine needs of stored messages: a row is the right to handle one (see bus/deliveries.py)."""

    async def claim(self, tx: Transaction, ids: Sequence[int]) -> Claimed:
        """Delete these rows with this transaction, and say which were still there."""
        ...

    async def store(self, tx: Transaction, outgoing: Sequence[Outgoing]) -> object:
        """Store what a transaction published; gives what `hand_over` needs."""
        ...

    def hand_over(self, stored: object) -> None:
        """After the commit: put what was stored into the mailboxes of this process."""
        ...

    def take_back(self, stored: object) -> None:
        """The commit failed, or nobody knows whether it did."""
        ...

    def forget(self, ids: Sequence[int]) -> None:
        """These are not in a mailbox of this process any more."""
        ...

    def come_later(self, actor: str, ids: Sequence[int]) -> None:
        """These had to be let go before their time; they are to be found again, in their order."""
        ...

    async def note_failure(self, delivery_id: int) -> int:
        """Count one more failed try, so that a restart does not start anew; gives the count, or 0 without a row."""
        ...

    async def park(self, actor: str, envelope: Envelope, error: Exception) -> None:
        """Move a message to the dead letters."""
        ...


class Cell:
    """One actor at work."""

    def __init__(
        self,
        actor: Actor,
        *,
        database: Database,
        deliveries: Deliveries,
        clock: Clock,
        settings: EngineSettings,
        precedence: Precedence,
    ) -> None:
        self.actor = actor
        self.name = actor.name
        self.database = database
        self.deliveries = deliveries
        self.clock = clock
        self.settings = settings
        self.precedence = precedence
        self.mailbox = Mailbox(actor.name, (*actor.handlers, SETTLE), settings.shopflow_mailbox_limit, clock)
        self.log = telemetry.logger(actor=actor.name)
        self.turns = Turns(self)
        self.calls = Calls(self)
        self._away: Unavailable | None = None  # What turns need does not answer: nobody who asks waits for it.
        self._away_until_s = 0.0  # On the event loop's clock; then somebody may ask again, and so find out.
        telemetry.MAILBOX.labels(actor.name).set_function(lambda: self.mailbox.size)

    def put(self, envelope: Envelope) -> None:
        """Take a message in.

        Raises:
            Overloaded: The mailbox is full.
            Unavailable: Somebody asks for a turn, and what turns need did not answer a moment ago.
        """
        if self._away is not None and envelope.answer is not None:
            self._refuse_if_away(envelope)
        try:
            self.mailbox.put(envelope)
        except Overloaded:
            telemetry.OVERLOADED.labels(self.name).inc()
            raise
        (self.calls if envelope.handler.is_call else self.turns).notify()

    def _refuse_if_away(self, envelope: Envelope) -> None:
        assert self._away is not None
        if self.mailbox.is_for_turns(type(envelope.message)) and asyncio.get_running_loop().time() < self._away_until_s:
            telemetry.OVERLOADED.labels(self.name).inc()
            raise self._away.anew()

    def notify(self) -> None:
        """There may be something to do."""
        self.turns.notify()
        self.calls.notify()

    def went_away(self, away: Unavailable, batch: Sequence[Envelope]) -> Sequence[Envelope]:
        """What turns need does not answer: tell those who wait, at once; says who is left of this turn.

        Who asked can come back with the same key, and is better served by "not now" than by silence.
        """
        left = [envelope for envelope in batch if not envelope.is_refusable]
        self._refuse([envelope for envelope in batch if envelope.is_refusable], away)
        while asks := self.mailbox.take_asks():  # Again and again: behind each in its lane another may wait.
            self._refuse(asks, away)
        # Whoever is left goes on trying, and finds out when it is back; if nobody is, the next to ask does.
        self._away, self._away_until_s = away, math.inf if left else asyncio.get_running_loop().time() + _LOOK_AGAIN_S
        return left

    def _refuse(self, asks: Sequence[Envelope], away: Unavailable) -> None:
        for envelope in asks:
            if envelope.answer is not None and not envelope.answer.done():
                envelope.answer.set_exception(away.anew())
        self._over(asks)

    def came_back(self) -> None:
        """Turns can be had again."""
        self._away = None

    async def run(self) -> None:
        """Work until cancelled. What raises here is a crash, and the supervisor's business; so is coming to an end."""
        self.came_back()
        await self.actor.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.turns.run)
            tasks.start_soon(self.calls.run)
            tasks.start_soon(self.actor.run)

    async def fail_what_is_in_hand(self, error: Exception) -> None:
        """After a crash: what was being handled has failed once, and the rest waits as it did."""
        left = list(self.mailbox.in_hand)
        while left:
            envelope = left.pop(0)
            left = await self.fail_ahead_of(left, envelope, error)

    async def fail_ahead_of(self, left: Sequence[Envelope], envelope: Envelope, error: Exception) -> list[Envelope]:
        """One of several has failed; says which of the others may go on. Those of its lane wait with it."""
        behind = [other for other in left if other.key and other.key == envelope.key]
        if await self.fail(envelope, error, behind):
            return list(left)
        return [other for other in left if other not in behind]

    def finish(self, batch: Sequence[Envelope], answers: Sequence[object]) -> None:
        """These are done: answer who asked, and let their lanes move on."""
        for envelope, answer in zip(batch, answers, strict=True):
            if envelope.answer is not None and not envelope.answer.done():
                envelope.answer.set_result(answer)
        self._over(batch)

    def put_off(self, batch: Sequence[Envelope]) -> None:
        """These can't be handled here and now: they go back to where they came from."""
        self.deliveries.come_later(self.name, [envelope.delivery_id for envelope in batch])
        for envelope in batch:
            if envelope.lease is not None:
                envelope.lease.give_back(_OUT_OF_TURN_S)
        self._over(batch)

    def drop_abandoned(self, batch: Sequence[Envelope]) -> Sequence[Envelope]:
        """Leave out what nobody here waits for any more: askers were told so already, and what is lost has others."""
        now_s = asyncio.get_running_loop().time()
        dropped = {envelope for envelope in batch if envelope.is_abandoned(now_s)}
        if not dropped:
            return batch
        telemetry.EXPIRED.labels(self.name).inc(len(dropped))
        self._over(list(dropped))
        return [envelope for envelope in batch if envelope not in dropped]

    async def fail(self, envelope: Envelope, error: Exception, behind: Sequence[Envelope] = ()) -> bool:
        """One try of this message has failed. Says whether that was its end, or it will be tried again.

        Args:
            envelope: The message.
            error: Why.
            behind: Messages of its lane that were taken with it and must wait behind it, if it is to be tried again.
        """
        is_away = _is_away(error)
        envelope.waits += is_away
        if not is_away:
            envelope.attempts = await self._count_failure(envelope)
        self._say_why(envelope, error)
        if envelope.answer is not None:
            if self._is_worth_another_try(envelope, error):
                return self._try_later(envelope, error, behind)
            if not envelope.answer.done():
                envelope.answer.set_exception(error)
            self._over([envelope])
            return True
        has_had_its_tries = (
            envelope.attempts >= self.settings.shopflow_tries or envelope.waits >= self.settings.shopflow_tries_away
        )
        if isinstance(error, BadInput) or has_had_its_tries:
            return await self._park(envelope, error, behind)
        return self._try_later(envelope, error, behind)

    async def _count_failure(self, envelope: Envelope) -> int:
        if not envelope.delivery_id:
            return envelope.lease.receives if envelope.lease is not None else envelope.attempts + 1
        try:
            return await self.deliveries.note_failure(envelope.delivery_id) or envelope.attempts + 1
        except Exception as why:  # noqa: BLE001 - that it is kept is a courtesy to the next start
            self.log.debug("could not note a failure", message_id=envelope.id, error=repr(why))
            return envelope.attempts + 1

    def _is_worth_another_try(self, envelope: Envelope, error: Exception) -> bool:
        """Whether what was asked for may still be had within its asker's time."""
        assert envelope.answer is not None
        return (
            envelope.handler.is_call
            and _is_away(error)
            and envelope.waits < envelope.handler.tries
            and not envelope.answer.done()
            and asyncio.get_running_loop().time() + self._pause_s(envelope, error) < envelope.expires_s
        )

    async def _park(self, envelope: Envelope, error: Exception, behind: Sequence[Envelope]) -> bool:
        try:
            await self.deliveries.park(self.name, envelope, error)
        except Exception as why:  # noqa: BLE001 - it can't be parked yet, and must bring nobody else down
            self.log.warning("could not park a message", message_id=envelope.id, error=repr(why))
            return self._try_later(envelope, error, behind)
        telemetry.DEAD_LETTERS.labels(self.name).inc()
        self.log.error("parked as a dead letter", message_id=envelope.id, attempts=envelope.attempts, error=str(error))
        self._over([envelope])
        return True

    def _try_later(self, envelope: Envelope, error: Exception, behind: Sequence[Envelope]) -> bool:
        telemetry.RETRIES.labels(self.name).inc()
        pause_s = self._pause_s(envelope, error)
        if envelope.lease is not None and not _is_away(error):
            # The queue counts how often it hands a message out. What is not to blame waits here, and is not counted.
            envelope.lease.give_back(pause_s)
            self._over([envelope])
            return True
        self.mailbox.hold_back(envelope, behind)
        self.clock.call_later(pause_s, lambda: self._try_again(envelope))
        return False

    async def pause(self, failures: int) -> None:
        """Wait before going on, longer with each failure. Until then nothing here counts as work.

        Never as long as a message waits that fails by itself: when what was away is back, so must the actor be.
        """
        over = asyncio.get_running_loop().create_future()

        def resume() -> None:
            if not over.done():
                self.mailbox.resume()
                over.set_result(None)

        timer = self.clock.call_later(min(self._backoff_s(failures), _LONGEST_PAUSE_S), resume)
        self.mailbox.suspend()
        try:
            await over
        except asyncio.CancelledError:
            timer.cancel()
            if over.cancelled():  # Else it was resumed in the same moment.
                self.mailbox.resume()
            raise

    def _pause_s(self, envelope: Envelope, error: Exception) -> float:
        """How long until the next try: what was away may have said when to come back, and is not asked before."""
        asked_for_s = error.retry_after_s if isinstance(error, Unavailable) else None
        return max(self._backoff_s(envelope.attempts + envelope.waits), asked_for_s or 0.0)

    def _backoff_s(self, attempts: int) -> float:
        """How long to wait after this many failures: doubling, bounded, with up to half taken off by chance."""
        longest = self.settings.shopflow_backoff_max_s
        full: float = min(longest, self.settings.shopflow_backoff_first_s * 2 ** min(attempts - 1, 30))
        return full * random.uniform(0.5, 1.0)  # noqa: S311 - spreads retries, guards nothing

    def _try_again(self, envelope: Envelope) -> None:
        self.mailbox.try_again(envelope)
        self.notify()

    def _over(self, batch: Sequence[Envelope]) -> None:
        settled = [envelope.delivery_id for envelope in batch if envelope.delivery_id]
        if settled:
            self.deliveries.forget(settled)
        for envelope in batch:
            if envelope.lease is not None:
                envelope.lease.done()
        self.mailbox.done(batch)
        self.notify()

    def _say_why(self, envelope: Envelope, error: Exception) -> None:
        """A bug is told once, with its trace; what is expected in bad weather is told without."""
        values = {"message_id": envelope.id, "message": type(envelope.message).__name__, "key": envelope.key}
        if isinstance(error, ShopFlowError):
            self.log.info("a message failed", error=str(error), attempts=envelope.attempts, **values)
        elif envelope.attempts == 1:
            self.log.error("a message failed", exc_info=error, **values)
        else:
            self.log.warning("a message failed again", error=repr(error), attempts=envelope.attempts, **values)


def _is_away(error: Exception) -> bool:
    """Whether the message is not to blame, but something it needs."""
    return isinstance(error, Unavailable) and not isinstance(error, Crashed)
