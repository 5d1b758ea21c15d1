"""`tour`: one order from cart to delivered, by a scripted buyer and the warehouse's hands."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Final

import typer
from rich.table import Table

from bus.messages.staff import KEYS
from cli.address import noted_address
from cli.program_tokens import make_token, revoke_token
from cli.running import existing_shop, out, progress_bar, run
from cli.scripted_buyer import Tour, TourFailed, TourOrder
from engine.errors import BadInput
from gateway.settings import url_of
from wiring.domains import ShopSettings

_URL: Final = re.compile(r"https?://[^\s/?#]+/?")


def tour(
    url: Annotated[str, typer.Option(help="The shop's URL. Default: that of the shop on this data folder.")] = "",
) -> None:
    """Take one order from cart to delivered against the running shop, as a buyer and the warehouse would.

    The order is real and stays: it takes two units of stock, and a test payment of the sandbox.
    """

    async def main(settings: ShopSettings) -> TourOrder:
        if url and not _URL.fullmatch(url):
            raise BadInput(f"--url: {url} is no URL of a shop, which is such as http://127.0.0.1:8000")
        noted = noted_address(settings.engine.shopflow_data)
        where = url or noted or url_of(settings.edge.shopflow_host, settings.edge.shopflow_port)
        async with _token(settings) as token:
            with progress_bar() as progress:
                bar = progress.add_task("Beginning ...", total=Tour.STEPS)
                walk = Tour(where, token, lambda step: progress.update(bar, advance=1, description=step))
                return await walk.walk()

    try:
        order = run(main)
    except* TourFailed as failed:
        typer.echo(f"The tour ended early: {failed.exceptions[0]}", err=True)
        raise typer.Exit(1) from None
    table = Table("when", "event", "detail", title=f"Order {order.number}: {order.status_text}")
    for moment in order.timeline:
        table.add_row(moment.at.strftime("%H:%M:%S.%f")[:-3], moment.title, moment.text)
    out.print(table)


@asynccontextmanager
async def _token(settings: ShopSettings) -> AsyncIterator[str]:
    """Make a token for the warehouse's hands; when the block ends, however it ends, it is revoked.

    If the shop can't be reached even then, the token expires within an hour.
    """
    async with existing_shop(settings) as shop:
        token, about = await make_token(shop.bus, label="tour", keys=KEYS, valid_for=timedelta(hours=1))
    try:
        yield token
    finally:
        async with existing_shop(settings) as shop:
            await revoke_token(shop.bus, about.id)
