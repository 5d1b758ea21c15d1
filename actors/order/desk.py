"""The turns and calls by which staff work on orders."""

from collections.abc import Sequence

from actors.order import correcting, listing, notes, store
from bus.messages.order import NoSuchOrder, Order
from bus.messages.order_desk import (
    AddNote,
    CorrectBuyer,
    DeleteNote,
    ListNotes,
    ListOrders,
    NoSuchNote,
    NotCorrectable,
    NoteDeleted,
    NoteKept,
    NoteOfAnother,
    NoteRefused,
    Notes,
    OrderPage,
    OtherCountry,
)
from engine.actor import call, turn
from engine.clock import Clock
from engine.postgres import Database
from engine.transaction import Transaction
from engine.vault import Vault


class StaffedOrders:
    """Lists orders for staff, corrects their buyers, and keeps what staff note about them."""

    _database: Database
    _vault: Vault
    _clock: Clock

    @call(limit=4)  # Statements outside any turn: a long list delays no order.
    async def browse(self, ask: ListOrders) -> OrderPage:
        return await listing.page(self._database, self._vault, ask, self._clock.now())

    @turn
    async def correct_buyer(
        self, tx: Transaction, asks: Sequence[CorrectBuyer]
    ) -> Sequence[Order | NotCorrectable | OtherCountry | NoSuchOrder]:
        refused = await correcting.correct(tx, self._vault, asks)
        orders = await store.read(tx, self._vault, {ask.order_id for ask in asks})
        return [no or orders[ask.order_id] for no, ask in zip(refused, asks, strict=True)]

    @call(limit=4)
    async def list_notes(self, ask: ListNotes) -> Notes:
        return await notes.read(self._database, self._vault, ask.order_id)

    @turn
    async def add_note(self, tx: Transaction, ask: AddNote) -> NoteKept | NoteRefused | NoSuchOrder:
        return await notes.add(tx, self._vault, ask)

    @turn
    async def delete_note(self, tx: Transaction, ask: DeleteNote) -> NoteDeleted | NoteOfAnother | NoSuchNote:
        writer = await notes.delete(tx, ask)
        if writer is None:
            return NoSuchNote(note_id=ask.note_id)
        return NoteDeleted(note_id=ask.note_id) if writer == ask.by_id else NoteOfAnother(note_id=ask.note_id)
