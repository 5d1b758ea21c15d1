"""The sandbox itself: its services wired by hand, started and stopped together, in one event loop."""

import asyncio
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.carrier.api import Carrier, Shipment
from sandbox.carrier.http import CarrierHttp, CarrierPhrases
from sandbox.control import Control
from sandbox.core.call_handler import CallHandler
from sandbox.core.config import SandboxConfig
from sandbox.core.due import Clock
from sandbox.core.faults import Faults
from sandbox.core.idempotency import Keys
from sandbox.core.store import Store
from sandbox.core.webhooks import Endpoint, Outbox
from sandbox.mailbox.smtp import Mail, Mailbox
from sandbox.pages import Pages
from sandbox.stripe.api import StripeApi
from sandbox.stripe.control import StripeControl
from sandbox.stripe.dispute_objects import Dispute, EarlyFraudWarning
from sandbox.stripe.errors import StripePhrases
from sandbox.stripe.http import HEADERS, StripeHttp
from sandbox.stripe.objects import Charge, Event, PaymentIntent, Refund

MAX_BODY = 1024 * 1024  # Bytes.


class Sandbox:
    """Stripe, a carrier and a mailbox on two loopback ports: `async with Sandbox(config, now=clock) as sandbox`.

    Args:
        config: Ports, folder and secrets.
        now: Unix seconds, UTC. Call `wake` after moving it, or wait up to 0.25 s for the sandbox to notice.
    """

    def __init__(self, config: SandboxConfig, *, now: Clock) -> None:
        self._config = config
        self._store = Store(config.data)
        self.faults = Faults()
        endpoints = {
            "stripe": Endpoint("/webhooks/stripe", "Stripe-Signature", config.stripe_webhook_secret),
            "carrier": Endpoint("/webhooks/shipping", "Shipping-Signature", config.carrier_secret),
        }
        self._outbox = Outbox(self._store, endpoints, self.faults.webhook_gate, now)
        self.stripe = StripeApi(self._store, self._outbox, config.webhook_types, now)
        self.carrier = Carrier(self._store, self._outbox, config.carrier_pace_s, now)
        self._mailbox = Mailbox(self._store, self.faults.gates["smtp"], now)
        self._runner = web.AppRunner(self._app(now), access_log=None, shutdown_timeout=1.0)
        self._tasks: list[asyncio.Task[None]] = []
        self.http_url = ""
        self.smtp_url = ""

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:  # A port may be taken: what was opened before is closed.
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def _start(self) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._config.port)
        await site.start()
        self.http_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        self.smtp_url = f"smtp://127.0.0.1:{await self._mailbox.start(self._config.smtp_port)}"
        self.stripe.base_url = self.carrier.base_url = self.http_url
        self.point_at(self._config.shop_url)
        self._tasks = [asyncio.create_task(self._outbox.run()), asyncio.create_task(self.carrier.run())]

    async def _close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._outbox.close()
        await self._mailbox.close()
        await self._runner.cleanup()
        self._store.close()

    def point_at(self, shop_url: str) -> None:
        """Send webhooks to this shop from now on, waiting ones included. Empty: webhooks wait."""
        self._outbox.point_at(shop_url)

    def wake(self) -> None:
        """Send the webhooks and move the parcels that are due now; call it after moving the clock."""
        self._outbox.wake()
        self.carrier.wake()

    async def flush_webhooks(self) -> int:
        """Send every waiting webhook once, now, one after the other, held or not. Returns how many still wait."""
        return await self._outbox.flush()

    def waiting_webhooks(self) -> int:
        return self._outbox.waiting()

    def mails(self, to: str = "") -> list[Mail]:
        """Mails, newest first. A mail that came twice is listed twice."""
        return self._mailbox.mails(to)

    def payment_intents(self) -> list[PaymentIntent]:
        """Payment intents, oldest first, like the lists below."""
        return self.stripe.intents.all()

    def charges(self) -> list[Charge]:
        return self.stripe.charges.all()

    def refunds(self) -> list[Refund]:
        return self.stripe.refunds.all()

    def disputes(self) -> list[Dispute]:
        return self.stripe.disputes.all()

    def early_fraud_warnings(self) -> list[EarlyFraudWarning]:
        return self.stripe.warnings.all()

    def events(self) -> list[Event]:
        return self.stripe.events.all()

    def shipments(self) -> list[Shipment]:
        return self.carrier.all()

    def _app(self, now: Clock) -> web.Application:
        store, gates, carrier = self._store, self.faults.gates, self.carrier
        stripe_calls = CallHandler(store, Keys(store, "stripe", now), gates["stripe"], StripePhrases(), HEADERS)
        carrier_calls = CallHandler(store, Keys(store, "carrier", now), gates["carrier"], CarrierPhrases(), {})
        app = web.Application(client_max_size=MAX_BODY)
        app.add_routes(StripeHttp(self.stripe, stripe_calls, self._config).routes())
        app.add_routes(CarrierHttp(carrier, carrier_calls, self._config).routes())
        app.add_routes(Control(self.faults, self._outbox, carrier, self._mailbox).routes())
        app.add_routes(StripeControl(self.stripe).routes())
        app.add_routes(Pages(self.stripe, carrier, self._mailbox, self._outbox).routes())
        return app
