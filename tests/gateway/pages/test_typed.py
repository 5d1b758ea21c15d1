"""What people type, as values."""

from datetime import UTC, datetime

import pytest

from bus.messages.base import Money
from gateway.pages.typed import amount_of, moment_of, typed_amount, typed_moment
from gateway.problems import Problem


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("11.50", "EUR", 1150),
        ("11,5", "EUR", 1150),
        ("7", "EUR", 700),
        ("1500", "JPY", 1500),
        ("0.29", "EUR", 29),
        ("1 200", "JPY", 1200),
    ],
)
def test_an_amount_has_a_point_or_a_comma(text: str, currency: str, minor: int) -> None:
    assert amount_of(text, currency, "price") == {"amount": minor, "currency": currency}


@pytest.mark.parametrize("text", ["", "-1", "1.234", "1,000.00", "1e3", "€5", "٣", "0x1"])
def test_what_is_no_amount_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Problem) as refused:
        amount_of(text, "EUR", "price.MUG")

    assert refused.value.members["field"] == "price.MUG"


def test_amounts_and_moments_are_written_as_they_are_read() -> None:
    at = datetime(2026, 12, 24, 18, 30, tzinfo=UTC)

    assert typed_amount(Money(amount=1150, currency="EUR")) == "11.50"
    assert typed_amount(Money(amount=1500, currency="JPY")) == "1500"
    assert moment_of(typed_moment(at), "due") == "2026-12-24T18:30:00Z"
    with pytest.raises(Problem):
        moment_of("tomorrow", "due")
