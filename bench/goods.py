"""Goods to sell in benches: plenty of each, so that nobody is refused."""

import csv
from pathlib import Path

from bench.programs import command
from gateway.goods import COLUMNS

PLENTY = 1_000_000


def sku(number: int) -> str:
    """The name of the SKU with this number."""
    return f"SKU-{number:07}"


def put_on_shelves(folder: Path, skus: int) -> None:
    """Import so many products of one SKU each into the shop of a folder, which may be running."""
    file = folder.with_suffix(".csv")
    with file.open("w", encoding="utf-8", newline="") as target:
        lines = csv.DictWriter(target, COLUMNS)
        lines.writeheader()
        lines.writerows(_line(number) for number in range(skus))
    command(folder, "import", str(file))
    file.unlink()


def _line(number: int) -> dict[str, object]:
    return {
        "product_id": f"P{number:07}",
        "slug": f"product-{number:07}",
        "title": f"Product {number}",
        "category": f"Category {number % 20}",
        "description": "For benches.",
        "sku": sku(number),
        "sku_title": "",
        "price": 1000 + number % 9000,
        "currency": "EUR",
        "weight_g": 250,
        "on_hand": PLENTY,
    }
