"""Imports of goods files: sent by staff, watched, previewed and undone."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final, NamedTuple

from litestar import get, post
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.params import FromPath, FromQuery

from bus.goods.sheets import MOST_BYTES
from bus.messages.base import Instant, new_id
from bus.messages.imports import (
    BeginImport,
    ContinueImport,
    Import,
    ImportReport,
    ImportState,
    KeptChange,
    LinePreview,
    ListImports,
    NoSuchImport,
    NotUndoable,
    PriceMark,
    ReadImport,
    ReadImportReport,
    UndoImport,
    import_key,
)
from bus.messages.texts import one_line
from engine.errors import Unavailable
from gateway.access import Member
from gateway.api.bodies import View
from gateway.api.catalog.history import FieldChangeView, field_views
from gateway.api.lists import Limit, ListView
from gateway.context import GatewayContext, Http, Injected
from gateway.problems import Problem, not_found

_MOST_PICTURES: Final = 512 << 20  # Bytes of a zip.
_AROUND: Final = 1 << 16  # Bytes of a form beside its files.
_PIECE: Final = 1 << 18  # Bytes of a file in memory.
_LOOKS: Final = 10  # Pieces of an import that its sender waits for.
_MARKS: Final[tuple[PriceMark, ...]] = ("none", ".", ",")
_YES_OR_NO: Final = {"true": True, "false": False, "": False}
FORM: Final = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "contentMediaType": "text/csv"},
        "images": {"type": "string", "contentMediaType": "application/zip"},
        "dry_run": {"type": "string", "enum": ["true", "false"]},
        "no_stock": {"type": "string", "enum": ["true", "false"]},
        "decimal": {"type": "string", "enum": list(_MARKS)},
    },
}


class ImportView(View, frozen=True, kw_only=True):
    """An import, and how far it is. Each line is one of added, changed, unchanged and refused; `done` are all so far.

    Its state is waiting, running, done or failed (the file is none that can be imported: `reason`), undoing or undone.
    """

    id: str
    name: str
    state: ImportState
    dry_run: bool
    by: str
    at: Instant
    ended_at: Instant | None
    encoding: str
    ignored_columns: Sequence[str]
    lines: int
    done: int
    added: int
    changed: int
    unchanged: int
    refused: int
    pictures: int
    pictures_failed: int
    reason: str
    restored: int
    kept: int


class ImportList(ListView[ImportView], frozen=True, kw_only=True):
    """A page of imports, the last first, and the cursor of the next page; null at the end."""


class ReportLineView(View, frozen=True, kw_only=True):
    """A line that was refused, or a picture of it that failed. `column` is empty where all of the line is at fault."""

    line: int
    column: str
    detail: str


class LinePreviewView(View, frozen=True, kw_only=True):
    """A SKU that is added, changed or unchanged, with the fields that differ; null where they are not there."""

    line: int
    product_id: str
    sku: str
    fields: Sequence[FieldChangeView]


class PreviewView(View, frozen=True, kw_only=True):
    """The first 100 SKUs of each kind."""

    added: Sequence[LinePreviewView]
    changed: Sequence[LinePreviewView]
    unchanged: Sequence[LinePreviewView]


class KeptChangeView(View, frozen=True, kw_only=True):
    """A product, or a SKU's stock, that an undo has left, and why; the fields as the import left them, and as now."""

    about: str
    detail: str
    fields: Sequence[FieldChangeView]


class ImportDetail(ImportView, frozen=True, kw_only=True):
    """An import with its report: a page of its lines, and the cursor of the next; null at the end."""

    report: Sequence[ReportLineView]
    next: str | None
    preview: PreviewView
    left: Sequence[KeptChangeView]


class _Sent(NamedTuple):
    """Files on this machine's disk, and how to read them."""

    name: str
    file: Path
    hash: str
    pictures: Path | None
    is_trial: bool
    has_stock: bool
    decimal: PriceMark | None


@post(
    "/imports",
    request_max_body_size=MOST_BYTES + _MOST_PICTURES + _AROUND,
    summary="Import a goods file",
    form=FORM,
    refuses=["body_too_large"],
)
async def begin_import(
    context: Injected, staff: Member, request: Http, dry_run: FromQuery[bool] = False
) -> ImportDetail:
    """Send a CSV as `file` of a form, and a zip with the files that its column `images` names as `images`.

    With `dry_run` nothing is written: the report names what would be refused, the preview what would be changed. Small
    files are done with the answer; larger ones go on by themselves, whatever becomes of the process.
    """
    async with _received(request) as sent:
        now = context.clock.now()
        upload, archive = import_key(now, "csv"), import_key(now, "zip") if sent.pictures else ""
        await context.objects.put(upload, sent.file, "text/csv")
        if sent.pictures:
            await context.objects.put(archive, sent.pictures, "application/zip")
    ask = BeginImport(
        id=new_id("imp"),
        name=sent.name,
        upload=upload,
        hash=sent.hash,
        decimal=sent.decimal,
        has_stock=sent.has_stock,
        is_trial=sent.is_trial or dry_run,
        pictures=archive,
        by=str(staff),
    )
    return await _detail(context, await _for_a_while(context, await context.bus.ask(ask)))


@get("/imports", summary="List imports")
async def list_imports(context: Injected, limit: Limit = 20, cursor: FromQuery[str] = "") -> ImportList:
    """List imports, the last first."""
    page = await context.bus.ask(ListImports(limit=limit, after=cursor))
    return ImportList(items=[_view(each) for each in page.imports], next=page.next)


