"""`make bench`."""

import os
import platform
import tempfile
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from bench import holds


def main() -> None:
    """Measure, and print a table."""
    out = Console()
    with (
        tempfile.TemporaryDirectory(prefix="shopflow-", ignore_cleanup_errors=True) as folder,
        out.status("Measuring stock holds, a minute or so ..."),
    ):
        fsync, rows = uvloop.run(holds.measure(Path(folder)))
    table = Table("callers", "way", "holds per second (min / median / max)", "messages per transaction", "ratio")
    single = {row.callers: row.median for row in rows if row.turn_limit == 1}
    for row in rows:
        way = "turns" if row.turn_limit > 1 else "one transaction a message"
        speeds = f"{min(row.per_second):,.0f} / {row.median:,.0f} / {max(row.per_second):,.0f}"
        ratio = f"{row.median / single[row.callers]:.1f}"
        table.add_row(str(row.callers), way, speeds, f"{row.messages_per_transaction:,.1f}", ratio)
    out.print(table)
    out.print(
        f"fsync {fsync}, closed loop, {holds.REPEATS} repeats after a warm-up, "
        f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}"
    )


if __name__ == "__main__":
    main()
