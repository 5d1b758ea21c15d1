"""An alarm: rings when the work of an actor is due.

Nothing is stored for it. The actor's own tables have the time of each piece of work, so the actor reads the earliest
time at its start, and again in the turn that does the work.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from engine.clock import FOREVER, Clock, Sleeper
from engine.errors import Overloaded


class Alarm:
    """Rings at the earliest time that was asked for.

    Args:
        clock: The time.
        ring: Sends the actor its own command, or raises Overloaded; then the alarm rings again later.
        again: How long after ringing it rings again, unless the command's turn sets it before.
    """

    def __init__(self, clock: Clock, ring: Callable[[], None], *, again: timedelta) -> None:
        self._clock = clock
        self._ring = ring
        self._again = again
        self._at = FOREVER
        self._sleeper = Sleeper(clock)

    @property
    def at(self) -> datetime:
        """The time it rings at next; FOREVER if it is not set."""
        return self._at

    def set(self, at: datetime) -> None:
        """Ring at this time, which a turn has read from its tables, and at no earlier one."""
        self._at = at
        self._sleeper.wake()

    def no_later_than(self, at: datetime) -> None:
        """Ring at this time, or earlier if it is set so."""
        if at < self._at:
            self.set(at)

    async def run(self) -> None:
        """Wait, and ring. Ends by being cancelled."""
        try:
            while True:
                await self._sleeper.until(self._at)
                if self._at <= self._clock.now():
                    self._at = self._clock.now() + self._again
                    self._try_to_ring()
        finally:
            self._sleeper.close()

    def _try_to_ring(self) -> None:
        try:
            self._ring()
        except Overloaded:
            return  # The mailbox is full, perhaps of turns that do the work anyway. If not, it rings again.
