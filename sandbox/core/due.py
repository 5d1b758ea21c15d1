"""Things to do later: one heap of due times, however many wait.

The things themselves live in tables; the heap holds only their keys.
"""

import asyncio
import heapq
from collections.abc import Callable, Iterable
from contextlib import suppress

POLL_S = 0.25  # A clock that tests move does not wake anybody, so poll at least this often while something waits.

Clock = Callable[[], float]  # Unix seconds, UTC.


class DueQueue:
    """Keys and their due times; `take` waits for the next that is due."""

    def __init__(self, now: Clock, waiting: Iterable[tuple[float, str]] = ()) -> None:
        self._now = now
        self._heap = list(waiting)
        heapq.heapify(self._heap)
        self._woken = asyncio.Event()
        self._paused = False

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, due: float, key: str) -> None:
        heapq.heappush(self._heap, (due, key))
        self._woken.set()

    def pause(self, paused: bool) -> None:
        self._paused = paused
        self._woken.set()

    def wake(self) -> None:
        """Compare the due times with the clock at once; call it after moving the clock."""
        self._woken.set()

    def drain(self) -> list[str]:
        """Take everything, due or not, in order of due time."""
        taken = [key for _, key in sorted(self._heap)]
        self._heap.clear()
        return taken

    async def take(self) -> str:
        """Wait for the next key that is due."""
        while (wait_s := self._wait_s()) is None or wait_s > 0:
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()
        return heapq.heappop(self._heap)[1]

    def _wait_s(self) -> float | None:
        if self._paused or not self._heap:
            return None
        return min(self._heap[0][0] - self._now(), POLL_S)
