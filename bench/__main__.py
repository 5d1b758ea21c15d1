"""`make bench`, `make bench-full`, or `python -m bench PART ...`."""

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
import uvloop
from rich.console import Console

from bench import holds, orders, purchases, queues, sheets, split, start
from bench.fanout import measure as fanout
from bench.machine import describe
from bench.memory import measure as memory
from bench.programs import ROOT
from bench.sheets import Sheet, spread

out = Console()
PAGE = ROOT / "docs" / "performance.md"


def of_memory(_folder: Path) -> Sheet:
    """Messages in memory."""
    rows = asyncio.run(memory.measure())
    ours, bare = rows[0], rows[1]
    sheet = Sheet(
        "A message in memory",
        ("library", "tells a second", "asks a second", "ours, tell", "ours, ask"),
        aim=f"Aim: 3 times Pykka's tells, 10 times its asks, 40 % of a bare queue ({ours.tell / bare.tell:.0%} here).",
    )
    for row in rows:
        ratios = (f"{ours.tell / row.tell:.1f} times", f"{ours.ask / row.ask:.1f} times")
        sheet.add(row.library, spread(row.rates.tell), spread(row.rates.ask), *ratios)
    return sheet


def of_holds(folder: Path) -> Sheet:
    """Turns, beside one transaction for each message."""
    _, rows = uvloop.run(holds.measure(folder))
    single = {row.callers: row.median for row in rows if row.turn_limit == 1}
    sheet = Sheet(
        "Stock holds on disk",
        ("callers", "way", "holds a second", "messages in a transaction", "ratio"),
        aim="Aim: 20,000 a second for 512 callers.",
    )
    for row in rows:
        way = "turns" if row.turn_limit > 1 else "one transaction a message"
        ratio = f"{row.median / single[row.callers]:.1f}"
        sheet.add(str(row.callers), way, spread(row.per_second), f"{row.messages_per_transaction:,.1f}", ratio)
    return sheet


def of_orders(folder: Path) -> Sheet:
    """Whole orders in the engine."""
    sheet = Sheet(
        "Whole orders in the engine",
        ("callers", "orders a second", "Python, ms each", "PostgreSQL, ms each"),
        aim="Aim: 3,000 a second for 512 callers.",
    )
    for row in uvloop.run(orders.measure(folder)):
        python, postgres = (row.cpu_s[who] * 1000 for who in ("shop", "PostgreSQL"))
        sheet.add(str(row.callers), spread(row.per_second), f"{python:.2f}", f"{postgres:.2f}")
    return sheet


def of_purchases(folder: Path) -> Sheet:
    """Whole purchases over HTTP."""
    whose = ("shop", "PostgreSQL", "Valkey", "sandbox", "load")
    sheet = Sheet(
        "Whole purchases over HTTP",
        ("buyers", "purchases a second", "p50, ms", "p99, ms", *(f"{who}, ms each" for who in whose)),
        aim="Aim: 250 a second for 32 buyers, 25 ms for one, 6 ms for shop and PostgreSQL together.",
    )
    for row in uvloop.run(purchases.measure(folder / "shop")):
        times = (f"{row.percentile_ms(share):.0f}" for share in (0.5, 0.99))
        used = (f"{row.cpu_s[who] * 1000:.2f}" for who in whose)
        sheet.add(str(row.buyers), spread(row.per_second), *times, *used)
    return sheet


def of_fanout(_folder: Path) -> Sheet:
    """Live stock to 1,000 clients."""
    return _fanout(1_000)


def of_crowd(_folder: Path) -> Sheet:
    """Live stock to 10,000 clients."""
    return _fanout(10_000)


