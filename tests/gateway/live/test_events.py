"""The stream for clients without websockets."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import pytest

from bus.messages.inventory import StockLevel
from gateway.live import LiveRefusal
from tests.gateway.live.support import Message, edge, sample, shown, soon

MUG, LAMP = "MUG", "LAMP"


async def following(stream: AsyncGenerator[bytes, None]) -> Message:
    while not (message := await soon(anext(stream))):
        pass
    said: Message = json.loads(message)
    return said


async def test_a_stream_tells_the_values_of_now_and_then_changes() -> None:
    async with edge() as live, aclosing(live.hub.subscribe_events([MUG, LAMP])) as stream:
        mug = live.shelf.put(MUG, 5, 1)
        assert await following(stream) == {"op": "subscribed", "stock": shown(mug)}

        live.hub.stock_changed([StockLevel(sku=MUG, available=4, version=2)])

        assert await following(stream) == {"op": "stock", **shown(StockLevel(sku=MUG, available=4, version=2))[0]}


async def test_a_stream_that_is_not_read_keeps_only_the_newest() -> None:
    async with (
        edge() as live,
        aclosing(live.hub.subscribe_events([MUG])) as slow,
        aclosing(live.hub.subscribe_events([MUG])) as quick,
    ):
        await following(slow)
        await following(quick)
        for version in range(1, 20):
            live.hub.stock_changed([StockLevel(sku=MUG, available=version, version=version)])
            while (await following(quick))["version"] < version:
                pass

        assert (await following(slow))["version"] == 19


async def test_a_stream_is_kept_alive_and_told_when_values_may_be_old() -> None:
    async with edge(ping_every_s=0.02) as live, aclosing(live.hub.subscribe_events([MUG])) as stream:
        await following(stream)
        assert await soon(anext(stream)) == b""

        live.hub.stale()

        assert await following(stream) == {"op": "stale"}


async def test_a_stream_ends_when_the_hub_closes_and_is_forgotten() -> None:
    async with edge() as live:
        watched = sample("subscriptions")
        stream = live.hub.subscribe_events([MUG])
        await following(stream)
        assert sample("subscriptions") == watched + 1

        await live.hub.close(within_s=0.01)

        async with asyncio.timeout(5):
            async for _ in stream:
                pass
        assert sample("subscriptions") == watched


async def test_streams_have_bounds() -> None:
    async with edge(max_event_streams=1) as live, aclosing(live.hub.subscribe_events([MUG])) as stream:
        with pytest.raises(LiveRefusal, match="128"):
            live.hub.subscribe_events([f"SKU-{n}" for n in range(129)])
        await following(stream)

        with pytest.raises(LiveRefusal, match="Too many"):
            live.hub.subscribe_events([MUG])
