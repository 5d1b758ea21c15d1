"""Pages write amounts to the last digit, as mails do, whatever their language."""

import re

import pytest

from bus.messages.base import Money
from bus.messages.currencies import ALL
from gateway.pages.languages import languages

AMOUNTS = (0, 1, 5, 99, 100, 1640, 5610, 99_999, 100_000, 123_456_780, 9_999_999_999, 2**53 - 1, -1, -1640)


@pytest.mark.parametrize("code", languages())
def test_every_amount_has_the_digits_on_a_page_that_it_has_in_mails(code: str) -> None:
    moneys = [Money(amount=amount, currency=currency) for currency in ALL for amount in AMOUNTS]

    pages = {str(money): languages()[code].money(money) for money in moneys}

    assert {mail: page for mail, page in pages.items() if digits(page) != digits(mail)} == {}


def digits(text: str) -> str:
    return re.sub(r"\D", "", text)
