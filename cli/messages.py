"""`dead-letters` and `queues`: messages that could not be handled, and those between processes."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated

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

letters = typer.Typer(help="List, show and redrive messages that could not be handled.", invoke_without_command=True)


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
def show(letter_id: str) -> None:
    """Show a parked message in full."""

    async def main(settings: ShopSettings) -> DeadLetter | ParkedMessage:
        async with existing_shop(settings) as shop, _open_queues(settings) as queues:
            local = await shop.bus.backlog.dead_letters(int(letter_id) - 1, 1) if letter_id.isdecimal() else []
            everywhere: list[DeadLetter | ParkedMessage] = [*local, *(await queues.parked() if queues else ())]
        found = next((letter for letter in everywhere if str(letter.id) == letter_id), None)
        if found is None:
            raise BadInput(f"there is no dead letter {letter_id}")
        return found

    out.print_json(msgspec.json.encode(run(main)).decode())


@letters.command()
def redrive(letter_ids: Annotated[list[str], typer.Argument(help="Ids of messages, as `list` shows them.")]) -> None:
    """Retry parked messages. A running shop handles them within seconds, a stopped one when it starts."""

    async def main(settings: ShopSettings) -> int:
        async with existing_shop(settings) as shop, _open_queues(settings) as queues:
            local = await shop.bus.deliveries.redrive([int(each) for each in letter_ids if each.isdecimal()])
            return local + (await queues.redrive(letter_ids) if queues else 0)

    out.print(f"{run(main)} will be retried.")


queue_commands = typer.Typer(help="Create and list the queues between processes (SQS_PREFIX).", no_args_is_help=True)


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
