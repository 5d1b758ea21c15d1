"""The commands about persons: `erase`, `erasures`, `legal-holds` and `personal-data`."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from bus.messages.customer import NoSuchCustomer
from bus.messages.privacy import (
    EraseCustomer,
    EraseGuest,
    ErasureBegun,
    Erasures,
    FindOrder,
    FoundOrder,
    HoldPerson,
    LegalHolds,
    ListErasures,
    ListLegalHolds,
    NoSuchPerson,
    PersonHeld,
    ReadPersonalAccount,
    ReleasePerson,
)
from cli.running import existing_shop, print_line, run
from engine.clock import SystemClock
from engine.errors import BadInput
from gateway.personal_zip import personal_zip, zip_of_order
from wiring.domains import ShopSettings
from wiring.shop import Shop

holds = typer.Typer(help="Persons who must not be forgotten yet.", no_args_is_help=True)

_CUSTOMER: Final = "cus_"
Who = Annotated[str, typer.Argument(metavar="CUSTOMER", help="A customer's id, or the number of a guest's order.")]


def erase(
    who: Who,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask whether it is meant.")] = False,
) -> None:
    """Forget a customer, or the buyer of a guest's order, now. It can't be undone.

    An order that has not ended is forgotten as soon as it has. `run.py erasures` shows how far it is.
    """
    if not yes:
        typer.confirm(f"Forget {who} for ever?", abort=True)

    async def main(settings: ShopSettings) -> ErasureBegun | PersonHeld | NoSuchCustomer | NoSuchPerson:
        async with existing_shop(settings) as shop:
            if who.startswith(_CUSTOMER):
                return await shop.bus.ask(EraseCustomer(customer_id=who, reason="asked"))
            return await shop.bus.ask(EraseGuest(order_id=who, reason="asked"))

    match run(main):
        case ErasureBegun():
            print_line(f"{who} is forgotten. `run.py erasures` has the receipt as soon as the running shop is done.")
        case PersonHeld(reason=reason, until=until):
            _fail(f"{who} is on hold, {_until(until)}: {reason}")
        case _:
            _fail(f"there is no {who}")


def erasures() -> None:
    """List the erasures under way and the newest receipts, and check that no receipt was changed.

    It ends with status 1 if one was.
    """

    async def main(settings: ShopSettings) -> Erasures:
        async with existing_shop(settings) as shop:
            return await shop.bus.ask(ListErasures(), timeout_s=60)

    found = run(main)
    for each in found.under_way:
        print_line(f"under way since {_time(each.begun_at)}: {each.subject}, {_orders(each.waiting)}")
    for receipt in found.receipts:
        print_line(f"{receipt.id}: {_time(receipt.at)} {receipt.reason} {receipt.subject_hash[:16]} {receipt.checked}")
    if found.broken_at is not None:
        _fail(f"receipt {found.broken_at} does not fit the one before: it was changed, or one is missing")
    if not found.under_way and not found.receipts:
        print_line("Nobody was forgotten.")


def personal_data(who: Who, file: Annotated[Path, typer.Argument(metavar="FILE.zip", dir_okay=False)]) -> None:
    """Write all that the shop keeps of a customer, or about a guest's order, into a ZIP file.

    For who asks for it in writing, and has proven who they are.
    """

    async def main(settings: ShopSettings) -> bytes:
        async with existing_shop(settings) as shop:
            return await _content(shop, who)

    content = run(main)
    file.touch(mode=0o600)
    file.write_bytes(content)
    print_line(f"{file} has all that is kept of {who}. Delete it when it was handed over.")


async def _content(shop: Shop, who: str) -> bytes:
    now = SystemClock().now()
    if who.startswith(_CUSTOMER):
        if not (await shop.bus.ask(ReadPersonalAccount(customer_id=who))).records:
            raise BadInput(f"there is no {who}")
        return await personal_zip(shop.bus, now, who)
    found = await shop.bus.ask(FindOrder(number=who))
    if not isinstance(found, FoundOrder):
        raise BadInput(f"there is no {who}")
    return await zip_of_order(shop.bus, now, found.order_id)


@holds.callback()
def commands() -> None:
    """Persons who must not be forgotten yet, because a court or an authority asks for it."""


@holds.command("list")
def list_holds() -> None:
    """List the holds in force."""

    async def main(settings: ShopSettings) -> LegalHolds:
        async with existing_shop(settings) as shop:
            return await shop.bus.ask(ListLegalHolds())

    _print(run(main))


@holds.command("add")
def add_hold(
    who: Who,
    reason: Annotated[str, typer.Option("--reason", help="The number of a file, and no name.")],
    until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Its end; without it, its release.")
    ] = None,
) -> None:
    """Keep a customer, or a guest's order, from being forgotten."""

    async def main(settings: ShopSettings) -> LegalHolds:
        async with existing_shop(settings) as shop:
            subject = await _subject(shop, who)
            end = until.replace(tzinfo=UTC) if until else None
            return await shop.bus.ask(HoldPerson(subject=subject, reason=reason, by="command line", until=end))

    _print(run(main))


@holds.command("release")
def release_hold(who: Who) -> None:
    """Release a hold. What was due to be forgotten is, within a day."""

    async def main(settings: ShopSettings) -> LegalHolds:
        async with existing_shop(settings) as shop:
            return await shop.bus.ask(ReleasePerson(subject=await _subject(shop, who)))

    _print(run(main))


async def _subject(shop: Shop, who: str) -> str:
    if who.startswith(_CUSTOMER):
        return who
    found = await shop.bus.ask(FindOrder(number=who))
    if not isinstance(found, FoundOrder):
        raise BadInput(f"there is no {who}")
    return found.order_id


def _print(found: LegalHolds) -> None:
    for hold in found.holds:
        print_line(f"{hold.subject}: {_until(hold.until)}, since {_time(hold.at)}: {hold.reason}")
    if not found.holds:
        print_line("Nobody is on hold.")


def _orders(waiting: int) -> str:
    return "1 order waits" if waiting == 1 else f"{waiting} orders wait"


def _until(until: datetime | None) -> str:
    return f"until {until:%Y-%m-%d}" if until else "until it is released"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _fail(line: str) -> None:
    typer.echo(f"ShopFlow: {line}", err=True)
    raise typer.Exit(1)
