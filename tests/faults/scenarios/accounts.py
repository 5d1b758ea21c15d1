"""Accounts: a code that is shown twice, and sessions that an old Redis remembers."""

import aiohttp

from testkit import ShopUnderTest
from tests.faults.scenarios.parts import Findings
from tests.journeys.accounts import Person, restore_in_redis, sessions_in_redis


async def a_code_is_shown_twice(shop: ShopUnderTest) -> Findings:
    """Somebody signs in with a code, and somebody else who has read it does so, too."""
    async with aiohttp.ClientSession() as http:
        ada = Person(shop, http)
        await ada.join()
        await shop.clock.advance(minutes=1)
        await ada.ask_code()
        code = ada.code()
        assert (await ada.log_in_with_code(code)).status == 201
        again = await ada.another_device().log_in_with_code(code)
    return ["a code has let two in"] if again.status == 201 else []


async def redis_comes_back_with_sessions_that_have_ended(shop: ShopUnderTest) -> Findings:
    """All sessions are ended, and then Redis is restored from before."""
    async with aiohttp.ClientSession() as http:
        ada = Person(shop, http)
        await ada.join()
        kept = await sessions_in_redis(shop)
        assert (await ada.ask("DELETE", "/me/sessions")).status == 200
        await restore_in_redis(shop, kept)
        again = await ada.me()
    return ["a session that was ended is one again"] if again.status == 200 else []
