"""What `Retry-After` says, as seconds. Source: RFC 9110, 10.2.3."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_S = 3600.0  # Whoever asks for more is asked again after this.


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """How long an answer asks to be left alone, 0 to `LONGEST_S`; None if it does not say, or not in these words.

    A date is compared with the answer's own `Date`, never with our clock: which of the two is wrong does not matter.

    Args:
        headers: Of the answer, under any spelling of their names.
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    said = lower.get("retry-after", "")
    if said.isascii() and said.isdigit():
        return min(float(said), LONGEST_S)
    until, now = _date(said), _date(lower.get("date", ""))
    if until is None or now is None:
        return None
    return min(max(0.0, (until - now).total_seconds()), LONGEST_S)


def _date(text: str) -> datetime | None:
    """One of the three forms of an HTTP date, which is always in UTC."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
