"""`dead-letters` and `queues`: messages that could not be handled, and those between processes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Final

import msgspec
import typer
from rich.table import Table

from bus.backlog import DeadLetter
from bus.sqs.client import open_sqs
from bus.sqs.membership import processes
from bus.sqs.queues import ParkedMessage, Queues
from cli import tables
from cli.running import existing_shop, out, run
from engine.errors import BadInput, BadSetting
from wiring.domains import ShopSettings
from wiring.hosting import ALL_ACTORS, LOCAL

_DIGITS: Final = 18  # Of a number that fits into PostgreSQL's bigint.

letters = typer.Typer(
    help="List, show and redrive messages that could not be handled; alone it lists.", invoke_without_command=True
)


@letters.callback()
def letters_default(context: typer.Context) -> None:
    """List parked messages if no subcommand is named."""
    if context.invoked_subcommand is None:
        list_letters()


@letters.command(name="list")
def list_letters() -> None:
    """List parked messages, the oldest first; then those that queues have parked."""

    async def main(settings: ShopSettings) -> tuple[Sequence[DeadLetter], Sequence[ParkedMessage]]:
        async with existing_shop(settings) as shop, _open_queues(settings) as queues:
            local = await shop.bus.backlog.dead_letters(limit=1000)
            return local, await queues.parked() if queues else ()

    out.print(tables.dead_letters(*run(main)))


@letters.command()
def show(
    letter_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a message, as `list` shows it.")],
) -> None:
    """Show a parked message in full."""

    async def main(settings: ShopSettings) -> DeadLetter | ParkedMessage:
        async with existing_shop(settings) as shop, _open_queues(settings) as queues:
            local = [each for row in _rows([letter_id]) for each in await shop.bus.backlog.dead_letters(row - 1, 1)]
            everywhere: list[DeadLetter | ParkedMessage] = [*local, *(await queues.parked() if queues else ())]
        found = next((letter for letter in everywhere if str(letter.id) == letter_id), None)
        if found is None:
            raise BadInput(f"there is no dead letter {letter_id}")
        return found

    out.print_json(msgspec.json.encode(run(main)).decode())


@letters.command()
def redrive(
    letter_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Ids of messages, as `list` shows them.")],
) -> None:
    """Retry parked messages. A running shop handles them within seconds, a stopped one when it starts."""

    async def main(settings: ShopSettings) -> int:
        async with existing_shop(settings) as shop, _open_queues(settings) as queues:
            local = await shop.bus.deliveries.redrive(_rows(letter_ids))
            redriven = local + (await queues.redrive(letter_ids) if queues else 0)
        if not redriven:
            raise BadInput(f"there is no dead letter {', '.join(letter_ids)}")
        return redriven

    redriven, asked = run(main), len(set(letter_ids))
    out.print(
        f"{redriven} of {asked} will be retried; there are no others."
        if redriven < asked
        else f"{redriven} will be retried."
    )


def _rows(letter_ids: Sequence[str]) -> list[int]:
    """Return the ids that are of rows of the database; those of queues are no numbers, or longer ones."""
    return [int(each) for each in letter_ids if each.isdecimal() and len(each) <= _DIGITS]


queue_commands = typer.Typer(
    help="Create and list the queues between processes (SQS_PREFIX); alone it lists.", invoke_without_command=True
)


@queue_commands.callback()
def queues_default(context: typer.Context) -> None:
    """List the queues if no subcommand is named."""
    if context.invoked_subcommand is None:
        list_queues()


@queue_commands.command(name="create")
def create_queues() -> None:
    """Create missing queues, and correct the attributes of existing ones. Repeating it changes nothing."""

    async def main(settings: ShopSettings) -> None:
        async with _open_queues(settings) as queues:
            if queues is None:
                raise BadSetting("SQS_PREFIX: must be set; the names of the queues begin with it")
            async for queue in queues.create():
                out.print(queue)

    run(main)


@queue_commands.command(name="list")
def list_queues() -> None:
    """List the queues: how full each is, the age of its oldest event, and the processes that handle it."""

    async def main(settings: ShopSettings) -> Table:
        async with existing_shop(settings) as shop, _open_queues(settings) as queues:
            if queues is None:
                raise BadSetting("SQS_PREFIX: must be set; without it all actors are in one process")
            now = shop.clock.now()
            waiting = await shop.bus.backlog.overdue(now)
            return tables.queues(await queues.states(), waiting, await processes(shop.services.database), now)

    out.print(run(main))


@asynccontextmanager
async def _open_queues(settings: ShopSettings) -> AsyncIterator[Queues | None]:
    """Open all the queues of the shop, if it has any."""
    if not settings.sqs.sqs_prefix:
        yield None
        return
    async with open_sqs(settings.sqs) as sqs:
        yield Queues(sqs, ALL_ACTORS.actors - LOCAL)
