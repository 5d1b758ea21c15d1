"""Who is there in every journey."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from engine.testing import ShopUnderTest
from sandbox.faults import Fault
from tests.journeys.people import Customer, Staff, staff_token


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """Connections for everybody of one test, at most 64."""
    connector = aiohttp.TCPConnector(limit=64)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session


@pytest.fixture
def buyer(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Customer:
    return Customer(shop, http)


@pytest.fixture
async def staff(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Staff:
    return Staff(shop, http, await staff_token(shop))


@pytest.fixture
def asked(shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Stripe is asked, as "METHOD /path"."""
    gate, calls = shop.box.faults.gates["stripe"], list[str]()
    take = gate.take

    def count(call: str) -> Fault:
        calls.append(call)
        return take(call)

    monkeypatch.setattr(gate, "take", count)
    return calls
