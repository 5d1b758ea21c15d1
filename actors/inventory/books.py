"""The books of SKUs: count, audit and repair. Pure."""

from dataclasses import dataclass
from typing import Literal

from actors.inventory.shelf import Entry, Shelf
from bus.messages.audit import RULES, CheckId, Finding, Remedy, RepairMade
from bus.messages.base import Sku
from bus.messages.inventory import (
    MOST_UNITS,
    CarryUnits,
    ReceiveStock,
    SetOnHand,
    ShelfCount,
    ShelfCounted,
    StockBelowHeld,
    StockCount,
    StockMoved,
    UnitsInUse,
)


@dataclass(frozen=True, slots=True)
class StockSums:
    """The numbers of one SKU: as counted, by its holds and by the ledger."""

    sku: Sku
    on_hand: int
    assigned: int
    held: int
    assigned_by_holds: int
    held_by_holds: int
    on_hand_by_ledger: int
    assigned_by_ledger: int
    held_by_ledger: int

    @property
    def fits(self) -> bool:
        """Whether the counters can be set to the holds' sums: enough units are on hand."""
        return self.assigned_by_holds + self.held_by_holds <= self.on_hand


def set_on_hand(ask: SetOnHand, shelf: Shelf, by_ledger: int | None = None) -> StockCount | StockBelowHeld | StockMoved:
    """Record a count, unless more units are promised than were counted, or the counter saw other books.

    Args:
        ask: The count: all units that are there, with sold ones that have not left.
        shelf: The SKU's books, locked.
        by_ledger: The ledger's sum of on_hand, if the ledger is to be corrected; None to leave the ledger alone.
    """
    books = shelf.stock[ask.sku]
    if ask.version not in (None, books.version):
        return StockMoved(
            sku=ask.sku, on_hand=books.on_hand, held=books.held, assigned=books.assigned, version=books.version
        )
    if ask.on_hand < books.promised:
        return StockBelowHeld(sku=ask.sku, held=books.held, assigned=books.assigned)
    if ask.on_hand != books.on_hand:
        shelf.book(ask.sku, on_hand=ask.on_hand - books.on_hand, reason="counted", reference=ask.by)
    if by_ledger is not None:
        missing = books.on_hand - by_ledger - sum(entry.on_hand for entry in shelf.entries_of(ask.sku))
        if missing:
            shelf.entries.append(Entry(ask.sku, missing, 0, 0, "recounted", ask.by))
    return books.counted()


def count_shelf(count: ShelfCount, shelf: Shelf, import_id: str) -> ShelfCounted:
    """Record the units that an import finds of a SKU, unless more are promised."""
    books = shelf.stock[count.sku]
    before = books.on_hand
    if count.on_hand < books.promised:
        return ShelfCounted(sku=count.sku, before=before, refused=books.promised)
    if count.on_hand != before:
        shelf.book(count.sku, on_hand=count.on_hand - before, reason="imported", reference=import_id)
    return ShelfCounted(sku=count.sku, before=before)


def try_count(count: ShelfCount, books: StockCount | None) -> ShelfCounted:
    """Answer as `count_shelf` would, without books to write into."""
    if books is None:
        return ShelfCounted(sku=count.sku, before=None)
    promised = books.held + books.assigned
    return ShelfCounted(sku=count.sku, before=books.on_hand, refused=promised if count.on_hand < promised else None)


def undo_count(sku: Sku, units: int, shelf: Shelf, import_id: str) -> str | None:
    """Take back the units by which an import changed those on hand; a sentence if that can't be."""
    books = shelf.stock[sku]
    if books.on_hand - units < books.promised:
        return f"{books.promised} units are sold or held, more than the {books.on_hand - units} there were"
    shelf.book(sku, on_hand=-units, reason="import undone", reference=import_id)
    return None


def receive(ask: ReceiveStock, shelf: Shelf) -> StockCount | str:
    """Add units that have arrived; a sentence if that many can't be on hand."""
    books = shelf.stock[ask.sku]
    most = MOST_UNITS - books.on_hand
    if not 1 <= ask.received <= most:
        return f"received must be {f'1 to {most:,}' if most else 'none'}: {books.on_hand:,} are on hand"
    shelf.book(ask.sku, on_hand=ask.received, reason="received", reference=ask.by)
    return books.counted()


