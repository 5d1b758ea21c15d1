"""Notes of staff about orders. They may name the buyer, so they are sealed under a key that goes with the buyer."""

from typing import Final

from asyncpg import Record

from bus.messages.base import OrderId
from bus.messages.order import NoSuchOrder
from bus.messages.order_desk import MOST_NOTES, AddNote, DeleteNote, Note, NoteKept, NoteRefused, Notes
from engine.postgres import Database
from engine.sealing import Erased, OpenKeys, Owner, Place, Purpose
from engine.transaction import Transaction
from engine.vault import Vault, locked_key

ACTIVITY: Final[Purpose] = "activity"  # What is written of somebody, and no law wants to be kept.
_READ: Final = """
select id, order_id, at, by, sealed, ACTIVITY_KEY as activity_key from orders.notes n
where order_id = $1 order by nr""".replace("ACTIVITY_KEY", locked_key("n.order_id", ACTIVITY))
# The order is locked, so that of two that write at once the second one counts the first.
_LOCK: Final = "select from orders.orders where id = $1 for no key update"
_KNOWN: Final = """
select id, order_id, at, by, sealed, (select count(*)::int from orders.notes where order_id = $1) as written
from (select) one left join orders.notes n on n.id = $2 and n.order_id = $1"""
_ADD: Final = "insert into orders.notes (id, order_id, at, by, by_id, sealed) values ($1, $2, $3, $4, $5, $6)"
_WRITTEN_BY: Final = "select by_id from orders.notes where id = $1 and order_id = $2 for update"
_DELETE: Final = "delete from orders.notes where id = $1"


async def read(database: Database, vault: Vault, order_id: OrderId) -> Notes:
    """Read the notes about an order, the oldest first."""
    rows = await database.fetch(_READ, order_id)
    keys = await vault.unlock({Owner(order_id, ACTIVITY): row["activity_key"] for row in rows[:1]})
    return Notes(notes=tuple(note for row in rows if (note := _note(keys, row))))


async def add(tx: Transaction, vault: Vault, ask: AddNote) -> NoteKept | NoteRefused | NoSuchOrder:
    """Write a note, once."""
    if not await tx.fetch(_LOCK, ask.order_id):
        return NoSuchOrder(order_id=ask.order_id)
    (known,) = await tx.fetch(_KNOWN, ask.order_id, ask.note_id)
    keys = await vault.keys(tx, [(ask.order_id, ACTIVITY)], creating=True)
    if not keys.has(ask.order_id, ACTIVITY):
        return NoteRefused(why="forgotten")
    if known["id"] and (note := _note(keys, known)):
        return NoteKept(note=note)
    if known["written"] >= MOST_NOTES:
        return NoteRefused(why="too_many")
    box = keys.seal(ask.text, _place(ask.note_id), ask.order_id, ACTIVITY)
    await tx.execute(_ADD, ask.note_id, ask.order_id, tx.now, ask.by, ask.by_id, box)
    return NoteKept(note=Note(id=ask.note_id, at=tx.now, by=ask.by, text=ask.text))


async def delete(tx: Transaction, ask: DeleteNote) -> str | None:
    """Delete a note if its writer asks; return who has written it, None if it is not there."""
    writer: str | None = await tx.value(_WRITTEN_BY, ask.note_id, ask.order_id)
    if writer == ask.by_id:
        await tx.execute(_DELETE, ask.note_id)
    return writer


def _note(keys: OpenKeys, row: Record) -> Note | None:
    text = keys.read(str, row["sealed"], _place(row["id"]), row["order_id"], ACTIVITY)
    return None if isinstance(text, Erased) else Note(id=row["id"], at=row["at"], by=row["by"], text=text)


def _place(note_id: str) -> Place:
    return Place("orders.notes", "sealed", note_id)
