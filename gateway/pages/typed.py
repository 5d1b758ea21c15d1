"""Values as people type them into forms: prices with a point or a comma, moments, lists. Pure.

A value that can't be read is a `Problem` with the name of its field, as a refusal of the API is.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from bus.messages.base import Money
from bus.messages.currencies import decimals
from gateway.problems import Problem

_AMOUNT: Final = re.compile(r"[0-9]{1,12}([.,][0-9]{1,4})?", re.ASCII)
_SPACES: Final = re.compile(r"(?<=[0-9])[ \u00a0\u202f](?=[0-9])")  # Between thousands.
_MOMENT: Final = "%Y-%m-%dT%H:%M"  # Of an input of the type datetime-local. Source: HTML, 2.3.5.


def amount_of(text: str, currency: str, field: str) -> dict[str, object]:
    """Read a price such as 11.50 or 11,50; return it as the API takes it.

    Raises:
        Problem: It is no amount of this currency.
    """
    return {"amount": minor_units(text, currency, field), "currency": currency}


def minor_units(text: str, currency: str, field: str) -> int:
    """Read an amount such as 11.50, 11,50 or 1 200, at least 0; return it in minor units.

    Raises:
        Problem: It is no amount of this currency.
    """
    text = _SPACES.sub("", text)
    if not _AMOUNT.fullmatch(text):
        raise Problem(422, "invalid", f"{field}: must be an amount such as 11.50", field=field)
    minor = Decimal(text.replace(",", ".")) * 10 ** decimals(currency)
    if minor != int(minor):
        raise Problem(422, "invalid", f"{field}: {currency} has no such small part", field=field)
    return int(minor)


def typed_amount(money: Money | None) -> str:
    """Write an amount as somebody would type it: 11.50; "" for none."""
    if money is None:
        return ""
    digits = decimals(money.currency)
    return f"{Decimal(money.amount) / 10**digits:.{digits}f}"


def moment_of(text: str, field: str) -> str:
    """Read a moment of a form, in UTC; return it as the API takes it.

    Raises:
        Problem: It is none.
    """
    try:
        at = datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)
    except ValueError as error:
        raise Problem(422, "invalid", f"{field}: must be a date and a time", field=field) from error
    return at.isoformat().replace("+00:00", "Z")


def typed_moment(at: datetime | None) -> str:
    """Write a moment for a form, in UTC; "" for none."""
    return at.astimezone(UTC).strftime(_MOMENT) if at else ""


def words_of(text: str) -> Sequence[str]:
    """Read words with commas between them."""
    return [word for each in text.split(",") if (word := each.strip())]


def lines_of(text: str) -> Sequence[str]:
    """Read what stands one a line, each once."""
    return list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
