"""Lists, a page at a time. A cursor says where a list goes on: the last row's sort values, opaque to its carriers."""

import base64
from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import msgspec

from engine.errors import BadInput

T = TypeVar("T")

_MOST = 100  # Items of a page.


class Page(NamedTuple, Generic[T]):
    """Items of a list, and the cursor of the next page; None at the end."""

    items: Sequence[T]
    next: str | None


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


def page_limit(asked: int) -> int:
    """Bound how many items a page has: at least 1, at most 100."""
    return max(1, min(asked, _MOST))


def page_of(rows: Sequence[T], limit: int, key: Callable[[T], tuple[object, ...]]) -> Page[T]:
    """Cut a page from the rows of a list.

    Args:
        rows: One more than the page shows, if there are so many: that is how the end is found.
        limit: How many the page shows, at least 1.
        key: The sort values of a row, as `read_cursor` reads them again.
    """
    shown = rows[:limit]
    return Page(shown, make_cursor(*key(shown[-1])) if len(rows) > limit else None)
