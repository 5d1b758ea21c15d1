"""Where a list goes on: the last row's sort values, opaque to whoever carries them."""

import base64
from typing import TypeVar

import msgspec

from engine.errors import BadInput

T = TypeVar("T")


def make_cursor(*values: object) -> str:
    """The cursor after a row with these sort values."""
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def read_cursor(cursor: str, kind: type[T]) -> T | None:
    """The sort values again, as a tuple of this type; None at the beginning of a list.

    Raises:
        BadInput: This is no cursor of this list.
    """
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.DecodeError) as error:
        raise BadInput("this cursor is not from this list") from error
