"""Catalogue and stock as a CSV file, one line for each SKU. Invalid lines are reported, all others imported."""

import asyncio
import csv
import hashlib
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from anyio.to_thread import run_sync

from bus.goods.columns import ATTRIBUTE, write_attributes, write_more
from bus.goods.rows import COLUMNS, REQUIRED, Decimal
from bus.goods.sheets import MOST_BYTES, RefusedRow, guard, open_sheet
from bus.messages.attributes import ReadAttributes
from bus.messages.base import new_id
from bus.messages.catalog import ListProducts, Product, SkuView
from bus.messages.imports import (
    BeginImport,
    ContinueImport,
    Import,
    ImportId,
    NoSuchImport,
    NotUndoable,
    ReadImportReport,
    ReportLine,
    UndoImport,
    import_key,
)
from bus.messages.inventory import CountStock, StockCount, UnknownSku
from bus.messages.media import MOST_BYTES as LARGEST_PICTURE
from engine.actor import Bus
from engine.errors import BadInput
from engine.files import reason_of
from wiring.shop import Shop

SAMPLE: Final = Path(__file__).parent / "sample.csv"

_WITHIN_S: Final = 600.0  # Of a piece of an import; reading a file of a million lines is one.
_MOST_ZIP: Final = 2 << 30  # Bytes.


async def import_file(
    shop: Shop,
    file: Path,
    *,
    decimal: Decimal | None = None,
    has_stock: bool = True,
    is_trial: bool = False,
    pictures: Path | None = None,
    on_progress: Callable[[Import], None] = lambda _: None,
) -> Import:
    """Write every line's product, SKU and stock. Existing rows are replaced; one that was interrupted goes on.

    Args:
        shop: One that hosts imports, catalog, inventory and media.
        file: With the columns of `REQUIRED`; the rest may be missing. Further ones may be attributes.
        decimal: How prices are written; None: as the file writes most of them.
        has_stock: Whether to read `on_hand`, if there is such a column.
        is_trial: Write nothing, and only report what would be changed and refused.
        pictures: A folder, or a zip, with the files that the column `images` names.
        on_progress: Called with the import after each piece.

    Raises:
        BadInput: The file can't be read, or is no goods file.
    """
    import_id, upload = new_id("imp"), import_key(shop.clock.now(), "csv")
    archive = import_key(shop.clock.now(), "zip") if pictures else ""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadInput(f"can't read {file}: it is larger than {MOST_BYTES >> 20} MiB; split it")
        digest = await run_sync(_digest, file)
        await shop.objects.put(upload, file, "text/csv")
    except OSError as error:
        raise BadInput(f"can't read {file}: {reason_of(error)}") from error
    if pictures:
        async with _zipped(pictures) as zipped:
            await shop.objects.put(archive, zipped, "application/zip")
    ask = BeginImport(
        id=import_id,
        name=file.name[-200:],
        upload=upload,
        hash=digest,
        decimal=decimal,
        has_stock=has_stock,
        is_trial=is_trial,
        pictures=archive,
        is_asked=True,
        by="import",
    )
    begun = await shop.bus.ask(ask)
    if begun.id != import_id:  # One that was interrupted.
        await shop.objects.remove([upload])
    ended = await _until_its_end(shop.bus, begun, on_progress)
    if ended.state == "failed":
        raise BadInput(f"can't read {file}: {ended.reason}")
    return ended


async def undo_import(bus: Bus, import_id: ImportId, on_progress: Callable[[Import], None] = lambda _: None) -> Import:
    """Set back what an import has changed.

    Raises:
        BadInput: There is no such import, or it can't be undone.
    """
    begun = await bus.ask(UndoImport(id=import_id, is_asked=True, by="import"))
    if isinstance(begun, NoSuchImport):
        raise BadInput(f"there is no import {import_id}")
    if isinstance(begun, NotUndoable):
        why = "it was a dry run" if begun.is_trial else f"it is {begun.state}"
        raise BadInput(f"the import {import_id} can't be undone: {why}")
    return await _until_its_end(bus, begun, on_progress)