def _fanout(clients: int) -> Sheet:
    sheet = Sheet(
        f"A change to {clients:,} clients",
        ("server", "changes at once", "us for each value", "times the bare write", "KiB for each client"),
        aim="Aim: 1.15 of the bare write, ahead of all others, a fifth of it when changes come together; 8 KiB.",
    )
    rows = asyncio.run(fanout.measure(clients))
    bare = {row.shared: row.median for row in rows if row.server == "bare write"}
    for row in rows:
        ratio = f"{row.median / bare[row.shared]:.2f}"
        sheet.add(row.server, str(row.shared), spread(row.us, 1), ratio, f"{row.kib:.1f}")
    return sheet


def of_queues(folder: Path) -> Sheet:
    """Messages over SQS, beside a bare loop."""
    sheet = Sheet(
        "Messages over SQS",
        ("way", "ours, a second", "bare aiobotocore, a second", "ratio", "messages in a request"),
        aim="Aim: 0.9 of the bare loop, 8 messages in a request.",
    )
    for row in uvloop.run(queues.measure(folder)):
        each = ", ".join(f"{count:.1f} a {operation}" for operation, count in row.per_request.items())
        sheet.add(row.what, spread(row.ours), spread(row.bare), f"{row.ratio:.2f}", each)
    return sheet


def of_split(folder: Path) -> Sheet:
    """Checkouts in one process, and in three."""
    cost = uvloop.run(split.measure(folder))
    sheet = Sheet("A split shop", ("one buyer's checkout in", "p50, ms"))
    sheet.add("one process", f"{cost.whole_ms:.0f}")
    sheet.add("three processes", f"{cost.split_ms:.0f}")
    sheet.add("(one message there and back, alone)", f"{cost.round_trip_ms:.0f}")
    return sheet


def of_start(folder: Path) -> Sheet:
    """A fresh clone."""
    figures = start.measure(folder)
    sheet = Sheet(
        "A fresh clone",
        ("what", "ShopFlow", "aim"),
        aim="For scale, measured on such machines: others took 3 to 5 minutes, 3.5 to 18 s, 0.8 GB, and 0.6 to 1.7 GB.",
    )
    sheet.add("first `make run`, with what it installs, until it is ready", f"{figures.fresh_s:.0f} s", "120 s")
    sheet.add("second `make run`", f"{figures.second_s:.1f} s", "5 s")
    sheet.add("on disk, all that it installed included", f"{figures.disk_mb:.0f} MB", "300 MB")
    sheet.add("memory of all its processes, at rest", f"{figures.memory_mb:.0f} MB", "200 MB")
    for program, used_mb in sorted(figures.memory_by_program_mb.items()):
        sheet.add(f"... of {program}", f"{used_mb:.0f} MB", "")
    return sheet


PARTS: Mapping[str, Callable[[Path], Sheet]] = {
    "memory": of_memory,
    "holds": of_holds,
    "orders": of_orders,
    "purchases": of_purchases,
    "fanout": of_fanout,
    "queues": of_queues,
    "split": of_split,
    "start": of_start,
}


# Those that take longer, for `make bench-full`.
MORE: Mapping[str, Callable[[Path], Sheet]] = {"crowd": of_crowd}
ALL = {**PARTS, **MORE}


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(ALL)}; {', '.join(PARTS)} if none.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="All of them.")] = False,
) -> None:
    """Measure ShopFlow beside what it is compared with, and print tables.

    With no part named, also write docs/performance.md.
    """
    chosen = parts or list(ALL if full else PARTS)
    if unknown := set(chosen) - ALL.keys():
        typer.echo(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.", err=True)
        raise typer.Exit(2)
    machine = describe()
    out.print(machine)
    made = [_measured(part) for part in chosen]
    if not parts:
        sheets.write(PAGE, machine, made)


def _measured(part: str) -> Sheet:
    """On a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="shopflow-", ignore_cleanup_errors=True) as folder,
        out.status(f"Measuring {part}: {ALL[part].__doc__} ..."),
    ):
        sheet = ALL[part](Path(folder))
    out.print(sheet.for_terminals())
    return sheet


if __name__ == "__main__":
    typer.run(main)
