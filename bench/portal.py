"""The portal's lists, as staff get them over HTTP, in a shop of 1,000,000 products and as many orders.

One reader asks for a page after the other. A page's processor is that of the shop's process alone: what PostgreSQL does
is in the time.
"""

from pathlib import Path
from time import perf_counter
from typing import Final

import aiohttp
import uvloop

from bench import cpu
from bench.goods import put_on_shelves
from bench.growth import grow
from bench.owners import sign_in
from bench.report import ResultTable, percentile
from engine.services import open_services
from engine.settings import EngineSettings
from testkit.programs import Running, program

_MANY: Final = 1_000_000
_TIMES: Final = 100
_WARM_UP: Final = 10
_SKUS: Final = 100  # That came in as an owner's do.
_PATHS: Final = (
    "/admin",
    "/admin/orders",
    "/admin/orders?q=SKU-0000007",
    f"/admin/orders/ord_{_MANY // 2}",
    "/admin/pick",
    "/admin/products",
    f"/admin/products/P{_MANY // 2}",
    "/admin/stock",
    "/admin/customers",
    "/admin/money",
)


def table(folder: Path) -> ResultTable:
    """The portal in a grown shop."""
    pages = ResultTable(
        f"Pages for staff in a shop of {_MANY:,} products and as many orders",
        ("page", "p50, ms", "p99, ms", "processor of the shop, ms"),
        aim="Aim: within 150 ms.",
    )
    for path, times, used_ms in uvloop.run(_measure(folder)):
        p50, p99 = (f"{percentile(times, share) * 1000:.0f}" for share in (0.5, 0.99))
        pages.add(path, p50, p99, f"{used_ms:.1f}")
    return pages


async def _measure(folder: Path) -> list[tuple[str, list[float], float]]:
    with program(folder) as shop:
        put_on_shelves(folder, _SKUS)
        headers = {"Cookie": await sign_in(shop)}
        async with open_services(EngineSettings(shopflow_data=folder)) as services:
            grow(services.database_url, _MANY)
        async with aiohttp.ClientSession(shop.url, headers=headers) as owner:
            return [(path, *await _timed(shop, owner, path)) for path in _PATHS]


async def _timed(shop: Running, owner: aiohttp.ClientSession, path: str) -> tuple[list[float], float]:
    """Ask for a page many times; return the seconds of each, and milliseconds of the shop's processor for one."""
    for _ in range(_WARM_UP):
        await _seconds(owner, path)
    before = cpu.used_s(shop)
    times = [await _seconds(owner, path) for _ in range(_TIMES)]
    return times, cpu.between(before, cpu.used_s(shop))["shop"] * 1000 / _TIMES


async def _seconds(owner: aiohttp.ClientSession, path: str) -> float:
    began = perf_counter()
    async with owner.get(path, allow_redirects=False) as answer:
        await answer.read()
    assert answer.status == 200, (path, answer.status)
    return perf_counter() - began
