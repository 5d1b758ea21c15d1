"""The newest stock level of each SKU in Redis, so that reading stock costs no turn.

A newer version always wins, in whatever order writers come (gateway/newer_wins.py). A cached level can be old all the
same: after a crash between commit and write, or when Redis has lost its last second. So a level is kept for a minute at
most.
"""

from collections.abc import Sequence

from redis.asyncio import Redis

from bus.messages.base import Sku
from bus.messages.inventory import StockLevel
from engine.errors import Unavailable
from engine.services import redis_errors
from gateway.newer_wins import Versioned, keep_newer

_KEEP_S = 60  # The longest that an old value can be shown after an update that was not published.


class StockCache:
    """Stock levels by SKU."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def write(self, levels: Sequence[StockLevel], client: Redis | None = None) -> None:
        """Cache levels that are newer than the cached ones; through `client`, which may be a pipeline."""
        if levels:
            values = [Versioned(_key(each.sku), each.version, b"%d" % each.available) for each in levels]
            await keep_newer(client or self._redis, values, _KEEP_S)

    async def read(self, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
        """Read cached levels; a SKU that is not cached is missing, and all are while Redis is away."""
        if not skus:
            return {}
        try:
            with redis_errors():
                values = await self._redis.mget([_key(sku) for sku in skus])
        except Unavailable:
            return {}
        return {
            sku: StockLevel(sku=sku, version=int(version), available=int(available))
            for sku, value in zip(skus, values, strict=True)
            if value is not None
            for version, available in (value.split(),)
        }


def _key(sku: Sku) -> str:
    return f"stock:{sku}"
