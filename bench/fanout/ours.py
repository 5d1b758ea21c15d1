"""ShopFlow's edge as run.py makes it, without a shop behind it."""

import asyncio
from collections.abc import Sequence

import uvicorn
import uvloop
from litestar.types import Receive, Scope, Send

from bench.fanout.driver import drive
from bus.messages.inventory import StockLevel
from bus.messages.order import OrderProgressed
from gateway.bundles import LiveLevel
from gateway.client_address import ClientAddresses
from gateway.http_protocol import HttpBounds
from gateway.live import Hub, LiveSettings
from gateway.places import Places
from gateway.refusals import Refusals
from gateway.server import Server, bind

SETTINGS = LiveSettings(handshakes_a_second=100_000, reread_every_s=3600.0)


async def _read(skus: Sequence[str]) -> Sequence[LiveLevel]:
    return [LiveLevel(StockLevel(sku=sku, available=0, version=0), ()) for sku in skus]


async def _no_order(_order_id: str, _token: str) -> OrderProgressed | None:
    return None


async def _no_page(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise NotImplementedError("there are only websockets here")


async def main() -> None:
    """Serve until stdin ends."""
    hub = Hub(_read, _no_order, settings=SETTINGS)
    bounds = HttpBounds(Places(100_000, 0), ClientAddresses(), Refusals(asyncio.get_running_loop().time))

    def tell(changes: Sequence[tuple[int, int]]) -> None:
        hub.stock_changed(
            [
                StockLevel(sku=f"SKU-{number:07}", available=version % 100, version=version)
                for number, version in changes
            ]
        )

    with bind("127.0.0.1", 0) as listener:
        server: uvicorn.Server = Server(_no_page, bounds, hub)
        tasks = [asyncio.create_task(hub.run()), asyncio.create_task(server.serve([listener]))]
        await drive(listener.getsockname()[1], tell)
        for task in tasks:
            task.cancel()


if __name__ == "__main__":
    uvloop.run(main())
