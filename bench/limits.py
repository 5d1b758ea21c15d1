"""What the bounds on strangers cost buyers: purchases in a shop as it is shipped and in shops without them, in turn.

Each purchase comes from an address of its own, as real ones do. There are two shops without bounds: the difference
between those two says what else there is in the figures.
"""

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from bench import cpu
from bench.goods import put_on_shelves
from bench.purchases import SKUS, buy, open_buyers
from engine.postgres import Database
from engine.services import open_services
from engine.settings import EngineSettings
from testkit.programs import UNBOUNDED, Dialogue, Running, program

AS_SHIPPED = dict.fromkeys(UNBOUNDED, "")  # What is empty has its default.
SHOPS: Mapping[str, Mapping[str, str]] = {"without": {}, "without, again": {}, "as shipped": AS_SHIPPED}
PURCHASES = {1: 60, 8: 240}  # In one round, in each shop.
ROUNDS = 7


@dataclass
class Row:
    """Purchases a second and milliseconds of the shop's processor for each, of each round."""

    shop: str
    buyers: int
    per_second: list[float] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class _Shop:
    running: Running
    database: Database
    crowd: Dialogue

    async def measure(self, purchases: int, row: Row) -> None:
        """Make purchases, and add their figures to a row."""
        before, begun_s = cpu.used_s(self.running, self.crowd.pid), perf_counter()
        await buy(self.crowd, self.database, purchases)
        row.per_second.append(purchases / (perf_counter() - begun_s))
        used_s = cpu.between(before, cpu.used_s(self.running, self.crowd.pid))
        row.cpu_ms.append(used_s["shop"] * 1000 / purchases)


async def measure(folder: Path) -> Sequence[Row]:
    """Measure each shop with each number of buyers, in turn."""
    rows: list[Row] = []
    for buyers, purchases in PURCHASES.items():
        async with AsyncExitStack() as stack:
            shops = [await _open(stack, folder / f"{buyers} {name}", name, buyers) for name in SHOPS]
            here = [Row(name, buyers) for name in SHOPS]
            for shop in shops:
                await buy(shop.crowd, shop.database, purchases)  # Warms up.
            for number in range(ROUNDS):
                turn = list(zip(shops, here, strict=True))
                for shop, row in turn[number % 3 :] + turn[: number % 3]:
                    await shop.measure(purchases, row)
            rows += here
    return rows


async def _open(stack: AsyncExitStack, folder: Path, name: str, buyers: int) -> _Shop:
    shop = stack.enter_context(program(folder, **SHOPS[name]))
    put_on_shelves(folder, SKUS)
    services = await stack.enter_async_context(open_services(EngineSettings(shopflow_data=folder)))
    crowd = stack.enter_context(open_buyers(shop.url, buyers, SKUS, "spread"))
    return _Shop(shop, services.database, crowd)
