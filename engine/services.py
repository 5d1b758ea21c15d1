"""PostgreSQL and Redis: opened here, closed here, embedded where no address is configured."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from engine.embedded.postgres import embedded_postgres
from engine.embedded.valkey import embedded_valkey
from engine.errors import BadSetting, Unavailable
from engine.postgres import Database, open_database
from engine.settings import EngineSettings

_REDIS_CONNECTIONS = 32
_FREE_WITHIN_S = 1.0  # Wait for one of them when all are in use.


@dataclass(frozen=True, slots=True)
class Services:
    """Open connections."""

    database_url: str
    database: Database
    redis: Redis


@asynccontextmanager
async def open_services(settings: EngineSettings) -> AsyncIterator[Services]:
    """Connect to PostgreSQL and Redis, starting those that are embedded; close and stop them when the block ends.

    Raises:
        BadSetting: A server can't be reached or started; the text is one line.
    """
    async with AsyncExitStack() as stack:
        database_url = settings.database_url or await stack.enter_async_context(
            embedded_postgres(settings.shopflow_data / "postgres")
        )
        redis_url = settings.redis_url or await stack.enter_async_context(
            embedded_valkey(settings.shopflow_data / "valkey")
        )
        database = await stack.enter_async_context(
            open_database(database_url, connections=settings.shopflow_database_connections)
        )
        redis = await stack.enter_async_context(_open_redis(redis_url))
        yield Services(database_url=database_url, database=database, redis=redis)


@contextmanager
def redis_errors() -> Iterator[None]:
    """Raise the engine's errors in place of the driver's.

    Raises:
        Unavailable: Redis did not answer, or can't do its work (out of memory, still loading, read-only).
    """
    try:
        yield
    except RedisError as error:
        raise Unavailable("Redis", str(error) or type(error).__name__, retry_after_s=1.0) from error


@asynccontextmanager
async def _open_redis(url: str) -> AsyncIterator[Redis]:
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_REDIS_CONNECTIONS,
            timeout=_FREE_WITHIN_S,
            socket_timeout=5,
            socket_connect_timeout=2,
            retry=Retry(ExponentialBackoff(cap=0.2, base=0.01), 2),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
        client = Redis.from_pool(pool)
        await client.ping()
    except (RedisError, ValueError, OSError) as error:
        raise BadSetting(f"REDIS_URL: no Redis answers there: {error}") from error
    try:
        yield client
    finally:
        await client.aclose()
