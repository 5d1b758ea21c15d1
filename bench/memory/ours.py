"""ShopFlow's bus, without a database."""

import asyncio
from collections.abc import Sequence
from typing import cast

import anyio
import uvloop

from bench.memory.driver import ASKS, AT_ONCE, CALLERS, TELLS, report
from bus.local import LocalBus
from bus.routes import Routes
from engine.actor import Actor, turn
from engine.clock import SystemClock
from engine.message import Command, Query
from engine.postgres import Database
from engine.settings import EngineSettings


class Note(Command[None]):
    """Take notice."""

    number: int


class Double(Query[int]):
    """How much is twice this?"""

    number: int


class Clerk(Actor):
    """Notices, and doubles."""

    def __init__(self) -> None:
        self.noticed = 0
        self.all_noticed = asyncio.Event()

    @turn
    async def notice(self, notes: Sequence[Note]) -> None:
        self.noticed += len(notes)
        if self.noticed % AT_ONCE == 0:
            self.all_noticed.set()

    @turn
    async def double(self, asks: Sequence[Double]) -> Sequence[int]:
        return [2 * ask.number for ask in asks]


async def tell(bus: LocalBus, clerk: Clerk) -> None:
    """Make all tells."""
    for first in range(0, TELLS, AT_ONCE):
        clerk.all_noticed.clear()
        for number in range(first, first + AT_ONCE):
            bus.tell(Note(number=number))
        await clerk.all_noticed.wait()


async def ask(bus: LocalBus) -> None:
    """Make all asks."""

    async def caller(numbers: range) -> None:
        for number in numbers:
            assert await bus.ask(Double(number=number)) == 2 * number

    await asyncio.gather(*(caller(range(first, ASKS, CALLERS)) for first in range(CALLERS)))


async def main() -> None:
    """Measure."""
    clerk, settings = Clerk(), EngineSettings()
    no_database = cast("Database", None)  # Nothing here is stored.
    bus = LocalBus(routes=Routes([Clerk]), database=no_database, clock=SystemClock(), settings=settings)
    bus.host(clerk)
    async with anyio.create_task_group() as tasks:
        bus.supervisor.start(tasks)
        await report(lambda: tell(bus, clerk), lambda: ask(bus))
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    uvloop.run(main())
