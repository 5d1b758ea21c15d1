"""A sandbox, a shop that takes its webhooks, and a clock to move: what every test here starts with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
import stripe
from aiohttp import web

from sandbox import Sandbox, SandboxConfig

PATIENCE_S = 10.0
SECRET_KEY, PUBLISHABLE_KEY, WEBHOOK_SECRET = "sk_test_sandbox", "pk_test_sandbox", "whsec_sandbox"
SHIPPING_SECRET, CARRIER_KEY = "shipsec_sandbox", "carrier_sandbox"


class Clock:
    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class Webhook:
    path: str
    headers: dict[str, str]
    body: str


@dataclass
class Shop:
    """Takes webhooks. Answers with the next of `statuses`, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    webhooks: list[Webhook] = field(default_factory=list)
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        async with self._arrived:
            self.webhooks.append(Webhook(request.path, headers, await request.text()))
            self._arrived.notify_all()
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def wait(self, count: int) -> list[Webhook]:
        """The first `count` webhooks, as soon as they are there."""
        async with asyncio.timeout(PATIENCE_S), self._arrived:
            await self._arrived.wait_for(lambda: len(self.webhooks) >= count)
        return self.webhooks[:count]


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.add_routes([web.post("/webhooks/{sender}", shop.take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield shop
    finally:
        await runner.cleanup()


@asynccontextmanager
async def open_stripe(url: str, key: str = SECRET_KEY) -> AsyncIterator[stripe.StripeClient]:
    """The real library, against the sandbox."""
    http = stripe.AIOHTTPClient()
    client = stripe.StripeClient(key, http_client=http, base_addresses={"api": url}, max_network_retries=0)
    try:
        yield client
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]  # the library leaves it untyped


@dataclass(frozen=True)
class World:
    sandbox: Sandbox
    shop: Shop
    clock: Clock
    client: stripe.StripeClient
    http: aiohttp.ClientSession

    @property
    def intents(self) -> stripe.PaymentIntentService:
        return self.client.v1.payment_intents

    @property
    def refunds(self) -> stripe.RefundService:
        return self.client.v1.refunds

    async def intent(self, amount: int = 1999, *, key: str = "") -> stripe.PaymentIntent:
        params: stripe.params.PaymentIntentCreateParams = {"amount": amount, "currency": "eur"}
        return await self.intents.create_async(params, {"idempotency_key": key} if key else None)

    async def paid(self, amount: int = 1999, method: str = "pm_card_visa") -> stripe.PaymentIntent:
        return await self.intents.confirm_async((await self.intent(amount)).id, {"payment_method": method})

    async def pass_time(self, seconds: float) -> None:
        self.clock.now += seconds
        self.sandbox.wake()


@asynccontextmanager
async def open_world(config: SandboxConfig | None = None) -> AsyncIterator[World]:
    clock = Clock()
    async with (
        open_shop() as shop,
        Sandbox(config or SandboxConfig(), now=clock) as sandbox,
        open_stripe(sandbox.http_url) as client,
        aiohttp.ClientSession(base_url=sandbox.http_url) as http,
    ):
        sandbox.point_at(shop.url)
        yield World(sandbox, shop, clock, client, http)
