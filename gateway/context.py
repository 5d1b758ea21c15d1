"""The services that routes work with."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from litestar.types import Scope
from redis.asyncio import Redis

from bus.backlog import Backlog
from bus.deliveries import Deliveries
from bus.messages.base import Currency, ProductId, Sku
from bus.messages.customer import EmailIndex
from bus.messages.inventory import StockLevel
from bus.routes import Routes
from engine.actor import Bus
from engine.cell import ActorCell
from engine.clock import Clock
from engine.objects import Objects
from engine.passkeys import Passkeys
from engine.passwords import Passwords
from engine.postgres import Database
from engine.vault import Vault
from gateway.brand import BrandReader
from gateway.guard import Guard
from gateway.keys import Keys
from gateway.live import Hub
from gateway.sessions import Sessions
from gateway.settings import ShownSetting
from gateway.staff_gate import StaffGate
from gateway.stripe_events import OwnAccount
from gateway.tries import Tries
from gateway.updates import Updates
from gateway.views.reader import ViewReader

Http: TypeAlias = Request[Any, Any, Any]
AnyConnection: TypeAlias = ASGIConnection[Any, Any, Any, Any]
Levels: TypeAlias = Mapping[Sku, StockLevel]
ReadLevels: TypeAlias = Callable[[Collection[Sku]], Awaitable[Levels]]


MOST_FEEDS: Final = 2  # Sitemaps and feeds that are written at once.


class LevelAudit(Protocol):
    """The audit's judgement of cached stock levels."""

    def stale_levels(self, cached: Levels, actual: Levels) -> dict[Sku, StockLevel]:
        """Return the actual levels of those SKUs whose cached level differs."""
        ...

    async def confirm_stale(
        self, suspects: Levels, read_cached: ReadLevels, read_actual: ReadLevels
    ) -> list[tuple[StockLevel, str]]:
        """Return those suspects that do not catch up in time, and the fault of each."""
        ...


@dataclass(frozen=True, slots=True)
class GatewayContext:
    """The services behind the routes, wired in wiring/edge.py."""

    bus: Bus
    cells: Mapping[str, ActorCell]  # The actors of this process.
    deliveries: Deliveries
    backlog: Backlog
    routes: Routes
    database: Database
    redis: Redis
    objects: Objects  # Pictures, and uploads of them.
    updates: Updates
    views: ViewReader
    hub: Hub
    levels: LevelAudit
    clock: Clock
    keys: Keys
    staff_gate: StaffGate
    guard: Guard
    vault: Vault  # For the indexes of addresses.
    passwords: Passwords
    customers: Sessions
    tries: Tries
    passkeys: Passkeys
    currency: Currency
    brand: BrandReader
    settings: tuple[ShownSetting, ...]  # Of the environment, for staff to read.
    cart_hold_s: float
    language: str
    media_url: str  # Before the keys of pictures, without a slash behind it.
    public_url: str  # As browsers reach the shop, without a slash behind it; "" if no setting names it.
    stripe_publishable_key: str
    stripe_api_base: str  # As browsers reach it.
    stripe_webhook_secrets: tuple[str, ...]
    stripe_account: OwnAccount
    carrier_webhook_secrets: tuple[str, ...]
    feeds: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_FEEDS))  # Walks through all goods.
    products_of_skus: dict[Sku, ProductId] = field(default_factory=dict)  # As looked up; gateway/api/catalog/few.py.
    in_progress: dict[str, asyncio.Event] = field(default_factory=dict)  # Requests in progress, by key.


def put_context(scope: Scope, context: GatewayContext) -> None:
    """Attach its context to a request."""
    scope.setdefault("state", {})["context"] = context


def context_of(scope: Scope) -> GatewayContext:
    """Return the context of a request."""
    context: GatewayContext = scope["state"]["context"]
    return context


def client_address(connection: AnyConnection) -> str:
    """Return the address of a request's client, as gateway/limits.py has found it."""
    return str(connection.scope["state"]["client_address"])


def index_of(context: GatewayContext, email: str) -> EmailIndex:
    """Return the index of an address: what is counted or looked up by it has no other name, and names nobody."""
    return context.vault.email_index(email).hex()


def context_of_request(request: Http) -> GatewayContext:
    """Return the context of a request, for the injection into routes."""
    return context_of(request.scope)


Injected: TypeAlias = NamedDependency[GatewayContext]  # The type of a route's parameter `context`.
