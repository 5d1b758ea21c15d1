"""A catalogue of a million SKUs: imported as owners do, and what its lists, facets and admin pages take then.

Over HTTP, one caller, the shop being the whole program. `python -m bench.catalogue 20000` measures a smaller one.
"""

import csv
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import anyio
import uvloop

from bench.imports import BIG, attached, big
from bench.report import percentile
from bus.goods.rows import REQUIRED
from bus.messages.catalog import MOST_SKUS
from cli.goods import import_file
from testkit.programs import Running, command, program

SKUS: Final = 1_000_000
OF_A_PRODUCT: Final = 8
WAYS: Final = {
    "a list of 24": "/products?limit=24",
    "by price": "/products?limit=24&sort=price",
    "a category": "/products?limit=24&category=category-7",
    "with two filters": "/products?limit=24&f.size=2&f.colour=green",
    "a search": "/products?limit=24&q=product%207",
    "a search in a category, with a filter": "/products?limit=24&q=product&category=category-7&f.brand=Brand%201",
    "what is in stock": "/products?limit=24&in_stock=true",
    "the tree of categories": "/categories",
    "a product's page": "/products/product-77",
    "a list of stock": "/admin/api/stock?limit=100",
    "a product of 2,048 SKUs, to edit": BIG,
}
_TIMES: Final = 100
_WITHIN_S: Final = 900.0
_COLOURS: Final = ("red", "green", "blue", "black")
_COLUMNS: Final = (*REQUIRED, "on_hand", "brand", "options")


@dataclass
class Figures:
    """The figures of one catalogue."""

    skus: int
    per_second: float = 0.0  # SKUs imported.
    indexed_s: float = 0.0  # From the start of the shop until all are found.
    set_ms: list[float] = field(default_factory=list)  # A product of 2,048 SKUs.
    took_ms: dict[str, list[float]] = field(default_factory=dict)


async def measure(folder: Path, skus: int = SKUS) -> Figures:
    """Import so many SKUs, and ask for them."""
    figures = Figures(skus)
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "goods.csv", skus)
    async with attached(folder / "shop") as shop:
        begun = time.perf_counter()
        done = await import_file(shop, folder / "goods.csv")
        figures.per_second = skus / (time.perf_counter() - begun)
        assert (done.added, done.refused) == (skus, 0)
    begun = time.perf_counter()
    with program(folder / "shop") as running:
        headers = {"Authorization": f"Bearer {command(running.folder, 'token').strip()}"}
        async with aiohttp.ClientSession(running.url, headers=headers) as http:
            await _set_big(http, figures)
            await _until_found(http, skus // OF_A_PRODUCT)
            figures.indexed_s = time.perf_counter() - begun
            for what, path in WAYS.items():
                await _get(http, path)  # Warms up.
                figures.took_ms[what] = [await _took_ms(http, path) for _ in range(_TIMES)]
        await _vet(running)
    return figures


def write(file: Path, skus: int) -> None:
    """Write a goods file: products of eight SKUs in two options, of fifty brands and twenty categories."""
    with file.open("w", encoding="utf-8", newline="") as target:
        lines = csv.writer(target)
        lines.writerow(_COLUMNS)
        for number in range(skus):
            product, own = divmod(number, OF_A_PRODUCT)
            size, colour = own % 2 + 1, _COLOURS[own // 2]
            lines.writerow((
                f"P{product}", f"product-{product}", f"Product {product}", f"Category {product % 20}", "For benches.",
                f"SKU-{number:07}", f"{size}, {colour}", 1000 + number % 9000, "EUR", 250, 100,
                f"Brand {product % 50}", f"Size={size}; Colour={colour}",
            ))  # fmt: skip


async def _set_big(http: aiohttp.ClientSession, figures: Figures) -> None:
    async with http.post("/admin/api/products", json={"id": "BIG", **big(0)}) as answer:
        assert answer.status == 201, await answer.text()
        tag = answer.headers["ETag"]
    for number in range(1, 6):
        begun = time.perf_counter()
        async with http.put(BIG, json=big(number), headers={"If-Match": tag}) as answer:
            assert answer.status == 200, await answer.text()
            tag = answer.headers["ETag"]
        figures.set_ms.append((time.perf_counter() - begun) * 1000)


async def _until_found(http: aiohttp.ClientSession, products: int) -> None:
    """Wait until the search knows all products, and the big one."""
    with anyio.fail_after(_WITHIN_S):
        while (await _get(http, "/products?limit=1")).get("total") != products + 1:  # noqa: ASYNC110 - the shop's to say
            await anyio.sleep(0.5)


async def _get(http: aiohttp.ClientSession, path: str) -> dict[str, Any]:
    async with http.get(path) as answer:
        assert answer.status == 200, await answer.text()
        found: dict[str, Any] = await answer.json()
        return found


async def _took_ms(http: aiohttp.ClientSession, path: str) -> float:
    begun = time.perf_counter()
    async with http.get(path) as answer:
        await answer.read()
    return (time.perf_counter() - begun) * 1000


async def _vet(running: Running) -> None:
    """The audit compares all views with their products; it has to be done with so many, too."""
    said = command(running.folder, "audit")
    assert "0 findings" in said, said


def lines_of(figures: Figures) -> Sequence[tuple[str, str, str]]:
    """The figures as lines of a table: what, the figure, and the aim."""
    pages = [
        (what, " and ".join(f"{percentile(took, share):.1f}" for share in (0.5, 0.99)) + " ms, p50 and p99", aim)
        for what, took in figures.took_ms.items()
        for aim in ["100 ms" if what.startswith("a product of") else ""]
    ]
    return [
        ("imported", f"{figures.per_second:,.0f} SKUs a second", "5,000"),
        ("from the start of the shop until all are found", f"{figures.indexed_s:.0f} s", ""),
        (f"setting a product of {MOST_SKUS:,} SKUs", f"{percentile(figures.set_ms, 0.5):.0f} ms", "300 ms"),
        *pages,
    ]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="shopflow-") as made:
        for line in lines_of(uvloop.run(measure(Path(made), int(sys.argv[1])))):
            print(*line, sep="\t")
