"""The counted report of the long campaigns: docs/reliability.md.

It takes hours to run them all, so each test leaves a record as it ends, and the page is written from all records: a run
that was stopped goes on with what is missing, also on another machine. Each row says which commit it is about.
"""

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import psutil

from tests.faults.crowd import Tally

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "reliability.md"
RECORDS = ROOT / "docs" / "reliability.jsonl"

_HEAD = """\
# What ShopFlow was put through

Written by `make faults`, which anybody can run. Every campaign is seeded, ends with the auditor, and counts. *Lost* is
what somebody was told and was not there later; *doubled* is a second order, charge, parcel or mail for one wish;
*oversold* is a unit that was sold and not there. Suppressed duplicates are requests, webhooks and deliveries that came
again and changed nothing.
"""
_COLUMNS = """\
| campaign | commit | runs | kills | faults | orders | duplicates suppressed | lost | doubled | oversold |
| --- | --- | --: | --: | --: | --: | --: | --: | --: | --: |"""


@dataclass
class Campaign:
    """What one campaign did, and found."""

    name: str
    seed: int
    runs: int = 0
    kills: Counter[str] = field(default_factory=Counter)  # By crash point, or by whom it met.
    faults: Counter[str] = field(default_factory=Counter)  # By kind.
    orders: int = 0
    suppressed: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    oversold: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # Figures that only this campaign has.

    def count(self, tally: Tally) -> None:
        """Add what a crowd found, and insist that it is nothing."""
        self.orders += tally.orders
        self.suppressed += tally.replayed
        self.lost += [*tally.lost, *tally.findings]
        self.doubled += tally.doubled
        self.oversold += tally.oversold
        assert not tally.violations, "\n".join([f"SHOPFLOW_SEED={self.seed}", *tally.violations])

    def add(self, other: "Campaign") -> None:
        """Add another part of the same campaign: the next of its tests."""
        self.runs += other.runs
        self.kills += other.kills
        self.faults += other.faults
        self.orders += other.orders
        self.suppressed += other.suppressed
        self.lost += other.lost
        self.doubled += other.doubled
        self.oversold += other.oversold
        self.notes += other.notes


class Record(msgspec.Struct):
    """What one test did, and on which commit. Kept, as a line, until the test runs again."""

    test: str  # Its node id.
    line: int  # Where it stands in its file.
    commit: str
    began: datetime
    took_s: float
    has_passed: bool
    campaigns: list[Campaign]


class Report:
    """The campaigns of one test."""

    def __init__(self) -> None:
        self.campaigns: list[Campaign] = []
        self._began = datetime.now(UTC)

    def campaign(self, name: str, seed: int) -> Campaign:
        self.campaigns.append(Campaign(name, seed))
        return self.campaigns[-1]

    def keep(self, test: str, line: int, *, has_passed: bool) -> None:
        """Keep what was counted until the test runs again."""
        took_s = (datetime.now(UTC) - self._began).total_seconds()
        record = Record(test, line, _commit(), self._began, took_s, has_passed, self.campaigns)
        others = [each for each in _records() if each.test != test]
        kept = sorted([*others, record], key=lambda each: each.test)
        RECORDS.write_bytes(b"".join(msgspec.json.encode(each) + b"\n" for each in kept))


def write_page() -> None:
    """Write down what all records say, and which tests failed."""
    records = sorted(_records(), key=lambda record: (record.test.partition("::")[0], record.line))
    campaigns = _campaigns(records)
    lines = [
        _HEAD,
        _where(records),
        "",
        _outcome(records),
        "",
        _COLUMNS,
        *(_row(commit, campaign) for commit, campaign in campaigns),
        "",
        *(line for _, campaign in campaigns for line in _details(campaign)),
    ]
    PAGE.write_text("\n".join(lines).rstrip("\n") + "\n", encoding="utf-8")


def _records() -> Iterable[Record]:
    """Read the records of tests that are still there."""
    for line in RECORDS.read_bytes().splitlines() if RECORDS.exists() else ():
        record = msgspec.json.decode(line, type=Record, dec_hook=_counter)
        path, _, name = record.test.partition("::")
        if f"def {name.partition('[')[0]}(" in (ROOT / path).read_text(encoding="utf-8"):
            yield record


def _counter(_kind: type[Counter[str]], counts: Any) -> Counter[str]:
    return Counter(counts)


def _campaigns(records: Sequence[Record]) -> list[tuple[str, Campaign]]:
    """Join what several tests count under one name."""
    joined: dict[tuple[str, str], Campaign] = {}
    for record in records:
        for campaign in record.campaigns:
            known = joined.setdefault((record.commit, campaign.name), Campaign(campaign.name, campaign.seed))
            known.add(campaign)
    return [(commit, campaign) for (commit, _), campaign in joined.items()]


def _commit() -> str:
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def _where(records: Sequence[Record]) -> str:
    days = sorted({f"{record.began:%Y-%m-%d}" for record in records})
    memory_gib = psutil.virtual_memory().total / 2**30
    machine = f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
    took_min = sum(record.took_s for record in records) / 60
    return f"{' and '.join(days)}, {machine}; {took_min:.0f} minutes."


def _outcome(records: Sequence[Record]) -> str:
    failed = [record.test for record in records if not record.has_passed]
    return f"**Failed: {', '.join(failed)}.**" if failed else f"All {len(records)} tests passed."


def _row(commit: str, campaign: Campaign) -> str:
    c = campaign
    counts = [c.runs, c.kills.total(), c.faults.total(), c.orders, c.suppressed, len(c.lost), len(c.doubled)]
    return f"| {c.name} | `{commit}` | {' | '.join(map(str, [*counts, len(c.oversold)]))} |"


def _details(campaign: Campaign) -> Iterable[str]:
    yield from [f"## {campaign.name}", "", f"Seed {campaign.seed}.", *(f"- {note}" for note in campaign.notes)]
    for title, counts in (("killed at", campaign.kills), ("fault", campaign.faults)):
        if counts:
            yield from ["", f"| {title} | times |", "| --- | --: |"]
            yield from (f"| {name} | {times} |" for name, times in sorted(counts.items()))
    yield ""
