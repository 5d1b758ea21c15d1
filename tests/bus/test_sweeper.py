"""The sweeper's pauses, without a database."""

from datetime import timedelta
from unittest.mock import AsyncMock

import anyio

from bus.dispatcher import Dispatcher
from bus.in_memory import InMemory
from bus.routes import Routes
from bus.sweeper import Sweeper
from engine.clock import ManualClock
from engine.postgres import Database


async def test_when_all_is_closed_a_timer_that_is_due_does_not_keep_it_awake(clock: ManualClock) -> None:
    database, in_memory = AsyncMock(spec=Database), InMemory()
    dispatcher = Dispatcher(in_memory)
    sweeper = Sweeper(database, Routes([]), clock, dispatcher, in_memory, sweep_s=5)
    dispatcher.open({}, None)
    dispatcher.close()
    sweeper.open()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(sweeper.run)
        await clock.at_rest()

        sweeper.expect_timer(clock.now() + timedelta(seconds=1))
        await clock.advance(seconds=20, within_s=5)
        tasks.cancel_scope.cancel()

    database.fetch.assert_not_called()
