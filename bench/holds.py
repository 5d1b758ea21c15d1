"""Stock holds: through turns, and beside that with one transaction for each message, on the same database.

Closed loop: each caller asks, waits for the answer, and asks again, so 512 callers keep 512 holds waiting. Every hold
is on disk before it is answered. The comparison is the same actor and the same statements with turns of one message.
"""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

import anyio
import msgspec

from actors.inventory.actor import Inventory, InventorySettings
from bus.local import LocalBus
from bus.messages.inventory import HoldStock, SetOnHand, StockHeld
from bus.news import News
from bus.routes import Routes
from engine import telemetry
from engine.clock import SystemClock
from engine.postgres import migrate
from engine.services import Services, open_services
from engine.settings import EngineSettings

ROOT = Path(__file__).parent.parent
SCHEMAS = {"bus": ROOT / "bus" / "schema", "inventory": ROOT / "actors" / "inventory" / "schema"}
SKUS = [f"SKU-{number:03}" for number in range(100)]
REPEATS = 3


@dataclass(frozen=True)
class Row:
    """One kind of run: holds per second (each repeat's), and messages for each transaction."""

    callers: int
    turn_limit: int
    per_second: Sequence[float]
    messages_per_transaction: float

    @property
    def median(self) -> float:
        return statistics.median(self.per_second)


async def measure(folder: Path) -> tuple[str, list[Row]]:
    """Run all kinds in turn, several times; gives what the database says of fsync, and the rows."""
    settings = EngineSettings(shopflow_data=folder)
    async with open_services(settings) as services:
        await migrate(services.database_url, SCHEMAS, SystemClock())
        fsync = (await services.database.fetch("select current_setting('fsync') as fsync"))[0]["fsync"]
        kinds = [(1, 512, 400), (1, 1, 400), (32, 512, 8_000), (32, 1, 2_000), (512, 512, 60_000), (512, 1, 4_000)]
        results: dict[tuple[int, int], list[tuple[float, float]]] = {}
        for callers, turn_limit, holds in kinds * (REPEATS + 1):
            limited = msgspec.structs.replace(settings, shopflow_turn_limit=turn_limit)
            figures = await _run(services, limited, callers, holds)
            results.setdefault((callers, turn_limit), []).append(figures)
    return fsync, [
        Row(callers, turn_limit, [speed for speed, _ in runs[1:]], statistics.median(m for _, m in runs[1:]))
        for (callers, turn_limit), runs in results.items()  # The first of each only warms up.
    ]


async def _run(services: Services, settings: EngineSettings, callers: int, holds: int) -> tuple[float, float]:
    clock = SystemClock()
    bus = LocalBus(routes=Routes([Inventory]), database=services.database, clock=clock, settings=settings)
    news = News(services.redis, clock, bus)
    bus.host(Inventory(bus=bus, database=services.database, clock=clock, news=news, settings=InventorySettings()))
    async with anyio.create_task_group() as tasks:
        bus.supervisor.start(tasks)
        tasks.start_soon(news.run)
        await asyncio.gather(*(bus.ask(SetOnHand(sku=sku, on_hand=1_000_000)) for sku in SKUS))
        turns_before = _turns()
        begun = perf_counter()
        await asyncio.gather(*(_caller(bus, number, holds // callers) for number in range(callers)))
        seconds = perf_counter() - begun
        turns = _turns() - turns_before
        tasks.cancel_scope.cancel()
    messages = holds // callers * callers
    return messages / seconds, messages / turns


async def _caller(bus: LocalBus, number: int, times: int) -> None:
    """One buyer, who holds one unit more each time, of one SKU after the other."""
    own = islice(cycle(SKUS), number % len(SKUS), None)
    for done in range(times):
        answer = await bus.ask(HoldStock(cart_id=f"cart-{number}", sku=next(own), quantity=done // len(SKUS) % 99 + 1))
        assert isinstance(answer, StockHeld), answer


def _turns() -> float:
    return sum(
        sample.value
        for metric in telemetry.TURNS.collect()
        for sample in metric.samples
        if sample.name == "shopflow_turns_total" and sample.labels["handler"] == "hold"
    )
