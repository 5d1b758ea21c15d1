"""`search`: the index by which products are found."""

from typing import Final

import anyio
import typer

from bus.messages.search import CheckSearch, Reindex, SearchHealth
from cli.running import existing_shop, print_line, run
from wiring.domains import ShopSettings
from wiring.shop import Shop

search = typer.Typer(help="The index by which products are found.", no_args_is_help=True)

_LOOK_S: Final = 0.1
_LONGEST_S: Final = 3600.0  # A million products take a minute.


@search.callback()
def commands() -> None:
    """The index by which products are found."""


@search.command()
def rebuild() -> None:
    """Build the index anew. The one that is there answers until then."""

    async def main(settings: ShopSettings) -> SearchHealth:
        async with existing_shop(settings) as shop:
            return await rebuild_index(shop)

    health = run(main)
    print_line(f"The search's index has {health.products:,} products, in {health.size_bytes:,} bytes.")


async def rebuild_index(shop: Shop) -> SearchHealth:
    """Build the index of this shop anew, and return its state.

    Raises:
        TimeoutError: It was not done within an hour.
    """
    health = await shop.bus.ask(Reindex())
    with anyio.fail_after(_LONGEST_S):
        while health.is_building:
            await anyio.sleep(_LOOK_S)
            health = await shop.bus.ask(CheckSearch())
    return health
