"""What the routes work with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.di import NamedDependency
from redis.asyncio import Redis

from bus.deliveries import Deliveries
from bus.messages.base import Currency
from bus.news import News
from engine.actor import Bus
from engine.cell import Cell
from engine.clock import Clock
from engine.postgres import Database
from gateway.keys import Keys
from gateway.live import Hub

Http: TypeAlias = Request[Any, Any, Any]
AnyConnection: TypeAlias = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Edge:
    """Everything behind the routes, wired in run.py."""

    bus: Bus
    cells: Mapping[str, Cell]  # The actors of this process.
    deliveries: Deliveries
    database: Database
    redis: Redis
    news: News
    hub: Hub
    clock: Clock
    keys: Keys
    currency: Currency
    stripe_publishable_key: str
    stripe_api_base: str  # As browsers reach it.
    stripe_webhook_secret: str
    carrier_webhook_secret: str


Wired: TypeAlias = NamedDependency[Edge]  # How a route asks for it.
