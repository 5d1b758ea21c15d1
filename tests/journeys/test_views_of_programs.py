"""Two real programs on one folder: what one changes, the other shows, though one is killed at any moment."""

import signal
from contextlib import AsyncExitStack, suppress
from functools import partial
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.faults.test_valkey import valkey
from tests.journeys.process import Program, end, program
from tests.waiting import eventually

pytestmark = pytest.mark.slow
PRODUCT = "/admin/api/products/TEABOWL"


async def page(shop: Program) -> dict[str, Any]:
    answer = await shop.ask("GET", "/products/TEABOWL")
    assert answer.status == 200, answer
    found: dict[str, Any] = answer.body
    return found


async def shows(shop: Program, title: str) -> bool:
    return bool((await page(shop))["title"] == title)


async def has_redis(shop: Program) -> bool:
    async with Redis.from_url(f"unix://{shop.data}/valkey/valkey.sock") as redis:
        try:
            return bool(await redis.ping())
        except RedisError:
            return False


@pytest.mark.timeout(180)
async def test_what_one_program_changes_the_other_shows_whatever_is_killed_or_emptied() -> None:
    async with program() as first, AsyncExitStack() as stack:
        await first.start()
        second = Program(first.data)
        stack.push_async_callback(end, second)
        await second.start()
        bearer = {"Authorization": f"Bearer {(await first.good('token')).strip()}"}

        async def rename(shop: Program, title: str) -> None:
            answer = await shop.ask("PATCH", PRODUCT, {"title": title}, **bearer)
            assert answer.status == 200, answer
            assert await shows(shop, title)  # Whoever made the change sees it.

        for shop in (first, second):
            assert await shows(shop, "Tea Bowl")
        await rename(first, "Bowl")
        await eventually(lambda: shows(second, "Bowl"))

        async with Redis.from_url(f"unix://{first.data}/valkey/valkey.sock") as redis:
            await redis.flushall()
        await rename(second, "Cup")
        await eventually(lambda: shows(first, "Cup"))

        for number in range(3):  # Killed, and started again by its users, with what it had a second ago.
            await eventually(lambda: has_redis(first))
            valkey(first.data).kill()
            await rename(first, f"Dish {number}")
            await eventually(partial(shows, second, f"Dish {number}"))

        first.settings["SHOPFLOW_CRASH_AT"] = "before-views-forgotten"
        await first.stop()
        await first.start()
        assert await shows(first, "Dish 2")
        with suppress(aiohttp.ClientError):  # It may die before it answers.
            await first.ask("PATCH", PRODUCT, {"title": "Beaker"}, **bearer)
        assert await first.ended() == -signal.SIGKILL
        await eventually(lambda: shows(second, "Beaker"))
        first.settings["SHOPFLOW_CRASH_AT"] = ""
        await first.start()
        assert await shows(first, "Beaker")
