"""Who is waited for goes first.

Everybody who hears an event wants a turn in the moment it is committed, which is in the middle of the very checkout
that it came of: on few cores that was a third of the time its buyer waits. So while somebody waits, what nobody waits
for gives way, for a moment at most. Nothing hangs on it but who is served sooner: lanes keep their order.
"""

import asyncio
from math import inf
from time import perf_counter

_GIVE_WAY_S = 0.02  # Some steps of a checkout. Where somebody always waits, it is as good as a longer mailbox.


class Precedence:
    """Who is waited for in this process, and who gives way to them."""

    def __init__(self) -> None:
        self._asks = 0
        self._giving_way: set[asyncio.Event] = set()

    @property
    def patience_s(self) -> float:
        """For how long what nobody waits for gives way at the moment."""
        return _GIVE_WAY_S if self._asks else 0.0

    def ask_begins(self) -> None:
        """Somebody asks, and waits."""
        self._asks += 1

    def ask_ended(self) -> None:
        """They were answered, or gave up."""
        self._asks -= 1
        if not self._asks:
            for wake in self._giving_way:
                wake.set()

    async def rest(self, wake: asyncio.Event, until_s: float) -> None:
        """Wait to be woken; if something is there that gives way, also until it need not any more.

        Args:
            wake: Set by whoever brings something new.
            until_s: By `perf_counter`; infinite if nothing is there.
        """
        if until_s == inf:
            await wake.wait()
            return
        timer = asyncio.get_running_loop().call_later(until_s - perf_counter(), wake.set)
        self._giving_way.add(wake)
        try:
            await wake.wait()
        finally:
            self._giving_way.discard(wake)
            timer.cancel()
