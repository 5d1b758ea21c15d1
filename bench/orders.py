"""Whole orders in the engine: cart, hold, order, paid, and every listener's effect on disk.

Closed loop of 1, 32 and 512 callers, in the shop's own process, without HTTP; Stripe and the mail server are stand-ins
that agree at once. An order counts as done when the last delivery of the run is handled.
"""

import asyncio
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import psutil

from bench import cpu
from bench.goods import sku
from bench.in_process_shop import SKUS, check_out, fill_cart, open_in_process_shop, pay
from bench.quiescence import until_quiescent
from testkit.programs import Running
from wiring.shop import Shop

CALLERS = (1, 32, 512)
ORDERS = {1: 100, 32: 2_000, 512: 8_000}
REPEATS = 3


@dataclass(frozen=True)
class Row:
    """The figures of so many callers: orders per second (each repeat's), and processor seconds for each, by program."""

    callers: int
    per_second: Sequence[float]
    cpu_s: Mapping[str, float]

    @property
    def median(self) -> float:
        return statistics.median(self.per_second)


async def measure(folder: Path) -> list[Row]:
    """Measure all numbers of callers, one after the other, on one shop."""
    async with open_in_process_shop(folder) as shop:
        here = Running(folder, psutil.Process().pid, "")
        return [await _crowd(shop, here, callers) for callers in CALLERS]


async def _crowd(shop: Shop, here: Running, callers: int) -> Row:
    per_second: list[float] = []
    used: dict[str, float] = {}
    await _run(shop, callers, ORDERS[callers] // 4)  # Warms up.
    for _ in range(REPEATS):
        before, begun = cpu.used_s(here), perf_counter()
        await _run(shop, callers, ORDERS[callers])
        per_second.append(ORDERS[callers] / (perf_counter() - begun))
        for who, seconds in cpu.between(before, cpu.used_s(here)).items():
            used[who] = used.get(who, 0.0) + seconds
    return Row(callers, per_second, {who: seconds / REPEATS / ORDERS[callers] for who, seconds in used.items()})


async def _run(shop: Shop, callers: int, orders: int) -> None:
    left = iter(range(orders))

    async def caller() -> None:
        for number in left:
            await pay(shop.bus, await check_out(shop.bus, await fill_cart(shop.bus, sku(number % SKUS))))

    await asyncio.gather(*(caller() for _ in range(callers)))
    await until_quiescent(shop.services.database)
