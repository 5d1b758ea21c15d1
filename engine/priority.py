"""Priority: interactive work first.

When an event commits, every subscriber becomes runnable at once, in the middle of the checkout that published it; on
few cores this cost the checkout a third of its latency. So while any ask is outstanding, background work is delayed,
by 20 ms at most. Only latency depends on it: order within a lane is unchanged.
"""

import asyncio
from math import inf
from time import perf_counter

_BACKGROUND_DELAY_S = 0.02  # Some steps of a checkout. Where asks never end, it acts like a longer mailbox.


class Priority:
    """The outstanding asks of this process, and the loops whose background work is delayed by them."""

    def __init__(self) -> None:
        self._asks = 0
        self._delayed: set[asyncio.Event] = set()

    @property
    def background_delay_s(self) -> float:
        """The delay of background work at the moment."""
        return _BACKGROUND_DELAY_S if self._asks else 0.0

    def ask_begins(self) -> None:
        """Count an outstanding ask."""
        self._asks += 1

    def ask_ended(self) -> None:
        """Note that an ask was answered or has timed out; after the last one, release all background work."""
        self._asks -= 1
        if not self._asks:
            for wake in self._delayed:
                wake.set()

    async def wait(self, wake: asyncio.Event, until_s: float) -> None:
        """Wait to be woken; with delayed work, no longer than its delay.

        Args:
            wake: Set when there is something new to do.
            until_s: When the delayed work is due, by `perf_counter`; infinite if there is none.
        """
        if until_s == inf:
            await wake.wait()
            return
        timer = asyncio.get_running_loop().call_later(until_s - perf_counter(), wake.set)
        self._delayed.add(wake)
        try:
            await wake.wait()
        finally:
            self._delayed.discard(wake)
            timer.cancel()
