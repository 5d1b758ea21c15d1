"""Goods files of tests, and what a shop has of them, read in another way than imports do."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from bus.goods.rows import COLUMNS
from bus.messages.base import new_id
from bus.messages.catalog import GetProduct, Product
from bus.messages.imports import IMPORTS, BeginImport, Import, ReadImport
from bus.messages.inventory import CountStock, StockCount
from testkit import ShopUnderTest

Row = Mapping[str, str]


def row(product: int, number: int = 0, **changes: str) -> dict[str, str]:
    """A line of a file."""
    return {
        "product_id": f"P{product}",
        "slug": f"p-{product}",
        "title": f"Product {product}",
        "category": "Things",
        "description": "A thing.",
        "sku": f"P{product}-{number}",
        "sku_title": f"Size {number}",
        "price": str(1000 + number),
        "currency": "EUR",
        "weight_g": "100",
        "on_hand": str(5 + number),
        **changes,
    }


def rows(products: int, *, skus: int = 3) -> list[dict[str, str]]:
    """Lines of a file, a product's beside each other."""
    return [row(product, number) for product in range(products) for number in range(skus)]


def csv_of(lines: Sequence[Row], columns: Sequence[str] = (*COLUMNS, "images")) -> bytes:
    """A file of these lines."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue().encode()


async def begin(shop: ShopUnderTest, folder: Path, lines: Sequence[Row], **how: Any) -> Import:
    """Begin an import that goes on by itself."""
    file = folder / "goods.csv"
    file.write_bytes(csv_of(lines))
    import_id = new_id("imp")
    await shop.inside.objects.put(f"{IMPORTS}{import_id}", file, "text/csv")
    known: dict[str, Any] = {"id": import_id, "name": "goods.csv", "upload": f"{IMPORTS}{import_id}", "hash": import_id}
    return await shop.ask(BeginImport(**{**known, "by": "Ada", **how}))


async def imported(shop: ShopUnderTest, folder: Path, lines: Sequence[Row], **how: Any) -> Import:
    """Import a file to its end."""
    begun = await begin(shop, folder, lines, **how)
    await shop.settle()
    return await state(shop, begun.id)


async def state(shop: ShopUnderTest, import_id: str) -> Import:
    """An import as it is."""
    found = await shop.ask(ReadImport(id=import_id))
    assert isinstance(found, Import)
    return found


async def on_shelves(shop: ShopUnderTest, products: int) -> dict[str, dict[str, str]]:
    """What the shop has of the products, as lines by SKU."""
    found: dict[str, dict[str, str]] = {}
    for number in range(products):
        product = await shop.ask(GetProduct(id=f"P{number}", even_hidden=True))
        if not isinstance(product, Product):
            continue
        for sku in product.skus:
            count = await shop.ask(CountStock(sku=sku.sku))
            found[sku.sku] = {
                "product_id": product.id,
                "slug": product.slug,
                "title": product.title,
                "category": product.category,
                "description": product.description,
                "sku": sku.sku,
                "sku_title": sku.title,
                "price": str(sku.price.amount),
                "currency": sku.price.currency,
                "weight_g": str(sku.weight_g),
                "on_hand": str(count.on_hand) if isinstance(count, StockCount) else "",
            }
    return found


def changed(lines: Sequence[Row], chance: Random) -> list[dict[str, str]]:
    """The lines with some changes: of products, of SKUs, of stock; and some new ones."""
    titles: dict[str, str] = {}
    made: list[dict[str, str]] = []
    for line in lines:
        new = dict(line)
        if line["product_id"] not in titles:
            titles[line["product_id"]] = line["title"] + chance.choice(["", "", " new"])
        new["title"] = titles[line["product_id"]]
        if chance.random() < 0.3:
            new["price"] = str(int(line["price"]) + 1)
        if chance.random() < 0.3:
            new["on_hand"] = str(int(line["on_hand"]) + 1)
        made.append(new)
    chance.shuffle(made)
    return made
