"""The goods of an import: pieces of its lines, written or tried, and set back.

While the catalog writes one page of lines, the inventory counts the one before, and the next is read. All of it is safe
to repeat: what is there already is not written again, and is answered as it was the first time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from anyio import to_thread

from actors.imports.private import Phase, RecordPiece
from actors.imports.staging import LinePlace, StagedPage, Staging
from actors.imports.store import Job
from bus.goods.rows import GoodsLine, column_of
from bus.messages.catalog import FieldChange, Imported, ImportSkus, UndoSkus
from bus.messages.imports import MOST_SHOWN, KeptChange, LinePreview, ReportLine
from bus.messages.inventory import CountShelves, ShelfCount, ShelfCounted, UndoCounts
from engine.actor import Bus

_AT_ONCE: Final = 500  # Lines of a page: a turn of the catalog for some tens of milliseconds.
_PAGES: Final = 4  # Of one piece.
_WITHIN_S: Final = 60.0
_NOTHING: Final = Imported(written=0, refused=())
_KINDS: Final = {"a": "added", "c": "changed", "u": "unchanged"}


@dataclass
class Tally:
    """The counts and lines that a piece adds to the report."""

    job: Job
    counts: dict[str, int] = field(default_factory=lambda: {"added": 0, "changed": 0, "unchanged": 0, "refused": 0})
    report: list[ReportLine] = field(default_factory=list)
    shown: dict[str, list[LinePreview]] = field(default_factory=lambda: {"added": [], "changed": [], "unchanged": []})

    def refuse(self, line: int, reason: str) -> None:
        """Count a refused line."""
        self.counts["refused"] += 1
        self.report.append(ReportLine(line=line, column=column_of(reason), reason=reason))

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
    tally, end = Tally(job), LinePlace(job.product, job.line)
    page = await _read(staging, job, end, _AT_ONCE)
    lines, imported = list[GoodsLine](), _NOTHING  # That the catalog has answered; their stock is counted next.
    for left in reversed(range(_PAGES)):
        if page.end is None:
            break
        end = page.end
        for number, reason in page.refused:
            tally.refuse(number, reason)
        answer, counted, following = await asyncio.gather(
            _import(bus, tally, page.lines, is_again=is_again),
            _count(bus, job, lines, imported, is_again=is_again),
            _read(staging, job, end, _AT_ONCE if left else 0),
        )
        _note(tally, lines, imported, counted)
        lines, imported, page = page.lines, answer, following
    _note(tally, lines, imported, await _count(bus, job, lines, imported, is_again=is_again))
    is_over = end == (job.product, job.line)
    return _piece(tally, end, is_stored=is_stored, has_pictures=staging.has_pictures, is_over=is_over)


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


async def _import(bus: Bus, tally: Tally, lines: Sequence[GoodsLine], *, is_again: bool) -> Imported:
    if not lines:
        return _NOTHING
    job = tally.job
    ask = ImportSkus(
        rows=tuple(line.row for line in lines),
        is_trial=job.is_trial,
        by=job.by,
        import_id=job.id,
        is_again=is_again and not job.is_trial,
        details=max(tally.wanted("added"), tally.wanted("changed")),
    )
    return await bus.ask(ask, timeout_s=_WITHIN_S)


async def _count(
    bus: Bus, job: Job, lines: Sequence[GoodsLine], imported: Imported, *, is_again: bool
) -> dict[str, ShelfCounted]:
    """Count the stock of the lines that the catalog took."""
    refused = {place for place, _ in imported.refused}
    counts = tuple(
        ShelfCount(sku=line.row.sku, on_hand=line.on_hand)
        for place, line in enumerate(lines)
        if line.on_hand is not None and place not in refused
    )
    if not counts:
        return {}
    ask = CountShelves(counts=counts, import_id=job.id, is_trial=job.is_trial, is_again=is_again)
    return {each.sku: each for each in (await bus.ask(ask, timeout_s=_WITHIN_S)).counts}


def _note(tally: Tally, lines: Sequence[GoodsLine], imported: Imported, counted: Mapping[str, ShelfCounted]) -> None:
    """Note what catalog and inventory have answered to lines."""
    refused = dict(imported.refused)
    fields = {change.row: change.fields for change in imported.changes}
    for place, line in enumerate(lines):
        count = counted.get(line.row.sku)
        if (reason := refused.get(place)) is not None:
            tally.refuse(line.number, reason)
        elif count is not None and count.refused is not None:
            rest = "the rest of the line is taken"
            said = f"on_hand: {count.refused} units are sold or held, more than {line.on_hand}; {rest}"
            tally.refuse(line.number, said)
        else:
            _take(tally, line, imported.outcomes[place], fields.get(place), count)


def _take(
    tally: Tally, line: GoodsLine, letter: str, fields: tuple[FieldChange, ...] | None, count: ShelfCounted | None
) -> None:
    kind = _KINDS[letter]
    if count is not None and count.before != line.on_hand:
        units = FieldChange(field="on_hand", before=count.before, after=line.on_hand)
        fields = (*fields, units) if fields is not None else (units,) if kind == "unchanged" else None
        kind = "changed" if kind == "unchanged" else kind
    tally.take(line, kind, () if kind == "unchanged" else fields)


def _piece(tally: Tally, end: LinePlace, *, is_stored: bool, has_pictures: bool, is_over: bool) -> RecordPiece:
    after: Phase = "pictures" if has_pictures and not tally.job.is_trial else "done"
    return RecordPiece(
        id=tally.job.id,
        step=tally.job.step,
        is_stored=is_stored,
        phase=after if is_over else "goods",
        product=0 if is_over else end.product,
        line=0 if is_over else end.line,
        added=tally.counts["added"],
        changed=tally.counts["changed"],
        unchanged=tally.counts["unchanged"],
        refused=tally.counts["refused"],
        report=tuple(tally.report),
        added_lines=tuple(tally.shown["added"]),
        changed_lines=tuple(tally.shown["changed"]),
        unchanged_lines=tuple(tally.shown["unchanged"]),
    )
