"""Catalogue and stock as a CSV file, one line for each SKU. Invalid lines are reported, all others imported."""

import asyncio
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from bus.messages.catalog import ImportSkus, ListProducts, Product, ReadBundles, SkuView
from bus.messages.inventory import CountStock, SetOnHand, StockBelowHeld, StockCount, UnknownSku
from cli.goods_rows import REQUIRED, Decimal, GoodsLine, read_lines
from cli.optional_columns import OPTIONAL, write_more
from cli.sheets import guard, read_sheet
from engine.actor import Bus
from engine.errors import BadInput
from engine.files import reason_of

SAMPLE: Final = Path(__file__).parent / "sample.csv"

COLUMNS: Final = (*REQUIRED, "on_hand", *OPTIONAL)
_AT_ONCE = 500
_LARGEST = 64 << 20  # Bytes of a file: half a million lines.


class Report(msgspec.Struct):
    """The result of an import: SKUs written, and lines refused, each with its number in the file and the reason."""

    written: int = 0
    refused: list[tuple[int, str]] = msgspec.field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Goods:
    """A goods file that was read."""

    lines: list[GoodsLine]
    refused: list[tuple[int, str]]
    encoding: str
    ignored: tuple[str, ...]  # Columns that mean nothing here: a misspelt one is among them.


def read_file(file: Path, decimal: Decimal | None = None, *, has_stock: bool = True) -> Goods:
    """Read a goods file whole, before anything is written.

    Args:
        file: With the columns of `REQUIRED`; the rest of `COLUMNS` may be missing.
        decimal: How prices are written; None: as the file writes most of them.
        has_stock: Whether to read `on_hand`, if there is such a column.

    Raises:
        BadInput: The file can't be read, or lacks a column.
    """
    try:
        if file.stat().st_size > _LARGEST:
            raise BadInput(f"can't read {file}: it is larger than {_LARGEST >> 20} MiB; split it")
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"can't read {file}: {reason_of(error)}") from error
    try:
        sheet = read_sheet(content, REQUIRED)
        lines, refused = read_lines(sheet, decimal)
    except BadInput as error:
        raise BadInput(f"can't read {file}: {error}") from error
    if not has_stock:
        lines = [line._replace(on_hand=None) for line in lines]
    return Goods(lines, refused, sheet.encoding, tuple(sorted(sheet.columns - {*COLUMNS})))


async def import_file(bus: Bus, file: Path) -> Report:
    """Write every line's product, SKU and stock, as `import_goods` does."""
    return await import_goods(bus, read_file(file))


async def import_goods(
    bus: Bus, goods: Goods, on_progress: Callable[[int], None] = lambda _: None, *, is_trial: bool = False
) -> Report:
    """Write every line's product, SKU and stock. Existing rows are replaced; safe to repeat.

    Args:
        bus: The bus of a shop that hosts catalog and inventory.
        goods: The file's lines. The stock of a line without `on_hand` stays as it is.
        on_progress: Called with the number of further lines that are done.
        is_trial: Write nothing, and only report what would be refused.
    """
    report = Report(refused=list(goods.refused))
    for lines in _requests(goods.lines):
        await _import(bus, lines, report, is_trial=is_trial)
        on_progress(len(lines))
    report.refused.sort()
    return report


async def export_file(bus: Bus, file: Path, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Write all products that are for sale, with their stock. Returns the number of SKUs.

    Raises:
        BadInput: The file can't be written.
    """
    try:
        target = file.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise BadInput(f"can't write {file}: {reason_of(error)}") from error
    written, after = 0, ""
    with target:
        writer = csv.writer(target)
        writer.writerow(COLUMNS)
        while True:
            page = await bus.ask(ListProducts(limit=100, after=after, even_hidden=True))
            rows = [row for product in page.products for row in await _rows(bus, product)]
            writer.writerows(rows)
            written += len(rows)
            on_progress(len(rows))
            if page.next is None:
                return written
            after = page.next


def _requests(lines: Sequence[GoodsLine]) -> Iterator[list[GoodsLine]]:
    """Divide the lines into requests. A product's lines stay together, so that they are compared with each other."""
    products: dict[str, list[GoodsLine]] = {}
    for line in sorted(lines, key=lambda line: bool(line.row.parts)):  # Bundles after their parts.
        products.setdefault(line.row.product_id, []).append(line)
    request: list[GoodsLine] = []
    for together in products.values():
        if request and len(request) + len(together) > _AT_ONCE:
            yield request
            request = []
        request += together
        while len(request) > _AT_ONCE:  # More SKUs of one product than fit into a request.
            yield request[:_AT_ONCE]
            request = request[_AT_ONCE:]
    if request:
        yield request


async def _import(bus: Bus, lines: Sequence[GoodsLine], report: Report, *, is_trial: bool) -> None:
    imported = await bus.ask(
        ImportSkus(rows=tuple(line.row for line in lines), is_trial=is_trial, by="import"), timeout_s=60
    )
    refused = dict(imported.refused)
    report.refused.extend((lines[place].number, reason) for place, reason in refused.items())
    good = [line for place, line in enumerate(lines) if place not in refused]
    counted = tuple(line.row.sku for line in good if line.on_hand)
    bundles = (await bus.ask(ReadBundles(skus=counted), timeout_s=60)).bundles if counted else ()
    without_stock = {bundle.sku for bundle in bundles} | {line.row.sku for line in good if line.row.parts}
    reasons = await asyncio.gather(
        *(_count(bus, line, is_trial=is_trial, is_bundle=line.row.sku in without_stock) for line in good)
    )
    report.refused.extend((line.number, reason) for line, reason in zip(good, reasons, strict=True) if reason)
    report.written += len(good)


async def _count(bus: Bus, line: GoodsLine, *, is_trial: bool, is_bundle: bool) -> str:
    """Record a SKU's stock, or try whether it could be; returns why it can't be, or ""."""
    sku, on_hand = line.row.sku, line.on_hand
    if on_hand is None:
        return ""
    if is_bundle:
        return "stock: a bundle has none of its own; set that of its parts" if on_hand else ""
    if is_trial:
        count = await bus.ask(CountStock(sku=sku), timeout_s=60)
        promised = count.held + count.assigned if isinstance(count, StockCount) else 0
    else:
        answer = await bus.ask(SetOnHand(sku=sku, on_hand=on_hand), timeout_s=60)
        promised = answer.held + answer.assigned if isinstance(answer, StockBelowHeld) else 0
    return f"stock: {promised} units are sold or held, more than {on_hand}" if promised > on_hand else ""


async def _rows(bus: Bus, product: Product) -> list[tuple[object, ...]]:
    counts = await asyncio.gather(*(bus.ask(CountStock(sku=sku.sku)) for sku in product.skus))
    return [
        (
            *map(guard, (product.id, product.slug, product.title, product.category, product.description)),
            *map(guard, (sku.sku, sku.title)),
            sku.price.amount, sku.price.currency, sku.weight_g, _on_hand(sku, count),
            *write_more(product, sku),
        )
        for sku, count in zip(product.skus, counts, strict=True)
    ]  # fmt: skip


def _on_hand(sku: SkuView, count: StockCount | UnknownSku) -> int | str:
    """The cell of a SKU's stock: empty for a bundle."""
    return "" if sku.parts else count.on_hand if isinstance(count, StockCount) else 0
