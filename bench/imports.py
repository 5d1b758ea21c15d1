"""Imports: SKUs a second into an empty shop, of a file in which most rows changed, and of one that is there already.

The import is that of `run.py import`: a process beside the embedded servers, that hosts catalog, inventory and imports.
Then one product with as many SKUs as one may have: how long it takes to set it, and to read it to edit it.
"""

import csv
import resource
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from bench.goods import row_of
from bus.goods.rows import COLUMNS
from bus.messages.catalog import MOST_SKUS
from cli.goods import import_file
from engine.gc_tuning import freeze_gc
from engine.settings import EngineSettings
from testkit.programs import command, program
from wiring.domains import ShopSettings
from wiring.shop import Shop, attach_shop

SKUS = 100_000
OF_A_PRODUCT = 4
TIMES = 7
_FILES = (("into an empty shop", 0), ("nine of ten rows changed", 1), ("nothing changed", 1))
BIG = "/admin/api/products/BIG"


@dataclass(frozen=True)
class Row:
    """An import of a file: SKUs a second, and by how much the memory of the process was more at its end."""

    what: str
    per_second: float
    grew_mb: float


@dataclass(frozen=True)
class Big:
    """Milliseconds for a product with as many SKUs as one may have."""

    skus: int
    set_ms: Sequence[float]
    read_ms: Sequence[float]


async def measure(folder: Path) -> list[Row]:
    """Import three files one after another."""
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[Row] = []
    async with attached(folder / "shop") as shop:
        freeze_gc()
        for what, change in _FILES:
            file = folder / "goods.csv"
            _write(file, SKUS, change)
            before, begun = _memory_mb(), time.perf_counter()
            done = await import_file(shop, file)
            took_s = time.perf_counter() - begun
            assert done.done - done.refused == SKUS
            rows.append(Row(what, SKUS / took_s, _memory_mb() - before))
    return rows


async def measure_big(folder: Path) -> Big:
    """Set a product of 2,048 SKUs, and read it as its page does."""
    with program(folder) as shop:
        headers = {"Authorization": f"Bearer {command(shop.folder, 'token').strip()}"}
        async with aiohttp.ClientSession(shop.url, headers=headers) as http:
            body = big(0)
            async with http.post("/admin/api/products", json={"id": "BIG", **body}) as answer:
                assert answer.status == 201, await answer.text()
                tag = answer.headers["ETag"]
            set_ms: list[float] = []
            for number in range(1, TIMES + 1):
                sent = msgspec.json.encode(big(number))
                begun = time.perf_counter()
                async with http.put(BIG, data=sent, headers={"If-Match": tag}) as answer:
                    assert answer.status == 200, await answer.text()
                    await answer.read()
                    tag = answer.headers["ETag"]
                set_ms.append((time.perf_counter() - begun) * 1000)
            return Big(MOST_SKUS, set_ms, [await _took_ms(lambda: _read(http)) for _ in range(TIMES)])


async def _read(http: aiohttp.ClientSession) -> None:
    async with http.get(BIG) as answer:
        assert answer.status == 200
        await answer.read()


async def _took_ms(deed: Callable[[], Awaitable[None]]) -> float:
    begun = time.perf_counter()
    await deed()
    return (time.perf_counter() - begun) * 1000


def big(change: int) -> dict[str, Any]:
    """A product whose SKUs all have another price with each change."""
    skus = [
        {
            "sku": f"BIG-{number:04}",
            "title": f"Size {number}",
            "price": {"amount": 1000 + number + change, "currency": "EUR"},
            "weight_g": 100,
            "options": [f"{number % 64}", f"{number // 64}"],
        }
        for number in range(MOST_SKUS)
    ]
    options = [
        {"name": "Size", "values": [f"{number}" for number in range(64)]},
        {"name": "Colour", "values": [f"{number}" for number in range(MOST_SKUS // 64)]},
    ]
    texts = {"slug": "big", "title": "Big", "category": "Bench", "description": "For benches."}
    return {**texts, "options": options, "skus": skus}


@asynccontextmanager
async def attached(folder: Path) -> AsyncIterator[Shop]:
    """Host what an import needs, as `run.py import` does."""
    async with attach_shop(ShopSettings(EngineSettings(shopflow_data=folder))) as shop:
        yield shop


def _write(file: Path, skus: int, change: int) -> None:
    with file.open("w", encoding="utf-8", newline="") as target:
        lines = csv.writer(target)
        lines.writerow(COLUMNS[:11])
        for number in range(skus):
            row, product = row_of(number), number // OF_A_PRODUCT
            changed = change if number % 10 else 0
            texts = (
                f"P{product}",
                f"product-{product}",
                f"Product {product}",
                f"Category {product % 20}",
                row.description,
            )
            sizes = (row.sku, f"Size {number % OF_A_PRODUCT}")
            lines.writerow((*texts, *sizes, row.price.amount + changed, "EUR", row.weight_g, 100 + changed))


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
