"""News: stock levels and order statuses, published through Redis to every gateway. A hint, never a record.

Redis also keeps the newest level of each SKU, so that reading stock costs no turn. The value is written before it is
published, and a newer version always wins, in whatever order writers come: a script compares versions where they are.
When Redis is away or was emptied nothing is lost: readers ask the inventory, and what could not be told is told later.

What Redis keeps can be old all the same: a crash came between commit and telling, or Redis forgot its last second. So
it is kept for a minute at most, and watchers, who are promised to see every change, read from the inventory itself.
"""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import aclosing, suppress
from typing import cast

import msgspec
from redis.asyncio import Redis

from bus.messages.base import Sku
from bus.messages.inventory import GetStock, StockLevel
from bus.messages.order import OrderProgressed
from engine import telemetry
from engine.actor import Bus
from engine.clock import FOREVER, Clock, Sleeper
from engine.crash import CrashPoint
from engine.errors import Unavailable
from engine.services import redis_errors

_KEEP_S = 60  # The longest that a value which nobody told can be shown.
_MOST_AT_ONCE = 500
_MOST_ORDERS = 10_000  # Kept while Redis is away; who watches an older one reads it again anyway.
_AGAIN_S = 1.0

_TELLING = CrashPoint("before-news", "A change has committed; nobody who watches has been told.")

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


class Bulletin(msgspec.Struct, frozen=True, omit_defaults=True):
    """What travels on the channel."""

    stock: tuple[StockLevel, ...] = ()
    orders: tuple[OrderProgressed, ...] = ()


_DECODER = msgspec.json.Decoder(Bulletin)
_ENCODER = msgspec.json.Encoder()


class News:
    """Tells the news, and keeps the newest stock levels."""

    def __init__(self, redis: Redis, clock: Clock, bus: Bus) -> None:
        self._redis = redis
        self._clock = clock
        self._bus = bus
        # Redis has one space of channels for all its databases; shops that share a server must not hear each other.
        self._channel = f"shopflow:{redis.connection_pool.connection_kwargs.get('db') or 0}:news"
        self._stock: dict[Sku, StockLevel] = {}
        self._orders: list[OrderProgressed] = []
        self._sleeper = Sleeper(clock)
        self._log = telemetry.logger(part="news")

    def announce(self, levels: Sequence[StockLevel]) -> None:
        """Make these known soon; the newest of a SKU wins."""
        for level in levels:
            known = self._stock.get(level.sku)
            if known is None or known.version < level.version:
                self._stock[level.sku] = level
        self._sleeper.wake()

    def announce_orders(self, news: Sequence[OrderProgressed]) -> None:
        """Make these known soon."""
        self._orders.extend(news)
        self._sleeper.wake()

    async def levels(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """Current levels, from Redis where it knows them and else from the inventory. A SKU without stock is missing.

        Raises:
            Unavailable: The inventory did not answer.
        """
        known = await self._kept(skus)
        missing = tuple(sku for sku in skus if sku not in known)
        if missing:
            asked = (await self._bus.ask(GetStock(skus=missing))).levels
            known |= {level.sku: level for level in asked}
            self.announce(asked)  # Kept for later readers; that it is published as well harms nobody.
        return [known[sku] for sku in skus if sku in known]

    async def kept(self, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
        """The levels that Redis keeps, whether they are true or not; what it does not know is missing."""
        return await self._kept(skus)

    async def levels_now(self, skus: Sequence[Sku]) -> list[StockLevel]:
        """As `levels`, but from the inventory, for those who must not see an old value."""
        asked = (await self._bus.ask(GetStock(skus=tuple(skus)))).levels
        with suppress(Unavailable), redis_errors():
            await self._keep(asked)
        return list(asked)

    async def run(self) -> None:
        """Write and publish what was announced, many at once. Ends by being cancelled."""
        try:
            while True:
                await self._sleeper.until(FOREVER)
                while self._stock or self._orders:
                    if not await self._tell():
                        await self._sleeper.until(FOREVER, within_s=_AGAIN_S)
        finally:
            self._sleeper.close()

    async def listen(self) -> AsyncIterator[Bulletin | None]:
        """The news as they come; None whenever some may have been missed. Ends by being cancelled."""
        while True:
            try:
                async with self._redis.pubsub() as channel:
                    await channel.subscribe(self._channel)
                    async with aclosing(channel.listen()) as messages:
                        async for message in messages:  # The driver also reconnects by itself, and subscribes again.
                            yield _DECODER.decode(message["data"]) if message["type"] == "message" else None
            except Exception as error:  # noqa: BLE001 - whatever the driver raises, we are cut off and come back
                self._log.info("cut off from the news", error=str(error))
                yield None
            pause = Sleeper(self._clock)
            await pause.until(FOREVER, within_s=1)
            pause.close()

    async def _tell(self) -> bool:
        """Tell the next few; False if they must be told later."""
        levels = list(self._stock.values())[:_MOST_AT_ONCE]
        orders = self._orders[:_MOST_AT_ONCE]
        for level in levels:
            del self._stock[level.sku]
        del self._orders[: len(orders)]
        _TELLING.reach()
        bulletin = _ENCODER.encode(Bulletin(stock=tuple(levels), orders=tuple(orders)))
        try:
            with redis_errors():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    await self._keep(levels, pipeline)
                    pipeline.publish(self._channel, bulletin)
                    await pipeline.execute()
        except Unavailable as away:
            self._log.info("news are told later; watchers read again by themselves", error=str(away))
            self._stock = {level.sku: level for level in levels} | self._stock  # What came meanwhile is newer.
            self._orders = [*orders, *self._orders][-_MOST_ORDERS:]
            return False
        return True

    async def _keep(self, levels: Sequence[StockLevel], client: Redis | None = None) -> None:
        if levels:
            keys = [_key(level.sku) for level in levels]
            words = [str(word) for level in levels for word in (level.version, level.available)]
            # With its text each time: of a registered script the driver asks first whether Redis still has it.
            kept = (client or self._redis).eval(_KEEP_NEWER, len(keys), *keys, str(_KEEP_S), *words)
            await cast("Awaitable[object]", kept)

    async def _kept(self, skus: Sequence[Sku]) -> dict[Sku, StockLevel]:
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
