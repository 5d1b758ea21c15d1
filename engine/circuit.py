"""A circuit: stops asking a service that is down, and comes back to it gently.

    closed ── 5 failures in a row ──> open ── its pause is over ──> one call is let through to find out
      ^                                ^                              │
      │                                └───────── it failed ──────────┤ (the next pause is twice as long)
      └── 8, then 16, 32 ... calls a second ── it worked ─────────────┘

While it is open nobody waits for a deadline: whoever calls is told at once, and when to come back. What has piled up
meanwhile does not fall upon the service the moment it is back, which is how it would be lost again.

Only `Unavailable` counts. A service that says no is there.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from engine import telemetry
from engine.clock import LONG_AGO, Clock
from engine.errors import Unavailable

T = TypeVar("T")

_FAILURES = 5  # In a row: then it is down, and not a single call's bad luck.
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 30.0
_FIRST_RATE = 8  # Calls in the first second after it came back; twice as many in each that follows.
_FULL_RATE = 512  # From here on there is no bound but the callers' own.


class Circuit:
    """One service outside, as its callers see it."""

    def __init__(self, service: str, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._failures = 0
        self._pause_s = 0.0  # 0 while it is closed.
        self._open_until = LONG_AGO
        self._is_probing = False
        self._back_since: datetime | None = None  # Since when it works again, until it is trusted.
        self._second = 0  # Since then; and how many calls were let through in it.
        self._let_through = 0
        telemetry.CIRCUIT.labels(service).set_function(lambda: float(self._pause_s > 0))

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make an attempt, if the service is thought to be there.

        Raises:
            Unavailable: It is not (with `retry_after_s`), or the attempt found out so.
        """
        self._admit()
        try:
            result = await attempt()
        except Unavailable:
            self._failed()
            raise
        except BaseException:
            self._is_probing = False  # It said no, or nobody waits for it any more: neither proves anything.
            raise
        self._worked()
        return result

    def _admit(self) -> None:
        now = self._clock.now()
        if self._pause_s:
            left_s = (self._open_until - now).total_seconds()
            # More is left than it was given: the clock was set back.
            if self._is_probing or 0 < left_s <= self._pause_s:
                self._refuse(min(max(left_s, _FIRST_PAUSE_S), self._pause_s))
            self._is_probing = True
        elif self._back_since is not None:
            if now < self._back_since:  # The clock was set back.
                self._back_since, self._second, self._let_through = now, 0, 0
            self._admit_some(now - self._back_since)

    def _admit_some(self, since: timedelta) -> None:
        second = int(since.total_seconds())
        rate = _FIRST_RATE * 2 ** min(second, 10)
        if rate >= _FULL_RATE:
            self._back_since = None
            return
        if second != self._second:
            self._second, self._let_through = second, 0
        if self._let_through >= rate:
            self._refuse(second + 1 - since.total_seconds())
        self._let_through += 1

    def _refuse(self, retry_after_s: float) -> None:
        raise Unavailable(self._service, "it was down a moment ago", retry_after_s=retry_after_s)

    def _failed(self) -> None:
        self._failures += 1
        if not self._is_probing and (self._pause_s or self._failures < _FAILURES):
            return  # A straggler from before it opened, or a single call's bad luck.
        self._pause_s = min(self._pause_s * 2, _LONGEST_PAUSE_S) or _FIRST_PAUSE_S
        self._open_until = self._clock.now() + timedelta(seconds=self._pause_s)
        self._is_probing, self._back_since = False, None
        telemetry.logger().warning("stopped asking a service for a while", service=self._service, pause_s=self._pause_s)

    def _worked(self) -> None:
        self._failures = 0
        if not self._pause_s:
            return
        self._pause_s, self._is_probing = 0.0, False
        self._back_since, self._second, self._let_through = self._clock.now(), 0, 1
        telemetry.logger().info("a service is back", service=self._service)
