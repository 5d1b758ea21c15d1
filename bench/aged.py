"""Purchases in a shop that has sold for a while: in one with 50,000 orders behind it and in a new one, in turn."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from bench.goods import put_on_shelves
from bench.growth import grow
from bench.purchases import SKUS, buy, open_buyers
from engine.postgres import Database
from engine.services import open_services
from engine.settings import EngineSettings
from testkit.programs import Dialogue, program

ORDERS = 50_000
BUYERS = 32
PURCHASES = 500  # In one round, in each shop.
ROUNDS = 5


@dataclass(frozen=True)
class Row:
    """Purchases a second of each round."""

    new: Sequence[float]
    aged: Sequence[float]


async def measure(folder: Path) -> Row:
    """Measure both shops, in turn."""
    async with AsyncExitStack() as stack:
        shops = [await _open(stack, folder / name, orders) for name, orders in (("new", 0), ("aged", ORDERS))]
        for shop in shops:
            await _purchases_a_second(*shop)  # Warms up.
        rounds = [[await _purchases_a_second(*shop) for shop in shops] for _ in range(ROUNDS)]
    return Row(*zip(*rounds, strict=True))


async def _open(stack: AsyncExitStack, folder: Path, orders: int) -> tuple[Dialogue, Database]:
    shop = stack.enter_context(program(folder))
    put_on_shelves(folder, SKUS)
    services = await stack.enter_async_context(open_services(EngineSettings(shopflow_data=folder)))
    if orders:
        grow(services.database_url, orders)
    return stack.enter_context(open_buyers(shop.url, BUYERS, SKUS)), services.database


async def _purchases_a_second(crowd: Dialogue, database: Database) -> float:
    begun = perf_counter()
    await buy(crowd, database, PURCHASES)
    return PURCHASES / (perf_counter() - begun)
