"""HTTP answers that ask for a retry: their statuses, and the header `Retry-After` in seconds.

Source: RFC 9110, 10.2.3.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# Beside all from 500. 409: the same request, by its idempotency key, is being handled.
RETRYABLE_STATUSES: Final = frozenset({408, 409, 425, 429})

LONGEST_S = 3600.0  # A service that asks for more is called again after this.


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Return how long to leave a service alone, 0 to `LONGEST_S`; None if the header is missing or malformed.

    A date is compared with the response's own `Date`, never with our clock: so it does not matter which clock is wrong.

    Args:
        headers: Of the response, under any spelling of their names.
    """
    lower = {name.lower(): value.strip() for name, value in headers.items()}
    text = lower.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_S)
    until, now = _date(text), _date(lower.get("date", ""))
    if until is None or now is None:
        return None
    return min(max(0.0, (until - now).total_seconds()), LONGEST_S)


def _date(text: str) -> datetime | None:
    """Parse one of the three forms of an HTTP date, which is always in UTC."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
