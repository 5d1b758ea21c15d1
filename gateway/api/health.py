"""Whether this process is alive, and its servers answer: for load balancers on the public port, and for operations."""

import anyio
from litestar import Response
from redis.asyncio import Redis

from engine.errors import ShopFlowError
from engine.postgres import Database
from engine.services import redis_errors
from gateway.api.bodies import View

_PROBE_S = 2.0


class Health(View, frozen=True, kw_only=True):
    """Whether this part works."""

    status: str
    checks: dict[str, str]


ALIVE = Health(status="ok", checks={})


async def readiness(database: Database, redis: Redis) -> Response[Health]:
    """Answer 503 while PostgreSQL or Redis does not answer, or can't write."""
    checks = {"postgresql": "away", "redis": "away"}
    with anyio.move_on_after(_PROBE_S):
        checks["postgresql"] = await _postgres(database)
    with anyio.move_on_after(_PROBE_S):
        checks["redis"] = await _redis(redis)
    is_ready = set(checks.values()) == {"ok"}
    health = Health(status="ok" if is_ready else "unavailable", checks=checks)
    return Response(health, status_code=200 if is_ready else 503)


async def _postgres(database: Database) -> str:
    try:
        await database.check()
    except ShopFlowError:
        return "away"
    return "ok"


async def _redis(redis: Redis) -> str:
    try:
        with redis_errors():
            await redis.ping()
    except ShopFlowError:
        return "away"
    return "ok"