async def report_lines(bus: Bus, import_id: ImportId) -> list[ReportLine]:
    """Read all lines of an import's report."""
    lines: list[ReportLine] = []
    after: str | None = ""
    while after is not None:
        page = await bus.ask(ReadImportReport(id=import_id, after=after))
        lines += page.lines
        after = page.next
    return lines


def product_titles(file: Path) -> dict[str, str]:
    """Read the titles of a file's products."""
    with open_sheet(file, REQUIRED) as sheet:
        rows = [row for row in sheet.rows if not isinstance(row, RefusedRow)]
    return {row.cells["product_id"]: row.cells["title"] for row in rows}


async def export_file(bus: Bus, file: Path, on_progress: Callable[[int], None] = lambda _: None) -> int:
    """Write all products, hidden ones too, with their stock. Returns the number of SKUs.

    Raises:
        BadInput: The file can't be written.
        BrokenPipeError: It is a pipe that nobody reads any more.
    """
    written, after = 0, ""
    with _disk_errors_of(file), file.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target)
        keys = [each.key for each in (await bus.ask(ReadAttributes())).attributes]
        writer.writerow((*COLUMNS, *(ATTRIBUTE + key for key in keys)))
        while True:
            page = await bus.ask(ListProducts(limit=100, after=after, even_hidden=True))
            rows = [row for product in page.products for row in await _rows(bus, product, keys)]
            writer.writerows(rows)
            written += len(rows)
            on_progress(len(rows))
            if page.next is None:
                return written
            after = page.next


@contextmanager
def _disk_errors_of(file: Path) -> Iterator[None]:
    """Translate the errors of a file that is written; a pipe that nobody reads any more is no error of ours."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInput(f"can't write {file}: {reason_of(error)}") from error


async def _until_its_end(bus: Bus, begun: Import, on_progress: Callable[[Import], None]) -> Import:
    """Drive an import, piece by piece."""
    known = begun
    while known.is_busy:
        answer = await bus.ask(ContinueImport(id=known.id), timeout_s=_WITHIN_S)
        assert isinstance(answer, Import), "it has begun"
        known = answer
        on_progress(known)
    return known


def _digest(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, lambda: hashlib.blake2b(digest_size=16)).hexdigest()


@asynccontextmanager
async def _zipped(pictures: Path) -> AsyncIterator[Path]:
    """Return a zip of a folder's files, or the zip that it is.

    Raises:
        BadInput: It can't be read, or is too large.
    """
    with NamedTemporaryFile(prefix="shopflow-import-") as made:
        try:
            if pictures.is_dir():
                await run_sync(_zip, pictures, Path(made.name))
                ready = Path(made.name)
            else:
                ready = pictures
            if ready.stat().st_size > _MOST_ZIP:
                raise BadInput(f"can't read {pictures}: it is larger than {_MOST_ZIP >> 30} GiB")
        except OSError as error:
            raise BadInput(f"can't read {pictures}: {reason_of(error)}") from error
        if not zipfile.is_zipfile(ready):
            raise BadInput(f"can't read {pictures}: it is neither a folder nor a zip")
        yield ready


def _zip(folder: Path, target: Path) -> None:
    """Pack the files of a folder that can be pictures, as they are: pictures are packed already."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as zipped:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.stat().st_size <= LARGEST_PICTURE:
                zipped.write(file, file.relative_to(folder).as_posix())


async def _rows(bus: Bus, product: Product, keys: Sequence[str]) -> list[tuple[object, ...]]:
    counts = await asyncio.gather(*(bus.ask(CountStock(sku=sku.sku)) for sku in product.skus))
    return [
        (
            *map(guard, (product.id, product.slug, product.title, product.category, product.description)),
            *map(guard, (sku.sku, sku.title)),
            sku.price.amount, sku.price.currency, sku.weight_g, _on_hand(sku, count),
            *write_more(product, sku), *write_attributes(product, sku, keys),
        )
        for sku, count in zip(product.skus, counts, strict=True)
    ]  # fmt: skip


def _on_hand(sku: SkuView, count: StockCount | UnknownSku) -> int | str:
    """The cell of a SKU's stock: empty for a bundle."""
    return "" if sku.parts else count.on_hand if isinstance(count, StockCount) else 0
