"""Orders as staff work on them: listed, found, corrected, and noted on."""

from typing import ClassVar, Final, Literal, TypeAlias

from bus.messages.base import Address, Instant, Money, OrderId, Value
from bus.messages.order import NoSuchOrder, Order, OrderStatus
from engine.message import Command, Query, Reply

LONGEST_QUESTION: Final = 100  # Characters that staff look for.
LONGEST_NOTE: Final = 2000  # Characters.
MOST_NOTES: Final = 200  # Of one order.
# Until a parcel is closed: later its label says who gets it.
CORRECTABLE: Final = frozenset[OrderStatus]({"pending_payment", "payment_processing", "paid", "picking"})
LATE_AFTER_H: Final = 24  # An order that was paid for so long, and has not left, is late.

# Where an order's money is. `in_doubt`: disputed, or suspected of fraud; whatever else is so of it.
PaymentState: TypeAlias = Literal["unpaid", "paid", "partly_refunded", "refunded", "in_doubt"]


class OrderRow(Value, frozen=True, kw_only=True):
    """An order in a list for staff."""

    id: OrderId
    number: str
    status: OrderStatus
    payment: PaymentState
    total: Money
    units: int
    buyer: str  # A name, or its initials; "" once the buyer is forgotten.
    is_late: bool
    created_at: Instant


class OrderPage(Reply):
    """Orders, the newest first, and the cursor of the next page."""

    orders: tuple[OrderRow, ...]
    next: str | None


class ListOrders(Query[OrderPage]):
    """List orders, for staff. A page may have fewer orders than it could, and yet be followed by another."""

    names_persons: ClassVar[bool] = True
    limit: int = 20  # 1 to 100.
    statuses: tuple[OrderStatus, ...] = ()  # Any of these; empty for all.
    payment: PaymentState | None = None
    since: Instant | None = None  # Placed then, or later.
    until: Instant | None = None  # Placed before.
    is_late: bool = False
    after: str = ""
    q: str = ""  # An order's number, a SKU in it, or words about its buyer.
    sees_buyers: bool = True  # If not, buyers are not looked for, and initials stand for names.


# --- Corrections ---


class NotCorrectable(Reply):
    """The order is packed, cancelled, or on its way: nothing of its buyer can be corrected any more."""

    order_id: OrderId
    status: OrderStatus


class OtherCountry(Reply):
    """The address is in another country than the order's: its price would be another."""

    country: str  # The order's.


class CorrectBuyer(Command[Order | NotCorrectable | OtherCountry | NoSuchOrder]):
    """Correct who an order goes to, before it is packed. Safe to send twice; None leaves a field as it is."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    address: Address | None = None
    by: str = ""  # Who of the staff asks.


# --- Notes ---


class Note(Value, frozen=True, kw_only=True):
    """A note of staff about an order."""

    id: str
    at: Instant
    by: str  # Who of the staff: the label and id of a token, or the id of a person.
    text: str


class Notes(Reply):
    """The notes of an order, the oldest first."""

    notes: tuple[Note, ...]


class ListNotes(Query[Notes]):
    """List the notes about an order; none if there is no such order."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId


class NoteKept(Reply):
    """The note stands with its order."""

    note: Note


class NoteRefused(Reply):
    """The note is not written: there are too many, or the order's buyer is forgotten."""

    why: Literal["too_many", "forgotten"]


class AddNote(Command[NoteKept | NoteRefused | NoSuchOrder]):
    """Write a note about an order. Safe to send twice with one id: the first one stands."""

    names_persons: ClassVar[bool] = True
    order_id: OrderId
    note_id: str
    text: str  # 1 to 2,000 characters.
    by: str
    by_id: str  # Who alone may delete it.


class NoSuchNote(Reply):
    """The order has no note of this id."""

    note_id: str


class NoteOfAnother(Reply):
    """The note was written by somebody else."""

    note_id: str


class NoteDeleted(Reply):
    """The note is gone."""

    note_id: str


class DeleteNote(Command[NoteDeleted | NoteOfAnother | NoSuchNote]):
    """Delete a note that one has written."""

    order_id: OrderId
    note_id: str
    by_id: str
