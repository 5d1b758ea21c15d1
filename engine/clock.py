"""The clock: the only source of time. No other module reads the wall clock; SQL gets the time as a parameter.

Two clocks keep the same promises. `SystemClock` follows the machine. `ManualClock` stands still until it is moved. Then
it fires the timers that fall due, in order, each at its own time, and lets the program come to rest after each.

A machine's clock may be set while a program runs, an hour ahead or back. `call_at` follows the time of day all the
same, and `call_later` the time that has really passed: the first misses no end, the second prolongs no pause.

The program is at rest when no mailbox holds work and no background loop is awake. All work is announced to the clock
(`begin`, `end`), so a test can wait for rest instead of sleeping.
"""

import asyncio
import heapq
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

FOREVER = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # Before anything a shop knows of.
_POLL_S = 5.0  # How often a timer for a time of day checks whether the machine's clock was set.


class Timer(ABC):
    """A callback that runs once, unless it is cancelled first."""

    @abstractmethod
    def cancel(self) -> None:
        """Cancel it. Harmless after it has run."""


class Clock(ABC):
    """Time, timers, and the count of work that has begun and not ended."""

    def __init__(self) -> None:
        self._work = 0
        self._rest = asyncio.Event()
        self._rest.set()

    @abstractmethod
    def now(self) -> datetime:
        """Return the time, in UTC."""

    @abstractmethod
    def monotonic(self) -> float:
        """Return seconds since some moment, whatever the clock is set to: only differences have a meaning."""

    @abstractmethod
    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        """Call once when this clock shows `when`, by whatever steps; as soon as possible if that has passed."""

    @abstractmethod
    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call once when `delay_s` seconds have passed, whatever the clock is set to meanwhile."""

    def begin(self, pieces: int = 1) -> None:
        """Count work that has begun: the program is not at rest."""
        self._work += pieces
        if self._work:
            self._rest.clear()

    def end(self, pieces: int = 1) -> None:
        """Count work that has ended."""
        self._work -= pieces
        assert self._work >= 0, "more work was ended than begun"
        if not self._work:
            self._rest.set()

    async def at_rest(self) -> None:
        """Return when nothing is being done. Bound it with a timeout: a busy shop never rests."""
        while self._work:  # Repeatedly: work may have begun before this task woke.
            await self._rest.wait()


class SystemClock(Clock):
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return _TimeOfDay(self, when, callback)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        return _LoopTimer(asyncio.get_running_loop().call_later(max(0.0, delay_s), callback))


class ManualClock(Clock):
    """A clock that stands still until it is moved. It starts on a Monday at noon, far from month and year ends."""

    def __init__(self, start: datetime = datetime(2030, 1, 7, 12, tzinfo=UTC)) -> None:
        super().__init__()
        self._now = start
        self._set_by = timedelta(0)  # How far all jumps together have moved it.
        self._timers: _Timers = []  # By the time it shows.
        self._delays: _Timers = []  # By the time it would show without any jump.
        self._order = count()
        self._is_stopped = False

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._set_by).timestamp()

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        return self._set(self._timers, when, callback, is_due=when <= self._now)

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        when = self._now - self._set_by + timedelta(seconds=delay_s)
        return self._set(self._delays, when, callback, is_due=delay_s <= 0)

    def _set(self, timers: "_Timers", when: datetime, callback: Callable[[], None], *, is_due: bool) -> Timer:
        timer = _ManualTimer(callback)
        if self._is_stopped:
            return timer
        if not is_due:
            heapq.heappush(timers, (when, next(self._order), timer))
        else:
            self.begin()
            asyncio.get_running_loop().call_soon(self._fire_now, timer)
        return timer

    def _fire_now(self, timer: "_ManualTimer") -> None:
        timer.fire()
        self.end()

    async def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0, within_s: float = 30
    ) -> None:
        """Move forward, fire due timers in order, and come to rest after each.

        If the program dies of one, the clock stops at that moment: time that passes while it is down needs another
        call.

        Raises:
            TimeoutError: The program did not come to rest within `within_s` seconds of real time.
        """
        end = self._now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        async with asyncio.timeout(within_s):
            await self.at_rest()
            was_stopped = self._is_stopped
            while (timer := self._next(end)) is not None:
                timer.fire()
                await self.at_rest()
            if self._is_stopped == was_stopped:
                self._now = max(self._now, end)

    def _next(self, end: datetime) -> "_ManualTimer | None":
        """Move to the next timer that falls due by `end`, and take it."""
        due = [(timers[0][0] + by, timers[0][1], timers) for timers, by in self._both() if timers]
        if not due:
            return None
        when, _, timers = min(due, key=lambda each: each[:2])
        if when > end:
            return None
        self._now = max(self._now, when)
        return heapq.heappop(timers)[2]

    def _both(self) -> "tuple[tuple[_Timers, timedelta], ...]":
        return (self._timers, timedelta(0)), (self._delays, self._set_by)

    def waiting(self) -> int:
        """Return how many timers are set."""
        return sum(timer.is_set for timers, _ in self._both() for _, _, timer in timers)

    def stop(self) -> None:
        """Act as for a program that was killed: no timer of it fires any more, and nothing it does is work."""
        self._is_stopped = True
        self._timers.clear()
        self._delays.clear()
        self._work = 0
        self._rest.set()

    def begin(self, pieces: int = 1) -> None:
        if not self._is_stopped:
            super().begin(pieces)

    def end(self, pieces: int = 1) -> None:
        if not self._is_stopped:
            super().end(pieces)

    def jump(self, by: timedelta) -> None:
        """Move either way without firing timers, like a machine whose clock was set: no time has passed."""
        self._now += by
        self._set_by += by


class Sleeper:
    """The rest of a background loop: until a time, or until it is woken.

    A loop counts as work from its waking until its next rest, so a test that waits for rest waits for loops too.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._future: asyncio.Future[None] | None = None
        self._woken = False  # While awake: the next rest is skipped, so that no wake-up is lost.
        self._awake = False

    async def until(self, when: datetime, *, within_s: float | None = None) -> None:
        """Rest until `when`, less if `wake` is called, and never longer than `within_s`.

        A loop that polls passes `within_s`: until `now` and a second would be an hour, after the clock is set back.
        """
        if self._woken:
            self._woken = False
            self._be_awake()
            return
        self._future = asyncio.get_running_loop().create_future()
        timers = [self._clock.call_at(when, self.wake)] if when < FOREVER else []
        if within_s is not None:
            timers.append(self._clock.call_later(within_s, self.wake))
        self._fall_asleep()
        try:
            await self._future
        finally:
            self._future = None
            for timer in timers:
                timer.cancel()

    def wake(self) -> None:
        """End the rest, or skip the next one."""
        if self._future is None or self._future.done():
            self._woken = True
            return
        self._future.set_result(None)
        self._be_awake()

    def close(self) -> None:
        """End the loop: it is no work any more."""
        self._fall_asleep()

    def _be_awake(self) -> None:
        if not self._awake:
            self._awake = True
            self._clock.begin()

    def _fall_asleep(self) -> None:
        if self._awake:
            self._awake = False
            self._clock.end()


class _LoopTimer(Timer):
    def __init__(self, handle: asyncio.TimerHandle) -> None:
        self._handle = handle

    def cancel(self) -> None:
        self._handle.cancel()


class _TimeOfDay(Timer):
    """Polls, because the machine's clock may be set; never early, and late by one poll at most."""

    def __init__(self, clock: SystemClock, when: datetime, callback: Callable[[], None]) -> None:
        self._clock = clock
        self._when = when
        self._callback = callback
        self._loop = asyncio.get_running_loop()
        self._arm()

    def cancel(self) -> None:
        self._handle.cancel()

    def _arm(self) -> None:
        left_s = (self._when - self._clock.now()).total_seconds()
        self._handle = self._loop.call_later(max(0.0, min(left_s, _POLL_S)), self._poll)

    def _poll(self) -> None:
        if self._clock.now() >= self._when:
            self._callback()
        else:
            self._arm()


class _ManualTimer(Timer):
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    @property
    def is_set(self) -> bool:
        return self._callback is not None

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def cancel(self) -> None:
        self._callback = None


_Timers = list[tuple[datetime, int, _ManualTimer]]
