"""`import` and `export`: catalogue and stock in and out."""

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from cli import goods, tables
from cli.goods_rows import REQUIRED, Decimal
from cli.running import existing_shop, out, progress_bar, run
from engine.telemetry import printable
from wiring.domains import ShopSettings

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
        bool, typer.Option("--dry-run", help="Write nothing; only list the lines to be refused.")
    ] = False,
) -> None:
    """Import products and stock. Existing rows are replaced; lines that are refused are listed with the reason.

    Stock is written where `on_hand` has a number. Without that column, or where its cell is empty, it stays as it is.
    So do products that are not in the file. A line is such as this:

    MUG,mug,Stoneware Mug,Kitchen,Holds 300 ml.,MUG-BLUE,Blue,1450,EUR,380,12
    """

    async def main(settings: ShopSettings) -> goods.Report:
        read = goods.read_file(file, decimal, has_stock=not no_stock)
        if read.encoding == "Windows-1252":
            out.print("Read as Windows-1252, since it is no UTF-8: look at letters such as é and ü in the shop.")
        if read.ignored:
            out.print(
                f"Columns that mean nothing here, and are ignored: {printable(', '.join(read.ignored))}.", markup=False
            )
        async with existing_shop(settings) as shop:
            with progress_bar() as progress:
                bar = progress.add_task(f"Importing {file.name}", total=len(read.lines))
                return await goods.import_goods(
                    shop.bus, read, lambda done: progress.update(bar, advance=done), is_trial=dry_run
                )

    report = run(main)
    written = "could be written" if dry_run else "written"
    out.print(f"{report.written} SKUs {written}, {len(report.refused)} lines refused.")
    if report.refused:
        out.print(tables.refused_lines(report.refused))
        raise typer.Exit(1)


def export(
    file: Annotated[
        Path, typer.Argument(help="CSV file to write, which `import` can read. One that is there is overwritten.")
    ],
) -> None:
    """Export the products for sale, with their stock."""

    async def main(settings: ShopSettings) -> int:
        async with existing_shop(settings) as shop:
            with progress_bar() as progress:
                bar = progress.add_task(f"Exporting to {file.name}", total=None)
                return await goods.export_file(shop.bus, file, lambda done: progress.update(bar, advance=done))

    out.print(f"{run(main)} SKUs written to {file}.")
