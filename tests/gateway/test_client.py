"""The Python client, at a real shop."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from bus.messages.inventory import SetOnHand
from gateway.client import Level, NotWatchable, watch_stock
from testkit import ShopUnderTest
from testkit.programs import ROOT

PATIENCE_S = 20.0


@asynccontextmanager
async def watching(shop: ShopUnderTest, *skus: str) -> AsyncIterator[AsyncIterator[Level]]:
    async with asyncio.timeout(PATIENCE_S), aclosing(watch_stock(shop.url, skus)) as levels:
        yield levels


async def test_it_gives_the_levels_of_now_and_then_every_change(shop: ShopUnderTest) -> None:
    async with watching(shop, "MUG", "LAMP") as levels:
        first = {level.sku: level.available for level in [await anext(levels), await anext(levels)]}
        await shop.ask(SetOnHand(sku="MUG", on_hand=7))

        assert first == {"MUG": 10, "LAMP": 1}
        change = await anext(levels)
        assert (change.sku, change.available) == ("MUG", 7)


async def test_it_comes_back_to_a_shop_that_was_killed_and_hears_only_what_is_new(shop: ShopUnderTest) -> None:
    async with watching(shop, "MUG", "LAMP") as levels:
        known = {level.sku: level.version for level in [await anext(levels), await anext(levels)]}
        await shop.restart()
        await shop.ask(SetOnHand(sku="MUG", on_hand=3))

        change = await anext(levels)

        assert (change.sku, change.available) == ("MUG", 3)
        assert change.version > known["MUG"]


async def test_a_sku_that_is_not_there_is_told_once_and_waited_for(shop: ShopUnderTest) -> None:
    troubles: list[str] = []
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(watch_stock(shop.url, ["MUG", "NOPE", "mug"], on_trouble=troubles.append)) as levels,
    ):
        assert (await anext(levels)).sku == "MUG"
        await shop.ask(SetOnHand(sku="MUG", on_hand=9))
        assert (await anext(levels)).sku == "MUG"
        assert troubles == [f"the shop knows no SKU {sku}; it is waited for" for sku in ("NOPE", "mug")]
        troubles.clear()

        await shop.restart()
        await shop.ask(SetOnHand(sku="NOPE", on_hand=3))

        change = await anext(levels)
        assert (change.sku, change.available) == ("NOPE", 3)
        assert not [trouble for trouble in troubles if "SKU" in trouble]


async def test_a_shop_that_is_not_there_is_told(unused_tcp_port: int) -> None:
    troubles: asyncio.Queue[str] = asyncio.Queue()
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with (
        asyncio.timeout(PATIENCE_S),
        aclosing(watch_stock(url, ["MUG"], on_trouble=troubles.put_nowait)) as levels,
    ):
        waiting = asyncio.create_task(anext(levels))

        assert (await troubles.get()).startswith(f"no shop answers at {url}: ")

        waiting.cancel()
        await asyncio.wait([waiting])


async def test_what_the_shop_refuses_is_an_error(shop: ShopUnderTest) -> None:
    async with watching(shop, *(f"SKU-{n}" for n in range(129))) as levels:
        with pytest.raises(NotWatchable, match="too_many_skus"):
            await anext(levels)


@pytest.mark.parametrize("words", [[], ["http://127.0.0.1:1"], ["MUG"], ["shop.example", "MUG"]])
def test_without_an_address_and_a_sku_it_says_how_it_is_called(words: list[str]) -> None:
    called = [sys.executable, "-m", "gateway.client", *words]
    done = subprocess.run(called, check=False, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "usage: python -m gateway.client http://127.0.0.1:8000 SKU [SKU ...]\n"
