"""News: stock levels and order statuses, published through Redis to every gateway. A hint, never a record.

Redis also keeps the newest level of each SKU, so that reading stock costs no turn. The value is written before it is
published, and a newer version always wins, in whatever order writers come: a script compares versions where they are.
When Redis is away or was emptied nothing is lost: readers ask the inventory, and watchers read again.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from datetime import timedelta

import msgspec
from redis.asyncio import Redis

from bus.messages.base import Sku
from bus.messages.inventory import GetStock, StockLevel
from bus.messages.order import OrderProgressed
from engine import telemetry
from engine.actor import Bus
from engine.clock import FOREVER, Clock, Sleeper
from engine.errors import Unavailable
from engine.services import redis_errors

_KEEP_S = 24 * 3600  # What nobody reads or changes for a day is forgotten.
_MOST_AT_ONCE = 500

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
        self._keep_newer = redis.register_script(_KEEP_NEWER)
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

    async def run(self) -> None:
        """Write and publish what was announced, many at once. Ends by being cancelled."""
        try:
            while True:
                await self._sleeper.until(FOREVER)
                while self._stock or self._orders:
                    await self._tell()
        finally:
            self._sleeper.close()

    async def listen(self) -> AsyncIterator[Bulletin | None]:
        """The news as they come; None whenever some may have been missed. Ends by being cancelled."""
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(self._channel)
                    yield None
                    async with aclosing(channel.listen()) as messages:
                        async for message in messages:
                            yield _DECODER.decode(message["data"])
            except Exception as error:  # noqa: BLE001 - whatever the driver raises, we are cut off and come back
                self._log.info("cut off from the news", error=str(error))
                yield None
            pause = Sleeper(self._clock)
            await pause.until(self._clock.now() + timedelta(seconds=1))
            pause.close()

    async def _tell(self) -> None:
        levels = list(self._stock.values())[:_MOST_AT_ONCE]
        orders = self._orders[:_MOST_AT_ONCE]
        for level in levels:
            del self._stock[level.sku]
        del self._orders[: len(orders)]
        bulletin = _ENCODER.encode(Bulletin(stock=tuple(levels), orders=tuple(orders)))
        try:
            with redis_errors():
                async with self._redis.pipeline(transaction=False) as pipeline:
                    if levels:
                        keys = [_key(level.sku) for level in levels]
                        words = [str(word) for level in levels for word in (level.version, level.available)]
                        await self._keep_newer(keys=keys, args=[_KEEP_S, *words], client=pipeline)
                    pipeline.publish(self._channel, bulletin)
                    await pipeline.execute()
        except Unavailable as away:
            self._log.info("news were not told; watchers read again by themselves", error=str(away))

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
