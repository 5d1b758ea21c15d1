"""Records of pieces of imports, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from typing import Literal, TypeAlias

from bus.messages.base import ProductId
from bus.messages.imports import Import, ImportId, KeptChange, LinePreview, NoSuchImport, ReportLine
from bus.messages.media import ImageId
from engine.message import Command

# The next thing to do, or how it ended.
Phase: TypeAlias = Literal["read", "goods", "pictures", "done", "failed", "drops", "counts", "skus", "undone"]


class RecordPiece(Command[Import | NoSuchImport]):
    """Record a piece of an import or undo. One that was recorded already, or begun in another step, changes nothing."""

    id: ImportId
    step: int  # That it was begun in.
    is_stored: bool  # Whether the import sends its next one itself.
    phase: Phase  # That follows.
    # The place that the next piece begins behind: of goods and pictures, of changes, of counts.
    product: int = 0
    line: int = 0
    revision: int | None = None
    sku: str = ""
    # What there is to add to the report. None: as it is.
    encoding: str | None = None
    ignored: tuple[str, ...] = ()
    lines: int | None = None
    reason: str = ""
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    pictures: int = 0
    pictures_failed: int = 0
    restored: int = 0
    kept: int = 0
    report: tuple[ReportLine, ...] = ()
    added_lines: tuple[LinePreview, ...] = ()
    changed_lines: tuple[LinePreview, ...] = ()
    unchanged_lines: tuple[LinePreview, ...] = ()
    kept_changes: tuple[KeptChange, ...] = ()
    used: tuple[tuple[ProductId, ImageId], ...] = ()  # Pictures that products had not before.


class RemoveFiles(Command[None]):
    """Delete the file of an import that has ended, and the zip beside it."""

    id: ImportId
    keys: tuple[str, ...]
