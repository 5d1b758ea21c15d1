"""Buyers of orders, sealed: two boxes of an order, its blind index, and the tokens by which staff find it.

The keys are the order's own, whoever its buyer is: a guest's order is forgotten by itself, and a customer's with all
others of that customer.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec
from asyncpg import Record

from bus.messages.audit import Action, CheckId, Finding, Remedy
from bus.messages.base import Address, OrderId
from bus.messages.order import PlaceOrder
from engine.sealing import DoesNotOpen, Erased, OpenKeys, Owner, Place, Purpose
from engine.vault import NewKeys, Vault, locked_key

ACCOUNT: Final[Purpose] = "account"
INVOICE: Final[Purpose] = "invoice"
INVOICES_LAST: Final = timedelta(days=10 * 366)  # The longest that a law of the EU wants them kept.


class Contact(msgspec.Struct, frozen=True):
    """How to reach the buyer, and where the parcel goes."""

    email: str
    name: str
    phone: str
    address: Address


class InvoiceParty(msgspec.Struct, frozen=True):
    """To whom an order was sold."""

    name: str
    address: Address


class SealedBuyers(NamedTuple):
    """The columns of some orders, each in the order of the orders."""

    contacts: Sequence[bytes]
    invoices: Sequence[bytes]
    countries: Sequence[str]
    email_indexes: Sequence[bytes]
    tokens: Sequence[str]  # Each an array of PostgreSQL, as text.


def owners_of(ids: Sequence[OrderId]) -> list[Owner]:
    """The owners of the boxes of orders."""
    return [Owner(order_id, purpose) for order_id in ids for purpose in (ACCOUNT, INVOICE)]


def new_keys(vault: Vault, ids: Sequence[OrderId]) -> NewKeys:
    """Make the keys of new orders."""
    return vault.new_keys(owners_of(ids))


def keys_end(now: datetime) -> Mapping[Purpose, datetime]:
    """When keys of orders that are placed now are forgotten by themselves."""
    return {INVOICE: now + INVOICES_LAST}


def buyer_of(ask: PlaceOrder) -> Contact:
    """The buyer of an order that is placed."""
    return Contact(ask.email, ask.name, ask.phone, ask.address)


def seal_all(vault: Vault, keys: OpenKeys, ids: Sequence[OrderId], buyers: Sequence[Contact]) -> SealedBuyers:
    """Seal buyers under the keys of their orders."""
    boxes = [seal(keys, order_id, buyer) for order_id, buyer in zip(ids, buyers, strict=True)]
    return SealedBuyers(
        [contact for contact, _ in boxes],
        [invoice for _, invoice in boxes],
        [buyer.address.country for buyer in buyers],
        [vault.email_index(buyer.email) for buyer in buyers],
        [_array(tokens_of(vault, buyer)) for buyer in buyers],
    )


def seal(keys: OpenKeys, order_id: OrderId, buyer: Contact) -> tuple[bytes, bytes]:
    """Seal one buyer: the contact, and the party of the invoice."""
    return (
        keys.seal(buyer, _contact(order_id), order_id, ACCOUNT),
        keys.seal(InvoiceParty(buyer.name, buyer.address), _invoice(order_id), order_id, INVOICE),
    )


def tokens_of(vault: Vault, buyer: Contact) -> list[int]:
    """The tokens by which staff find a buyer."""
    return vault.search_tokens(
        email=buyer.email, name=buyer.name, postal_code=buyer.address.postal_code, phone=buyer.phone
    )


def with_locked_keys(sql: str) -> str:
    """Fill the keys of orders `o` into a statement."""
    for name, purpose in (("ACCOUNT_KEY", ACCOUNT), ("INVOICE_KEY", INVOICE)):
        sql = sql.replace(name, locked_key("o.id", purpose))
    return sql


def locked_keys(rows: Sequence[Record]) -> Mapping[Owner, bytes | None]:
    """The locked keys in rows of orders."""
    return {
        Owner(row["id"], purpose): key
        for row in rows
        for purpose, key in ((ACCOUNT, row["account_key"]), (INVOICE, row["invoice_key"]))
    }


def in_clear(row: Record) -> Contact:
    """The buyer of an order of an earlier version. An address that can't be read is kept as it is, as one line."""
    try:
        address = msgspec.json.decode(row["address"], type=Address)
    except msgspec.DecodeError:
        address = Address(line1=row["address"], city="", country="")
    return Contact(row["email"], row["name"], row["phone"], address)


def open_buyer(keys: OpenKeys, row: Record) -> Contact | Erased:
    """Open a row's buyer: all of it, or what the invoice has, or nothing if both keys are gone.

    Raises:
        DoesNotOpen: A box was altered, or moved.
    """
    order_id = row["id"]
    if row["contact"] is None:  # An order of before, which is not sealed yet.
        return in_clear(row)
    contact = keys.read(Contact, row["contact"], _contact(order_id), order_id, ACCOUNT)
    if not isinstance(contact, Erased):
        return contact
    party = keys.read(InvoiceParty, row["invoice"], _invoice(order_id), order_id, INVOICE)
    return party if isinstance(party, Erased) else Contact("", party.name, "", party.address)


def both(keys: OpenKeys, row: Record) -> tuple[Contact | Erased, InvoiceParty | Erased]:
    """Open both boxes of a row, each as far as its key is there."""
    order_id = row["id"]
    if row["contact"] is None:
        clear = Contact(row["email"], row["name"], row["phone"], msgspec.json.decode(row["address"], type=Address))
        return clear, InvoiceParty(clear.name, clear.address)
    return (
        keys.read(Contact, row["contact"], _contact(order_id), order_id, ACCOUNT),
        keys.read(InvoiceParty, row["invoice"], _invoice(order_id), order_id, INVOICE),
    )


def audit(keys: OpenKeys, row: Record) -> list[Finding]:
    """Check that a row's buyer is sealed, and that its boxes open if their keys are there."""
    order_id = row["id"]
    if row["contact"] is None:
        return [_finding("nothing_in_clear", order_id, "its buyer is in clear", "wait_for_sealing")]
    try:
        keys.read(Contact, row["contact"], _contact(order_id), order_id, ACCOUNT)
        keys.read(InvoiceParty, row["invoice"], _invoice(order_id), order_id, INVOICE)
    except (DoesNotOpen, msgspec.DecodeError):
        return [_finding("boxes_open", order_id, "what is sealed does not open", "restore_box")]
    return []


def _finding(check: CheckId, order_id: OrderId, detail: str, action: Action) -> Finding:
    return Finding(check=check, about=order_id, detail=detail, remedy=Remedy(action=action, target=order_id))


def _contact(order_id: OrderId) -> Place:
    return Place("orders.orders", "contact", order_id)


def _invoice(order_id: OrderId) -> Place:
    return Place("orders.orders", "invoice", order_id)


def _array(tokens: Sequence[int]) -> str:
    return f"{{{','.join(map(str, tokens))}}}"
