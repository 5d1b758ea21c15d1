"""The edge of a shop: the HTTP server with its routes and the live hub, wired to the shop behind it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from actors.audit import levels
from bus.messages.order import OrderProgressed
from gateway.access import may_see_order
from gateway.app import make_app
from gateway.context import GatewayContext
from gateway.keys import Keys, read_master_key
from gateway.live import Hub, LiveSettings
from gateway.server import Server
from gateway.watch import pass_on_updates, read_status
from wiring.shop import Shop


@asynccontextmanager
async def open_edge(shop: Shop, listener: socket.socket) -> AsyncIterator[Server]:
    """Start the edge on a bound socket; when the block ends, answer requests in progress and stop it."""
    settings, integrations = shop.settings.edge, shop.integrations
    keys = Keys(read_master_key(settings.shopflow_master_key, shop.settings.engine.shopflow_data))

    async def watch_order(order_id: str, token: str) -> OrderProgressed | None:
        return await read_status(shop.bus, order_id) if await may_see_order(context, token, order_id) else None

    hub = Hub(
        shop.updates.fresh_levels,
        watch_order,
        settings=LiveSettings(origins=settings.all_origins),
        clock=shop.clock.now,
    )
    context = GatewayContext(
        bus=shop.bus,
        cells=shop.bus.supervisor.cells,
        deliveries=shop.bus.deliveries,
        backlog=shop.bus.backlog,
        database=shop.services.database,
        redis=shop.services.redis,
        updates=shop.updates,
        hub=hub,
        levels=levels,
        clock=shop.clock,
        keys=keys,
        currency=settings.shopflow_currency,
        public_url=settings.public_url,
        stripe_publishable_key=integrations.stripe.stripe_publishable_key,
        stripe_api_base=integrations.stripe.stripe_api_base,
        stripe_webhook_secret=integrations.stripe.stripe_webhook_secret,
        carrier_webhook_secret=integrations.carrier.carrier_webhook_secret,
    )
    server = Server(make_app(context, origins=settings.all_origins), hub)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        tasks.start_soon(pass_on_updates, shop.updates, hub)
        tasks.start_soon(server.serve, [listener])
        await server.is_up.wait()
        try:
            yield server
        finally:
            with anyio.CancelScope(shield=True):
                await hub.close(within_s=1.0)
                await server.stop()
            tasks.cancel_scope.cancel()


def url_of(host: str, port: int) -> str:
    """Write the shop's URL. Source: RFC 3986, 3.2.2, for the brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
