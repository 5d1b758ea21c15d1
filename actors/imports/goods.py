"""The goods of an import: pieces of its lines, written or tried, and set back.

While the catalog writes one page of lines, the inventory counts the one before, and the next is read. All of it is safe
to repeat: what is there already is not written again, and is answered as it was the first time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, NamedTuple

from anyio import to_thread

from actors.imports.private import Phase, RecordPiece
from actors.imports.staging import LinePlace, StagedPage, Staging
from actors.imports.store import Job
from bus.goods.rows import GoodsLine, column_of
from bus.messages.base import Sku
from bus.messages.catalog import FieldChange
from bus.messages.catalog_imports import Imported, ImportSkus, UndoSkus
from bus.messages.imports import MOST_SHOWN, KeptChange, LinePreview, ReportLine
from bus.messages.inventory import CountShelves, ShelfCount, ShelfCounted, UndoCounts
from bus.messages.parts import ReadBundles
from engine.actor import Bus

_AT_ONCE: Final = 500  # Lines of a page: a turn of the catalog for some tens of milliseconds.
_PAGES: Final = 4  # Of one piece.
_WITHIN_S: Final = 60.0
_NOTHING: Final = Imported(written=0, refused=())
_NO_OWN_STOCK: Final = "a bundle has none of its own, set that of its parts; the rest of the line is taken"
_KINDS: Final = {"a": "added", "c": "changed", "u": "unchanged"}


class CountedStock(NamedTuple):
    """Answers of the inventory about the stock of lines, by SKU, and the SKUs among them that are bundles."""

    shelves: Mapping[Sku, ShelfCounted]
    bundles: frozenset[Sku]


@dataclass
class PieceReport:
    """The counts and lines that a piece adds to the report."""

    job: Job
    counts: dict[str, int] = field(default_factory=lambda: {"added": 0, "changed": 0, "unchanged": 0, "refused": 0})
    lines: list[ReportLine] = field(default_factory=list)
    shown: dict[str, list[LinePreview]] = field(default_factory=lambda: {"added": [], "changed": [], "unchanged": []})

    def refuse(self, line: int, reason: str) -> None:
        """Count a refused line."""
        self.counts["refused"] += 1
        self.lines.append(ReportLine(line=line, column=column_of(reason), reason=reason))

    def take(self, line: GoodsLine, kind: str, fields: tuple[FieldChange, ...] | None) -> None:
        """Count a line that was taken, and show it if it is among the first with these fields; None: it is not."""
        self.counts[kind] += 1
        if fields is not None and len(self.shown[kind]) < self.wanted(kind):
            row = line.row
            self.shown[kind].append(
                LinePreview(line=line.number, product_id=row.product_id, sku=row.sku, fields=fields)
            )

    def wanted(self, kind: str) -> int:
        """How many lines of a kind are to be shown yet."""
        return max(0, MOST_SHOWN - int(getattr(self.job, kind)))


async def write_goods(bus: Bus, job: Job, staging: Staging, *, is_stored: bool, is_again: bool) -> RecordPiece:
    """Write the next lines, or try them.

    Args:
        bus: To catalog and inventory.
        job: The import.
        staging: Its lines.
        is_stored: As in `ContinueImport`.
        is_again: Whether they may have been written before.

    Raises:
        Unavailable: They can't be now; do it again.
    """
    report, end = PieceReport(job), LinePlace(job.product, job.line)
    page = await _read(staging, job, end, _AT_ONCE)
    lines, imported = list[GoodsLine](), _NOTHING  # That the catalog has answered; their stock is counted next.
    for left in reversed(range(_PAGES)):
        if page.end is None:
            break
        end = page.end
        for number, reason in page.refused:
            report.refuse(number, reason)
        answer, counted, following = await asyncio.gather(
            _import(bus, report, page, is_again=is_again),
            _count(bus, job, lines, imported, is_again=is_again),
            _read(staging, job, end, _AT_ONCE if left else 0),
        )
        _note(report, lines, imported, counted)
        lines, imported, page = page.lines, answer, following
    _note(report, lines, imported, await _count(bus, job, lines, imported, is_again=is_again))
    is_over = end == (job.product, job.line)
    return _piece(report, end, is_stored=is_stored, has_pictures=staging.has_pictures, is_over=is_over)


async def undo_counts(bus: Bus, job: Job, *, is_stored: bool) -> RecordPiece:
    """Set back the next counts of stock."""
    undone = await bus.ask(UndoCounts(import_id=job.id, after=job.sku), timeout_s=_WITHIN_S)
    return RecordPiece(
        id=job.id,
        step=job.step,
        is_stored=is_stored,
        phase="counts" if undone.next else "skus",
        sku=undone.next or "",
        restored=undone.restored,
        kept=len(undone.kept),
        kept_changes=tuple(KeptChange(about=sku, reason=f"stock: {reason}") for sku, reason in undone.kept),
    )


async def undo_skus(bus: Bus, job: Job, *, is_stored: bool) -> RecordPiece:
    """Set back the next changes of products."""
    undone = await bus.ask(UndoSkus(import_id=job.id, below=job.revision, by=job.undone_by), timeout_s=_WITHIN_S)
    return RecordPiece(
        id=job.id,
        step=job.step,
        is_stored=is_stored,
        phase="undone" if undone.next is None else "skus",
        revision=undone.next,
        restored=undone.restored,
        kept=len(undone.kept),
        kept_changes=tuple(
            KeptChange(about=product_id, reason=reason, fields=fields) for product_id, reason, fields in undone.kept
        ),
    )


async def _read(staging: Staging, job: Job, after: LinePlace, most: int) -> StagedPage:
    if not most:
        return StagedPage([], [], None)
    read = partial(staging.page, after, most, has_stock=job.has_stock, is_trial=job.is_trial)
    return await to_thread.run_sync(read)


async def _import(bus: Bus, report: PieceReport, page: StagedPage, *, is_again: bool) -> Imported:
    if not page.lines:
        return _NOTHING
    job = report.job
    ask = ImportSkus(
        rows=tuple(line.row for line in page.lines),
        is_trial=job.is_trial,
        by=job.by,
        import_id=job.id,
        is_again=is_again and not job.is_trial,
        tried=page.tried,
        begun=page.begun,
        details=max(report.wanted("added"), report.wanted("changed")),
    )
    return await bus.ask(ask, timeout_s=_WITHIN_S)


async def _count(bus: Bus, job: Job, lines: Sequence[GoodsLine], imported: Imported, *, is_again: bool) -> CountedStock:
    """Count the stock of the lines that the catalog took. Bundles have none."""
    refused = {place for place, _ in imported.refused}
    bundles = await _bundles(bus, [line for place, line in enumerate(lines) if place not in refused])
    counts = tuple(
        ShelfCount(sku=line.row.sku, on_hand=line.on_hand)
        for place, line in enumerate(lines)
        if line.on_hand is not None and place not in refused and line.row.sku not in bundles
    )
    if not counts:
        return CountedStock({}, bundles)
    ask = CountShelves(counts=counts, import_id=job.id, is_trial=job.is_trial, is_again=is_again)
    answer = await bus.ask(ask, timeout_s=_WITHIN_S)
    return CountedStock({each.sku: each for each in answer.counts}, bundles)


async def _bundles(bus: Bus, lines: Sequence[GoodsLine]) -> frozenset[Sku]:
    """The bundles among the lines that name stock."""
    counted = [line.row for line in lines if line.on_hand is not None]
    if not counted:
        return frozenset()
    known = (await bus.ask(ReadBundles(skus=tuple(row.sku for row in counted)), timeout_s=_WITHIN_S)).bundles
    return frozenset({bundle.sku for bundle in known} | {row.sku for row in counted if row.parts})  # In a trial.


def _note(report: PieceReport, lines: Sequence[GoodsLine], imported: Imported, counted: CountedStock) -> None:
    """Note what catalog and inventory have answered to lines."""
    refused = dict(imported.refused)
    fields = {change.row: change.fields for change in imported.changes}
    for place, line in enumerate(lines):
        count = counted.shelves.get(line.row.sku)
        if (reason := refused.get(place)) is not None:
            report.refuse(line.number, reason)
        elif line.on_hand and line.row.sku in counted.bundles:
            report.refuse(line.number, f"on_hand: {_NO_OWN_STOCK}")
        elif count is not None and count.refused is not None:
            rest = "the rest of the line is taken"
            said = f"on_hand: {count.refused} units are sold or held, more than {line.on_hand}; {rest}"
            report.refuse(line.number, said)
        else:
            _take(report, line, imported.outcomes[place], fields.get(place), count)


def _take(
    report: PieceReport,
    line: GoodsLine,
    letter: str,
    fields: tuple[FieldChange, ...] | None,
    count: ShelfCounted | None,
) -> None:
    kind = _KINDS[letter]
    if count is not None and count.before != line.on_hand:
        units = FieldChange(field="on_hand", before=count.before, after=line.on_hand)
        fields = (*fields, units) if fields is not None else (units,) if kind == "unchanged" else None
        kind = "changed" if kind == "unchanged" else kind
    report.take(line, kind, () if kind == "unchanged" else fields)


def _piece(report: PieceReport, end: LinePlace, *, is_stored: bool, has_pictures: bool, is_over: bool) -> RecordPiece:
    after: Phase = "pictures" if has_pictures and not report.job.is_trial else "done"
    return RecordPiece(
        id=report.job.id,
        step=report.job.step,
        is_stored=is_stored,
        phase=after if is_over else "goods",
        product=0 if is_over else end.product,
        line=0 if is_over else end.line,
        added=report.counts["added"],
        changed=report.counts["changed"],
        unchanged=report.counts["unchanged"],
        refused=report.counts["refused"],
        report=tuple(report.lines),
        added_lines=tuple(report.shown["added"]),
        changed_lines=tuple(report.shown["changed"]),
        unchanged_lines=tuple(report.shown["unchanged"]),
    )
