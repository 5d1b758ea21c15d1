"""Updates through a real Valkey: they reach all who listen, and a gap is never kept from them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from unittest.mock import AsyncMock, Mock

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff
from redis.exceptions import ConnectionError as RedisConnectionError

from bus.messages.inventory import StockLevel, StockLevels
from bus.messages.parts import Bundles
from engine.actor import Bus
from engine.clock import ManualClock
from gateway.bundles import LiveLevel
from gateway.updates import Update, Updates
from testkit import Servers


def level(version: int) -> StockLevel:
    return StockLevel(sku="MUG", available=version, version=version)


class Listener:
    """Hears updates, with the clock going on while it waits."""

    def __init__(self, updates: Updates, clock: ManualClock) -> None:
        self._heard = updates.listen()
        self._clock = clock

    async def next(self) -> Update | None:
        hearing = asyncio.ensure_future(anext(self._heard))
        async with asyncio.timeout(10):
            while not (await asyncio.wait((hearing,), timeout=0.05))[0]:
                await self._clock.advance(seconds=1)
        return hearing.result()


@asynccontextmanager
async def telling(servers: Servers, clock: ManualClock, retries: int = 0) -> AsyncIterator[tuple[Updates, Redis]]:
    url, retry = await servers.fresh_redis_url(), Retry(ConstantBackoff(0.01), retries)
    async with Redis.from_url(url, retry=retry) as redis:
        updates = Updates(redis, clock, _nobody())
        told = asyncio.create_task(updates.run())
        yield updates, redis
        told.cancel()


@pytest.mark.parametrize("retries", [0, 3])
async def test_who_listens_is_told_of_a_gap_also_if_the_driver_mends_it_by_itself(
    servers: Servers, clock: ManualClock, retries: int
) -> None:
    async with telling(servers, clock, retries) as (updates, redis):
        listener = Listener(updates, clock)
        assert await listener.next() is None  # From here on everything is heard.
        updates.publish_levels([level(1)])
        assert await listener.next() == Update(stock=(level(1),))

        await redis.client_kill_filter(_type="pubsub")
        assert await listener.next() is None
        if not retries:
            assert await listener.next() is None  # Cut off; and now listening again.
        updates.publish_levels([level(2)])
        assert await listener.next() == Update(stock=(level(2),))


async def test_an_older_level_never_replaces_a_newer_one(servers: Servers, clock: ManualClock) -> None:
    async with telling(servers, clock) as (updates, _):
        listener = Listener(updates, clock)
        await listener.next()
        for version in (3, 1, 2):
            updates.publish_levels([level(version)])
            await listener.next()

        assert await updates.levels(["MUG"]) == [level(3)]


async def test_what_could_not_be_told_is_told_later_if_nothing_newer_came(
    servers: Servers, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telling(servers, clock) as (updates, redis):
        listener = Listener(updates, clock)
        await listener.next()
        with monkeypatch.context() as patch:
            patch.setattr(redis, "pipeline", Mock(side_effect=RedisConnectionError))
            updates.publish_levels([level(1), StockLevel(sku="LAMP", available=7, version=1)])
            await clock.advance(seconds=1)
            updates.publish_levels([level(2)])
            await clock.advance(seconds=1)

        told = await listener.next()

        assert told is not None
        assert {(each.sku, each.version) for each in told.stock} == {("MUG", 2), ("LAMP", 1)}
        assert await updates.levels(["MUG"]) == [level(2)]


async def test_who_must_not_see_an_old_value_is_told_by_the_inventory_and_so_is_redis(
    servers: Servers, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with telling(servers, clock) as (updates, _):
        listener = Listener(updates, clock)
        await listener.next()
        updates.publish_levels([level(1)])
        await listener.next()
        answers = [Bundles(bundles=()), StockLevels(levels=(level(2),))]
        monkeypatch.setattr(updates._bus, "ask", AsyncMock(side_effect=answers))

        assert await updates.levels(["MUG"]) == [level(1)]  # Somebody was killed between commit and telling.
        assert await updates.fresh_levels(["MUG"]) == [LiveLevel(level(2), ())]
        assert await updates.levels(["MUG"]) == [level(2)]


def _nobody() -> Bus:
    class Nobody:
        """Redis knows all that is asked for here."""

        async def ask(self, command: object, *, timeout_s: float | None = None) -> object:
            raise AssertionError(f"{command} should be in Redis")

        def tell(self, command: object) -> None:
            raise AssertionError(f"nobody is told {command}")

    return Nobody()  # type: ignore[return-value] # It answers nothing, of whatever type.
