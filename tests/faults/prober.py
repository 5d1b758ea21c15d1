"""A prober: polls every kind of endpoint all the time, and records how long each answer took, and its status."""

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

ENDPOINTS = {
    "live": ("GET", "/health/live"),
    "ready": ("GET", "/health/ready"),
    "read": ("GET", "/products?limit=1"),  # A call with a reading statement of its own, and stock.
    "write": (
        "POST",
        "/carts",
    ),  # With a key: a turn that claims it, a cart in Redis, and a turn that keeps the answer.
}


@dataclass(frozen=True)
class Probe:
    """An answer. A connection that was closed has status 0."""

    at_s: float
    took_s: float
    status: int
    retry_after: str


class Prober:
    """Probes every endpoint of a shop, one request at a time for each."""

    def __init__(self, shop_url: str) -> None:
        self._shop_url = shop_url
        self._numbers = count(1)
        self._http: aiohttp.ClientSession
        self.probes: dict[str, list[Probe]] = {endpoint: [] for endpoint in ENDPOINTS}

    @asynccontextmanager
    async def probing(self) -> AsyncIterator[None]:
        """Probe while the block lasts."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_AT_MOST_S)) as self._http:
            tasks = [asyncio.create_task(self._keep_probing(endpoint)) for endpoint in ENDPOINTS]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                for task in tasks:
                    assert task.cancelled() or task.exception() is None, task.exception()

    async def answers(self, *, within_s: float, endpoint: str = "write") -> float:
        """Wait until a probe that begins from now on is served; returns how long that took."""
        began_s = time.monotonic()

        def is_served() -> bool:
            return any(200 <= probe.status < 300 for probe in self.since(began_s, endpoint))

        await eventually(is_served, within_s=within_s)
        return time.monotonic() - began_s

    def since(self, at_s: float, endpoint: str) -> Sequence[Probe]:
        """The probes that began later, and have ended."""
        return [probe for probe in self.probes[endpoint] if probe.at_s >= at_s]

    def check(self) -> None:
        """Assert that the process always lived, and that refusals came in time, with the time to come back."""
        assert {probe.status for probe in self.probes["live"]} == {200}
        assert {probe.status for probe in self.probes["ready"]} <= {200, 503}
        for endpoint in ("read", "write"):
            odd = [probe for probe in self.probes[endpoint] if not (200 <= probe.status < 300 or is_shed(probe))]
            assert not odd, f"{endpoint}: {odd}"

    def slowest_refusal_s(self) -> float:
        """The slowest refusal of all endpoints."""
        return max(
            (probe.took_s for probes in self.probes.values() for probe in probes if probe.status == 503), default=0.0
        )

    async def _keep_probing(self, endpoint: str) -> None:
        method, path = ENDPOINTS[endpoint]
        while True:
            headers = {"Idempotency-Key": f"probe-{next(self._numbers)}"} if method == "POST" else {}
            self.probes[endpoint].append(await probe(self._http, method, self._shop_url + path, headers=headers))
            await pace(_EVERY_S)


async def probe(
    http: aiohttp.ClientSession, method: str, url: str, body: object = None, *, headers: dict[str, str] | None = None
) -> Probe:
    """Probe once."""
    began_s = time.monotonic()
    status, retry_after = 0, ""
    try:
        async with http.request(method, url, json=body, headers=headers or {}) as answer:
            await answer.read()
            status, retry_after = answer.status, answer.headers.get("Retry-After", "")
    except (aiohttp.ClientError, TimeoutError):
        pass
    return Probe(began_s, time.monotonic() - began_s, status, retry_after)


def is_shed(probe: Probe) -> bool:
    """Refused as promised: 503, at once, with the time to come back."""
    return probe.status == 503 and probe.took_s <= WITHIN_S and probe.retry_after.isdecimal()
