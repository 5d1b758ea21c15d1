"""Decisions about erasures. Pure: no await, no clock, no database."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from bus.messages.audit import Finding, Remedy
from bus.messages.privacy import Erasure, ErasureReason, PersonalData, SubjectId

AGAIN_WAITING: Final = timedelta(days=1)  # For orders that have not ended, or are on hold.
AGAIN_READABLE: Final = timedelta(minutes=10)  # Something can be read: a fault, or another is just being written.
FIRST_LINK: Final = bytes(32)
# They got what they need to do their part; what they keep of it is theirs to forget.
NOT_OURS: Final = (
    "The carrier: name, address and phone on its labels.",
    "Stripe: what the buyer's browser gave it; the shop makes no customer there.",
    "The mail server: the mails it has delivered.",
)


class ReceiptRow(NamedTuple):
    """A receipt without its link."""

    id: int
    at: datetime
    begun_at: datetime
    subject_hash: bytes
    reason: ErasureReason
    checked: str


def name_of(key: bytes, subject: SubjectId) -> str:
    """Name a person in lists that outlive them: a keyed hash, in hex."""
    return hmac.digest(key, subject.encode(), hashlib.sha256).hex()


def link_of(before: bytes, row: ReceiptRow) -> bytes:
    """Link a receipt to the one before: a hash over that one's link and all of this one."""
    content = msgspec.json.encode(
        [row.id, row.at.isoformat(), row.begun_at.isoformat(), row.subject_hash.hex(), row.reason, row.checked]
    )
    return hashlib.sha256(before + content).digest()


def broken_at(before: bytes, receipts: Sequence[tuple[ReceiptRow, bytes]], first_id: int) -> int | None:
    """Find the first receipt that was changed, or before which one is missing; None if all are as they were."""
    for expected, (row, link) in enumerate(receipts, first_id):
        if row.id != expected or link_of(before, row) != link:
            return row.id
        before = link
    return None


def add_up(parts: Mapping[str, Sequence[PersonalData]]) -> tuple[str, int]:
    """Sum up what the domains can still read: as JSON for the receipt, and how many boxes open that must not."""
    checked = {
        name: {
            "opened": sum(answer.opened for answer in answers),
            "invoices": sum(answer.invoices for answer in answers),
            "gone": sum(answer.gone for answer in answers),
        }
        for name, answers in parts.items()
    }
    text = msgspec.json.encode({"checked": checked, "not_ours": NOT_OURS}, order="sorted").decode()
    return text, sum(part["opened"] for part in checked.values())


def findings(broken_receipt: int | None, under_way: Sequence[Erasure]) -> list[Finding]:
    """Report a chain of receipts that does not hold, and persons who can be read although they were forgotten."""
    found = []
    if broken_receipt is not None:
        about = str(broken_receipt)
        found.append(
            Finding(
                check="receipts_fit",
                about=about,
                detail="it does not fit the receipt before",
                remedy=Remedy(action="restore_receipts", target=about),
            )
        )
    return found + [
        Finding(
            check="forgotten_is_gone",
            about=each.subject,
            detail=f"{each.readable} boxes can be read",
            remedy=Remedy(action="forget_again", target=each.subject),
        )
        for each in under_way
        if each.readable
    ]


def next_try(waiting: int, readable: int) -> timedelta | None:
    """Return when an erasure is tried again; None if it is whole."""
    if readable:
        return AGAIN_READABLE
    return AGAIN_WAITING if waiting else None
