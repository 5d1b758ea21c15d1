"""The HTTP application for operations: metrics and health, on a port of its own.

Metrics say how much a shop sells and where it is slow. So they are not on the port that a proxy passes on to the
world, where one forgotten rule would publish them. A process without a gateway has this port, too.
"""

from litestar import Litestar, MediaType, Response, get
from litestar.types import ASGIApp
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from redis.asyncio import Redis

from engine.postgres import Database
from gateway.api.health import ALIVE, Health, readiness
from gateway.headers import with_headers
from gateway.heads import with_head
from gateway.paths import with_one_spelling
from gateway.problems import HANDLERS


def make_operations_app(database: Database, redis: Redis) -> ASGIApp:
    """Make the application over the servers whose readiness it reports."""

    @get("/health/live")
    async def live() -> Health:
        return ALIVE

    @get("/health/ready")
    async def ready() -> Response[Health]:
        return await readiness(database, redis)

    @get("/metrics", media_type=MediaType.TEXT, sync_to_thread=False)
    def metrics() -> Response[bytes]:
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = Litestar([live, ready, metrics], openapi_config=None, exception_handlers=HANDLERS, logging_config=None)
    return with_head(with_headers(with_one_spelling(app), is_https=False))
