"""The command about breached passwords: `breached-file make`."""

from pathlib import Path
from typing import Annotated

import typer

from cli.running import print_line
from engine.breached_file import make_breached_file
from engine.errors import BadInput

breached = typer.Typer(help="The file of breached passwords, which are refused.", no_args_is_help=True)


@breached.callback()
def commands() -> None:
    """Make the file of breached passwords, which are refused."""


@breached.command("make")
def make(
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", exists=True, dir_okay=False, help="SHA-1 hashes, one a line.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", dir_okay=False, help="The file to write, or to replace.")],
) -> None:
    """Write the file that SHOPFLOW_BREACHED_PASSWORDS names, of a list of hashes that was downloaded.

    A line is 40 hexadecimal digits, and maybe a colon and a count. It may take an hour for a billion lines.
    """
    try:
        count = make_breached_file(source, out)
    except (BadInput, OSError) as error:
        typer.echo(f"ShopFlow: {source}: {error}", err=True)
        raise typer.Exit(2) from None
    print_line(f"{out} has {count:,} breached passwords. Name it in SHOPFLOW_BREACHED_PASSWORDS.")
