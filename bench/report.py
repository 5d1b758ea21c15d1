"""Reports: tables for the terminal and for docs/performance.md."""

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.table import Table

_PART = re.compile(r"<!-- part: (\w+) -->\n")
_BEGIN, _END = "<!-- figures: written by the bench -->", "<!-- end of figures -->"


@dataclass
class ResultTable:
    """A table of figures, with its aim."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    aim: str = ""

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)

    def for_terminals(self) -> Table:
        """The table for the terminal."""
        table = Table(*self.columns, title=self.title, caption=self.aim or None)
        for row in self.rows:
            table.add_row(*row)
        return table

    def in_markdown(self) -> str:
        """The table in Markdown."""
        lines = [
            f"### {self.title}",
            "",
            *([self.aim, ""] if self.aim else []),
            _line(self.columns),
            _line(["---", *["--:"] * (len(self.columns) - 1)]),
            *map(_line, self.rows),
        ]
        return "\n".join(lines)


def write(file: Path, machine: str, tables: Mapping[str, ResultTable], order: Sequence[str]) -> None:
    """Write tables into a page, each in the place of its older version. Compared figures share a table, so a run.

    Args:
        file: The page.
        machine: The machine they were measured on.
        tables: The tables, by the name of their part.
        order: All parts there are, in the order of the page.
    """
    before, _, rest = file.read_text(encoding="utf-8").partition(_BEGIN)
    figures, _, after = rest.partition(_END)
    _, *found = _PART.split(figures)
    texts = dict(zip(found[::2], found[1::2], strict=True))
    texts |= {part: f"\n{table.in_markdown()}\n\nMeasured on {machine}.\n\n" for part, table in tables.items()}
    parts = "".join(f"<!-- part: {part} -->\n{texts[part]}" for part in order if part in texts)
    file.write_text(f"{before}{_BEGIN}\n\n{parts}{_END}{after}", encoding="utf-8")


def spread(figures: Sequence[float], digits: int = 0) -> str:
    """The least figure, the median and the greatest."""
    return " / ".join(f"{each:,.{digits}f}" for each in (min(figures), statistics.median(figures), max(figures)))


def percentile(figures: Sequence[float], share: float) -> float:
    """The figure that this share of all does not exceed."""
    return sorted(figures)[min(len(figures) - 1, int(share * len(figures)))]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
