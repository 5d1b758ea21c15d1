"""The report's own arithmetic: what tests leave is joined, and nothing that failed is passed over."""

from pathlib import Path

import pytest

from tests.faults import report as reports
from tests.faults.report import Report, write_page

HERE = "tests/faults/test_report.py::test_what_failed_is_named"  # A test that is there, as records need one.


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(reports, "RECORDS", tmp_path / "records.jsonl")
    monkeypatch.setattr(reports, "PAGE", tmp_path / "page.md")
    return tmp_path / "page.md"


def count(test: str, name: str = "kills", *, orders: int = 0, has_passed: bool = True) -> None:
    report = Report()
    campaign = report.campaign(name, 7)
    campaign.runs, campaign.orders, campaign.kills["before-commit"] = 1, orders, 2
    report.keep(test, 1, has_passed=has_passed)
    write_page()


def row(page: Path, name: str) -> list[str]:
    (line,) = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith(f"| {name} |")]
    return [cell.strip() for cell in line.split("|")[3:-1]]


def test_the_tests_of_one_campaign_are_a_row(page: Path) -> None:
    count(f"{HERE}[a]", orders=30)
    count(f"{HERE}[b]", orders=10)
    count(f"{HERE}[c]", "races", orders=1)

    assert row(page, "kills") == ["2", "4", "0", "40", "0", "0", "0", "0"]
    assert row(page, "races") == ["1", "2", "0", "1", "0", "0", "0", "0"]
    assert "All 3 tests passed." in page.read_text(encoding="utf-8")


def test_a_test_that_runs_again_replaces_what_it_counted(page: Path) -> None:
    count(HERE, orders=30, has_passed=False)
    count(HERE, orders=10)

    assert row(page, "kills")[3] == "10"
    assert "Failed" not in page.read_text(encoding="utf-8")


def test_what_failed_is_named(page: Path) -> None:
    count(f"{HERE}[a]")
    count(f"{HERE}[b]", has_passed=False)

    assert f"**Failed: {HERE}[b].**" in page.read_text(encoding="utf-8")


def test_a_test_that_is_no_longer_there_is_forgotten(page: Path) -> None:
    count("tests/faults/test_report.py::test_that_was_renamed", "long ago")
    count(HERE)

    assert "long ago" not in page.read_text(encoding="utf-8")
