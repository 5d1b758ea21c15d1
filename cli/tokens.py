"""`token` and `tokens`: bearer tokens of staff, made, listed and revoked."""

from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.table import Table

from cli import tables
from cli.running import existing_shop, out, print_line, run
from engine.errors import BadInput
from gateway.access import list_tokens, make_token, revoke_token
from wiring.domains import ShopSettings

tokens = typer.Typer(help="List and revoke the tokens of staff; alone it lists.", invoke_without_command=True)


_MOST_DAYS: Final = 3650


def _read_days(text: str | int) -> int:
    if not str(text).isdecimal() or not 1 <= int(text) <= _MOST_DAYS:
        raise typer.BadParameter(f"it must be a whole number from 1 to {_MOST_DAYS}")
    return int(text)


def token(
    role: Annotated[str, typer.Option(help="Role of its holder: staff.")] = "staff",
    days: Annotated[
        int, typer.Option(parser=_read_days, metavar="DAYS", help=f"Days until it expires, 1 to {_MOST_DAYS}.")
    ] = 90,
    label: Annotated[str, typer.Option(help="Name of its holder; shown in logs and timelines.")] = "command line",
) -> None:
    """Make a bearer token for /admin/api. The token is shown once."""
    if role != "staff":
        typer.echo("ShopFlow: --role must be staff", err=True)
        raise typer.Exit(2)

    async def main(settings: ShopSettings) -> str:
        async with existing_shop(settings) as shop, shop.services.database.transaction(shop.clock.now()) as tx:
            name = label.strip() or "command line"
            return await make_token(tx, role=role, label=name, valid_for=timedelta(days=days))

    print_line(run(main))


@tokens.callback()
def tokens_default(context: typer.Context) -> None:
    """List all tokens if no subcommand is named."""
    if context.invoked_subcommand is None:
        list_command()


@tokens.command(name="list")
def list_command() -> None:
    """List all tokens, the oldest first, without their secrets."""

    async def main(settings: ShopSettings) -> Table | str:
        async with existing_shop(settings) as shop:
            return tables.tokens(await list_tokens(shop.services.database), shop.clock.now())

    out.print(run(main))


@tokens.command()
def revoke(token_ids: Annotated[list[str], typer.Argument(help="Ids of tokens, as `list` shows them.")]) -> None:
    """Revoke tokens, at once. Their holders need new ones."""

    async def main(settings: ShopSettings) -> None:
        async with existing_shop(settings) as shop, shop.services.database.transaction(shop.clock.now()) as tx:
            unknown = [token_id for token_id in token_ids if not await revoke_token(tx, token_id)]
            if unknown:
                raise BadInput(f"there is no token {', '.join(unknown)} to revoke; nothing was changed")

    run(main)
    out.print(f"{len(token_ids)} revoked.")
