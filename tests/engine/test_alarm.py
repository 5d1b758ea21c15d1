"""An alarm rings at the earliest time that was asked for, and until a turn has done what is due."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from engine.alarm import Alarm
from engine.clock import FOREVER, ManualClock
from engine.errors import Overloaded

AGAIN = timedelta(seconds=5)


class Bell:
    """Remembers when it was rung."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.rung: list[datetime] = []
        self.is_full = False

    def ring(self) -> None:
        self.rung.append(self._clock.now())
        if self.is_full:
            raise Overloaded("bell")


@asynccontextmanager
async def running(clock: ManualClock, bell: Bell, first: datetime = FOREVER) -> AsyncIterator[Alarm]:
    alarm = Alarm(clock, bell.ring, again=AGAIN)
    alarm.set(first)
    task = asyncio.create_task(alarm.run())
    await asyncio.sleep(0)  # It begins to wait.
    yield alarm
    task.cancel()


def seconds(clock: ManualClock, after: float) -> datetime:
    return clock.now() + timedelta(seconds=after)


async def test_it_rings_at_the_earliest_time_that_was_asked_for(clock: ManualClock) -> None:
    bell, early = Bell(clock), seconds(clock, 10)
    async with running(clock, bell) as alarm:
        for at in (seconds(clock, 30), early, seconds(clock, 20)):
            alarm.no_later_than(at)

        await clock.advance(seconds=9)
        assert bell.rung == []
        await clock.advance(seconds=1)
        assert bell.rung == [early]


async def test_it_rings_again_until_a_turn_sets_it(clock: ManualClock) -> None:
    bell, due = Bell(clock), seconds(clock, 1)
    async with running(clock, bell, due) as alarm:
        await clock.advance(seconds=6)
        assert bell.rung == [due, due + AGAIN]

        alarm.set(FOREVER)
        await clock.advance(seconds=60)
        assert bell.rung == [due, due + AGAIN]
        assert alarm.at == FOREVER


async def test_a_turn_may_set_it_later_than_it_was(clock: ManualClock) -> None:
    bell, later = Bell(clock), seconds(clock, 20)
    async with running(clock, bell, seconds(clock, 10)) as alarm:
        alarm.set(later)

        await clock.advance(seconds=20)
        assert bell.rung == [later]


async def test_a_full_mailbox_is_rung_at_again(clock: ManualClock) -> None:
    bell, due = Bell(clock), seconds(clock, 1)
    async with running(clock, bell, due):
        bell.is_full = True
        await clock.advance(seconds=1)
        bell.is_full = False
        await clock.advance(seconds=5)

        assert bell.rung == [due, due + AGAIN]


async def test_what_was_due_before_it_ran_is_rung_at_once(clock: ManualClock) -> None:
    bell = Bell(clock)
    async with running(clock, bell, seconds(clock, -60)):
        assert bell.rung == [clock.now()]
