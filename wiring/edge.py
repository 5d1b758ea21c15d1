"""The edge of a shop: the HTTP server with its routes and the live hub, wired to the shop behind it."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import anyio

from actors.audit import levels
from bus.messages.order import OrderProgressed
from engine.passkeys import Passkeys, site_of
from engine.passwords import Passwords, open_passwords
from gateway.access import TOKEN_MARK, keys_of, may_see_order
from gateway.api.catalog.showing import render
from gateway.api.costs import COSTS
from gateway.app import make_app
from gateway.brand import BrandReader
from gateway.context import GatewayContext
from gateway.customers import CUSTOMERS
from gateway.flow_board import FlowBoard
from gateway.guard import Guard, make_guard
from gateway.headers import headers_of_all, headers_of_handshakes
from gateway.http_protocol import HttpBounds
from gateway.keys import Keys
from gateway.limiter import Limiter, SharedAllowances
from gateway.limits import AdmissionControl
from gateway.live import Hub, LiveSettings
from gateway.places import Places
from gateway.rate_limit import RateLimit
from gateway.server import Server, most_connections
from gateway.sessions import Sessions
from gateway.settings import EdgeSettings, url_of
from gateway.staff_gate import (
    MOST_OF_ACCOUNT,
    MOST_OF_ADDRESS,
    MOST_TRIES,
    SESSION_MARK,
    TRIES_S,
    StaffGate,
    staff_kind,
)
from gateway.stripe_events import OwnAccount
from gateway.tries import Tries
from gateway.views.reader import ViewReader
from gateway.watch import pass_on_updates, read_sold, read_status
from wiring.domains import ShopSettings
from wiring.settings import shown_settings
from wiring.shop import Shop


@asynccontextmanager
async def open_edge(shop: Shop, listener: socket.socket) -> AsyncIterator[Server]:
    """Start the edge on a bound socket; when the block ends, answer requests in progress and stop it."""
    async with open_passwords(shop.settings.passwords) as passwords, _serving(shop, listener, passwords) as server:
        yield server


@asynccontextmanager
async def _serving(shop: Shop, listener: socket.socket, passwords: Passwords) -> AsyncIterator[Server]:
    settings = shop.settings.edge

    async def watch_order(order_id: str, token: str) -> OrderProgressed | None:
        return await read_status(shop.bus, order_id) if await may_see_order(context, token, order_id) else None

    async def read_keys(token: str) -> frozenset[str] | None:
        return await keys_of(context, token)

    gate = make_staff_gate(shop, url_of(settings.shopflow_host, listener.getsockname()[1]))
    guard = make_guard(
        settings,
        shop.clock.monotonic,
        shop.clock.now,
        rest_s=shop.settings.cart.shopflow_cart_rest_s,
        is_shared=may_have_siblings(shop.settings),
    )
    hub = Hub(
        shop.updates.fresh_levels,
        watch_order,
        settings=_live_settings(settings, gate),
        clock=shop.clock.now,
        refusals=guard.refusals,
        read_sold=partial(read_sold, shop.bus),
        read_keys=read_keys,
        flow=FlowBoard(shop.bus.flow, shop.bus.supervisor.cells, shop.clock),
    )
    views = ViewReader(
        bus=shop.bus,
        shared=shop.updates.shared_views,
        floors=shop.updates.floors,
        render=partial(render, settings.media_url),
        clock=shop.clock,
        most_bytes=settings.shopflow_view_cache_mb << 20,
    )
    context = _context(shop, guard, hub, views, passwords, gate)
    server = Server(make_app(context, origins=settings.all_origins), _http_bounds(settings, guard), hub)
    shared = SharedAllowances(shop.services.redis, [*guard.limiters, *gate.limiters])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        tasks.start_soon(views.run)
        tasks.start_soon(shop.updates.live_levels.run)
        tasks.start_soon(pass_on_updates, shop.updates, hub, views, guard.unpaid, context.brand)
        if may_have_siblings(shop.settings):
            tasks.start_soon(shared.run)
        tasks.start_soon(server.serve, [listener])
        await server.is_up.wait()
        try:
            yield server
        finally:
            with anyio.CancelScope(shield=True):
                await hub.close(within_s=1.0)
                await server.stop()
            tasks.cancel_scope.cancel()


def _live_settings(settings: EdgeSettings, gate: StaffGate) -> LiveSettings:
    return LiveSettings(
        origins=settings.all_origins,
        headers=headers_of_handshakes(is_https=settings.is_https),
        max_of_address=settings.shopflow_live_of_address,
        session_cookie=f"__Host-{CUSTOMERS.cookie}" if settings.is_https else CUSTOMERS.cookie,
        staff_cookie=gate.sessions.cookie_name,
        staff_marks=(SESSION_MARK, TOKEN_MARK),
    )


def _context(
    shop: Shop, guard: Guard, hub: Hub, views: ViewReader, passwords: Passwords, gate: StaffGate
) -> GatewayContext:
    settings, integrations, redis = shop.settings.edge, shop.integrations, shop.services.redis
    site = site_of(gate.link_base, "ShopFlow")  # As it really listens: the port may be any free one.
    return GatewayContext(
        bus=shop.bus,
        cells=shop.bus.supervisor.cells,
        deliveries=shop.bus.deliveries,
        backlog=shop.bus.backlog,
        routes=shop.bus.routes,
        database=shop.services.database,
        redis=redis,
        objects=shop.objects,
        updates=shop.updates,
        views=views,
        hub=hub,
        levels=levels,
        clock=shop.clock,
        keys=Keys(shop.vault.roots),
        staff_gate=gate,
        guard=guard,
        vault=shop.vault,
        passwords=passwords,
        customers=Sessions(redis, shop.clock, CUSTOMERS, is_https=settings.is_https),
        tries=Tries(redis, shop.clock, shop.vault, settings.shopflow_login_failures),
        passkeys=Passkeys(redis, shop.clock, site),
        currency=settings.shopflow_currency,
        brand=BrandReader(bus=shop.bus, clock=shop.clock, settings=shop.settings.pages),
        settings=shown_settings(shop.settings),
        cart_hold_s=shop.settings.inventory.shopflow_cart_hold_s,
        language=settings.shopflow_language,
        media_url=settings.media_url,
        public_url=settings.public_url,
        stripe_publishable_key=integrations.stripe.stripe_publishable_key,
        stripe_api_base=integrations.stripe.stripe_api_base,
        stripe_webhook_secrets=integrations.stripe.webhook_secrets,
        stripe_account=OwnAccount(is_live=integrations.stripe.is_live, id=integrations.stripe.stripe_account),
        carrier_webhook_secrets=integrations.carrier.webhook_secrets,
    )


def make_staff_gate(shop: Shop, url: str) -> StaffGate:
    """Make the gate of staff, for a shop that listens at this address."""
    settings, edge, is_shared = shop.settings.staff, shop.settings.edge, may_have_siblings(shop.settings)
    url = edge.public_url or url

    def limiter(most: int, period_s: float) -> Limiter:
        return Limiter(RateLimit(most, period_s), shop.clock.monotonic, is_shared=is_shared)

    return StaffGate(
        settings=settings,
        sessions=Sessions(shop.services.redis, shop.clock, staff_kind(settings), is_https=edge.is_https),
        tries=limiter(MOST_TRIES, TRIES_S),
        of_account=limiter(MOST_OF_ACCOUNT, TRIES_S),
        of_address=limiter(MOST_OF_ADDRESS, 60.0),
        link_base=url,
    )


def may_have_siblings(settings: ShopSettings) -> bool:
    """Whether other processes may serve the same shop: it has servers of its own, or is split."""
    return bool(settings.engine.redis_url or settings.sqs.sqs_prefix)


def _http_bounds(settings: EdgeSettings, guard: Guard) -> HttpBounds:
    connections = most_connections(settings.shopflow_connections)
    of_address = settings.shopflow_connections_of_address
    return HttpBounds(
        # On a machine that allows few, no address has so many that few addresses have all.
        Places(connections, min(of_address, max(1, connections // 8)) if of_address else 0),
        guard.addresses,
        guard.refusals,
        AdmissionControl(guard, COSTS),
        guard.admit_socket,
        request_within_s=settings.shopflow_request_s,
        unread_within_s=settings.shopflow_unread_s,
        headers=headers_of_all(is_https=settings.is_https),
    )
