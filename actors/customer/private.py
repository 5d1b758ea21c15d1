"""Timers and boxes of customers, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from datetime import datetime

import msgspec

from bus.messages.base import Address
from bus.messages.customer import CustomerId, MailKind
from engine.message import Command


class AnnounceEnd(Command[None]):
    """The account will be closed for good within the hour: the last moment to write to its customer."""

    customer_id: CustomerId
    closes_at: datetime


class FinishClosing(Command[None]):
    """Close an account for good, if it still is to be closed by then."""

    customer_id: CustomerId
    closes_at: datetime


class ProfileBox(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `customer.customers.profile`."""

    email: str
    name: str
    phone: str = ""
    locale: str = ""


class CodeBox(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `customer.codes.sealed`."""

    kind: MailKind  # Of its mail. It says what the code is good for: "known" and "unknown" for nothing.
    email: str  # As it was typed.
    name: str = ""
    password: str | None = None  # A hash.
    browser: str = ""
    locale: str = ""


class AddressBox(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `customer.addresses.content`."""

    name: str
    phone: str
    address: Address


class LabelBox(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `customer.passkeys.label`."""

    label: str
