"""`import` and `export`: catalogue and stock in and out."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cli import goods, tables
from cli.running import out, run
from wiring.domains import ShopSettings
from wiring.shop import attach_shop


def import_command(file: Annotated[Path, typer.Argument(help=f"CSV with {', '.join(goods.COLUMNS)}.")]) -> None:
    """Import products and stock. Existing rows are replaced; lines that are refused are listed with the reason."""

    async def main(settings: ShopSettings) -> goods.Report:
        with Progress(console=out) as progress:
            bar = progress.add_task(f"Importing {file.name}", total=goods.count_lines(file))
            async with attach_shop(settings) as shop:
                return await goods.import_file(shop.bus, file, lambda done: progress.update(bar, advance=done))

    report = run(main)
    out.print(f"{report.written} SKUs written, {len(report.refused)} lines refused.")
    if report.refused:
        out.print(tables.refused_lines(report.refused))
        raise typer.Exit(1)


def export(file: Annotated[Path, typer.Argument(help="CSV file to write, which `import` can read.")]) -> None:
    """Export the products for sale, with their stock."""

    async def main(settings: ShopSettings) -> int:
        with Progress(console=out) as progress:
            bar = progress.add_task(f"Exporting to {file.name}", total=None)
            async with attach_shop(settings) as shop:
                return await goods.export_file(shop.bus, file, lambda done: progress.update(bar, advance=done))

    out.print(f"{run(main)} SKUs written to {file}.")
