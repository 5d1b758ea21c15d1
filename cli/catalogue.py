"""`import`, `imports` and `export`: catalogue and stock in and out."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from bus.goods.rows import REQUIRED, Decimal
from bus.messages.imports import Import, ImportPage, ImportReport, ListImports, ReadImportReport, ReportLine
from cli import goods, tables
from cli.running import existing_shop, out, print_line, progress_bar, run
from engine.gc_tuning import freeze_gc
from engine.telemetry import printable
from wiring.domains import ShopSettings

imports = typer.Typer(help="List and undo imports; alone it lists.", invoke_without_command=True)

_DECIMAL_HELP = """How prices are written: "." or "," before decimals, or "none": in minor units, 1999 for 19.99.
Without it the file's own habit counts, and prices that are written otherwise are refused."""


def _read_decimal(text: str) -> Decimal:
    for known in get_args(Decimal):
        if text == known:
            return cast("Decimal", text)
    raise typer.BadParameter(f"it must be one of {' '.join(get_args(Decimal))}")


def import_command(
    file: Annotated[Path, typer.Argument(help=f"CSV with {', '.join(REQUIRED)}, and on_hand, which may be missing.")],
    decimal: Annotated[
        Decimal | None, typer.Option(parser=_read_decimal, metavar="none|.|,", help=_DECIMAL_HELP)
    ] = None,
    no_stock: Annotated[
        bool, typer.Option("--no-stock", help="Leave all stock as it is, whatever the file says.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; show what would be changed, and the lines to be refused.")
    ] = False,
    images: Annotated[
        Path | None, typer.Option(help="A folder, or a zip, with the files that the column images names.")
    ] = None,
) -> None:
    """Import products, stock and pictures. Existing rows are replaced; refused lines are listed with the reason.

    Stock is written where `on_hand` has a number. Without that column, or where its cell is empty, it stays as it is.
    So do products that are not in the file. A line is such as this:

    MUG,mug,Stoneware Mug,Kitchen,Holds 300 ml.,MUG-BLUE,Blue,1450,EUR,380,12

    An import that was interrupted goes on where it was when it is begun again.
    """

    async def main(settings: ShopSettings) -> tuple[Import, list[ReportLine], ImportReport]:
        async with existing_shop(settings) as shop:
            freeze_gc()
            with progress_bar() as progress:
                bar = progress.add_task(f"Importing {file.name}", total=None)
                done = await goods.import_file(
                    shop,
                    file,
                    decimal=decimal,
                    has_stock=not no_stock,
                    is_trial=dry_run,
                    pictures=images,
                    on_progress=lambda known: progress.update(bar, total=known.lines or None, completed=known.done),
                )
            preview = await shop.bus.ask(ReadImportReport(id=done.id, limit=1))
            return done, await goods.report_lines(shop.bus, done.id), preview

    done, lines, preview = run(main)
    _print_report(done, lines, preview)
    if done.refused or done.pictures_failed:
        raise typer.Exit(1)


@imports.callback()
def imports_default(context: typer.Context) -> None:
    """List the last imports if no subcommand is named."""
    if context.invoked_subcommand is None:
        list_command()


@imports.command(name="list")
def list_command() -> None:
    """List the last 100 imports, the last first."""

    async def main(settings: ShopSettings) -> ImportPage:
        async with existing_shop(settings) as shop:
            return await shop.bus.ask(ListImports(limit=100))

    out.print(tables.imports(run(main).imports))


@imports.command()
def undo(import_id: Annotated[str, typer.Argument(help="Its id, as `import` and `list` show it.")]) -> None:
    """Set back what an import has changed. What was changed again since stays, and is listed."""

    async def main(settings: ShopSettings) -> tuple[Import, ImportReport]:
        async with existing_shop(settings) as shop:
            done = await goods.undo_import(shop.bus, import_id)
            return done, await shop.bus.ask(ReadImportReport(id=done.id, limit=1))

    done, report = run(main)
    out.print(f"{done.restored} products, counts of stock and pictures set back, {done.kept} left.")
    if report.kept:
        out.print(tables.kept_changes(report.kept))


def export(
    file: Annotated[
        Path, typer.Argument(help="CSV file to write, which `import` can read. One that is there is overwritten.")
    ],
) -> None:
    """Export all products, hidden ones too, with their stock."""

    async def main(settings: ShopSettings) -> int:
        async with existing_shop(settings) as shop:
            with progress_bar() as progress:
                bar = progress.add_task(f"Exporting to {file.name}", total=None)
                return await goods.export_file(shop.bus, file, lambda done: progress.update(bar, advance=done))

    out.print(f"{run(main)} SKUs written to {file}.")


def _print_report(done: Import, lines: Sequence[ReportLine], preview: ImportReport) -> None:
    """Print what an import did, or would do."""
    if done.encoding == "Windows-1252":
        out.print("Read as Windows-1252, since it is no UTF-8: look at letters such as é and ü in the shop.")
    if done.ignored:
        ignored = printable(", ".join(done.ignored))
        out.print(f"Columns that mean nothing here, and are ignored: {ignored}.", markup=False)
    if done.is_trial:
        for table in tables.previews(preview):
            out.print(table)
    written = done.added + done.changed + done.unchanged
    out.print(f"{written} SKUs {'could be written' if done.is_trial else 'written'}, {done.refused} lines refused.")
    out.print(f"{done.added} added, {done.changed} changed, {done.unchanged} unchanged.")
    if done.pictures or done.pictures_failed:
        out.print(f"{done.pictures} pictures stored, {done.pictures_failed} failed.")
    if not done.is_trial:
        print_line(f"It is import {done.id}: `run.py imports undo {done.id}` sets it back.")
    if lines:
        out.print(tables.refused_lines((line.line, line.reason) for line in lines))
