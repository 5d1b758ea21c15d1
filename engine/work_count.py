"""The clock's account of one mailbox: how many of its messages are work to be done now.

A message is work while it is at the front of its lane and not held back. So a shop whose only business is a retry in a
minute is at rest until the clock moves.
"""

from engine.clock import Clock


class WorkCount:
    """The work of one mailbox, begun and ended at the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pieces = 0
        self._is_suspended = False

    def begin(self, pieces: int = 1) -> None:
        """Count this much more work."""
        self._pieces += pieces
        if not self._is_suspended:
            self._clock.begin(pieces)

    def end(self, pieces: int = 1) -> None:
        """Count this much less."""
        self._pieces -= pieces
        if not self._is_suspended:
            self._clock.end(pieces)

    def suspend(self) -> None:
        """Count none of the work, while none of it can be done."""
        self._is_suspended = True
        self._clock.end(self._pieces)

    def resume(self) -> None:
        """Count all of the work again."""
        self._is_suspended = False
        self._clock.begin(self._pieces)
