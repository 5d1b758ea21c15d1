"""Views in Redis: for other processes, and for a process that has just started. All of them may be lost.

The documents are kept, and not what is rendered of them: processes of two versions may share them, and the addresses of
pictures are each process's own.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from random import randrange
from typing import Final

import msgspec
import structlog
from redis.asyncio import Redis

from bus.messages.base import ProductId
from bus.messages.views import ProductView, ViewRevision
from engine.clock import LONG_AGO, Clock
from engine.errors import Unavailable
from engine.services import redis_errors
from gateway.newer_wins import Versioned, keep_newer, read_versioned

_KEEP_S: Final = 3_600  # And up to a tenth more, by chance: so not all of an import end together.
_GRAVESTONE_S: Final = 120  # Longer than any reader can be on its way with an older view.
_WITHIN_S: Final = 0.25  # Redis is asked to save time: beyond this it does not.
_DECODER: Final = msgspec.json.Decoder(ProductView)
_log = structlog.get_logger()


class SharedViews:
    """Views in Redis, by product.

    Carts are there, too, and Redis makes room by dropping what was not used for long. So a process writes only so many
    bytes in the time for which they are kept, whoever reads a million products.
    """

    def __init__(self, redis: Redis, clock: Clock) -> None:
        self._redis = redis
        self._clock = clock
        self._since = LONG_AGO
        self._written = 0  # Bytes since then.

    async def read(self, product_ids: Sequence[ProductId]) -> dict[ProductId, ProductView]:
        """Read views; what is not there, or is none, is missing, and all are while Redis is away or slow."""
        if not product_ids:
            return {}
        try:
            with redis_errors():
                async with asyncio.timeout(_WITHIN_S):
                    values = await self._redis.mget([_key(product_id) for product_id in product_ids])
        except (Unavailable, TimeoutError):
            return {}
        views = (_view(value) for value in values)
        return {each: view for each, view in zip(product_ids, views, strict=True) if view and view.product.id == each}

    async def write(self, views: Sequence[ProductView], most_each: int, most_bytes: int) -> None:
        """Keep views that are newer than those kept, if Redis takes them.

        Args:
            views: As the database had them a moment ago.
            most_each: Bytes of one; a larger one is not kept.
            most_bytes: Of all that this process writes within an hour.
        """
        if abs(self._clock.now() - self._since) >= timedelta(seconds=_KEEP_S):
            self._since, self._written = self._clock.now(), 0
        if self._written >= most_bytes:
            return
        values = [Versioned(_key(view.product.id), view.revision, msgspec.json.encode(view)) for view in views]
        values = [value for value in values if len(value.content) <= most_each]
        self._written += sum(len(value.content) for value in values)
        try:
            with redis_errors():
                async with asyncio.timeout(_WITHIN_S):
                    await keep_newer(self._redis, values, _KEEP_S + randrange(_KEEP_S // 10))  # noqa: S311 - no secret
        except (Unavailable, TimeoutError) as error:
            _log.debug("views are not kept in Redis", error=str(error))

    async def bury(self, revisions: Sequence[ViewRevision], client: Redis) -> None:
        """Forget older views, and let none come back from a reader who was slow; through a pipeline."""
        stones = [Versioned(_key(each.product_id), each.revision, b"") for each in revisions]
        await keep_newer(client, stones, _GRAVESTONE_S)

    async def drop(self, product_ids: Sequence[ProductId]) -> None:
        """Forget views whatever their revision: of a database that was restored they may be from its future."""
        if product_ids:
            try:
                with redis_errors():
                    async with asyncio.timeout(_WITHIN_S):
                        await self._redis.delete(*map(_key, product_ids))
            except (Unavailable, TimeoutError) as error:
                _log.debug("views are not forgotten in Redis", error=str(error))


def _view(value: object) -> ProductView | None:
    """Read a view; None for a gravestone, and for what others may have put under its name."""
    version, content = read_versioned(value) or (0, b"")
    try:
        view = _DECODER.decode(content) if content else None
    except msgspec.DecodeError:
        return None
    return view if view is None or view.revision == version else None


def _key(product_id: ProductId) -> str:
    return f"view:product:{product_id}"
