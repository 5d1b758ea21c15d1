"""Belongings of customers: their data, addresses, consents, orders, passkeys."""

from datetime import datetime
from typing import ClassVar, Final, Literal, TypeAlias

from bus.messages.base import Address, CartId, OrderId, Value
from bus.messages.customer import CustomerId, EmailIndex, NoSuchCustomer, NotSignedIn, Profile, SignedIn
from engine.message import Command, Query, Reply

ConsentPurpose: TypeAlias = Literal["newsletter", "statistics", "personalisation", "review_requests"]

MOST_ADDRESSES: Final = 20  # Of one customer.
MOST_CONSENTS: Final = 200  # Listed, the newest.


class ReadProfile(Query[Profile | NoSuchCustomer]):
    """Read a customer's own data."""

    customer_id: CustomerId


class CustomerPage(Reply):
    """Accounts, the newest first, with what names their customers."""

    names_persons: ClassVar[bool] = True

    customers: tuple[Profile, ...]
    next: CustomerId | None


class ListCustomers(Query[CustomerPage]):
    """List accounts for staff, all that are not erased. A page may have fewer than it could, and yet be followed."""

    names_persons: ClassVar[bool] = True

    q: str = ""  # A whole e-mail address, or beginnings of address, name or phone: all words must be said.
    limit: int = 20
    after: CustomerId = ""


class ChangeProfile(Command[Profile | NoSuchCustomer]):
    """Change a customer's data; None leaves a field as it is."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    name: str | None = None
    phone: str | None = None
    locale: str | None = None


class KeepCart(Command[None]):
    """Remember a customer's cart, for their next sign-in."""

    customer_id: CustomerId
    cart_id: CartId


class SavedAddress(Value, frozen=True, kw_only=True):
    """An address that a customer has saved."""

    id: str
    name: str
    phone: str
    address: Address
    is_default: bool
    created_at: datetime


class SavedAddresses(Reply):
    """A customer's addresses, the default first, then the newest."""

    names_persons: ClassVar[bool] = True

    addresses: tuple[SavedAddress, ...]


class TooManyAddresses(Reply):
    """The customer has as many addresses as one may have."""

    most: int = MOST_ADDRESSES


class ListAddresses(Query[SavedAddresses]):
    """List a customer's addresses."""

    customer_id: CustomerId


class SaveAddress(Command[SavedAddresses | TooManyAddresses | NoSuchCustomer]):
    """Add an address, or replace the one of this id. Safe to send twice with one id."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    id: str
    is_new: bool  # If not, it must be there.
    name: str
    phone: str
    address: Address
    is_default: bool


class RemoveAddress(Command[SavedAddresses | NoSuchCustomer]):
    """Remove an address of a customer."""

    customer_id: CustomerId
    id: str


class Consent(Value, frozen=True, kw_only=True):
    """A customer's word about a purpose, and the text that it is about."""

    purpose: ConsentPurpose
    is_given: bool
    text_version: str
    source: str
    at: datetime


class Consents(Reply):
    """A customer's words, the newest first. For each purpose the first counts."""

    consents: tuple[Consent, ...]


class ListConsents(Query[Consents]):
    """List a customer's consents."""

    customer_id: CustomerId


class GiveConsent(Command[Consents | NoSuchCustomer]):
    """Add what a customer says about a purpose. Nothing is ever changed or removed."""

    customer_id: CustomerId
    purpose: ConsentPurpose
    is_given: bool
    text_version: str
    source: str


class CustomerOrders(Reply):
    """Ids of a customer's orders, the latest attached first."""

    orders: tuple[OrderId, ...]
    next: str | None


class ListCustomerOrders(Query[CustomerOrders]):
    """List a customer's orders."""

    customer_id: CustomerId
    limit: int = 20
    after: str = ""


class OrderAttached(Reply):
    """The order is the customer's."""

    is_new: bool  # It was nobody's until now.


class OrderTaken(Reply):
    """The order is another customer's, or was bought with another address."""


class AttachOrder(Command[OrderAttached | OrderTaken | NoSuchCustomer]):
    """Put an order into an account. Safe to send twice: an order belongs to the first.

    Whoever asks has proven that they may see the order.
    """

    customer_id: CustomerId
    order_id: OrderId
    email_index: EmailIndex | None = None  # Of the order: it must be the account's. None: bought while signed in.


class OrdersAttached(Reply):
    """The orders that are the customer's now, and were nobody's until now."""

    orders: tuple[OrderId, ...]


class AttachOrders(Command[OrdersAttached | NoSuchCustomer]):
    """Put orders that were bought with an account's address into it, at most 100. Those of others stay theirs.

    Safe to send twice.
    """

    customer_id: CustomerId
    orders: tuple[OrderId, ...]
    email_index: EmailIndex  # Of the orders. If the account has another by now, nothing is put into it.


# --- Passkeys ---


class KnownPasskey(Value, frozen=True, kw_only=True):
    """A passkey of a customer."""

    id: str  # The credential's id, in hex.
    customer_id: CustomerId
    public_key: bytes
    sign_count: int
    is_backed_up: bool
    site_id: str
    label: str
    created_at: datetime
    used_at: datetime | None


class KnownPasskeys(Reply):
    """Passkeys, the oldest first."""

    names_persons: ClassVar[bool] = True

    passkeys: tuple[KnownPasskey, ...]


class ListPasskeys(Query[KnownPasskeys]):
    """List a customer's passkeys; or the one with an id, whoever it belongs to."""

    customer_id: CustomerId = ""
    id: str = ""


class TooManyPasskeys(Reply):
    """The customer has as many passkeys as one may have, or the passkey is known already."""


class AddPasskey(Command[KnownPasskeys | TooManyPasskeys | NoSuchCustomer]):
    """Add a passkey that a customer's authenticator has made."""

    names_persons: ClassVar[bool] = True

    customer_id: CustomerId
    id: str
    public_key: bytes
    sign_count: int
    is_backed_up: bool
    site_id: str
    label: str


class RemovePasskey(Command[KnownPasskeys]):
    """Remove a passkey of a customer. Safe to send twice."""

    customer_id: CustomerId
    id: str


class LogInWithPasskey(Command[SignedIn | NotSignedIn]):
    """Let the customer in whose passkey was used just now."""

    id: str
    sign_count: int
    is_backed_up: bool
