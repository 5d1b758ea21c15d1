"""Outcomes: the fates of a message that was taken from a mailbox.

    finished   its asker, if any, is answered; its lane moves on
    retried    it is handled again after a pause; its lane waits
    parked     it is stored as a dead letter, with its error; its lane moves on
    deferred   it returns to the table or queue it came from, until its turn has come
    dropped    its asker has timed out, or its lease has moved to another process
    refused    its asker gets an error at once

An asker decides whether to ask again, so an ask that fails is answered with its error and never parked.
"""

import asyncio
from collections.abc import Sequence

from engine import telemetry
from engine.backoff import Backoff
from engine.clock import Clock
from engine.deliveries import DeliveryStore
from engine.envelope import Envelope
from engine.errors import BadInput, Crashed, ShopFlowError, Unavailable
from engine.flow import Flow
from engine.mailbox import Mailbox
from engine.settings import EngineSettings

_DEFERRED_S = 0.2  # Until a queue hands out again a message that came before its time.


class Outcomes:
    """The outcomes of one actor's messages."""

    def __init__(
        self,
        actor: str,
        *,
        mailbox: Mailbox,
        deliveries: DeliveryStore,
        clock: Clock,
        backoff: Backoff,
        settings: EngineSettings,
        flow: Flow,
    ) -> None:
        self._actor = actor
        self._mailbox = mailbox
        self._deliveries = deliveries
        self._clock = clock
        self._settings = settings
        self._backoff = backoff
        self._flow = flow
        self._log = telemetry.logger(actor=actor)

    def finish(self, batch: Sequence[Envelope], answers: Sequence[object]) -> None:
        """Answer the askers of these messages, and let their lanes move on."""
        for envelope, answer in zip(batch, answers, strict=True):
            if envelope.reply is not None and not envelope.reply.done():
                envelope.reply.set_result(answer)
        self._end(batch)

    def refuse(self, asks: Sequence[Envelope], error: Unavailable) -> None:
        """Answer these asks with an error, each with a copy of its own."""
        for envelope in asks:
            if envelope.reply is not None and not envelope.reply.done():
                envelope.reply.set_exception(error.copy())
        self._end(asks)

    def defer(self, batch: Sequence[Envelope]) -> None:
        """Return messages that can't be handled here and now to where they came from."""
        self._deliveries.defer(self._actor, [envelope.delivery_id for envelope in batch])
        for envelope in batch:
            if envelope.lease is not None:
                envelope.lease.give_back(_DEFERRED_S)
        self._end(batch)

    def drop_abandoned(self, batch: Sequence[Envelope]) -> Sequence[Envelope]:
        """Drop messages that need no handling here; return the others.

        The asker of a dropped message has timed out, or its lease has moved to another process.
        """
        now_s = asyncio.get_running_loop().time()
        dropped = {envelope for envelope in batch if envelope.is_abandoned(now_s)}
        if not dropped:
            return batch
        telemetry.EXPIRED.labels(self._actor).inc(len(dropped))
        self._end(list(dropped))
        return [envelope for envelope in batch if envelope not in dropped]

    async def fail_taken(self, error: Exception) -> None:
        """After a crash: count one failed try for each message that was being handled. The rest waits as it did."""
        left = list(self._mailbox.in_hand)
        while left:
            envelope = left.pop(0)
            left = await self.fail_ahead_of(left, envelope, error)

    async def fail_ahead_of(self, left: Sequence[Envelope], envelope: Envelope, error: Exception) -> list[Envelope]:
        """Fail one message of several; return which of `left` may go on. Those of its lane wait with it."""
        behind = [other for other in left if other.key and other.key == envelope.key]
        if await self.fail(envelope, error, behind):
            return list(left)
        return [other for other in left if other not in behind]

    async def fail(self, envelope: Envelope, error: Exception, behind: Sequence[Envelope] = ()) -> bool:
        """Count a failed try. Return whether the message has ended; if not, it will be retried.

        Args:
            envelope: The message.
            error: Why it failed.
            behind: Messages of its lane that were taken with it. They wait behind it if it is retried.
        """
        is_away = _is_away(error)
        envelope.unavailable_tries += is_away
        if not is_away:
            envelope.attempts = await self._count_failure(envelope)
        self._log_failure(envelope, error)
        if envelope.reply is not None:
            if self._can_retry_ask(envelope, error):
                return self._retry(envelope, error, behind)
            if not envelope.reply.done():
                envelope.reply.set_exception(error)
            self._end([envelope])
            return True
        if isinstance(error, BadInput) or self._has_had_its_tries(envelope):
            return await self._park(envelope, error, behind)
        return self._retry(envelope, error, behind)

    async def _count_failure(self, envelope: Envelope) -> int:
        if not envelope.delivery_id:
            return envelope.lease.receives if envelope.lease is not None else envelope.attempts + 1
        try:
            return await self._deliveries.note_failure(envelope.delivery_id) or envelope.attempts + 1
        except Exception as why:  # noqa: BLE001 - the stored count only serves the next start
            self._log.debug("could not note a failure", message_id=envelope.id, error=repr(why))
            return envelope.attempts + 1

    def _has_had_its_tries(self, envelope: Envelope) -> bool:
        settings = self._settings
        return (
            envelope.attempts >= settings.shopflow_tries or envelope.unavailable_tries >= settings.shopflow_tries_away
        )

    def _can_retry_ask(self, envelope: Envelope, error: Exception) -> bool:
        """Return whether another try of this call may succeed before its asker times out."""
        assert envelope.reply is not None
        return (
            envelope.handler.is_call
            and _is_away(error)
            and envelope.unavailable_tries < envelope.handler.tries
            and not envelope.reply.done()
            and asyncio.get_running_loop().time() + self._pause_s(envelope, error) < envelope.expires_s
        )

    async def _park(self, envelope: Envelope, error: Exception, behind: Sequence[Envelope]) -> bool:
        try:
            await self._deliveries.park(self._actor, envelope, error)
        except Exception as why:  # noqa: BLE001 - parking is retried, and must not crash the actor
            self._log.warning("could not park a message", message_id=envelope.id, error=repr(why))
            return self._retry(envelope, error, behind)
        telemetry.DEAD_LETTERS.labels(self._actor).inc()
        self._flow.note_parked(self._actor, envelope)
        self._log.error("parked as a dead letter", message_id=envelope.id, attempts=envelope.attempts, error=str(error))
        self._end([envelope])
        return True

    def _retry(self, envelope: Envelope, error: Exception, behind: Sequence[Envelope]) -> bool:
        telemetry.RETRIES.labels(self._actor).inc()
        pause_s = self._pause_s(envelope, error)
        if envelope.lease is not None and not _is_away(error):
            # The queue counts how often it hands a message out. One that is not at fault waits here, uncounted.
            envelope.lease.give_back(pause_s)
            self._end([envelope])
            return True
        self._mailbox.hold_back(envelope, behind)
        self._clock.call_later(pause_s, lambda: self._mailbox.retry(envelope))
        return False

    def _pause_s(self, envelope: Envelope, error: Exception) -> float:
        """Return the pause until the next try: never shorter than the failed service asked for."""
        asked_for_s = error.retry_after_s if isinstance(error, Unavailable) else None
        return max(self._backoff.pause_s(envelope.attempts + envelope.unavailable_tries), asked_for_s or 0.0)

    def _end(self, batch: Sequence[Envelope]) -> None:
        stored = [envelope.delivery_id for envelope in batch if envelope.delivery_id]
        if stored:
            self._deliveries.mark_left(stored)
        for envelope in batch:
            if envelope.lease is not None:
                envelope.lease.done()
        self._mailbox.done(batch)

    def _log_failure(self, envelope: Envelope, error: Exception) -> None:
        """Log a bug once with its traceback, and expected errors without."""
        values = {"message_id": envelope.id, "message": type(envelope.message).__name__, "key": envelope.key}
        if isinstance(error, ShopFlowError):
            self._log.info("a message failed", error=str(error), attempts=envelope.attempts, **values)
        elif envelope.attempts == 1:
            self._log.error("a message failed", exc_info=error, **values)
        else:
            self._log.warning("a message failed again", error=repr(error), attempts=envelope.attempts, **values)


def _is_away(error: Exception) -> bool:
    """Return whether a service that the message needs is at fault, and not the message."""
    return isinstance(error, Unavailable) and not isinstance(error, Crashed)
