"""Somebody who rings all the time, at every kind of door, and notes how long it took to be answered, and with what."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count

import aiohttp

from tests.waiting import eventually, pace

WITHIN_S = 1.0  # As promised: pressure shows at the edge within a second, and does not keep anybody waiting.
_EVERY_S = 0.05
_AT_MOST_S = 15.0  # For one answer; the shop's own bounds are shorter.

DOORS = {
    "live": ("GET", "/health/live"),
    "ready": ("GET", "/health/ready"),
    "read": ("GET", "/products?limit=1"),  # A call with a reading statement of its own, and stock.
    "write": (
        "POST",
        "/carts",
    ),  # With a key: a turn that claims it, a cart in Redis, and a turn that keeps the answer.
}


@dataclass(frozen=True)
class Ring:
    """One answer. A connection that was closed has status 0."""

    at_s: float
    took_s: float
    status: int
    retry_after: str


class Bell:
    """Rings at every door of a shop, one request at a time for each."""

    def __init__(self, shop_url: str) -> None:
        self._shop_url = shop_url
        self._numbers = count(1)
        self._http: aiohttp.ClientSession
        self.rings: dict[str, list[Ring]] = {door: [] for door in DOORS}

    @asynccontextmanager
    async def ringing(self) -> AsyncIterator[None]:
        """While the block lasts."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_AT_MOST_S)) as self._http:
            tasks = [asyncio.create_task(self._keep_ringing(door)) for door in DOORS]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                for task in tasks:
                    assert task.cancelled() or task.exception() is None, task.exception()

    async def answers(self, *, within_s: float, door: str = "write") -> float:
        """Wait until somebody who rings from now on is served; says how long that took."""
        began_s = time.monotonic()

        def is_served() -> bool:
            return any(200 <= ring.status < 300 for ring in self.since(began_s, door))

        await eventually(is_served, within_s=within_s)
        return time.monotonic() - began_s

    def since(self, at_s: float, door: str) -> Sequence[Ring]:
        """Those that began later, and have ended."""
        return [ring for ring in self.rings[door] if ring.at_s >= at_s]

    def check(self) -> None:
        """The process always lived; whoever was refused was told so in time, and when to come back."""
        assert {ring.status for ring in self.rings["live"]} == {200}
        assert {ring.status for ring in self.rings["ready"]} <= {200, 503}
        for door in ("read", "write"):
            odd = [ring for ring in self.rings[door] if not (200 <= ring.status < 300 or is_shed(ring))]
            assert not odd, f"{door}: {odd}"

    def slowest_refusal_s(self) -> float:
        """Over all doors that refuse."""
        return max((ring.took_s for rings in self.rings.values() for ring in rings if ring.status == 503), default=0.0)

    async def _keep_ringing(self, door: str) -> None:
        method, path = DOORS[door]
        while True:
            headers = {"Idempotency-Key": f"bell-{next(self._numbers)}"} if method == "POST" else {}
            self.rings[door].append(await ring(self._http, method, self._shop_url + path, headers=headers))
            await pace(_EVERY_S)


async def ring(
    http: aiohttp.ClientSession, method: str, url: str, body: object = None, *, headers: dict[str, str] | None = None
) -> Ring:
    """Ring once."""
    began_s = time.monotonic()
    status, retry_after = 0, ""
    try:
        async with http.request(method, url, json=body, headers=headers or {}) as answer:
            await answer.read()
            status, retry_after = answer.status, answer.headers.get("Retry-After", "")
    except (aiohttp.ClientError, TimeoutError):
        pass
    return Ring(began_s, time.monotonic() - began_s, status, retry_after)


def is_shed(ring: Ring) -> bool:
    """Refused as promised: 503, at once, with the time to come back."""
    return ring.status == 503 and ring.took_s <= WITHIN_S and ring.retry_after.isdecimal()
