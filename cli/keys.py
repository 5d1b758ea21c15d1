"""`keys`: the keys under which personal data is sealed."""

from typing import Annotated, Final

import typer
from rich.table import Table

from cli.running import existing_shop, out, print_line, run
from wiring.domains import ShopSettings
from wiring.shop import Shop

keys = typer.Typer(help="The keys under which personal data is sealed.", no_args_is_help=True)

_BATCH: Final = 2_000


@keys.callback()
def commands() -> None:
    """The keys under which personal data is sealed."""


@keys.command(name="list")
def list_command() -> None:
    """List the key-encryption keys, those that are gone included, and how many keys each wraps."""

    async def main(settings: ShopSettings) -> Table:
        async with existing_shop(settings) as shop:
            table = Table("version", "made", "destroyed", "keys", box=None)
            for kek in await shop.vault.keks.summaries():
                gone = f"{kek.destroyed_at:%Y-%m-%d %H:%M}" if kek.destroyed_at else ""
                table.add_row(str(kek.version), f"{kek.made_at:%Y-%m-%d %H:%M}", gone, f"{kek.wraps:,}")
            return table

    out.print(run(main))


@keys.command()
def rotate(
    master: Annotated[
        bool, typer.Option("--master", help="Change the master key, too, if it stands in its file.")
    ] = False,
) -> None:
    """Make a new key-encryption key and wrap all keys under it. The old one is destroyed an hour later.

    Safe to repeat, and to run beside a working shop. Whoever has copied files and database before can read them only
    with the old keys: copies of the data folder are to be destroyed as well.
    """

    async def main(settings: ShopSettings) -> str:
        async with existing_shop(settings) as shop:
            return await rotate_keys(shop, master=master)

    print_line(run(main))


async def rotate_keys(shop: Shop, *, master: bool) -> str:
    """Rotate a shop's keys; return what was done, in a sentence.

    Raises:
        BadSetting: The master key stands in a setting, which people change.
    """
    changed = f"Master key {await shop.vault.change_root()} is in use. " if master else ""
    version, wrapped = await shop.vault.keks.begin(), 0
    while True:
        async with shop.services.database.transaction(shop.clock.now()) as tx:
            count = await shop.vault.keks.rewrap(tx, _BATCH)
        if not count:
            return f"{changed}Key-encryption key {version} is current; {wrapped:,} keys are wrapped under it."
        wrapped += count
