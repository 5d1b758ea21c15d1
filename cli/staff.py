"""`staff`: people who work in the shop, added, listed and disabled by whoever may run commands here."""

from typing import Annotated

import typer
from rich.table import Table

from bus.messages.base import new_id
from bus.messages.staff import (
    COMMAND_LINE,
    OWNER,
    AlreadyThere,
    ChangePerson,
    Invite,
    LastOwner,
    ListPeople,
    NoSuchThing,
    Person,
    PersonKept,
    Reinvite,
)
from cli import tables
from cli.address import noted_address
from cli.running import existing_shop, out, print_line, run
from engine.errors import BadInput
from engine.tokens import hash_of_token
from gateway.staff_links import INVITATION_S, join_link, new_invitation
from wiring.domains import ShopSettings
from wiring.shop import Shop

staff = typer.Typer(help="People who work in the shop; alone it lists.", invoke_without_command=True)

Who = Annotated[str, typer.Argument(help="Id or e-mail address, as `list` shows them.")]


@staff.callback()
def staff_default(context: typer.Context) -> None:
    """List all people if no subcommand is named."""
    if context.invoked_subcommand is None:
        list_command()


@staff.command(name="list")
def list_command() -> None:
    """List the people who work here, with their roles."""

    async def main(settings: ShopSettings) -> Table | str:
        async with existing_shop(settings) as shop:
            return tables.people((await shop.bus.ask(ListPeople())).people)

    out.print(run(main))


@staff.command()
def add(
    email: Annotated[str, typer.Argument(help="E-mail address, to sign in with.")],
    role: Annotated[str, typer.Option(help="Role, such as owner, manager, catalogue, warehouse, support.")] = OWNER,
    name: Annotated[str, typer.Option(help="Name.")] = "",
) -> None:
    """Invite a person by a link that works once, for three days. One who is known gets a new link, and loses the old.

    It is the way back in, too, if the last owner has lost password or second factor.
    """
    if "@" not in email.strip("@"):
        typer.echo("ShopFlow: this is no e-mail address", err=True)
        raise typer.Exit(2)

    async def main(settings: ShopSettings) -> str:
        token = new_invitation()
        async with existing_shop(settings) as shop:
            invite = Invite(
                id=new_id("stf"), email=email, name=name, role=role, token_hash=hash_of_token(token),
                valid_s=INVITATION_S, by=COMMAND_LINE,
            )  # fmt: skip
            invited = isinstance(answer := await shop.bus.ask(invite), PersonKept)
            if isinstance(answer, AlreadyThere):
                person = await _find(shop, email)
                anew = Reinvite(id=person.id, token_hash=hash_of_token(token), valid_s=INVITATION_S, by=COMMAND_LINE)
                invited = isinstance(await shop.bus.ask(anew), PersonKept)
            if not invited:
                raise BadInput(f"there is no role {role}, or {email} is disabled; nothing was changed")
        edge = settings.edge
        return join_link(edge.public_url or noted_address(settings.engine.shopflow_data) or edge.listens_at, token)

    print_line(run(main))


@staff.command()
def disable(who: Who) -> None:
    """Disable a person at once: sessions end, and no way in is left. The last owner stays."""

    async def main(settings: ShopSettings) -> None:
        async with existing_shop(settings) as shop:
            person = await _find(shop, who)
            answer = await shop.bus.ask(ChangePerson(id=person.id, is_disabled=True, by=COMMAND_LINE))
            if isinstance(answer, LastOwner):
                raise BadInput(f"{who} is the last owner; add another one first")
            if isinstance(answer, NoSuchThing):
                raise BadInput(f"there is no {who}")

    run(main)
    out.print("Disabled.")


async def _find(shop: Shop, who: str) -> Person:
    people = (await shop.bus.ask(ListPeople())).people
    wanted = who.casefold()
    found = next((each for each in people if wanted in (each.id.casefold(), each.email.casefold())), None)
    if found is None:
        raise BadInput(f"there is no {who} among the people who work here")
    return found
