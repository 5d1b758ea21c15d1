"""Stock holds: through turns, and beside that with one transaction for each message, on the same database.

Closed loop: each caller asks, waits for the answer, and asks again, so 512 callers keep 512 holds waiting. Every hold
is on disk before it is answered. Beside turns in the same run: the same actor with turns of one message; the same
statements by PostgreSQL's own `pgbench`, without any Python; and a bare commit, one row changed by one statement.
"""

import asyncio
import re
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter

import anyio
import asyncpg
import msgspec

from actors.inventory.actor import Inventory, InventorySettings
from bus.local import LocalBus
from bus.messages.inventory import HoldStock, SetOnHand, StockHeld
from bus.routes import Routes
from engine import telemetry
from engine.clock import SystemClock
from engine.gc_tuning import freeze_gc
from engine.migrations import migrate
from engine.services import Services, open_services
from engine.settings import EngineSettings
from gateway.updates import Updates
from testkit.programs import POSTGRES

ROOT = Path(__file__).parent.parent
SCHEMAS = {"bus": ROOT / "bus" / "schema", "inventory": ROOT / "actors" / "inventory" / "schema"}
SKUS = [f"SKU-{number:03}" for number in range(100)]
REPEATS = 3
TURNS, ALONE, PGBENCH, BARE = "turns", "one transaction a message", "pgbench", "a bare commit"
HOLDS = {1: (400, 400), 32: (8_000, 2_000), 512: (60_000, 4_000)}  # By callers: in turns, and one by one.
SECONDS = 3  # For pgbench.
MOST_SESSIONS = 32  # More than that and PostgreSQL only gets slower.
BARE_COMMITS = 400

_ONE_ROW = "update inventory.stock set version = version + 1 where sku = $1"


@dataclass(frozen=True)
class Row:
    """A kind of run: holds per second (each repeat's), and messages for each transaction."""

    way: str
    callers: int
    per_second: Sequence[float]
    messages_per_transaction: float = 1.0

    @property
    def median(self) -> float:
        return statistics.median(self.per_second)


async def measure(folder: Path) -> list[Row]:
    """Run all kinds in turn, several times."""
    settings = EngineSettings(shopflow_data=folder)
    async with open_services(settings) as services:
        await migrate(services.database_url, SCHEMAS, SystemClock())
        freeze_gc()
        single = msgspec.structs.replace(settings, shopflow_turn_limit=1)
        results: dict[tuple[int, str], list[tuple[float, float]]] = {}
        for _ in range(REPEATS + 1):
            for callers, (in_turns, alone) in HOLDS.items():
                runs = results.setdefault((callers, TURNS), []), results.setdefault((callers, ALONE), [])
                runs[0].append(await _run(services, settings, callers, in_turns))
                runs[1].append(await _run(services, single, callers, alone))
                if callers <= MOST_SESSIONS:
                    by_itself = await asyncio.to_thread(_pgbench, services.database_url, callers)
                    results.setdefault((callers, PGBENCH), []).append((by_itself, 1.0))
            results.setdefault((1, BARE), []).append((await _bare(services), 1.0))
    return [
        Row(way, callers, [speed for speed, _ in runs[1:]], statistics.median(messages for _, messages in runs[1:]))
        for (callers, way), runs in results.items()  # The first of each only warms up.
    ]


def _pgbench(database_url: str, sessions: int) -> float:
    """Measure transactions per second of so many sessions, each in a closed loop."""
    words = [POSTGRES / "pgbench", "--no-vacuum", "--protocol=prepared", f"--time={SECONDS}", f"--client={sessions}"]
    script = Path(__file__).with_name("holds.sql")
    done = subprocess.run(
        [*map(str, words), f"--file={script}", database_url], stdout=subprocess.PIPE, text=True, check=True
    )
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


async def _bare(services: Services) -> float:
    connection = await asyncpg.connect(services.database_url)
    try:
        begun = perf_counter()
        for _ in range(BARE_COMMITS):
            await connection.execute(_ONE_ROW, SKUS[0])
        return BARE_COMMITS / (perf_counter() - begun)
    finally:
        await connection.close()


async def _run(services: Services, settings: EngineSettings, callers: int, holds: int) -> tuple[float, float]:
    clock = SystemClock()
    bus = LocalBus(routes=Routes([Inventory]), database=services.database, clock=clock, settings=settings)
    updates = Updates(services.redis, clock, bus)
    bus.host(Inventory(bus=bus, database=services.database, clock=clock, updates=updates, settings=InventorySettings()))
    async with anyio.create_task_group() as tasks:
        bus.supervisor.start(tasks)
        tasks.start_soon(updates.run)
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
    """Hold one unit more each time, of one SKU after the other, as a single buyer."""
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
