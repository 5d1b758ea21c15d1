"""Whole purchases over HTTP: cart, line, checkout, payment at the sandbox, its webhook, and all effects.

Closed loop of 1, 8 and 32 buyers in a process of their own (bench/buyers.py); shop, PostgreSQL, Valkey, the sandbox
and the buyers share this machine. A purchase counts as done when the last delivery of the run is handled: mails are
sent, pick lists open, sales counted. So the time that buyers do not wait for is in the figures, too.
"""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import msgspec

from bench import cpu
from bench.goods import put_on_shelves
from bench.quiescence import until_quiescent
from bench.report import percentile
from engine.postgres import Database
from engine.services import open_services
from engine.settings import EngineSettings
from testkit.programs import Dialogue, Running, dialogue, program

SKUS = 100
BUYERS = (1, 8, 32)
PURCHASES = {1: 100, 8: 400, 32: 1000}  # In one repeat.
REPEATS = 3
_QUIESCENT_WITHIN_S = 120.0
_PAID = "select count(*)::int as paid from orders.orders where status <> 'pending_payment'"


@dataclass(frozen=True)
class Row:
    """The figures of so many buyers: purchases per second (each repeat's), seconds and processor seconds of each."""

    buyers: int
    per_second: Sequence[float]
    took_s: Sequence[float]
    cpu_s: Mapping[str, float]

    def percentile_ms(self, share: float) -> float:
        """The time in which this share of the purchases was done."""
        return percentile(self.took_s, share) * 1000


async def measure(folder: Path) -> list[Row]:
    """Measure all numbers of buyers, one after the other, on one shop."""
    with program(folder) as shop:
        put_on_shelves(folder, SKUS)
        async with open_services(EngineSettings(shopflow_data=folder)) as services:
            return [await _crowd(shop, services.database, buyers) for buyers in BUYERS]


async def _crowd(shop: Running, database: Database, buyers: int) -> Row:
    per_second: list[float] = []
    took_s: list[float] = []
    used: dict[str, float] = {}
    with open_buyers(shop.url, buyers, SKUS) as crowd:
        await buy(crowd, database, PURCHASES[buyers] // 2)  # Warms up.
        for _ in range(REPEATS):
            before, begun = cpu.used_s(shop, crowd.pid), perf_counter()
            took_s += await buy(crowd, database, PURCHASES[buyers])
            per_second.append(PURCHASES[buyers] / (perf_counter() - begun))
            for who, seconds in cpu.between(before, cpu.used_s(shop, crowd.pid)).items():
                used[who] = used.get(who, 0.0) + seconds
    return Row(buyers, per_second, took_s, {who: seconds / len(took_s) for who, seconds in used.items()})


async def buy(crowd: Dialogue, database: Database, purchases: int) -> list[float]:
    """Make so many purchases, and wait until all their effects are on disk. Return the seconds of each."""
    paid_before = (await database.fetch(_PAID))[0]["paid"]
    took = msgspec.json.decode(await crowd.ask(f"{purchases}"), type=list[float])
    async with asyncio.timeout(_QUIESCENT_WITHIN_S):
        while (await database.fetch(_PAID))[0]["paid"] < paid_before + purchases:  # noqa: ASYNC110 - the shop's to say
            await asyncio.sleep(0.05)
    await until_quiescent(database)
    return took


def open_buyers(url: str, buyers: int, skus: int, *words: str) -> AbstractContextManager[Dialogue]:
    """Start so many buyers of so many kinds of goods. Their words, commands and answers are in bench/buyers.py."""
    return dialogue([sys.executable, "-m", "bench.buyers", url, str(buyers), str(skus), *words])
