"""Short campaigns with the other tests; long ones, with a counted report, by `make faults`."""

import os
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from random import SystemRandom

import pytest

from tests.faults.report import Report, write_page
from tests.journeys.conftest import buyer, http, impatient_with_stripe, staff

__all__ = ["buyer", "http", "impatient_with_stripe", "staff"]  # Who is there in journeys is there in campaigns.

SHELF = {"MUG-BLUE": 50_000, "MUG-SAND": 300, "MUG-GREEN": 4}  # Plenty, some, and nearly none.

# So that everything that has an end comes to it while somebody looks.
IMPATIENT = {
    "SHOPFLOW_CART_HOLD_S": "2",
    "SHOPFLOW_PAYMENT_WINDOW_S": "4",
    "SHOPFLOW_PAYMENT_HOLD_S": "8",
    "SHOPFLOW_RECONCILE_AFTER_S": "2",
    "SHOPFLOW_RECONCILE_EVERY_S": "1",
}


@dataclass(frozen=True)
class Scale:
    """How much of a campaign is run."""

    is_long: bool
    seed: int

    def of(self, *, short: int, long: int) -> int:
        return long if self.is_long else short


@pytest.fixture
def scale(request: pytest.FixtureRequest) -> Scale:
    """Short or long, and the seed of all chance in it; printed, and set with SHOPFLOW_SEED to see the same again."""
    seed = int(os.environ.get("SHOPFLOW_SEED", "0")) or SystemRandom().randrange(1, 1_000_000)
    sys.stdout.write(f"SHOPFLOW_SEED={seed}\n")  # Shown with the test that fails.
    return Scale(is_long=request.config.getoption("--long"), seed=seed)


_PASSED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note how a test ended: a report that is silent about what failed, or was broken off, would be none."""
    outcome = yield
    if outcome.when == "call":
        item.stash[_PASSED] = outcome.passed
    return outcome


@pytest.fixture(autouse=True)
def report(request: pytest.FixtureRequest) -> Iterator[Report]:
    """What a test's campaigns count. Written down after each test of a long run."""
    made = Report()
    yield made
    if request.config.getoption("--long"):
        item: pytest.Item = request.node
        made.keep(item.nodeid, item.location[1] or 0, has_passed=item.stash.get(_PASSED, False))
        write_page()
