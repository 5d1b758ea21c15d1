"""Imports: goods files that are read into the shop, reported on, and undone."""

import secrets
from datetime import datetime
from typing import Final, Literal, TypeAlias

from bus.messages.base import ProductId, Sku, Value
from bus.messages.catalog import FieldChange
from engine.message import Command, Query, Reply

ImportId: TypeAlias = str
ImportState: TypeAlias = Literal["waiting", "running", "done", "failed", "undoing", "undone"]
PriceMark: TypeAlias = Literal["none", ".", ","]  # See bus/goods/rows.py.

MOST_REPORTED: Final = 10_000  # Refused lines, and pictures that failed, that are kept of one import; all are counted.
MOST_SHOWN: Final = 100  # SKUs of each kind in a preview.
MOST_KEPT: Final = 1000  # Changes that an undo has left, that are kept; all are counted.
IMPORTS: Final = "imports/"  # The keys of files that are being imported.


def import_key(now: datetime, ending: str) -> str:
    """Make a key for a file. It says when that was, so that what a crash has left can be told from what is new."""
    return f"{IMPORTS}{now:%Y%m%d%H%M%S}-{secrets.token_hex(8)}.{ending}"


class Import(Reply):
    """An import, and how far it is. Lines count as added, changed, unchanged or refused: each as one of these."""

    id: ImportId
    name: str  # Of the file.
    state: ImportState
    is_trial: bool  # It writes nothing.
    by: str  # Who of the staff, or which program.
    at: datetime
    ended_at: datetime | None = None
    encoding: str = ""  # UTF-8, UTF-16 or Windows-1252; "" until it is read.
    ignored: tuple[str, ...] = ()  # Columns that mean nothing here.
    lines: int = 0  # That can be read; 0 until then.
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0  # Also lines that can't be read.
    pictures: int = 0  # That were stored, or were there.
    pictures_failed: int = 0
    reason: str = ""  # Why it failed: the file is no such table.
    restored: int = 0  # Products, counts of stock and pictures that were set back.
    kept: int = 0  # Those that were not, because they have changed since.

    @property
    def is_busy(self) -> bool:
        """Whether it goes on."""
        return self.state in ("waiting", "running", "undoing")

    @property
    def done(self) -> int:
        """The lines that are done, refused ones included."""
        return self.added + self.changed + self.unchanged + self.refused


class NoSuchImport(Reply):
    """No import has this id."""

    id: ImportId


class NotUndoable(Reply):
    """The import is not done, was a trial, or was undone before."""

    id: ImportId
    state: ImportState
    is_trial: bool


class BeginImport(Command[Import]):
    """Begin to import a file. An unfinished one of the same content and manner by an asker goes on where it was."""

    id: ImportId
    name: str
    upload: str  # The key of the file, which the import deletes at its end.
    hash: str  # Of the file's content: 32 hex digits.
    decimal: PriceMark | None = None  # None: as the file writes most of its prices.
    has_stock: bool = True  # Whether to read `on_hand`.
    is_trial: bool = False
    pictures: str = ""  # The key of a zip with pictures; "" if there is none.
    is_asked: bool = False  # The asker drives it by `ContinueImport`; else it goes on by itself.
    by: str = ""


class ContinueImport(Command[Import | NoSuchImport]):
    """Do the next piece of an import or of an undo: a second's work at most, once the file is read. Safe to repeat."""

    id: ImportId
    is_stored: bool = False  # By the import itself, which sends the next one.


class ReadImport(Query[Import | NoSuchImport]):
    """Read the state of an import."""

    id: ImportId


class ImportPage(Reply):
    """Imports, the last first, and the cursor of the next page; None at the end."""

    imports: tuple[Import, ...]
    next: str | None


class ListImports(Query[ImportPage]):
    """List imports."""

    limit: int = 20  # 1 to 100.
    after: str = ""


class ReportLine(Value, frozen=True, kw_only=True):
    """A line of the file that was refused, or a picture of it that could not be stored."""

    line: int
    column: str  # "" where it is about the line as a whole.
    reason: str  # A sentence.


class LinePreview(Value, frozen=True, kw_only=True):
    """A SKU that is added, changed or unchanged; with the fields that differ, of its product too."""

    line: int
    product_id: ProductId
    sku: Sku
    fields: tuple[FieldChange, ...] = ()


class KeptChange(Value, frozen=True, kw_only=True):
    """A change of an import that its undo has left as it is."""

    about: str  # A product's id, or a SKU whose stock it is.
    reason: str  # A sentence.
    fields: tuple[FieldChange, ...] = ()  # That have changed since: from what the import left, to what they are.


class ImportReport(Reply):
    """The report of an import. Of each kind of SKU the first 100, of an undo the first 1,000 that it left."""

    lines: tuple[ReportLine, ...]  # By line.
    next: str | None
    added: tuple[LinePreview, ...]
    changed: tuple[LinePreview, ...]
    unchanged: tuple[LinePreview, ...]
    kept: tuple[KeptChange, ...]


class ReadImportReport(Query[ImportReport]):
    """Read a page of the report on an import."""

    id: ImportId
    limit: int = 100  # Lines; 1 to 100.
    after: str = ""


class UndoImport(Command[Import | NoSuchImport | NotUndoable]):
    """Set back what an import has changed, where it was not changed again since. Once."""

    id: ImportId
    is_asked: bool = False  # As in `BeginImport`.
    by: str = ""
