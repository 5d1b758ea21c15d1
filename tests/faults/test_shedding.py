"""Pressure shows at the edge as 503 with `Retry-After`, within a second, and never as waiting."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from tests.faults.prober import Probe, is_shed, probe
from tests.journeys.process import Answer, Program, end, program
from tests.waiting import eventually

CROWD = 150


@pytest.fixture(scope="module")
async def data() -> AsyncIterator[Path]:
    """Of a shop with goods in it, which is stopped."""
    async with program() as made:
        await made.start()
        await made.stop()
        yield made.data


@asynccontextmanager
async def started(data: Path, **settings: str) -> AsyncIterator[Program]:
    shop = Program(data, settings=settings)
    try:
        await shop.start()
        yield shop
        await shop.stop()
    finally:
        await end(shop)


async def rush(shop: Program, method: str, path: str) -> list[Probe]:
    """Everybody at once, each over a connection of their own."""
    connector, timeout = aiohttp.TCPConnector(limit=0), aiohttp.ClientTimeout(total=15)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        keys = [f"rush-{time.monotonic_ns()}-{number}" for number in range(CROWD)]
        asks = [probe(http, method, shop.url + path, headers={"Idempotency-Key": key}) for key in keys]
        return await asyncio.gather(*asks)


async def test_a_full_mailbox_sheds(data: Path) -> None:
    async with started(data, SHOPFLOW_MAILBOX_LIMIT="4") as shop:
        probes = await rush(shop, "POST", "/carts")

        tell(probes)
        assert {each.status for each in probes} == {201, 503}
        assert all(is_shed(each) for each in probes if each.status == 503), probes
        assert (await shop.ask("POST", "/carts")).status == 201


async def test_an_exhausted_pool_sheds(data: Path) -> None:
    async with started(data, SHOPFLOW_DATABASE_CONNECTIONS="1") as shop, one_long_statement(shop) as answer:
        for method, path in (("GET", "/products"), ("POST", "/carts")):  # Readings, and turns.
            probes = await rush(shop, method, path)

            tell(probes)
            assert all(is_shed(each) for each in probes), probes
        assert (await shop.ask("GET", "/health/live")).status == 200
        assert (await shop.ask("GET", "/health/ready")).status == 503
        assert not answer.done()
    assert answer.result().status == 200


@asynccontextmanager
async def one_long_statement(shop: Program) -> AsyncIterator["asyncio.Task[Answer]"]:
    """Sales are being read, and can't be, while the block lasts; then they are, and all is as it was."""
    who = await shop.staff()
    holder = await asyncpg.connect(f"postgresql://postgres:@/shopflow?host={shop.data}/postgres", timeout=10)
    try:
        async with holder.transaction():
            await holder.execute("lock table analytics.sales in access exclusive mode", timeout=10)
            asking = asyncio.create_task(shop.ask("GET", "/admin/api/analytics/sales", **who))
            await eventually(lambda: is_waited_for(holder))
            yield asking
        await asking
        await eventually(lambda: is_served(shop, "GET", "/products"))
        await eventually(lambda: is_served(shop, "POST", "/carts"))
    finally:
        await holder.close(timeout=5)


def tell(probes: Sequence[Probe]) -> None:
    statuses = Counter(each.status for each in probes)
    print(statuses, f"in {max(each.took_s for each in probes):.2f} s at most")  # noqa: T201 - shown with -s


async def is_served(shop: Program, method: str, path: str) -> bool:
    return (await shop.ask(method, path, Idempotency_Key="afterwards")).status in (200, 201)


async def is_waited_for(holder: "asyncpg.Connection[asyncpg.Record]") -> bool:
    return bool(await holder.fetchval("select exists (select from pg_locks where not granted)", timeout=5))
