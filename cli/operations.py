"""The commands `audit` and `schema`."""

from typing import Annotated

import msgspec
import typer

from bus.messages.audit import Audit, Audited, Repair, RepairMade
from bus.routes import Routes
from cli import tables
from cli.running import existing_shop, out, print_line, run
from wiring.domains import ACTORS, ShopSettings


def audit(
    repair: Annotated[
        bool, typer.Option("--repair", help="First correct the counters that can be recomputed safely, and list them.")
    ] = False,
) -> None:
    """Check that stock, orders, payments, parcels and mails fit together; list what does not, and what to do about it.

    It ends with status 0 if all is well, with 1 if something was found. It changes nothing without --repair, and may
    run while the shop sells. Stock levels are cached while the shop runs: after a stop there are fewer to check.
    """

    async def main(settings: ShopSettings) -> tuple[tuple[RepairMade, ...], Audited]:
        async with existing_shop(settings) as shop:
            made = (await shop.bus.ask(Repair(), timeout_s=600)).repairs if repair else ()
            return made, await shop.bus.ask(Audit(), timeout_s=600)

    made, audited = run(main)
    if made:
        out.print(tables.repairs(made))
    elif repair:
        print_line("There was nothing to repair.")
    if audited.findings:
        out.print(tables.findings(audited.findings))
    print_line(tables.audited(audited.parts, len(audited.findings)))
    if audited.findings:
        raise typer.Exit(1)


def schema() -> None:
    """Print every message as JSON Schema, and the listeners of each event."""
    routes = Routes(ACTORS)
    kinds = sorted(routes.message_types(), key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    print_line(
        msgspec.json.format(msgspec.json.encode({"listeners": routes.listeners(), "$defs": components})).decode()
    )
