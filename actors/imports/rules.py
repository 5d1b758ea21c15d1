"""Decisions of imports. Pure."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from bus.messages.imports import IMPORTS

_LEFT_AFTER: Final = timedelta(days=1)  # A file that no import has by then was left by a crash.


def left_behind(keys: Iterable[str], used: Collection[str], now: datetime) -> list[str]:
    """The files that no import needs any more.

    Args:
        keys: Of all files.
        used: Of those that imports need yet.
        now: The time.
    """
    before = f"{IMPORTS}{now - _LEFT_AFTER:%Y%m%d%H%M%S}"
    return [key for key in keys if key < before and key not in used]
