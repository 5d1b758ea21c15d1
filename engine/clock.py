"""Where time comes from. Nobody else reads the wall clock; SQL gets the time as a parameter.

Two clocks keep the same promises. `SystemClock` follows the machine. `ManualClock` stands still until it is moved, and
then fires what falls due in between, in order, each at its own time, letting the program come to rest after each.

The whole program is at rest when no mailbox holds work and no background loop is awake. Whoever starts work says so
to the clock (`begin`, `end`), which is why a test can wait for rest instead of sleeping.
"""

import asyncio
import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

FOREVER = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)  # Before anything a shop knows of.


class Timer(ABC):
    """Something that will be called once, unless it is cancelled first."""

    @abstractmethod
    def cancel(self) -> None:
        """Forget it. Harmless when it has already happened."""


class Clock(ABC):
    """The time, timers, and the count of work that has been begun and not ended."""

    def __init__(self) -> None:
        self._work = 0
        self._rest = asyncio.Event()
        self._rest.set()

    @abstractmethod
    def now(self) -> datetime:
        """The time, with UTC as its zone."""

    @abstractmethod
    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        """Call once at `when`, or as soon as possible if that has passed."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call once after `delay_s` seconds."""
        return self.call_at(self.now() + timedelta(seconds=delay_s), callback)

    def begin(self, pieces: int = 1) -> None:
        """Some work has begun: the program is not at rest."""
        self._work += pieces
        if self._work:
            self._rest.clear()

    def end(self, pieces: int = 1) -> None:
        """Work that was begun has ended."""
        self._work -= pieces
        assert self._work >= 0, "more work was ended than begun"
        if not self._work:
            self._rest.set()

    async def at_rest(self) -> None:
        """Return when nothing is being done. Bound it with a timeout: a busy shop never rests."""
        while self._work:  # More than once, if somebody began again before we were waked.
            await self._rest.wait()


class SystemClock(Clock):
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        delay_s = (when - self.now()).total_seconds()
        return _LoopTimer(asyncio.get_running_loop().call_later(max(0.0, min(delay_s, 86_400 * 365)), callback))


class ManualClock(Clock):
    """A clock that stands still until it is moved. Starts on a Monday at noon, far from month and year ends."""

    def __init__(self, start: datetime = datetime(2030, 1, 7, 12, tzinfo=UTC)) -> None:
        super().__init__()
        self._now = start
        self._timers: list[tuple[datetime, int, _ManualTimer]] = []
        self._order = count()

    def now(self) -> datetime:
        return self._now

    def call_at(self, when: datetime, callback: Callable[[], None]) -> Timer:
        timer = _ManualTimer(callback)
        if when > self._now:
            heapq.heappush(self._timers, (when, next(self._order), timer))
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
        """Move forward, firing what falls due in order, and come to rest after each.

        Raises:
            TimeoutError: The program did not come to rest within `within_s` seconds of real time.
        """
        end = self._now + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
        async with asyncio.timeout(within_s):
            await self.at_rest()
            while self._timers and self._timers[0][0] <= end:
                when, _, timer = heapq.heappop(self._timers)
                self._now = max(self._now, when)
                timer.fire()
                await self.at_rest()
            self._now = end

    def jump(self, by: timedelta) -> None:
        """Move either way without firing anything, as a machine does whose clock was set."""
        self._now += by


class Sleeper:
    """The rest of a background loop: until a time, or until somebody wakes it.

    A loop is work from its waking until its next rest, so a test that waits for rest waits for loops too.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._future: asyncio.Future[None] | None = None
        self._woken = False  # While it was awake: rest is skipped once, so that no wake-up is lost.
        self._awake = False

    async def until(self, when: datetime) -> None:
        """Rest until `when`, less if `wake` is called."""
        if self._woken:
            self._woken = False
            self._be_awake()
            return
        self._future = asyncio.get_running_loop().create_future()
        timer = self._clock.call_at(when, self.wake) if when < FOREVER else None
        self._fall_asleep()
        try:
            await self._future
        finally:
            self._future = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """End the rest, or skip the next one."""
        if self._future is None or self._future.done():
            self._woken = True
            return
        self._future.set_result(None)
        self._be_awake()

    def close(self) -> None:
        """The loop has ended: it is nobody's work any more."""
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


class _ManualTimer(Timer):
    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def fire(self) -> None:
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()

    def cancel(self) -> None:
        self._callback = None
