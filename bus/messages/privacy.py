"""Rights of a person: to get what is kept of them, and to be forgotten.

Each domain that keeps anything of persons answers a query of its own with what it can read of them. The same answers
are an export before an erasure, and the proof of it afterwards.
"""

from datetime import datetime
from typing import ClassVar, Final, Literal, TypeAlias

import msgspec

from bus.messages.audit import Findings
from bus.messages.base import Address, CartId, Money, OrderId, OrderLine, Value
from bus.messages.customer import CustomerId, NoSuchCustomer
from engine.message import Command, Query, Reply

SubjectId: TypeAlias = str  # A customer's, or that of a guest's order.
ErasureReason: TypeAlias = Literal["closed", "asked", "replayed"]

AT_ONCE: Final = 100  # Orders in one message.
LONGEST_REASON: Final = 200


# --- What is kept of a person ---


class Record(msgspec.Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """A thing that is kept of a person, as they get to see it."""


class AccountRecord(Record, frozen=True, kw_only=True):
    """An account."""

    customer_id: CustomerId
    email: str
    name: str
    phone: str
    locale: str
    has_password: bool
    created_at: datetime
    closes_at: datetime | None


class AddressRecord(Record, frozen=True, kw_only=True):
    """An address that was saved."""

    name: str
    phone: str
    address: Address
    is_default: bool
    created_at: datetime


class ConsentRecord(Record, frozen=True, kw_only=True):
    """A consent, or its withdrawal, and the version of its text."""

    purpose: str
    is_given: bool
    text_version: str
    source: str
    at: datetime


class PasskeyRecord(Record, frozen=True, kw_only=True):
    """A passkey: the name it was given, and its use. Its secret is not here."""

    label: str
    created_at: datetime
    used_at: datetime | None


class TimelineEntry(Value, frozen=True, kw_only=True):
    """Something that happened to an order."""

    at: datetime
    event: str
    detail: str


class OrderRecord(Record, frozen=True, kw_only=True):
    """An order, with its buyer as long as that is known."""

    order_id: OrderId
    number: str
    status: str
    placed_at: datetime
    email: str
    name: str
    phone: str
    address: Address | None
    invoice_name: str
    invoice_address: Address | None
    lines: tuple[OrderLine, ...]
    subtotal: Money
    discount: Money
    shipping: Money
    fees: Money
    tax: Money
    total: Money
    refunded: Money
    timeline: tuple[TimelineEntry, ...]


class RefundEntry(Value, frozen=True, kw_only=True):
    """Money that went back, or is on its way."""

    amount: Money
    reason: str
    status: str
    at: datetime


class PaymentRecord(Record, frozen=True, kw_only=True):
    """A payment of an order. The card is known to Stripe alone."""

    order_id: OrderId
    stripe_intent: str
    amount: Money
    received: Money
    status: str
    created_at: datetime
    refunds: tuple[RefundEntry, ...]


class ParcelMoment(Value, frozen=True, kw_only=True):
    """A carrier's report of a parcel."""

    at: datetime
    status: str
    detail: str


class ParcelRecord(Record, frozen=True, kw_only=True):
    """A parcel of an order."""

    order_id: OrderId
    carrier: str
    tracking_number: str
    booked_at: datetime
    reports: tuple[ParcelMoment, ...]


class MailRecord(Record, frozen=True, kw_only=True):
    """A mail about an order. Its text is not kept."""

    order_id: OrderId
    template: str
    sent_at: datetime


AnyRecord: TypeAlias = (
    AccountRecord
    | AddressRecord
    | ConsentRecord
    | PasskeyRecord
    | OrderRecord
    | PaymentRecord
    | ParcelRecord
    | MailRecord
)


class PersonalData(Reply):
    """A domain's records of a person, and how much of what is sealed it can read."""

    records: tuple[AnyRecord, ...]
    opened: int = 0  # Boxes that opened, but for invoices.
    invoices: int = 0  # Boxes that opened under a key for invoices.
    gone: int = 0  # Boxes whose key is gone, or that are gone themselves.


class ReadPersonalAccount(Query[PersonalData]):
    """Read all that the customer domain keeps of a customer."""

    names_persons: ClassVar[bool] = True
    customer_id: CustomerId


class ReadPersonalOrders(Query[PersonalData]):
    """Read all that is kept of the buyers of these orders. At most `AT_ONCE`."""

    names_persons: ClassVar[bool] = True
    order_ids: tuple[OrderId, ...]


class ReadPersonalPayments(Query[PersonalData]):
    """Read the payments of these orders. At most `AT_ONCE`."""

    names_persons: ClassVar[bool] = True
    order_ids: tuple[OrderId, ...]


class ReadPersonalParcels(Query[PersonalData]):
    """Read the parcels of these orders. At most `AT_ONCE`."""

    names_persons: ClassVar[bool] = True
    order_ids: tuple[OrderId, ...]


class ReadPersonalMails(Query[PersonalData]):
    """Read which mails were sent about these orders. At most `AT_ONCE`."""

    names_persons: ClassVar[bool] = True
    order_ids: tuple[OrderId, ...]


# --- To be forgotten ---


class PersonHeld(Reply):
    """The person must not be forgotten yet."""

    subject: SubjectId
    reason: str
    until: datetime | None  # None: until the hold is released.


class ErasureBegun(Reply):
    """The person is forgotten; what is left to be done goes on until a receipt proves it."""

    subject: SubjectId


class EraseCustomer(Command[ErasureBegun | PersonHeld | NoSuchCustomer]):
    """Forget a customer now, as they have asked in person. Safe to send twice.

    Their orders follow as each of them has ended.
    """

    customer_id: CustomerId
    reason: ErasureReason


class NoSuchPerson(Reply):
    """No person is known by this id or number."""

    subject: str


class EraseGuest(Command[ErasureBegun | PersonHeld | NoSuchPerson]):
    """Forget the buyer of one order, as they have asked. Safe to send twice."""

    order_id: OrderId
    reason: ErasureReason


class OrdersForgotten(Reply):
    """Orders have forgotten their buyers, but for those that wait."""

    forgotten: int
    waiting: tuple[OrderId, ...]  # They have not ended, or are on hold.


class ForgetOrders(Command[OrdersForgotten]):
    """Forget the buyers of these orders: of each that has ended, and is not on hold. At most `AT_ONCE`.

    What it was sold for, the country it went to and its invoice stay. Safe to send twice.
    """

    order_ids: tuple[OrderId, ...]


class ForgetCart(Command[None]):
    """Remove a cart, with all that was told with its lines. Its units come free as they do from any cart."""

    cart_id: CartId


class FoundOrder(Reply):
    """An order was found by its number."""

    order_id: OrderId


class FindOrder(Query[FoundOrder | NoSuchPerson]):
    """Find an order by its number, or its id."""

    number: str


# --- Proofs and holds ---


class Erasure(Value, frozen=True, kw_only=True):
    """An erasure that is under way."""

    subject: SubjectId
    reason: ErasureReason
    begun_at: datetime
    waiting: int  # Orders.
    readable: int


class Receipt(Value, frozen=True, kw_only=True):
    """The proof that somebody was forgotten."""

    id: int
    at: datetime
    begun_at: datetime
    subject_hash: str  # In hex.
    reason: ErasureReason
    checked: str  # JSON: how much each domain read afterwards, and who else got data.
    link: str  # In hex.


class Erasures(Reply):
    """Erasures that are under way, and receipts, the newest first."""

    under_way: tuple[Erasure, ...]
    receipts: tuple[Receipt, ...]
    broken_at: int | None  # The first receipt that was changed, or before which one is missing.


class AuditErasures(Query[Findings]):
    """Check that receipts are as they were written, and that of those who were forgotten nothing can be read."""


class ListErasures(Query[Erasures]):
    """List erasures and receipts, and check that nobody has changed these."""

    subject: SubjectId = ""  # Of this one only.
    limit: int = 100


class LegalHold(Value, frozen=True, kw_only=True):
    """A hold on a person, or on a guest's order."""

    subject: SubjectId
    reason: str
    by: str
    at: datetime
    until: datetime | None


class LegalHolds(Reply):
    """The holds in force, the oldest first."""

    holds: tuple[LegalHold, ...]


class ListLegalHolds(Query[LegalHolds]):
    """List the holds in force."""

    limit: int = 1000


class HoldPerson(Command[LegalHolds]):
    """Keep a person, or a guest's order, from being forgotten. Another hold takes the place of one before."""

    subject: SubjectId
    reason: str  # 1 to `LONGEST_REASON` characters. A file's number, and no name.
    by: str
    until: datetime | None = None


class ReleasePerson(Command[LegalHolds]):
    """Release a hold. Safe to send twice."""

    subject: SubjectId
