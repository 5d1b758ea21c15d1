"""Growth: the cost of a hold, an order and each list in a shop with a million SKUs and a million past orders.

Beside an empty shop in the same process, in turn, one caller: how long each takes, as medians.
"""

import statistics
import subprocess
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from time import perf_counter

from bench.goods import sku
from bench.in_process_shop import SKUS, check_out, fill_cart, open_in_process_shop, pay
from bench.quiescence import until_quiescent
from bus.local import LocalBus
from bus.messages.analytics import GetSales
from bus.messages.catalog import GetProduct, ListCategories, ListProducts
from bus.messages.inventory import SetOnHand
from bus.messages.navigation import ReadBelow, ReadCategoryTree
from bus.messages.order_desk import ListOrders
from bus.messages.warehouse import ListPickLists
from engine.clock import SystemClock
from testkit.programs import POSTGRES
from wiring.shop import Shop

MANY = 1_000_000
ROUNDS = 5
TIMES = 40  # Of each in a round.
_SQL = Path(__file__).with_name("growth.sql")
_numbers = count()

Deed = Callable[[LocalBus], Awaitable[object]]


@dataclass(frozen=True)
class Row:
    """An operation: milliseconds in the empty shop and in the grown one (each round's median)."""

    what: str
    empty_ms: Sequence[float]
    grown_ms: Sequence[float]

    @property
    def ratio(self) -> float:
        return statistics.median(self.grown_ms) / statistics.median(self.empty_ms)


async def measure(folder: Path) -> list[Row]:
    """Measure all operations, in both shops."""
    async with open_in_process_shop(folder / "empty") as empty, open_in_process_shop(folder / "grown") as grown:
        grow(grown.services.database_url, MANY)
        took: dict[str, tuple[list[float], list[float]]] = {what: ([], []) for what in DEEDS}
        for round_number in range(ROUNDS + 1):
            for what, deed in DEEDS.items():
                for shop, times in zip((empty, grown), took[what], strict=True):
                    times.append(await _median_ms(shop, deed))
            if not round_number:  # It warmed up.
                took = {what: ([], []) for what in DEEDS}
    return [Row(what, *times) for what, times in took.items()]


def grow(database_url: str, many: int) -> None:
    """Put so many products and delivered orders into a shop's database."""
    words = [
        str(POSTGRES / "psql"),
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        f"--set=many={many}",
        database_url,
    ]
    script = f"begin;\n{_SQL.read_text(encoding='utf-8')}\ncommit;\nvacuum analyze;\n"
    subprocess.run(words, input=script, text=True, check=True)


async def _median_ms(shop: Shop, deed: Deed) -> float:
    took = []
    for _ in range(TIMES):
        begun = perf_counter()
        await deed(shop.bus)
        took.append((perf_counter() - begun) * 1000)
    await until_quiescent(shop.services.database)
    return statistics.median(took)


def _some_sku() -> str:
    return sku(next(_numbers) % SKUS)


async def _hold(bus: LocalBus) -> object:
    return await fill_cart(bus, _some_sku())


async def _order(bus: LocalBus) -> object:
    return await check_out(bus, await fill_cart(bus, _some_sku()))


async def _purchase(bus: LocalBus) -> None:
    await pay(bus, await check_out(bus, await fill_cart(bus, _some_sku())))


async def _count(bus: LocalBus) -> object:
    return await bus.ask(SetOnHand(sku=_some_sku(), on_hand=500_000 + next(_numbers)))


async def _sales(bus: LocalBus) -> object:
    today = SystemClock().now().date()
    return await bus.ask(GetSales(start=today, end=today))


async def _second_page(bus: LocalBus) -> object:
    first = await bus.ask(ListProducts())
    assert first.next is not None
    return await bus.ask(ListProducts(after=first.next))


DEEDS: Mapping[str, Deed] = {
    "a cart with a hold": _hold,
    "an order, from its cart on": _order,
    "a purchase, from its cart on": _purchase,
    "a count of stock": _count,
    "a product": lambda bus: bus.ask(GetProduct(id="product-0000007")),
    "two pages of products": _second_page,
    "a category, by price": lambda bus: bus.ask(ListProducts(category="Category 7", sort="price")),
    "a search": lambda bus: bus.ask(ListProducts(q="product 7")),
    "all categories": lambda bus: bus.ask(ListCategories()),
    "the tree of categories": lambda bus: bus.ask(ReadCategoryTree()),
    "a category and all below it": lambda bus: bus.ask(ReadBelow(ids=("category-7",))),
    "the newest orders": lambda bus: bus.ask(ListOrders()),
    "the orders to be paid": lambda bus: bus.ask(ListOrders(statuses=("pending_payment",))),
    "orders with a SKU": lambda bus: bus.ask(ListOrders(q=_some_sku())),
    "late orders": lambda bus: bus.ask(ListOrders(is_late=True)),
    "the open pick lists": lambda bus: bus.ask(ListPickLists(status="open")),
    "today's sales": _sales,
}
