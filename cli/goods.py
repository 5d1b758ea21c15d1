"""Catalogue and stock as a CSV file, one line for each SKU. Invalid lines are reported, all others imported."""

import asyncio
import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from bus.messages.base import Money
from bus.messages.catalog import ImportSkus, ListProducts, Product, SkuRow
from bus.messages.inventory import CountStock, SetOnHand, StockBelowHeld, StockCount
from engine.actor import Bus
from engine.errors import BadInput

SAMPLE: Final = Path(__file__).parent / "sample.csv"

COLUMNS: Final = (
    "product_id", "slug", "title", "category", "description",
    "sku", "sku_title", "price", "currency", "weight_g", "on_hand",
)  # fmt: skip
_AT_ONCE = 500


class Report(msgspec.Struct):
    """The result of an import: SKUs written, and lines refused, each with its number in the file and the reason."""

    written: int = 0
    refused: list[tuple[int, str]] = msgspec.field(default_factory=list)


class _Numbers(msgspec.Struct):
    price: int
    weight_g: int
    on_hand: int


class _Line(msgspec.Struct, frozen=True):
    number: int
    row: SkuRow
    on_hand: int


def count_lines(file: Path) -> int:
    """Count the lines to import, for a progress bar.

    Raises:
        BadInput: The file can't be read.
    """
    return sum(1 for _ in _raw_lines(file))


async def import_file(bus: Bus, file: Path, on_progress: Callable[[int], None] = lambda _: None) -> Report:
    """Write every line's product, SKU and stock. Existing rows are replaced; safe to repeat.

    Args:
        bus: The bus of a shop that hosts catalog and inventory.
        file: UTF-8, with the columns of `COLUMNS`.
        on_progress: Called with the number of further lines that are done.

    Raises:
        BadInput: The file can't be read, or has other columns.
    """
    report = Report()
    lines = _raw_lines(file)
    while chunk := list(islice(lines, _AT_ONCE)):
        await _import(bus, _readable(chunk, report), report)
        on_progress(len(chunk))
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
        raise BadInput(f"can't write {file}: {error}") from error
    written, after = 0, ""
    with target:
        writer = csv.writer(target)
        writer.writerow(COLUMNS)
        while True:
            page = await bus.ask(ListProducts(limit=100, after=after))
            rows = [row for product in page.products for row in await _rows(bus, product)]
            writer.writerows(rows)
            written += len(rows)
            on_progress(len(rows))
            if page.next is None:
                return written
            after = page.next


async def _import(bus: Bus, chunk: Sequence[_Line], report: Report) -> None:
    imported = await bus.ask(ImportSkus(rows=tuple(line.row for line in chunk)), timeout_s=60)
    refused = dict(imported.refused)
    report.refused.extend((chunk[place].number, reason) for place, reason in refused.items())
    good = [line for place, line in enumerate(chunk) if place not in refused]
    answers = await asyncio.gather(*(_count(bus, line) for line in good))
    for line, answer in zip(good, answers, strict=True):
        if isinstance(answer, StockBelowHeld):
            report.refused.append(
                (
                    line.number,
                    f"stock: {answer.held + answer.assigned} units are sold or held, more than {line.on_hand}",
                )
            )
    report.written += len(good)


async def _count(bus: Bus, line: _Line) -> StockCount | StockBelowHeld:
    return await bus.ask(SetOnHand(sku=line.row.sku, on_hand=line.on_hand), timeout_s=60)


def _readable(chunk: Sequence[tuple[int, dict[str, str]]], report: Report) -> list[_Line]:
    lines = []
    for number, raw in chunk:
        try:
            lines.append(_line(number, raw))
        except ValueError as error:  # msgspec's errors included.
            report.refused.append((number, str(error)))
    return lines


def _line(number: int, raw: dict[str, str]) -> _Line:
    numbers = msgspec.convert({name: raw[name].strip() for name in _Numbers.__struct_fields__}, _Numbers, strict=False)
    if not 0 <= numbers.on_hand <= 1_000_000_000:
        raise ValueError("on_hand must be 0 to 1,000,000,000")
    row = SkuRow(
        product_id=raw["product_id"].strip(),
        slug=raw["slug"].strip(),
        title=raw["title"].strip(),
        category=raw["category"].strip(),
        description=raw["description"].strip(),
        sku=raw["sku"].strip(),
        sku_title=raw["sku_title"].strip(),
        price=Money(amount=numbers.price, currency=raw["currency"].strip()),
        weight_g=numbers.weight_g,
    )
    return _Line(number, row, numbers.on_hand)


def _raw_lines(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the lines with their numbers, as a text editor shows them."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source, restval="", strict=True)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise BadInput(f"{file} lacks the columns {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
            for raw in reader:
                yield reader.line_num, {name: raw[name] or "" for name in COLUMNS}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"can't read {file}: {error}") from error


async def _rows(bus: Bus, product: Product) -> list[tuple[object, ...]]:
    counts = await asyncio.gather(*(bus.ask(CountStock(sku=sku.sku)) for sku in product.skus))
    return [
        (
            product.id, product.slug, product.title, product.category, product.description, sku.sku, sku.title,
            sku.price.amount, sku.price.currency, sku.weight_g, count.on_hand if isinstance(count, StockCount) else 0,
        )
        for sku, count in zip(product.skus, counts, strict=True)
    ]  # fmt: skip
