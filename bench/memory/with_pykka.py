"""Pykka, with its threads. Runs in the peers' environment.

By default Pykka's `ask` waits for its answer before the next; `--one-by-one` measures that.
"""

import asyncio
import sys
from threading import Event

from pykka import ThreadingActor  # type: ignore[import-not-found] # there

from bench.memory.driver import ASKS, AT_ONCE, CALLERS, TELLS, report


class Clerk(ThreadingActor):  # type: ignore[misc] # likewise
    """Notices, and doubles."""

    def __init__(self, all_noticed: Event) -> None:
        super().__init__()
        self.noticed = 0
        self.all_noticed = all_noticed

    def on_receive(self, message: tuple[str, int]) -> int | None:
        """Do what is asked."""
        what, number = message
        if what == "double":
            return 2 * number
        self.noticed += 1
        if self.noticed % AT_ONCE == 0:
            self.all_noticed.set()
        return None


def main() -> None:
    """Measure."""
    all_noticed = Event()
    clerk = Clerk.start(all_noticed)

    async def tell() -> None:
        for first in range(0, TELLS, AT_ONCE):
            all_noticed.clear()
            for number in range(first, first + AT_ONCE):
                clerk.tell(("note", number))
            all_noticed.wait()

    async def ask() -> None:
        if "--one-by-one" in sys.argv:
            assert [clerk.ask(("double", number)) for number in range(ASKS)] == [2 * number for number in range(ASKS)]
            return
        for first in range(0, ASKS, CALLERS):
            numbers = range(first, first + CALLERS)
            answers = [clerk.ask(("double", number), block=False) for number in numbers]
            assert [answer.get() for answer in answers] == [2 * number for number in numbers]

    asyncio.run(report(tell, ask))
    clerk.stop()


if __name__ == "__main__":
    main()
