"""Who is there in every journey."""

from collections.abc import AsyncIterator

import aiohttp
import msgspec
import pytest

from actors.payment.actor import Payments
from actors.payment.stripe import open_stripe
from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, staff_token

PATIENCE_S = 0.4  # Of a buyer's browser, and of a shop that is impatient with Stripe.


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
    gate, calls = shop.sandbox.faults.gates["stripe"], list[str]()
    take = gate.take

    def count(call: str) -> Fault:
        calls.append(call)
        return take(call)

    monkeypatch.setattr(gate, "take", count)
    return calls


@pytest.fixture
def impatient_with_stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe is waited for PATIENCE_S, and not twenty seconds. Comes before the shop."""
    monkeypatch.setattr(
        "wiring.shop.open_stripe",
        lambda settings, circuit: open_stripe(msgspec.structs.replace(settings, stripe_timeout_s=PATIENCE_S), circuit),
    )


@pytest.fixture
def unreconciled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at Stripe for money that was not heard of, so it can come late. Comes before the shop."""

    async def never(self: Payments) -> None:
        """Return at once."""

    monkeypatch.setattr(Payments, "run", never)
