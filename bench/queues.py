"""The bus over SQS, beside a bare aiobotocore loop with the same batches against the same server, in the same run.

The two do not do the same work: the bare loop only sends, receives and deletes. Ours also marks in the table what was
forwarded, decodes each message, and handles it exactly once in a transaction. Both send as many batches at once and
poll as often.
"""

import asyncio
import os
import secrets
import statistics
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import anyio

from bus.local import LocalBus
from bus.routes import Routes
from bus.sqs.client import Sqs, open_sqs
from bus.sqs.metrics import REQUESTS
from bus.sqs.queues import Queues
from bus.sqs.sealed_bodies import SealedBodies
from bus.sqs.settings import SqsSettings
from bus.sqs.transport import SqsTransport
from bus.sqs.wire import WireMessage
from engine.actor import Actor, turn
from engine.clock import SystemClock
from engine.message import Event
from engine.migrations import migrate
from engine.roots import Roots
from engine.services import Services, open_services
from engine.settings import EngineSettings
from engine.transaction import OutboxEntry, Transaction
from testkit.ministack import CREDENTIALS, answers, ministack

ROOT = Path(__file__).parent.parent
SCHEMAS = {"bus": ROOT / "bus" / "schema"}
MESSAGES = 3_000
REPEATS = 3
_ANY = "select from bus.deliveries where forwarded_at is null limit 1"
_NEWEST = "select from (select * from bus.deliveries order by id desc limit 1) as newest where forwarded_at is null"
AT_ONCE, POLLS = 8, 4  # As bus/sqs has them.


class Happened(Event):
    """An event, as large as those of the shop."""

    key: str
    what: str = "x" * 250


class Speaker(Actor):
    """Gets no message; its process forwards."""


class Listener(Actor):
    """Counts the events it handles, exactly once each."""

    def __init__(self) -> None:
        self.heard = 0
        self.all_heard = asyncio.Event()
        self.expected = 0

    @turn
    async def hear(self, tx: Transaction, events: Sequence[Happened]) -> None:
        def count() -> None:
            self.heard += len(events)
            if self.heard >= self.expected:
                self.all_heard.set()

        tx.after_commit(count)


@dataclass(frozen=True)
class Row:
    """A direction: messages per second of ours and of the bare loop, and messages for each request of ours."""

    what: str
    ours: Sequence[float]
    bare: Sequence[float]
    per_request: dict[str, float]

    @property
    def ratio(self) -> float:
        return statistics.median(self.ours) / statistics.median(self.bare)


@dataclass(frozen=True)
class _Run:
    """Messages per second each way, ours and bare, and messages for each of our requests."""

    our_send: float
    our_receive: float
    bare_send: float
    bare_receive: float
    for_each_send: float
    for_each_delete: float


async def measure(folder: Path) -> list[Row]:
    """Measure both directions, ours and bare in turn, several times after a warm-up."""
    os.environ |= CREDENTIALS
    with ministack() as url:
        await answers(url)
        async with open_services(EngineSettings(shopflow_data=folder)) as services:
            await migrate(services.database_url, SCHEMAS, SystemClock())
            runs = [await _run(services, url) for _ in range(REPEATS + 1)][1:]
    sends, deletes = [run.for_each_send for run in runs], [run.for_each_delete for run in runs]
    return [
        Row("forward", [r.our_send for r in runs], [r.bare_send for r in runs], {"send": statistics.median(sends)}),
        Row(
            "receive",
            [r.our_receive for r in runs],
            [r.bare_receive for r in runs],
            {"delete": statistics.median(deletes)},
        ),
    ]


async def _run(services: Services, url: str) -> _Run:
    """Run on new queues: the stand-in searches all earlier messages of a queue for each new one."""
    settings = SqsSettings(sqs_prefix=f"bench-{secrets.token_hex(3)}", aws_endpoint_url=url, aws_region="us-east-1")
    async with open_sqs(settings) as sqs:
        async for _ in Queues(sqs, ["speaker", "listener", "bare"]).create():
            pass
        bare_send, bare_receive = await _bare(sqs)
        before = _requests()
        our_send = await _forward(services, sqs)
        between = _requests()
        our_receive = await _receive(services, sqs)
        return _Run(
            our_send,
            our_receive,
            bare_send,
            bare_receive,
            MESSAGES / (between["send"] - before["send"]),
            MESSAGES / (_requests()["delete"] - between["delete"]),
        )


def _requests() -> dict[str, float]:
    return {
        sample.labels["operation"]: sample.value
        for metric in REQUESTS.collect()
        for sample in metric.samples
        if sample.name == "shopflow_sqs_requests_total"
    }


async def _forward(services: Services, sqs: Sqs) -> float:
    """Measure from the commit until every row records that SQS took its message; returns messages per second."""
    async with _process(services, sqs, Speaker()) as bus:
        async with services.database.transaction(SystemClock().now()) as tx:
            stored = await bus.deliveries.store(
                tx, bus.deliveries.address([OutboxEntry(Happened(key=f"{n}")) for n in range(MESSAGES)])
            )
        begun = perf_counter()
        bus.deliveries.hand_over(stored)
        for waiting in (_NEWEST, _ANY):  # The newest row first: polling all rows costs too much.
            while await services.database.fetch(waiting):  # noqa: ASYNC110 - it is PostgreSQL's to say
                await asyncio.sleep(0.02)
        return MESSAGES / (perf_counter() - begun)


async def _receive(services: Services, sqs: Sqs) -> float:
    """Measure from the first poll until every effect is on disk; returns messages per second."""
    listener = Listener()
    listener.expected = MESSAGES
    begun = perf_counter()
    async with _process(services, sqs, listener):
        await listener.all_heard.wait()
        return MESSAGES / (perf_counter() - begun)


@asynccontextmanager
async def _process(services: Services, sqs: Sqs, actor: Actor) -> AsyncIterator[LocalBus]:
    clock, routes = SystemClock(), Routes([Speaker, Listener])
    transport = SqsTransport(sqs, routes, clock, SealedBodies(Roots([bytes(32)]), clock))
    bus = LocalBus(
        routes=routes, database=services.database, clock=clock, settings=EngineSettings(), elsewhere=transport
    )
    bus.host(actor)
    cells = list(bus.supervisor.cells.values())
    async with transport.open(cells, bus.deliveries, services.database), anyio.create_task_group() as tasks:
        bus.open()
        bus.supervisor.start(tasks)
        tasks.start_soon(bus.deliveries.run)
        yield bus
        transport.close()
        tasks.cancel_scope.cancel()


async def _bare(sqs: Sqs) -> tuple[float, float]:
    """Send and receive the same messages in the same batches, and nothing else."""
    queue, prefix = sqs.queue_of("bare"), secrets.token_hex(4)
    left = iter(range(0, MESSAGES, 10))
    begun = perf_counter()

    async def send() -> None:
        for first in left:
            letters = [
                WireMessage(id=f"{prefix}-{n}", type="Happened", key=f"{n}", body="x" * 290, delivery_id=n + 1)
                for n in range(first, first + 10)
            ]
            assert not await sqs.send(queue, letters)

    await asyncio.gather(*(send() for _ in range(AT_ONCE)))
    sent = perf_counter()
    received = 0

    async def receive() -> None:
        nonlocal received
        while received < MESSAGES:
            messages = await sqs.receive(queue, 0, 30)
            received += len(messages)
            if messages:
                assert not await sqs.delete(queue, [message["ReceiptHandle"] for message in messages])

    await asyncio.gather(*(receive() for _ in range(POLLS)))
    return MESSAGES / (sent - begun), MESSAGES / (perf_counter() - sent)
