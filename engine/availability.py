"""Availability: an actor's turns while PostgreSQL is away.

An asker can return with the same key, and is served better by a refusal at once than by silence. So when PostgreSQL
does not answer, all asks that wait for a turn are refused, and so is each new one. Stored messages keep retrying and
so detect the recovery; if none remain, the next ask after `_PROBE_S` does.
"""

import asyncio
import math
from collections.abc import Sequence

from engine import telemetry
from engine.backoff import Backoff
from engine.clock import Clock
from engine.envelope import Envelope
from engine.errors import Unavailable
from engine.mailbox import Mailbox
from engine.outcomes import Outcomes

_LONGEST_PAUSE_S = 2.0
_PROBE_S = 1.0  # How long all asks are refused before one may try whether PostgreSQL is back.


class Availability:
    """Whether one actor can take turns now."""

    def __init__(self, mailbox: Mailbox, outcomes: Outcomes, clock: Clock, backoff: Backoff) -> None:
        self._mailbox = mailbox
        self._outcomes = outcomes
        self._clock = clock
        self._backoff = backoff
        self._away: Unavailable | None = None  # The last error, until a turn has worked again.
        self._refuse_until_s = 0.0  # On the event loop's clock.

    def check(self, envelope: Envelope) -> None:
        """Refuse an ask that needs a turn while turns can't be had.

        Raises:
            Unavailable: The error of the turn that failed last.
        """
        if self._away is None or envelope.reply is None:
            return
        is_for_turns = self._mailbox.is_for_turns(type(envelope.message))
        if is_for_turns and asyncio.get_running_loop().time() < self._refuse_until_s:
            telemetry.OVERLOADED.labels(self._mailbox.owner).inc()
            raise self._away.copy()

    def went_away(self, error: Unavailable, batch: Sequence[Envelope]) -> Sequence[Envelope]:
        """Refuse all asks that wait for a turn; return what is left of this turn's batch."""
        left = [envelope for envelope in batch if not envelope.is_refusable]
        self._outcomes.refuse([envelope for envelope in batch if envelope.is_refusable], error)
        while asks := self._mailbox.take_asks():  # Repeatedly: behind each ask in its lane another may wait.
            self._outcomes.refuse(asks, error)
        self._away = error
        self._refuse_until_s = math.inf if left else asyncio.get_running_loop().time() + _PROBE_S
        return left

    def came_back(self) -> None:
        """Accept asks again."""
        self._away = None

    async def pause(self, failures: int) -> None:
        """Suspend the actor, longer with each failure. Meanwhile its messages do not count as work.

        Bounded by `_LONGEST_PAUSE_S`, however long a single message would wait: once PostgreSQL is back, the actor
        must follow soon.
        """
        over = asyncio.get_running_loop().create_future()

        def resume() -> None:
            if not over.done():
                self._mailbox.work.resume()
                over.set_result(None)

        timer = self._clock.call_later(min(self._backoff.pause_s(failures), _LONGEST_PAUSE_S), resume)
        self._mailbox.work.suspend()
        try:
            await over
        except asyncio.CancelledError:
            timer.cancel()
            if over.cancelled():  # Otherwise `resume` ran in the same moment.
                self._mailbox.work.resume()
            raise
