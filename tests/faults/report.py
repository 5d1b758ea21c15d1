"""The counted report of the long campaigns: docs/reliability.md."""

import os
import platform
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.faults.crowd import Tally

ROOT = Path(__file__).parent.parent.parent
FILE = ROOT / "docs" / "reliability.md"

_HEAD = """\
# What ShopFlow was put through

Written by `make faults`, which anybody can run. Every campaign is seeded, ends with the auditor, and counts. *Lost* is
what somebody was told and was not there later; *doubled* is a second order, charge, parcel or mail for one wish;
*oversold* is a unit that was sold and not there. Suppressed duplicates are requests, webhooks and deliveries that came
again and changed nothing.

"""


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


class Report:
    """All campaigns of a run."""

    def __init__(self) -> None:
        self.campaigns: list[Campaign] = []
        self._began = datetime.now(UTC)

    def campaign(self, name: str, seed: int) -> Campaign:
        self.campaigns.append(Campaign(name, seed))
        return self.campaigns[-1]

    def write(self, failed: Sequence[str]) -> None:
        """Write it down, with the names of the tests that failed."""
        outcome = [f"**Failed: {', '.join(failed)}.**"] if failed else ["Every campaign passed."]
        lines = [_HEAD + self._where(), "", *outcome, "", *self._table(), "", *self._details()]
        FILE.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _where(self) -> str:
        commit = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        memory_gib = psutil.virtual_memory().total / 2**30
        took_min = (datetime.now(UTC) - self._began).total_seconds() / 60
        machine = (
            f"{os.cpu_count()} cores, {memory_gib:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
        )
        return f"Commit `{commit}`, {self._began:%Y-%m-%d}, {machine}; {took_min:.0f} minutes."

    def _table(self) -> list[str]:
        rows = [
            f"| {c.name} | {c.runs} | {c.kills.total()} | {c.faults.total()} | {c.orders} | {c.suppressed} "
            f"| {len(c.lost)} | {len(c.doubled)} | {len(c.oversold)} |"
            for c in self.campaigns
        ]
        return [
            "| campaign | runs | kills | faults | orders | duplicates suppressed | lost | doubled | oversold |",
            "| --- | --: | --: | --: | --: | --: | --: | --: | --: |",
            *rows,
        ]

    def _details(self) -> list[str]:
        lines: list[str] = []
        for c in self.campaigns:
            lines += [f"## {c.name}", "", f"Seed {c.seed}.", *(f"- {note}" for note in c.notes)]
            if c.kills:
                lines += ["", "| killed at | times |", "| --- | --: |"]
                lines += [f"| {point} | {times} |" for point, times in sorted(c.kills.items())]
            if c.faults:
                lines += ["", "| fault | times |", "| --- | --: |"]
                lines += [f"| {kind} | {times} |" for kind, times in sorted(c.faults.items())]
            lines.append("")
        return lines
