"""When the key-encryption key is turned, and what is due next. Pure."""

from datetime import datetime, timedelta
from typing import Final

TURN_EVERY: Final = timedelta(days=30)  # No backup with personal data is kept longer, or it can be read longer.
LOOK_EVERY: Final = timedelta(days=1)  # For keys whose time is over.


def is_due(made_at: datetime, now: datetime) -> bool:
    """Whether the current key, made then, must be succeeded."""
    return now >= made_at + TURN_EVERY


def next_look(made_at: datetime, now: datetime, *, outlived_by: timedelta | None) -> datetime:
    """The time to look again.

    Args:
        made_at: When the current key was made.
        now: The time.
        outlived_by: While older keys are left: how long they outlive the making of the current one.
    """
    times = [made_at + TURN_EVERY, now + LOOK_EVERY]
    if outlived_by is not None:
        times.append(max(made_at + outlived_by, now + timedelta(minutes=1)))
    return min(times)
