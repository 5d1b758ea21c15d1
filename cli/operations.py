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
        bool, typer.Option("--repair", help="First repair the counters that are safe to repair, and list them.")
    ] = False,
) -> None:
    """Compare counters with ledgers and rows, and domains with each other; list every inconsistency."""

    async def main(settings: ShopSettings) -> tuple[tuple[RepairMade, ...], Audited]:
        async with existing_shop(settings) as shop:
            made = (await shop.bus.ask(Repair(), timeout_s=600)).repairs if repair else ()
            return made, await shop.bus.ask(Audit(), timeout_s=600)

    made, audited = run(main)
    if made:
        out.print(tables.repairs(made))
    if audited.findings:
        out.print(tables.findings(audited.findings))
    checked = ", ".join(f"{part.checked} {part.name}" for part in audited.parts)
    print_line(f"Checked: {checked}. {len(audited.findings)} findings.")
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