def carry(ask: CarryUnits, shelf: Shelf) -> StockCount | UnitsInUse:
    """Move all units of a SKU, or none, to its new name, whose books exist. A repeat finds no units left."""
    old, new = shelf.stock.get(ask.sku), shelf.stock[ask.name]
    if old is None or not (old.on_hand or old.promised):
        return new.counted()
    for books in (old, new):
        if books.promised or (books is new and books.on_hand):
            return UnitsInUse(sku=books.sku, on_hand=books.on_hand, assigned=books.assigned, held=books.held)
    units = old.on_hand
    shelf.book(ask.sku, on_hand=-units, reason="renamed", reference=ask.name)
    shelf.book(ask.name, on_hand=units, reason="renamed", reference=ask.sku)
    return new.counted()


def audit(sums: StockSums) -> list[Finding]:
    """Compare a SKU's counters with its holds and with the ledger."""
    promised = Remedy(action="repair" if sums.fits else "cancel_until_it_fits", target=sums.sku)
    count = Remedy(action="count_shelf", target=sums.sku)
    compared: list[tuple[CheckId, int, int, Remedy]] = [
        ("assigned_equals_holds", sums.assigned, sums.assigned_by_holds, promised),
        ("assigned_equals_ledger", sums.assigned, sums.assigned_by_ledger, promised),
        ("held_equals_holds", sums.held, sums.held_by_holds, promised),
        ("held_equals_ledger", sums.held, sums.held_by_ledger, promised),
        ("on_hand_equals_ledger", sums.on_hand, sums.on_hand_by_ledger, count),
    ]
    findings = [
        Finding(check=check, about=sums.sku, detail=f"{counter} is counted, {computed} computed", remedy=remedy)
        for check, counter, computed, remedy in compared
        if counter != computed
    ]
    if min(sums.assigned, sums.held) < 0 or sums.assigned + sums.held > sums.on_hand:
        detail = f"{sums.assigned} are sold and {sums.held} held of {sums.on_hand}"
        findings.append(Finding(check="never_oversold", about=sums.sku, detail=detail, remedy=promised))
    return findings


def repair(sums: StockSums, shelf: Shelf, above_version: int) -> list[RepairMade]:
    """Set `assigned` and `held` to the holds' sums, if they fit, and correct the ledger; report each repair.

    `on_hand` is left alone: only a count of the shelf can correct it.

    Args:
        sums: The SKU's numbers.
        shelf: The books, locked.
        above_version: Version of the wrong level that readers have cached; 0 if there is none.
    """
    books, made = shelf.stock[sums.sku], list[RepairMade]()
    if sums.fits:
        made += _repaired(sums, shelf, "assigned", sums.assigned, sums.assigned_by_holds, sums.assigned_by_ledger)
        made += _repaired(sums, shelf, "held", sums.held, sums.held_by_holds, sums.held_by_ledger)
    if above_version:
        before = f"version {books.version}, readers had {above_version}"
        books.version = max(books.version, above_version) + 1
        books.dirty = True
        after = f"version {books.version}, published again"
        made.append(RepairMade(rule=RULES["readers_know_level"], about=sums.sku, before=before, after=after))
    return made


def _repaired(
    sums: StockSums, shelf: Shelf, number: Literal["assigned", "held"], counter: int, by_holds: int, by_ledger: int
) -> list[RepairMade]:
    if counter == by_holds == by_ledger:
        return []
    # The entry corrects the ledger, whose error may differ from the counter's.
    shelf.book(sums.sku, **{number: by_holds - by_ledger}, reason="repaired", reference="")
    setattr(shelf.stock[sums.sku], number, by_holds)
    before = f"{counter} {number}, {by_holds} by holds, {by_ledger} by ledger"
    return [RepairMade(rule=f"I3 {number}", about=sums.sku, before=before, after=f"{by_holds} {number}")]
