"""Decisions about accounts. Pure: no await, no clock, no database.

active ── CloseAccount ──> closing ── 30 days ──> erased
   ^                          │
   └── whoever signs in ──────┘
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from bus.messages.customer import CodePurpose, MailKind

State: TypeAlias = Literal["active", "closing", "erased"]

MOST_TRIES: Final = 5  # At one code. The table says so, too.
MAIL_EVERY: Final = timedelta(minutes=1)  # To one address, for one purpose.
CLOSING: Final = timedelta(days=30)
LAST_MAIL: Final = timedelta(hours=1)  # Before an account is closed for good: afterwards nobody knows the address.
KEPT_CODES: Final = timedelta(days=1)  # After their end: a mail that comes late finds out what became of it.
_DIGITS: Final = 6
_LASTS: Final[Mapping[CodePurpose, timedelta]] = {
    "register": timedelta(minutes=15),
    "login": timedelta(minutes=15),
    "reset": timedelta(hours=1),  # Its token can't be guessed.
    "email": timedelta(minutes=15),
    "undo": timedelta(days=7),
}
# What a code of each purpose is good for, by the kind of its mail: nothing else opens anything.
_GOOD_FOR: Final[Mapping[CodePurpose, MailKind]] = {
    "register": "register",
    "login": "login",
    "reset": "reset",
    "email": "email",
    "undo": "email_changed",
}


def expires_at(purpose: CodePurpose, now: datetime) -> datetime:
    """Return the end of a code."""
    return now + _LASTS[purpose]


def may_send(issued_at: datetime | None, now: datetime) -> bool:
    """Whether another mail may go to an address, after the last one."""
    return issued_at is None or now - issued_at >= MAIL_EVERY


def is_usable(tries: int, expires_at: datetime, now: datetime) -> bool:
    """Whether a code can still be tried."""
    return tries < MOST_TRIES and now < expires_at


def is_good_for(purpose: CodePurpose, kind: MailKind) -> bool:
    """Whether a code does what its purpose is: one for somebody who has, or has not, an account does nothing."""
    return _GOOD_FOR[purpose] == kind


def code_of(key: bytes, code_id: str) -> str:
    """Compute the digits that a mail shows. They are kept nowhere, and a mail that is sent again has the same."""
    mac = hmac.digest(key, f"code {code_id}".encode(), hashlib.sha256)
    return f"{int.from_bytes(mac[:8]) % 10**_DIGITS:0{_DIGITS}}"


def token_of(key: bytes, code_id: str) -> str:
    """Compute the token of a mail's link: its row's id, and what only the mail and the key know."""
    mac = hmac.digest(key, f"token {code_id}".encode(), hashlib.sha256)
    return f"{code_id}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def fits_code(keys: Sequence[bytes], code_id: str, typed: str) -> bool:
    """Whether this is the code, by any of the shop's keys; compares in constant time."""
    return _is_any([code_of(key, code_id) for key in keys], typed)


def fits_token(keys: Sequence[bytes], code_id: str, shown: str) -> bool:
    """Whether this is the token, by any of the shop's keys; compares in constant time."""
    return _is_any([token_of(key, code_id) for key in keys], shown)


def id_in(token: str) -> str:
    """Return the id of the row that a token names."""
    return token.partition(".")[0]


def keeps_typed(browser: str, shown: str | None) -> bool:
    """Whether the name and the password of a registration were typed where its code is.

    Anybody can register a stranger's address, with a password of their own. The stranger, who gets a code and enters
    it, proves the address; they did not choose that password. A program shows no browser (None): it has no page into
    which somebody else's registration could be slipped.
    """
    return shown is None or hmac.compare_digest(browser.encode(), shown.encode())


def _is_any(right: Sequence[str], given: str) -> bool:
    found = [hmac.compare_digest(each.encode(), given.encode()) for each in right]  # All of them, however many fit.
    return any(found)
