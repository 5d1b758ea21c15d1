"""`token` and `tokens`: bearer tokens of programs, made, listed and revoked."""

from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.table import Table

from bus.messages.staff import KEYS, LONGEST_LABEL, ListTokens, unknown_keys
from cli import tables
from cli.program_tokens import make_token, revoke_token
from cli.running import existing_shop, out, print_line, run
from engine.errors import BadInput
from engine.settings import listed
from wiring.domains import ShopSettings

tokens = typer.Typer(help="List and revoke the tokens of programs; alone it lists.", invoke_without_command=True)


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
    keys: Annotated[
        str,
        typer.Option(
            help="What it may: keys with commas between, such as read_orders,write_stock. Empty: everything.",
            show_default=False,
        ),
    ] = "",
) -> None:
    """Make a bearer token for /admin/api. The token is shown once."""
    if role != "staff":
        typer.echo("ShopFlow: --role must be staff", err=True)
        raise typer.Exit(2)
    wanted = listed(keys) or KEYS
    if unknown := unknown_keys(wanted):
        typer.echo(f"ShopFlow: --keys: there is no {', '.join(unknown)}; there are {', '.join(KEYS)}", err=True)
        raise typer.Exit(2)

    async def main(settings: ShopSettings) -> str:
        name = (label.strip() or "command line")[:LONGEST_LABEL]
        async with existing_shop(settings) as shop:
            return (await make_token(shop.bus, label=name, keys=wanted, valid_for=timedelta(days=days)))[0]

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
            return tables.tokens((await shop.bus.ask(ListTokens())).tokens, shop.clock.now())

    out.print(run(main))


@tokens.command()
def revoke(token_ids: Annotated[list[str], typer.Argument(help="Ids of tokens, as `list` shows them.")]) -> None:
    """Revoke tokens, at once. Their holders need new ones."""

    async def main(settings: ShopSettings) -> None:
        async with existing_shop(settings) as shop:
            known = {each.id for each in (await shop.bus.ask(ListTokens())).tokens if each.revoked_at is None}
            if unknown := [token_id for token_id in token_ids if token_id not in known]:
                raise BadInput(f"there is no token {', '.join(unknown)} to revoke; nothing was changed")
            for token_id in token_ids:
                await revoke_token(shop.bus, token_id)

    run(main)
    out.print(f"{len(token_ids)} revoked.")
