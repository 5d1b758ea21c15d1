"""The SQL of imports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from asyncpg import Record

from actors.imports.private import Phase, RecordPiece
from bus.messages.base import ProductId
from bus.messages.catalog import FieldChange
from bus.messages.imports import (
    MOST_KEPT,
    MOST_REPORTED,
    MOST_SHOWN,
    BeginImport,
    Import,
    ImportId,
    ImportPage,
    ImportReport,
    ImportState,
    KeptChange,
    LinePreview,
    ListImports,
    PriceMark,
    ReadImportReport,
    ReportLine,
    UndoImport,
)
from bus.messages.media import ImageId
from engine.cursor import page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.transaction import Transaction

_COLUMNS: Final = """
id, number, name, upload, hash, decimal, has_stock, is_trial, pictures_upload, is_asked, by, undone_by, at,
ended_at, phase, step, product, line, revision, sku, encoding, ignored, lines, added, changed, unchanged,
refused, pictures, pictures_failed, reason, restored, kept"""
_READ: Final = f"select {_COLUMNS} from imports.imports where id = $1"  # noqa: S608 - of our own words
_LOCK: Final = _READ + " for update"
_BEGIN: Final = """
insert into imports.imports
    (id, name, upload, hash, decimal, has_stock, is_trial, pictures_upload, is_asked, by, at, phase)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'read') on conflict (id) do nothing"""
# One that its asker has left: of the same file, to be read in the same way.
_UNFINISHED: Final = f"""
select {_COLUMNS} from imports.imports
where hash = $1 and decimal is not distinct from $2 and has_stock = $3 and is_trial = $4 and is_asked
    and phase in ('read', 'goods', 'pictures') and pictures_upload = '' and not $5
order by number desc limit 1 for update"""  # noqa: S608 - of our own words
_UPLOADS: Final = "select upload, pictures_upload from imports.imports where phase in ('read', 'goods', 'pictures')"
_LIST: Final = f"""
select {_COLUMNS} from imports.imports where number < $1 order by number desc limit $2"""  # noqa: S608 - likewise
_RECORD: Final = """
update imports.imports set step = step + 1, phase = $2, ended_at = $3, product = $4, line = $5, revision = $6, sku = $7,
    encoding = coalesce($8, encoding), ignored = ignored || $9, lines = coalesce($10, lines),
    reason = case when $11 = '' then reason else $11 end,
    added = added + $12, changed = changed + $13, unchanged = unchanged + $14, refused = refused + $15,
    pictures = pictures + $16, pictures_failed = pictures_failed + $17, restored = restored + $18, kept = kept + $19
where id = $1"""
_ADD_LINES: Final = """
insert into imports.report_lines (import_id, line, column_name, reason)
select $1, line, column_name, reason from unnest($2::int[], $3::text[], $4::text[]) as n (line, column_name, reason)"""
_ADD_PREVIEWS: Final = """
insert into imports.previews (import_id, kind, line, product_id, sku, fields)
select $1, $2, line, product_id, sku, fields::jsonb
from unnest($3::int[], $4::text[], $5::text[], $6::text[]) as n (line, product_id, sku, fields)"""
_ADD_KEPT: Final = """
insert into imports.kept_changes (import_id, about, reason, fields)
select $1, about, reason, fields::jsonb from unnest($2::text[], $3::text[], $4::text[]) as n (about, reason, fields)"""
_ADD_USED: Final = """
insert into imports.used_pictures (import_id, product_id, image_id)
select $1, product_id, image_id from unnest($2::text[], $3::text[]) as n (product_id, image_id)"""
_USED: Final = """
select number, product_id, image_id from imports.used_pictures where import_id = $1 and number > $2
order by number limit $3"""
_UNDO: Final = """
update imports.imports set phase = 'drops', ended_at = null, is_asked = $2, undone_by = $3, product = 0, line = 0,
    revision = null, sku = '', step = step + 1
