"""The newest stock level of each SKU in Redis, so that reading stock costs no turn.

A newer version always wins, in whatever order writers come: a script compares versions inside Redis. A cached level
can be old all the same: after a crash between commit and write, or when Redis has lost its last second. So a level is
kept for a minute at most.
"""

from collections.abc import Awaitable, Sequence
from typing import cast

from redis.asyncio import Redis

from bus.messages.base import Sku
from bus.messages.inventory import StockLevel
from engine.errors import Unavailable
from engine.services import redis_errors

_KEEP_S = 60  # The longest that an old value can be shown after an update that was not published.

# KEYS: a key for each SKU. ARGV: seconds to keep, then version and level for each. A value starts with its version.
_KEEP_NEWER = """
for i, key in ipairs(KEYS) do
    local known = redis.call('get', key)
    local version = tonumber(ARGV[2 * i])
    if not known or tonumber(string.match(known, '^%d+')) < version then
        redis.call('set', key, ARGV[2 * i] .. ' ' .. ARGV[2 * i + 1], 'ex', ARGV[1])
    end
end
"""


class StockCache:
    """Stock levels by SKU."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def write(self, levels: Sequence[StockLevel], client: Redis | None = None) -> None:
        """Cache levels that are newer than the cached ones; through `client`, which may be a pipeline."""
        if levels:
            keys = [_key(level.sku) for level in levels]
            words = [str(word) for level in levels for word in (level.version, level.available)]
            # With the text each time: for a registered script the driver first asks whether Redis still has it.
            written = (client or self._redis).eval(_KEEP_NEWER, len(keys), *keys, str(_KEEP_S), *words)
            await cast("Awaitable[object]", written)

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
