"""`make bench`, `make bench-full`, or `python -m bench PART ...`."""

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bench import found_people, lighthouse, logins, long_tables, persons, portal, report, tables
from bench.machine import describe
from bench.report import ResultTable
from testkit.programs import ROOT

out = Console()
PAGE = ROOT / "docs" / "performance.md"

PARTS: Mapping[str, Callable[[Path], ResultTable]] = {
    "memory": tables.of_memory,
    "holds": tables.of_holds,
    "orders": tables.of_orders,
    "purchases": tables.of_purchases,
    "fanout": tables.of_fanout,
    "lag": tables.of_lag,
    "logins": logins.table,
    "persons": persons.table,
    "queues": tables.of_queues,
    "split": tables.of_split,
    "pictures": tables.of_pictures,
    "search": tables.of_search,
    "imports": tables.of_imports,
    "pages": tables.of_pages,
    "start": tables.of_start,
}


# Longer parts, for `make bench-full`.
MORE: Mapping[str, Callable[[Path], ResultTable]] = {
    "crowd": long_tables.of_crowd,
    "aged": long_tables.of_aged,
    "limits": long_tables.of_limits,
    "customers": found_people.table,
    "growth": long_tables.of_growth,
    "portal": portal.table,
    "million": long_tables.of_million,
    "catalogue": long_tables.of_catalogue,
    "sale": long_tables.of_sale,
    "soak": long_tables.of_soak,
    "lighthouse": lighthouse.table,
}
ALL = {**PARTS, **MORE}


def main(
    parts: Annotated[
        list[str] | None, typer.Argument(help=f"Any of {', '.join(ALL)}; {', '.join(PARTS)} if none.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="All of them.")] = False,
    write: Annotated[bool, typer.Option("--write", help="Also write down what was asked for by name.")] = False,
) -> None:
    """Measure ShopFlow beside its peers, print tables, and write them into docs/performance.md.

    Tables of named parts are only printed, unless --write is given.
    """
    chosen = parts or list(ALL if full else PARTS)
    if unknown := set(chosen) - ALL.keys():
        typer.echo(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(ALL)}.", err=True)
        raise typer.Exit(2)
    machine = describe()
    out.print(machine)
    for part in chosen:
        table = _measured(part)
        if write or not parts:
            report.write(PAGE, machine, {part: table}, list(ALL))


def _measured(part: str) -> ResultTable:
    """Measure a part, on a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="shopflow-", ignore_cleanup_errors=True) as folder,
        out.status(f"Measuring {part}: {ALL[part].__doc__} ..."),
    ):
        table = ALL[part](Path(folder))
    out.print(table.for_terminals())
    return table


if __name__ == "__main__":
    typer.run(main)
