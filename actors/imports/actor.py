"""Imports: calls that do a piece of one, and a turn that records it. A piece that is not recorded is done again.

All of one import is a lane. Its file is an object, and its place a row: so whichever process comes to it goes on where
it was. An import goes on by messages to itself, or by those of its asker, who shows how far it is.

Rejected: docs/decisions/0037.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from anyio.to_thread import run_sync

from actors.imports import goods, rules, store
from actors.imports.fetcher import Fetcher
from actors.imports.pictures import Pictures
from actors.imports.private import RecordPiece, RemoveFiles
from actors.imports.staging import Staging
from actors.imports.store import Job
from bus.messages.imports import (
    IMPORTS,
    BeginImport,
    ContinueImport,
    Import,
    ImportId,
    ImportPage,
    ImportReport,
    ListImports,
    NoSuchImport,
    NotUndoable,
    ReadImport,
    ReadImportReport,
    ReportLine,
    UndoImport,
)
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.errors import BadInput, Unavailable
from engine.objects import Objects
from engine.postgres import Database
from engine.transaction import Transaction

_STAGED: Final = 4  # Files whose lines are kept here.
_DROPPED_AT_ONCE: Final = 50  # Pictures.
_MOST_NAME: Final = 200  # Characters of a file's name.

_WRITTEN = CrashPoint("import-piece-written", "A piece of an import is written; no record says so.")


class Imports(Actor):
    """Reads goods files into the shop, and sets back what they changed. The only writer of its tables."""

    def __init__(self, *, bus: Bus, database: Database, objects: Objects, fetcher: Fetcher, clock: Clock) -> None:
        self._bus = bus
        self._database = database
        self._objects = objects
        self._clock = clock
        self._pictures = Pictures(bus, objects, fetcher, clock)
        self._staged: dict[ImportId, Staging] = {}
        self._last: dict[ImportId, int] = {}  # The step that this process did last of each import that it works on.

    async def run(self) -> None:
        """Delete the files that a crash has left behind, if the store can be asked; else at the next start."""
        with suppress(Unavailable):
            keys = [key async for key in self._objects.keys(IMPORTS)]
            if keys:
                await self._objects.remove(
                    rules.left_behind(keys, await store.uploads(self._database), self._clock.now())
                )

    @turn
    async def begin(self, tx: Transaction, ask: BeginImport) -> Import:
        if not ask.upload.startswith(IMPORTS) or len(ask.name) > _MOST_NAME:
            raise BadInput("an uploaded file, with a name of at most 200 characters")
        job = await store.unfinished(tx, ask) or await store.begin(tx, ask)
        if not ask.is_asked:
            tx.send(ContinueImport(id=ask.id, is_stored=True))
        return job.shown

    @call(limit=1, timeout_s=600)  # Piece by piece, imports take turns; so what is staged is in one piece's use.
    async def go_on(self, ask: ContinueImport) -> RecordPiece | Import | NoSuchImport:
        job = await store.read(self._database, ask.id)
        if job is None:
            return NoSuchImport(id=ask.id)
        if not job.is_busy:
            return job.shown
        try:
            piece = await self._piece(job, is_stored=ask.is_stored)
        except BadInput as refused:
            piece = RecordPiece(id=job.id, step=job.step, is_stored=ask.is_stored, phase="failed", reason=str(refused))
        self._last[job.id] = job.step
        _WRITTEN.reach(job.phase)
        return piece

    @turn
    async def record(self, tx: Transaction, ask: RecordPiece) -> Import | NoSuchImport:
        job = await store.lock(tx, ask.id)
        if job is None:
            return NoSuchImport(id=ask.id)
        if job.step == ask.step:
            await store.record(tx, job, ask)
            job = await store.lock(tx, ask.id)
            assert job is not None, "it is locked"
            if job.phase in ("done", "failed"):
                keys = tuple(key for key in (job.upload, job.pictures_upload) if key)
                tx.send(RemoveFiles(id=job.id, keys=keys))
        if not job.is_busy:
            tx.after_commit(lambda: self._forget(ask.id))
        elif ask.is_stored:
            tx.send(ContinueImport(id=ask.id, is_stored=True))
        return job.shown

    @turn
    async def undo(self, tx: Transaction, ask: UndoImport) -> Import | NoSuchImport | NotUndoable:
        job = await store.lock(tx, ask.id)
        if job is None:
            return NoSuchImport(id=ask.id)
        if job.shown.state == "undoing" and ask.is_asked and job.is_asked:
            return job.shown  # Its asker was interrupted.
        if job.phase not in ("done", "failed") or job.is_trial or not job.lines:
            return NotUndoable(id=ask.id, state=job.shown.state, is_trial=job.is_trial)
        job = await store.begin_undo(tx, ask)
        if not ask.is_asked:
            tx.send(ContinueImport(id=ask.id, is_stored=True))
        return job.shown

    @call(limit=2)
    async def remove_files(self, ask: RemoveFiles) -> None:
        await self._objects.remove(ask.keys)

    @call(limit=4)
    async def read(self, ask: ReadImport) -> Import | NoSuchImport:
        job = await store.read(self._database, ask.id)
        return job.shown if job else NoSuchImport(id=ask.id)

    @call(limit=4)
    async def browse(self, ask: ListImports) -> ImportPage:
        return await store.page(self._database, ask)

    @call(limit=4)
    async def report(self, ask: ReadImportReport) -> ImportReport:
        return await store.report(self._database, ask)

    async def _piece(self, job: Job, *, is_stored: bool) -> RecordPiece:
        """Do the next piece of an import.

        Raises:
            BadInput: Its file is none that can be imported.
        """
        if job.phase == "drops":
            used = await store.used_pictures(self._database, job.id, job.line, _DROPPED_AT_ONCE)
            return await self._pictures.drop(job, used, is_stored=is_stored)
        if job.phase == "counts":
            return await goods.undo_counts(self._bus, job, is_stored=is_stored)
        if job.phase == "skus":
            return await goods.undo_skus(self._bus, job, is_stored=is_stored)
        staging = await self._staging(job)
        if job.phase == "read":
            return _read(job, staging, is_stored=is_stored)
        if job.phase == "goods":
            is_again = self._last.get(job.id) != job.step - 1
            return await goods.write_goods(self._bus, job, staging, is_stored=is_stored, is_again=is_again)
        async with self._archive(job) as archive:
            return await self._pictures.store(job, staging, archive, is_stored=is_stored)

    async def _staging(self, job: Job) -> Staging:
        """Return the lines of an import's file; they are read again where they are not here.

        Raises:
            BadInput: It is none that can be imported.
        """
        if (known := self._staged.get(job.id)) is not None:
            return known
        if len(self._staged) >= _STAGED:
            self._forget(next(iter(self._staged)))
        staging = Staging()
        try:
            await self._fill(staging, job)
        except BaseException:
            staging.close()
            raise
        self._staged[job.id] = staging
        return staging

    async def _fill(self, staging: Staging, job: Job) -> None:
        with NamedTemporaryFile(prefix="shopflow-import-") as copy:
            if not await self._objects.fetch(job.upload, Path(copy.name)):
                raise BadInput("what was uploaded is gone; import it again")
            await run_sync(staging.fill, Path(copy.name), job.decimal)

    @asynccontextmanager
    async def _archive(self, job: Job) -> AsyncIterator[Path | None]:
        """Fetch the zip that came with a file, for a while."""
        if not job.pictures_upload:
            yield None
            return
        with NamedTemporaryFile(prefix="shopflow-import-") as copy:
            found = await self._objects.fetch(job.pictures_upload, Path(copy.name))
            yield Path(copy.name) if found else None

    def _forget(self, import_id: ImportId) -> None:
        self._last.pop(import_id, None)
        if staging := self._staged.pop(import_id, None):
            staging.close()


def _read(job: Job, staging: Staging, *, is_stored: bool) -> RecordPiece:
    """Report what was read of a file."""
    lines: Sequence[ReportLine] = [ReportLine(line=line, column="", reason=reason) for line, reason in staging.reasons]
    return RecordPiece(
        id=job.id,
        step=job.step,
        is_stored=is_stored,
        phase="goods",
        encoding=staging.encoding,
        ignored=staging.ignored,
        lines=staging.lines + staging.refused,
        refused=staging.refused,
        report=tuple(lines),
    )
