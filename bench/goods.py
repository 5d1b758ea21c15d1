"""Goods to sell in benches: plenty of each, so that no buyer is refused."""

import csv
from pathlib import Path

from bus.goods.rows import REQUIRED
from bus.messages.base import Money
from bus.messages.catalog_imports import SkuRow
from testkit.programs import command

PLENTY = 1_000_000


def sku(number: int) -> str:
    """The name of the SKU with this number."""
    return f"SKU-{number:07}"


def row_of(number: int) -> SkuRow:
    """The row to import for this SKU, the only one of its product."""
    return SkuRow(
        product_id=f"P{number:07}",
        slug=f"product-{number:07}",
        title=f"Product {number}",
        category=f"Category {number % 20}",
        description="For benches.",
        sku=sku(number),
        sku_title="",
        price=Money(amount=1000 + number % 9000, currency="EUR"),
        weight_g=250,
    )


def put_on_shelves(folder: Path, skus: int, *, units: int = PLENTY) -> None:
    """Import so many SKUs, with so many units of each, into the shop of a folder, which may be running."""
    file = folder.with_suffix(".csv")
    write_goods(file, skus, units=units)
    command(folder, "import", str(file))
    file.unlink()


def write_goods(file: Path, skus: int, *, units: int) -> None:
    """Write a file to import, with so many SKUs."""
    with file.open("w", encoding="utf-8", newline="") as target:
        lines = csv.writer(target)
        lines.writerow((*REQUIRED, "on_hand"))
        for row in map(row_of, range(skus)):
            texts = (row.product_id, row.slug, row.title, row.category, row.description, row.sku, row.sku_title)
            lines.writerow((*texts, row.price.amount, row.price.currency, row.weight_g, units))
