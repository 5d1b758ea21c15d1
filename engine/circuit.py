"""A circuit breaker: stops calling a service that is down, and comes back to it gently.

                FAILED (5 in a row)           PAUSE_OVER
    CLOSED ──────────────────────────> OPEN ────────────> HALF_OPEN: one call finds out
      ^                                ^  ^                 │    │
      │ TRUSTED                 FAILED │  └─────────────────┘    │ WORKED
      │                                │   FAILED, UNDECIDED     │
      └──────────────────────────── RECOVERING <─────────────────┘
                                    8, then 16, 32 ... calls a second

Each pause is twice as long as the one before, until the service works. An answer to a call from before the circuit
opened also counts (OPEN, WORKED). While it is open, callers are refused at once, with the time to return, instead of
waiting for a deadline. RECOVERING bounds the calls that have piled up, which would otherwise bring the service down the
moment it is back.

Only `Unavailable` counts as a failure. A service that refuses a request is there.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, TypeVar

from engine import telemetry
from engine.backoff import Backoff
from engine.clock import LONG_AGO, Clock
from engine.errors import Unavailable

T = TypeVar("T")

_FAILURES = 5  # In a row: then the service is down, and it is not a single call's bad luck.
_PAUSE = Backoff(first_s=1.0, longest_s=30.0)
_FIRST_RATE = 8  # Calls in the first second after it came back; twice as many in each that follows.
_FULL_RATE = 512  # From here on there is no bound but the callers' own.


class CircuitState(Enum):
    """The state of a circuit."""

    CLOSED = auto()  # It works: all calls pass.
    OPEN = auto()  # It is down: no call passes until the pause is over.
    HALF_OPEN = auto()  # One call finds out whether it is back.
    RECOVERING = auto()  # It is back: calls pass at a bounded rate.


class CircuitEvent(Enum):
    """A finding about the service, by a call or by the clock."""

    FAILED = auto()  # At least 5 calls in a row were not answered.
    WORKED = auto()
    UNDECIDED = auto()  # The call was cancelled, or the service refused it: neither proves anything.
    PAUSE_OVER = auto()
    TRUSTED = auto()  # The bounded rate has become the full one.


# A pair that is missing changes nothing: a straggler that fails after the circuit has opened, say.
NEXT: Final[Mapping[tuple[CircuitState, CircuitEvent], CircuitState]] = {
    (CircuitState.CLOSED, CircuitEvent.FAILED): CircuitState.OPEN,
    (CircuitState.OPEN, CircuitEvent.PAUSE_OVER): CircuitState.HALF_OPEN,
    (CircuitState.OPEN, CircuitEvent.WORKED): CircuitState.RECOVERING,  # A straggler that was answered after all.
    (CircuitState.HALF_OPEN, CircuitEvent.WORKED): CircuitState.RECOVERING,
    (CircuitState.HALF_OPEN, CircuitEvent.FAILED): CircuitState.OPEN,
    (CircuitState.HALF_OPEN, CircuitEvent.UNDECIDED): CircuitState.OPEN,
    (CircuitState.RECOVERING, CircuitEvent.TRUSTED): CircuitState.CLOSED,
    (CircuitState.RECOVERING, CircuitEvent.FAILED): CircuitState.OPEN,
}


class Circuit:
    """The circuit in front of one service outside."""

    def __init__(self, service: str, clock: Clock) -> None:
        self.state = CircuitState.CLOSED
        self._service = service
        self._clock = clock
        self._failures = 0  # In a row.
        self._openings = 0  # Since the service last worked.
        self._open_until = LONG_AGO
        self._slow_start = _SlowStart(LONG_AGO)
        telemetry.CIRCUIT.labels(service).set_function(self._is_down)

    async def call(self, attempt: Callable[[], Awaitable[T]]) -> T:
        """Make an attempt, if the circuit lets it pass.

        Raises:
            Unavailable: The circuit is open (with `retry_after_s`), or the attempt raised it.
        """
        self._admit(self._clock.now())
        try:
            result = await attempt()
        except Unavailable:
            self._failed()
            raise
        except BaseException:
            self._moved_on(CircuitEvent.UNDECIDED)
            raise
        self._worked()
        return result

    def _moved_on(self, fact: CircuitEvent) -> bool:
        """Move to the next state; return whether there is one."""
        before, self.state = self.state, NEXT.get((self.state, fact), self.state)
        return self.state is not before

    def _admit(self, now: datetime) -> None:
        if self.state is CircuitState.OPEN and self._pause_is_over(now):
            self._moved_on(CircuitEvent.PAUSE_OVER)  # This call is the probe.
        elif self.state in (CircuitState.OPEN, CircuitState.HALF_OPEN):
            left_s = (self._open_until - now).total_seconds()
            self._refuse(min(max(left_s, _PAUSE.first_s), self._pause_s))
        elif self.state is CircuitState.RECOVERING:
            if self._slow_start.is_over(now):
                self._moved_on(CircuitEvent.TRUSTED)
            elif not self._slow_start.admit(now):
                self._refuse(self._slow_start.next_second_s(now))

    @property
    def _pause_s(self) -> float:
        return _PAUSE.pause_s(self._openings)

    def _pause_is_over(self, now: datetime) -> bool:
        left_s = (self._open_until - now).total_seconds()
        return left_s <= 0 or left_s > self._pause_s  # More is left than it was given: the clock was set back.

    def _refuse(self, retry_after_s: float) -> None:
        raise Unavailable(self._service, "it was down a moment ago", retry_after_s=retry_after_s)

    def _failed(self) -> None:
        self._failures += 1
        if self._failures < _FAILURES or not self._moved_on(CircuitEvent.FAILED):
            return
        self._openings += 1
        self._open_until = self._clock.now() + timedelta(seconds=self._pause_s)
        telemetry.logger().warning("stopped asking a service for a while", service=self._service, pause_s=self._pause_s)

    def _worked(self) -> None:
        self._failures = 0
        if not self._moved_on(CircuitEvent.WORKED):
            return
        self._openings = 0
        self._slow_start = _SlowStart(self._clock.now())
        telemetry.logger().info("a service is back", service=self._service)

    def _is_down(self) -> float:
        return float(self.state in (CircuitState.OPEN, CircuitState.HALF_OPEN))


class _SlowStart:
    """The bound on calls after a service came back: it doubles each second, until it is no bound any more."""

    def __init__(self, since: datetime) -> None:
        self._since = since
        self._second = 0
        self._admitted = 1  # In this second: the probe itself.

    def is_over(self, now: datetime) -> bool:
        """Return whether all calls may pass."""
        if now < self._since:  # The clock was set back.
            self._since, self._second, self._admitted = now, 0, 0
        return self._rate(now) >= _FULL_RATE

    def admit(self, now: datetime) -> bool:
        """Count a call, if there is room in this second."""
        second = int((now - self._since).total_seconds())
        if second != self._second:
            self._second, self._admitted = second, 0
        if self._admitted >= self._rate(now):
            return False
        self._admitted += 1
        return True

    def next_second_s(self, now: datetime) -> float:
        """Return how long until there is room again."""
        return self._second + 1 - (now - self._since).total_seconds()

    def _rate(self, now: datetime) -> int:
        return _FIRST_RATE << min(int((now - self._since).total_seconds()), 10)  # Doubled with each second.