where id = $1"""
_LINES: Final = """
select number, line, column_name, reason from imports.report_lines
where import_id = $1 and (line, number) > ($2, $3) order by line, number limit $4"""
_PREVIEWS: Final = """
select line, product_id, sku, fields from imports.previews where import_id = $1 and kind = $2 order by number"""
_KEPT: Final = "select about, reason, fields from imports.kept_changes where import_id = $1 order by number"
_NO_NUMBER: Final = 2**63 - 1

_STATES: Final[dict[Phase, ImportState]] = {
    "read": "waiting", "goods": "running", "pictures": "running", "done": "done", "failed": "failed",
    "drops": "undoing", "counts": "undoing", "skus": "undoing", "undone": "undone",
}  # fmt: skip


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """An import with what its work needs to know."""

    id: ImportId
    number: int
    name: str
    upload: str
    hash: str
    decimal: PriceMark | None
    has_stock: bool
    is_trial: bool
    pictures_upload: str
    is_asked: bool
    by: str
    undone_by: str
    at: datetime
    ended_at: datetime | None
    phase: Phase
    step: int
    product: int
    line: int
    revision: int | None
    sku: str
    encoding: str
    ignored: list[str]
    lines: int
    added: int
    changed: int
    unchanged: int
    refused: int
    pictures: int
    pictures_failed: int
    reason: str
    restored: int
    kept: int

    @property
    def is_busy(self) -> bool:
        """Whether there is more to do."""
        return self.ended_at is None

    @property
    def shown(self) -> Import:
        """The import as others see it."""
        fields = [name for name in Import.__struct_fields__ if name not in ("state", "ignored")]
        known = {name: getattr(self, name) for name in fields}
        return Import(**known, state=_STATES[self.phase], ignored=tuple(self.ignored))


async def begin(tx: Transaction, ask: BeginImport) -> Job:
    """Store an import; one that has this id stays as it is."""
    await tx.execute(
        _BEGIN, ask.id, ask.name, ask.upload, ask.hash, ask.decimal, ask.has_stock, ask.is_trial, ask.pictures,
        ask.is_asked, ask.by, tx.now,
    )  # fmt: skip
    job = await lock(tx, ask.id)
    assert job is not None, "it was just stored"
    return job


async def unfinished(tx: Transaction, ask: BeginImport) -> Job | None:
    """Lock the import that an asker of the same has left; None if there is none."""
    if not ask.is_asked:
        return None
    row = await tx.row(_UNFINISHED, ask.hash, ask.decimal, ask.has_stock, ask.is_trial, bool(ask.pictures))
    return _job(row) if row else None


async def uploads(database: Database) -> set[str]:
    """The keys of the files that imports need yet."""
    return {key for row in await database.fetch(_UPLOADS) for key in (row["upload"], row["pictures_upload"])}


async def read(database: Database, import_id: ImportId) -> Job | None:
    """Read an import."""
    rows = await database.fetch(_READ, import_id)
    return _job(rows[0]) if rows else None


async def lock(tx: Transaction, import_id: ImportId) -> Job | None:
    """Lock an import."""
    row = await tx.row(_LOCK, import_id)
    return _job(row) if row else None


async def page(database: Database, ask: ListImports) -> ImportPage:
    """A page of imports, the last first.

    Raises:
        BadInput: `after` is not from such a list.
    """
    limit = page_limit(ask.limit)
    (before,) = read_cursor(ask.after, tuple[int]) or (_NO_NUMBER,)
    found = page_of(await database.fetch(_LIST, before, limit + 1), limit, lambda row: (row["number"],))
    return ImportPage(imports=tuple(_job(row).shown for row in found.items), next=found.next)


async def record(tx: Transaction, job: Job, ask: RecordPiece) -> None:
    """Write a piece. Of what is listed, only so much as is kept of one import."""
    ended = tx.now if ask.phase in ("done", "failed", "undone") else None
    await tx.execute(
        _RECORD, ask.id, ask.phase, ended, ask.product, ask.line, ask.revision, ask.sku, ask.encoding,
        list(ask.ignored), ask.lines, ask.reason, ask.added, ask.changed, ask.unchanged, ask.refused, ask.pictures,
        ask.pictures_failed, ask.restored, ask.kept,
    )  # fmt: skip
    lines = ask.report[: max(0, MOST_REPORTED - job.refused - job.pictures_failed)]
    if lines:
        texts = [each.column for each in lines], [each.reason for each in lines]
        await tx.execute(_ADD_LINES, ask.id, [each.line for each in lines], *texts)
    for kind, shown, counted in (
        ("added", ask.added_lines, job.added),
        ("changed", ask.changed_lines, job.changed),
        ("unchanged", ask.unchanged_lines, job.unchanged),
    ):
        await _add_previews(tx, ask.id, kind, shown[: max(0, MOST_SHOWN - counted)])
    if kept := ask.kept_changes[: max(0, MOST_KEPT - job.kept)]:
        fields = [msgspec.json.encode(each.fields).decode() for each in kept]
        await tx.execute(_ADD_KEPT, ask.id, [each.about for each in kept], [each.reason for each in kept], fields)
    if ask.used:
        await tx.execute(_ADD_USED, ask.id, *map(list, zip(*ask.used, strict=True)))


async def used_pictures(
    database: Database, import_id: ImportId, after: int, limit: int
) -> list[tuple[int, ProductId, ImageId]]:
    """Read pictures that an import gave to products, each with its number, after the one with this number."""
    rows = await database.fetch(_USED, import_id, after, limit)
    return [(row["number"], row["product_id"], row["image_id"]) for row in rows]


async def begin_undo(tx: Transaction, ask: UndoImport) -> Job:
    """Let an import be undone next."""
    await tx.execute(_UNDO, ask.id, ask.is_asked, ask.by)
    job = await lock(tx, ask.id)
    assert job is not None, "it was locked"
    return job


async def report(database: Database, ask: ReadImportReport) -> ImportReport:
    """Read a page of a report.

    Raises:
        BadInput: `after` is not from a report.
    """
    limit = page_limit(ask.limit)
    after = read_cursor(ask.after, tuple[int, int]) or (-1, 0)
    rows = await database.fetch(_LINES, ask.id, *after, limit + 1)
    shown = page_of(rows, limit, lambda row: (row["line"], row["number"]))
    lines = [ReportLine(line=row["line"], column=row["column_name"], reason=row["reason"]) for row in shown.items]
    previews = [await _previews(database, ask.id, kind) for kind in ("added", "changed", "unchanged")]
    kept = tuple(
        KeptChange(about=row["about"], reason=row["reason"], fields=_fields(row))
        for row in await database.fetch(_KEPT, ask.id)
    )
    return ImportReport(
        lines=tuple(lines), next=shown.next, added=previews[0], changed=previews[1], unchanged=previews[2], kept=kept
    )


async def _add_previews(tx: Transaction, import_id: ImportId, kind: str, shown: Sequence[LinePreview]) -> None:
    if shown:
        await tx.execute(
            _ADD_PREVIEWS, import_id, kind, [each.line for each in shown], [each.product_id for each in shown],
            [each.sku for each in shown], [msgspec.json.encode(each.fields).decode() for each in shown],
        )  # fmt: skip


async def _previews(database: Database, import_id: ImportId, kind: str) -> tuple[LinePreview, ...]:
    return tuple(
        LinePreview(line=row["line"], product_id=row["product_id"], sku=row["sku"], fields=_fields(row))
        for row in await database.fetch(_PREVIEWS, import_id, kind)
    )


def _fields(row: Record) -> tuple[FieldChange, ...]:
    return msgspec.json.decode(row["fields"], type=tuple[FieldChange, ...])


def _job(row: Record) -> Job:
    return Job(**dict(row))
