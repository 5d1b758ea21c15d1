"""Counts of many SKUs at once, as imports find them, and their undoing."""

import msgspec

from actors.inventory import books, ledger, store
from actors.inventory.shelf import Shelf
from bus.messages.base import Sku
from bus.messages.inventory import CountShelves, CountsUndone, ShelfCounted, ShelvesCounted, UndoCounts
from engine.errors import BadInput
from engine.transaction import Transaction

_MOST = 1000  # Counts of one request.
_UNDONE_AT_ONCE = 500


async def count(tx: Transaction, ask: CountShelves) -> tuple[Shelf, ShelvesCounted]:
    """Decide about counts; the shelf is to be saved. Books that are right already are neither locked nor written.

    Raises:
        BadInput: There are too many.
    """
    if len(ask.counts) > _MOST:
        raise BadInput(f"at most {_MOST:,} counts in one request")
    known = await store.counts(tx, {each.sku for each in ask.counts})
    answers = {each.sku: books.try_count(each, known.get(each.sku)) for each in ask.counts}
    done = await ledger.counted_by(tx, ask.import_id, answers) if ask.is_again else {}
    for sku, units in done.items():  # Whatever became of them since.
        answers[sku] = ShelfCounted(sku=sku, before=known[sku].on_hand - units)
    wrong = {
        each.sku: each
        for each in ask.counts
        if not ask.is_trial and each.sku not in done and answers[each.sku].before != each.on_hand
    }
    shelf = Shelf((), ())
    if wrong:
        await store.add_skus(tx, wrong)
        shelf = await store.lock_with_expired(tx, wrong)
        shelf.expire(tx.now)
        for sku, each in wrong.items():
            counted = books.count_shelf(each, shelf, ask.import_id)
            answers[sku] = counted if sku in known else msgspec.structs.replace(counted, before=None)
    return shelf, ShelvesCounted(counts=tuple(answers[each.sku] for each in ask.counts))


async def undo(tx: Transaction, ask: UndoCounts) -> tuple[Shelf, CountsUndone]:
    """Decide about the undoing of an import's counts; the shelf is to be saved."""
    skus = await ledger.skus_counted_by(tx, ask.import_id, ask.after, _UNDONE_AT_ONCE)
    shelf = await store.lock_with_expired(tx, skus)
    shelf.expire(tx.now)
    restored, kept = 0, list[tuple[Sku, str]]()
    for each in await ledger.counts_of(tx, ask.import_id, skus):
        if each.is_back or not each.units:
            continue
        why = "units came or went since" if each.has_moved else None
        if why := why or books.undo_count(each.sku, each.units, shelf, ask.import_id):
            kept.append((each.sku, why))
        else:
            restored += 1
    following = skus[-1] if len(skus) == _UNDONE_AT_ONCE else None
    return shelf, CountsUndone(restored=restored, kept=tuple(kept), next=following)
