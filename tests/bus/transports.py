"""Two toy houses that are one over the local bus, and two processes' worth over SQS: `front` asks, `back` works."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio

from bus.local import LocalBus
from bus.routes import Routes
from bus.sqs.client import Sqs
from bus.sqs.sealed_bodies import SealedBodies
from bus.sqs.transport import SqsTransport
from engine.actor import Actor
from engine.clock import SystemClock
from engine.postgres import Database
from engine.roots import Roots
from tests.engine.toys import Bell, Courier, Recorder, house, settings, stored

QUICK = {"shopflow_sweep_s": 0.5, "shopflow_backoff_first_s": 0.02}


@dataclass
class Transport:
    """How two houses are joined: by nothing, as they are one, or by SQS."""

    database: Database
    sqs: Sqs | None = None
    inline_s: float = 0.0  # How long listeners may take in the transaction of their publisher.
    bell: Bell = field(default_factory=Bell)
    recorder: Recorder = field(default_factory=Recorder)
    courier: Courier = field(default_factory=Courier)
    clock: SystemClock = field(default_factory=SystemClock)

    @asynccontextmanager
    async def open(self, **changes: object) -> AsyncIterator[LocalBus]:
        """All of it; gives the front, where the bell is."""
        back = (self.recorder, self.courier)
        changes = {"shopflow_inline_s": self.inline_s} | changes
        async with AsyncExitStack() as stack:
            if self.sqs is None:
                yield await stack.enter_async_context(
                    house(self.database, self.clock, self.bell, *back, **QUICK | changes)
                )
            else:
                await stack.enter_async_context(self.process(self.sqs, back, **changes))
                yield await stack.enter_async_context(self.process(self.sqs, [self.bell], **changes))

    @asynccontextmanager
    async def process(self, sqs: Sqs, hosted: Sequence[Actor], **changes: object) -> AsyncIterator[LocalBus]:
        """What one process is: it hosts these, and knows all."""
        clock, routes = self.clock, Routes([Bell, Recorder, Courier])
        transport = SqsTransport(sqs, routes, clock, SealedBodies(Roots([bytes(32)]), clock))
        bus = LocalBus(
            routes=routes,
            database=self.database,
            clock=clock,
            settings=settings(**QUICK | changes),
            elsewhere=transport,
        )
        for actor in hosted:
            bus.host(actor)
        cells = bus.supervisor.cells.values()
        async with transport.open(cells, bus.deliveries, self.database), anyio.create_task_group() as tasks:
            bus.open()
            bus.supervisor.start(tasks)
            tasks.start_soon(bus.deliveries.run)
            yield bus
            transport.close()
            tasks.cancel_scope.cancel()


async def nothing_is_stored(database: Database) -> bool:
    """Whether every delivery was handled."""
    return not await stored(database)
