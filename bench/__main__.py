"""`make bench`."""

import os
import platform
import statistics
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

import uvloop
from rich.console import Console
from rich.table import Table

from bench import holds, queues, split

T = TypeVar("T")
out = Console()


def main() -> None:
    """Measure, and print tables."""
    fsync, rows = measure("stock holds, a minute or so", holds.measure)
    out.print(table_of_holds(rows))
    out.print(table_of_queues(measure("messages over SQS, beside a bare loop", queues.measure)))
    out.print(table_of_split(measure("checkouts in one process and in three", split.measure)))
    out.print(
        f"fsync {fsync}, closed loops, {holds.REPEATS} repeats after a warm-up, min / median / max; "
        f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.machine()}"
    )


def measure(what: str, how: Callable[[Path], Coroutine[Any, Any, T]]) -> T:
    """On a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="shopflow-", ignore_cleanup_errors=True) as folder,
        out.status(f"Measuring {what} ..."),
    ):
        return uvloop.run(how(Path(folder)))


def table_of_holds(rows: Sequence[holds.Row]) -> Table:
    """Turns, beside one transaction for each message."""
    table = Table("callers", "way", "holds per second", "messages per transaction", "ratio", title="Stock holds")
    single = {row.callers: row.median for row in rows if row.turn_limit == 1}
    for row in rows:
        way = "turns" if row.turn_limit > 1 else "one transaction a message"
        ratio = f"{row.median / single[row.callers]:.1f}"
        table.add_row(str(row.callers), way, spread(row.per_second), f"{row.messages_per_transaction:,.1f}", ratio)
    return table


def table_of_queues(rows: Sequence[queues.Row]) -> Table:
    """Ours, beside the bare loop."""
    table = Table("way", "ours, per second", "bare loop, per second", "ratio", "messages per request", title="Over SQS")
    for row in rows:
        each = ", ".join(f"{count:.1f} a {operation}" for operation, count in row.per_request.items())
        table.add_row(row.what, spread(row.ours), spread(row.bare), f"{row.ratio:.2f}", each)
    return table


def table_of_split(cost: split.Cost) -> Table:
    """One process, beside three."""
    table = Table("checkout, one process", "checkout, three processes", "one message there and back", title="A split")
    table.add_row(*(f"{each:.0f} ms" for each in (cost.whole_ms, cost.split_ms, cost.round_trip_ms)))
    return table


def spread(figures: Sequence[float]) -> str:
    """The least, the middle one and the most."""
    return f"{min(figures):,.0f} / {statistics.median(figures):,.0f} / {max(figures):,.0f}"


if __name__ == "__main__":
    main()
