"""Calls to the shop: signed, kept until the shop has accepted them, retried with growing pauses.

A webhook is a row in the transaction of the change it reports, so a kill -9 loses none. A single task takes the due
ones from a queue and sends at most `IN_FLIGHT` at once; a thousand waiting webhooks are a thousand rows, not tasks.
"""

import asyncio
import hashlib
import hmac
import secrets
from contextlib import suppress

import aiohttp
from msgspec import Struct

from sandbox.core.due import Clock, DueQueue
from sandbox.core.faults import WebhookGate
from sandbox.core.store import Store, Table

IN_FLIGHT = 16
TIMEOUT_S = 10.0  # For the shop's answer.
MAX_PAUSE_S = 60.0  # Between two tries. Stripe's grows to hours.
MAX_TRIES = 50
MAX_AGE_S = 3 * 24 * 3600.0
KEEP = 200_000  # Waiting webhooks.
MAX_SHOPS = 8


class Endpoint(Struct, frozen=True):
    """The path that a sender's webhooks go to, and how they are signed."""

    path: str
    header: str
    secret: str


class Webhook(Struct, frozen=True):
    """A call that the shop has not accepted yet."""

    id: str
    sender: str  # Which endpoint: "stripe" or "carrier".
    body: str  # JSON, sent byte for byte.
    created: float
    tries: int = 0


def signature(secret: str, body: str, at: int) -> str:
    """Sign a body by Stripe's scheme. Source: docs.stripe.com/webhooks, "Verify signatures manually"."""
    digest = hmac.new(secret.encode(), f"{at}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


def pause_s(tries: int) -> float:
    """The pause after so many failed tries: 1, 2, 4 ... 60 seconds."""
    return min(2.0 ** min(tries - 1, 10), MAX_PAUSE_S)


class Outbox:
    """Sends the waiting webhooks."""

    def __init__(self, store: Store, endpoints: dict[str, Endpoint], gate: WebhookGate, now: Clock) -> None:
        self._rows = Table(store, "webhooks", Webhook, KEEP)
        self._endpoints = endpoints
        self._gate = gate
        self._now = now
        self._queue = DueQueue(now, self._rows.keys())
        self._slots = asyncio.Semaphore(IN_FLIGHT)
        self._sending: set[asyncio.Task[None]] = set()
        self._http: aiohttp.ClientSession | None = None
        self._shops: list[str] = []  # Newest first: a webhook goes to the first that can be reached.
        gate.on_change = self._update_pause
        self._update_pause()

    @property
    def shop_url(self) -> str:
        return self._shops[0] if self._shops else ""

    def point_at(self, shop_url: str) -> None:
        """Send to this shop from now on, and to earlier ones while it is unreachable. Empty: hold all webhooks."""
        url = shop_url.rstrip("/")
        self._shops = [url, *(shop for shop in self._shops if shop != url)][:MAX_SHOPS] if url else []
        self._update_pause()

    def _update_pause(self) -> None:
        """Pause or resume the queue: the fault or the shop's address has changed."""
        self._queue.pause(self._gate.fault.hold or not self.shop_url)

    def wake(self) -> None:
        self._queue.wake()

    def waiting(self) -> int:
        """How many webhooks the shop has not accepted yet, those in flight included."""
        return self._rows.count()

    def add(self, sender: str, body: str) -> None:
        """Store a webhook; call it inside the transaction of the change that it reports."""
        now = self._now()
        for delay_s in self._gate.delays():
            webhook = Webhook("wh_" + secrets.token_hex(8), sender, body, now)
            self._rows.add(webhook.id, webhook, now + delay_s)
            self._queue.put(now + delay_s, webhook.id)

    async def run(self) -> None:
        """Send the due webhooks, until cancelled."""
        while True:
            await self._slots.acquire()
            key = await self._queue.take()
            task = asyncio.create_task(self._send_webhook(key))
            self._sending.add(task)
            task.add_done_callback(self._sent)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        self._slots.release()

    async def flush(self) -> int:
        """Send every waiting webhook once, now, one after the other in order of due time, held or not.

        Returns how many still wait.
        """
        await asyncio.gather(*self._sending)
        for key in self._queue.drain():
            await self._send_webhook(key)
        return self.waiting()

    async def close(self) -> None:
        for task in list(self._sending):
            task.cancel()
        await asyncio.gather(*self._sending, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    async def _send_webhook(self, key: str) -> None:
        webhook = self._rows.get(key)
        if webhook is None:  # Dropped by the table's bound.
            return
        if await self._post(webhook):
            self._rows.delete(key)
        else:
            self._put_back(webhook)

    async def _post(self, webhook: Webhook) -> bool:
        for shop in tuple(self._shops):
            with suppress(aiohttp.ClientConnectorError):  # That one is away: the next is as good.
                return await self._post_to(shop, webhook)
        return False

    async def _post_to(self, shop: str, webhook: Webhook) -> bool:
        endpoint = self._endpoints[webhook.sender]
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            endpoint.header: signature(endpoint.secret, webhook.body, int(self._now())),
        }
        try:
            async with self._session().post(
                shop + endpoint.path, data=webhook.body.encode(), headers=headers, allow_redirects=False
            ) as response:
                return 200 <= response.status < 300
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False

    def _put_back(self, webhook: Webhook) -> None:
        now, tries = self._now(), webhook.tries + 1
        if tries >= MAX_TRIES or now - webhook.created > MAX_AGE_S:
            self._rows.delete(webhook.id)
            return
        again = Webhook(webhook.id, webhook.sender, webhook.body, webhook.created, tries)
        self._rows.add(again.id, again, now + pause_s(tries))
        self._queue.put(now + pause_s(tries), again.id)

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
            self._http = aiohttp.ClientSession(timeout=timeout, connector=aiohttp.TCPConnector(limit=IN_FLIGHT))
        return self._http
