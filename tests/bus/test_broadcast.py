"""A broadcast carries any Struct, to all who listen to its channel and nobody else."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from redis.asyncio import Redis

from bus.broadcast import Broadcast
from engine.clock import ManualClock
from testkit import Servers


class Tide(msgspec.Struct, frozen=True):
    height_cm: int


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    async with Redis.from_url(await servers.fresh_redis_url()) as opened:
        yield opened


async def test_all_who_listen_hear_it_on_its_own_channel(redis: Redis, clock: ManualClock) -> None:
    tides, others = Broadcast(redis, clock, "tides", Tide), Broadcast(redis, clock, "others", Tide)
    listeners = [tides.listen(), tides.listen()]
    async with asyncio.timeout(10):
        assert [await anext(listener) for listener in listeners] == [None, None]  # From here on, all is heard.

        await others.publish(Tide(1))
        async with redis.pipeline(transaction=False) as pipeline:
            await tides.publish(Tide(2), pipeline)
            await tides.publish(Tide(3), pipeline)
            await pipeline.execute()

        assert [await anext(listener) for listener in listeners] == [Tide(2), Tide(2)]
        assert [await anext(listener) for listener in listeners] == [Tide(3), Tide(3)]
