"""What the page's own table of currencies says is what the shop's says."""

import re
from pathlib import Path

import pytest

import gateway
from bus.messages.currencies import ALL, decimals

SCRIPT = (Path(gateway.__file__).parent / "pages" / "money.js").read_text(encoding="utf-8")


@pytest.mark.parametrize(("name", "digits"), [("NO_DECIMALS", 0), ("THREE_DECIMALS", 3)])
def test_the_page_divides_an_amount_as_the_shop_does(name: str, digits: int) -> None:
    listed = re.search(rf'{name} = "([A-Z ]+)"', SCRIPT)

    assert listed is not None
    assert listed[1].split() == [currency for currency in ALL if decimals(currency) == digits]