@get("/imports/{import_id:str}", summary="Read an import", refuses=["not_found"])
async def get_import(
    context: Injected, import_id: FromPath[str], limit: Limit = 100, cursor: FromQuery[str] = ""
) -> ImportDetail:
    """Read how far an import is, a page of its report, and its preview."""
    found = await context.bus.ask(ReadImport(id=import_id))
    if isinstance(found, NoSuchImport):
        raise not_found("import")
    return await _detail(context, found, limit, cursor)


@post("/imports/{import_id:str}/undo", status_code=200, summary="Undo an import", refuses=["not_found", "not_undoable"])
async def undo_import(context: Injected, staff: Member, import_id: FromPath[str]) -> ImportDetail:
    """Set back what an import has changed, once. What was changed again since stays, and is listed in `left`."""
    begun = await context.bus.ask(UndoImport(id=import_id, by=str(staff)))
    if isinstance(begun, NoSuchImport):
        raise not_found("import")
    if isinstance(begun, NotUndoable):
        what = "A dry run has changed nothing" if begun.is_trial else f"The import is {begun.state}"
        raise Problem(409, "not_undoable", f"{what}: there is nothing to undo.", state=begun.state)
    return await _detail(context, await _for_a_while(context, begun))


async def _for_a_while(context: GatewayContext, known: Import) -> Import:
    """Help an import along, so that a small one is done."""
    for _ in range(_LOOKS):
        if not known.is_busy:
            break
        try:
            answer = await context.bus.ask(ContinueImport(id=known.id))
        except Unavailable:  # A large file is being read, or others go first.
            break
        known = answer if isinstance(answer, Import) else known
    return known


@asynccontextmanager
async def _received(request: Http) -> AsyncIterator[_Sent]:
    """Receive a form. The parser keeps files on the disk, and so do we: never a whole one in memory."""
    form = await request.form()
    try:
        sent, images = form.get("file"), form.get("images")
        if not isinstance(sent, UploadFile):
            raise Problem(422, "invalid", "Send a form (multipart/form-data) with the CSV as file.", field="file")
        with (
            NamedTemporaryFile(prefix="shopflow-import-") as file,
            NamedTemporaryFile(prefix="shopflow-import-") as archive,
        ):
            digest = await _copy(sent, Path(file.name), MOST_BYTES, "file")
            if isinstance(images, UploadFile):
                await _copy(images, Path(archive.name), _MOST_PICTURES, "images")
            yield _Sent(
                name=one_line(sent.filename)[:200],
                file=Path(file.name),
                hash=digest,
                pictures=Path(archive.name) if isinstance(images, UploadFile) else None,
                is_trial=_is_set(form, "dry_run"),
                has_stock=not _is_set(form, "no_stock"),
                decimal=_decimal(form),
            )
    finally:
        await form.close()


async def _copy(sent: UploadFile, file: Path, most: int, field: str) -> str:
    """Copy a file that was sent; returns the hash of its content.

    Raises:
        Problem: It is empty, or too large.
    """
    named, size = hashlib.blake2b(digest_size=16), 0
    with file.open("wb") as copy:
        while piece := await sent.read(_PIECE):
            named.update(piece)
            size += len(piece)
            copy.write(piece)
    if not 0 < size <= most:
        raise Problem(422, "invalid", f"A file of 1 to {most} bytes.", field=field)
    return named.hexdigest()


def _is_set(form: FormMultiDict, name: str) -> bool:
    value = form.get(name, "")
    if value not in _YES_OR_NO:
        raise Problem(422, "invalid", "It is true or false.", field=name)
    return _YES_OR_NO[value]


def _decimal(form: FormMultiDict) -> PriceMark | None:
    value = form.get("decimal", "")
    known = next((mark for mark in _MARKS if mark == value), None)
    if known is None and value != "":
        raise Problem(422, "invalid", f"It is one of {' '.join(_MARKS)}.", field="decimal")
    return known


async def _detail(context: GatewayContext, known: Import, limit: int = 100, cursor: str = "") -> ImportDetail:
    report = await context.bus.ask(ReadImportReport(id=known.id, limit=limit, after=cursor))
    shown = {name: getattr(_view(known), name) for name in ImportView.__struct_fields__}
    return ImportDetail(
        **shown,
        report=[ReportLineView(line=each.line, column=each.column, detail=each.reason) for each in report.lines],
        next=report.next,
        preview=_preview(report),
        left=[_kept(each) for each in report.kept],
    )


def _view(known: Import) -> ImportView:
    same = [name for name in ImportView.__struct_fields__ if name not in ("dry_run", "ignored_columns")]
    shown = {name: getattr(known, name) for name in same}
    return ImportView(**shown, dry_run=known.is_trial, ignored_columns=known.ignored)


def _preview(report: ImportReport) -> PreviewView:
    return PreviewView(
        added=[_line(each) for each in report.added],
        changed=[_line(each) for each in report.changed],
        unchanged=[_line(each) for each in report.unchanged],
    )


def _line(shown: LinePreview) -> LinePreviewView:
    return LinePreviewView(
        line=shown.line, product_id=shown.product_id, sku=shown.sku, fields=field_views(shown.fields)
    )


def _kept(kept: KeptChange) -> KeptChangeView:
    return KeptChangeView(about=kept.about, detail=kept.reason, fields=field_views(kept.fields))


STAFF = [begin_import, list_imports, get_import, undo_import]
