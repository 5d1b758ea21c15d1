"""The newest stock level of each SKU in Redis, so that reading stock costs no turn.

A newer version always wins, in whatever order writers come: a script compares versions where they are. What is cached
can be old all the same: a crash came between commit and writing, or Redis forgot its last second. So it is kept for a
minute at most.
"""

from collections.abc import Awaitable, Sequence
from typing import cast

from redis.asyncio import Redis

from bus.messages.base import Sku
from bus.messages.inventory import StockLevel
from engine.errors import Unavailable
from engine.services import redis_errors

_KEEP_S = 60  # The longest that a value which nobody has published can be shown.

# KEYS: a key for each SKU. ARGV: how long to keep, then version and level for each. A level starts with its version.
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
        """Keep these where they are newer than what is known; through `client`, which may be a pipeline."""
        if levels:
            keys = [_key(level.sku) for level in levels]
            words = [str(word) for level in levels for word in (level.version, level.available)]
            # With its text each time: of a registered script the driver asks first whether Redis still has it.
            written = (client or self._redis).eval(_KEEP_NEWER, len(keys), *keys, str(_KEEP_S), *words)
            await cast("Awaitable[object]", written)

    async def read(self, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
        """Read what is cached of these; a SKU that is not is missing, and all are while Redis is away."""
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
