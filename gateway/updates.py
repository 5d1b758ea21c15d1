"""Updates: stock levels, order statuses, changed carts and products, published to every gateway for its watchers.

Levels are cached before they are published. When Redis is away or was emptied nothing is lost: readers ask the
inventory, and updates that could not be published are published later. Watchers, who are promised every change, read
from the inventory itself.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import datetime

import msgspec
from redis.asyncio import Redis

from bus.broadcast import Broadcast
from bus.messages.base import CartId, Sku
from bus.messages.inventory import GetStock, StockLevel
from bus.messages.order import OrderProgressed
from bus.messages.views import ViewRevision
from engine import telemetry
from engine.actor import Bus
from engine.clock import FOREVER, Clock, Sleeper
from engine.crash import CrashPoint
from engine.errors import Unavailable
from engine.services import redis_errors
from gateway.bundles import LiveLevel, read_levels
from gateway.stock_cache import StockCache
from gateway.views.floors import Floors
from gateway.views.levels import LiveLevels
from gateway.views.shared import SharedViews

_MOST_AT_ONCE = 500
_MOST_ORDERS = 10_000  # Kept while Redis is away; watchers of an older one read it again anyway.
_RETRY_S = 1.0
_CHANNEL = "news"  # The name that gateways of earlier versions use.

_PUBLISHING = CrashPoint("before-news", "A change has committed; it has not been published.")
_BURYING = CrashPoint("before-views-forgotten", "A product has changed; its older views are still in Redis.")
_BURIED = CrashPoint("after-views-forgotten", "Its older views are gone and all were told; that is not recorded.")


class Update(msgspec.Struct, frozen=True, omit_defaults=True):
    """A batch of changes, as published."""

    stock: tuple[StockLevel, ...] = ()
    orders: tuple[OrderProgressed, ...] = ()
    carts: tuple[CartId, ...] = ()  # To be read again.
    views: tuple[ViewRevision, ...] = ()  # Nothing older may be shown.
    views_changed_at: datetime | None = None
    sessions: tuple[str, ...] = ()  # Hashes of tokens of sessions that have ended.
    brand: bool = False  # The shop's identity has changed.


class Updates:
    """Publishes changes, many at once, and reads stock levels from the cache or from the inventory."""

    def __init__(self, redis: Redis, clock: Clock, bus: Bus) -> None:
        self._redis = redis
        self._bus = bus
        self._broadcast = Broadcast(redis, clock, _CHANNEL, Update)
        self._cache = StockCache(redis)
        self.shared_views = SharedViews(redis, clock)
        self.floors = Floors()
        self.live_levels = LiveLevels(self.levels, clock)
        self._stock: dict[Sku, StockLevel] = {}
        self._orders: list[OrderProgressed] = []
        self._carts: dict[CartId, None] = {}
        self._sessions: list[str] = []
        self._brand = False
        self._sleeper = Sleeper(clock)
        self._log = telemetry.logger(part="updates")

    def publish_levels(self, levels: Sequence[StockLevel]) -> None:
        """Cache and publish levels soon; the newest of a SKU wins. This process shows them at once."""
        self.live_levels.changed(levels)
        for level in levels:
            known = self._stock.get(level.sku)
            if known is None or known.version < level.version:
                self._stock[level.sku] = level
        self._sleeper.wake()

    def publish_orders(self, orders: Sequence[OrderProgressed]) -> None:
        """Publish order statuses soon."""
        self._orders.extend(orders)
        self._sleeper.wake()

    def publish_carts(self, carts: Sequence[CartId]) -> None:
        """Publish soon that these carts have changed."""
        self._carts |= dict.fromkeys(carts)
        self._sleeper.wake()

    def publish_ended_sessions(self, token_hashes: Sequence[str]) -> None:
        """Publish soon that these sessions have ended: whoever watches by them is cut off."""
        if token_hashes:
            self._sessions.extend(token_hashes)
            self._sleeper.wake()

    def publish_brand(self) -> None:
        """Publish soon that the shop's name, looks or notices have changed."""
        self._brand = True
        self._sleeper.wake()

    async def forget_views(self, views: Sequence[ViewRevision], changed_at: datetime) -> None:
        """Forget older views of products in Redis, then tell all processes.

        Raises:
            Unavailable: Redis is away: to be tried again.
        """
        self.floors.raise_to(views)
        _BURYING.reach()
        with redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                await self.shared_views.bury(views, pipeline)
                await self._broadcast.publish(Update(views=tuple(views), views_changed_at=changed_at), pipeline)
                await pipeline.execute()
        _BURIED.reach()

    async def levels(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """Read levels from the cache or, where it has none, from the inventory. A SKU without books is missing.

        Raises:
            Unavailable: The inventory did not answer.
        """
        known = await self._cache.read(skus)
        missing = tuple(sku for sku in skus if sku not in known)
        if missing:
            asked = (await self._bus.ask(GetStock(skus=missing))).levels
            known |= {level.sku: level for level in asked}
            self.publish_levels(asked)  # Cached for later readers; publishing it as well is harmless.
        return [known[sku] for sku in skus if sku in known]

    async def cached_levels(self, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
        """Read cached levels, whether they are current or not; a SKU that is not cached is missing."""
        return await self._cache.read(skus)

    async def fresh_levels(self, skus: Sequence[Sku]) -> list[LiveLevel]:
        """Read levels from the inventory, for readers who must not see an old value; of bundles, too."""
        asked = await read_levels(self._bus, skus)
        with suppress(Unavailable), redis_errors():
            await self._cache.write([level for level, parts in asked if not parts])
        return asked

    def listen(self) -> AsyncIterator[Update | None]:
        """Yield published updates; None whenever one may have been missed. Ends by being cancelled."""
        return self._broadcast.listen()

    async def run(self) -> None:
        """Cache and publish collected changes, many at once. Ends by being cancelled."""
        try:
            while True:
                await self._sleeper.until(FOREVER)
                while self._stock or self._orders or self._carts or self._sessions or self._brand:
                    if not await self._publish():
                        await self._sleeper.until(FOREVER, within_s=_RETRY_S)
        finally:
            self._sleeper.close()

    async def _publish(self) -> bool:
        """Publish the next few changes; False if they must be retried later."""
        levels = list(self._stock.values())[:_MOST_AT_ONCE]
        orders = self._orders[:_MOST_AT_ONCE]
        carts = tuple(self._carts)[:_MOST_AT_ONCE]
        sessions = tuple(self._sessions[:_MOST_AT_ONCE])
        brand, self._brand = self._brand, False
        for level in levels:
            del self._stock[level.sku]
        del self._orders[: len(orders)]
        del self._sessions[: len(sessions)]
        for cart_id in carts:
            del self._carts[cart_id]
        _PUBLISHING.reach()
        try:
            with redis_errors():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    await self._cache.write(levels, pipeline)
                    update = Update(
                        stock=tuple(levels), orders=tuple(orders), carts=carts, sessions=sessions, brand=brand
                    )
                    await self._broadcast.publish(update, pipeline)
                    await pipeline.execute()
        except Unavailable as away:
            self._log.info("updates are published later; watchers read again by themselves", error=str(away))
            self._stock = {level.sku: level for level in levels} | self._stock  # Levels that came meanwhile are newer.
            self._orders = [*orders, *self._orders][-_MOST_ORDERS:]
            self._sessions = [*sessions, *self._sessions][-_MOST_ORDERS:]
            self._brand |= brand
            # Carts are not kept: they are in Redis themselves, and after a gap all watchers read again.
            return False
        return True
