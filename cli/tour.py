"""`tour`: one order from cart to delivered, by a scripted buyer and the warehouse's hands."""

from datetime import timedelta
from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from cli.address import noted_address
from cli.running import existing_shop, out, run
from cli.scripted_buyer import Tour, TourFailed
from gateway.access import make_token
from gateway.settings import url_of
from wiring.domains import ShopSettings


def tour(
    url: Annotated[str, typer.Option(help="The shop's URL. Default: that of the shop on this data folder.")] = "",
) -> None:
    """Take one order from cart to delivered against the running shop, as a buyer and the warehouse would."""

    async def main(settings: ShopSettings) -> None:
        async with existing_shop(settings) as shop, shop.services.database.transaction(shop.clock.now()) as tx:
            token = await make_token(tx, role="staff", label="tour", valid_for=timedelta(hours=1))
        noted = noted_address(settings.engine.shopflow_data)
        where = url or noted or url_of(settings.edge.shopflow_host, settings.edge.shopflow_port)
        with Progress(console=out) as progress:
            bar = progress.add_task("Beginning ...", total=Tour.STEPS)
            walk = Tour(where, token, lambda step: progress.update(bar, advance=1, description=step))
            order = await walk.walk()
        table = Table("when", "event", "detail", title=f"Order {order.number}: {order.status_text}")
        for moment in order.timeline:
            table.add_row(moment.at.strftime("%H:%M:%S.%f")[:-3], moment.title, moment.text)
        out.print(table)

    try:
        run(main)
    except* TourFailed as failed:
        typer.echo(f"The tour ended early: {failed.exceptions[0]}", err=True)
        raise typer.Exit(1) from None
