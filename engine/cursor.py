"""Cursors: the sort values of a page's last row, opaque to the client, which sends them back for the next page."""

import base64
from typing import TypeVar

import msgspec

from engine.errors import BadInput

T = TypeVar("T")


def make_cursor(*values: object) -> str:
    """Return the cursor after a row with these sort values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(cursor: str, kind: type[T]) -> T | None:
    """Return the sort values, as a tuple of this type; None at the beginning of a list.

    Raises:
        BadInput: It is no cursor of this list.
    """
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.DecodeError) as error:
        raise BadInput("this cursor is not from this list") from error
