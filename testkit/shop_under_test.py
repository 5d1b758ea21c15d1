"""A whole shop under test, to be asked, watched, disturbed and killed; it restarts by itself."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import aiohttp
import anyio

from actors.inventory.actor import InventorySettings
from actors.payment.stripe import StripeSettings
from actors.shipping.carrier import CarrierSettings
from bus.messages.audit import Audit
from bus.messages.base import Money
from bus.messages.cart import CheckedOut
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.inventory import SetOnHand
from bus.messages.order import OrderFact, ReadOrderFacts
from bus.messages.payment import ReadPaymentFacts
from engine import crash
from engine.actor import Actor
from engine.clock import ManualClock
from engine.errors import Unavailable
from engine.message import Command, Event
from engine.settings import EngineSettings
from gateway.bundles import read_levels
from gateway.server import Server, bind
from gateway.settings import EdgeSettings
from sandbox import Mail, Sandbox, SandboxConfig
from sandbox.stripe.objects import Charge
from testkit.external_books import mismatches, repeated_mails
from testkit.faults import FaultsOnDemand
from testkit.incarnations import PATIENCE_S, Ended, Incarnations
from testkit.people import BusBuyer, payment_form
from testkit.real_servers import Servers
from testkit.recorder import EventRecorder
from wiring.domains import SCHEMAS, ShopSettings
from wiring.edge import open_edge
from wiring.integrations import Integrations
from wiring.shop import Shop, open_shop

R = TypeVar("R")
T = TypeVar("T")
E = TypeVar("E", bound=Event)

# The goods on the shelves of a shop under test: SKU, price in cents, units.
GOODS: Final = (("MUG", 1450, 10), ("LAMP", 5900, 1), ("BOOK", 1200, 100))
_GLANCE_S = 0.03  # Of real time, for each second that `patiently` lets pass.
_ROUNDS = 10  # Of outside world and shop in turn, until neither has anything to do.


class Killed(Unavailable):
    """The shop was killed during an ask. The command may have been done: retry it with the same key."""

    def __init__(self) -> None:
        super().__init__("the shop", "it was killed", retry_after_s=0.0)


class ShopUnderTest:
    """A whole shop: real PostgreSQL, Valkey, HTTP edge, Stripe's library and SMTP; only its clock stands still."""

    def __init__(self, sandbox: Sandbox, lives: Incarnations, witness: EventRecorder, url: str) -> None:
        self.sandbox = sandbox  # The outside world: payments, parcels, mails, and faults of each.
        self.faults = FaultsOnDemand(sandbox)
        self.url = url
        self.back = lives.back
        self._lives = lives
        self._witness = witness

    @property
    def inside(self) -> Shop:
        """The shop itself, in its present incarnation."""
        assert self._lives.present.shop is not None, "the shop is not up"
        return self._lives.present.shop

    @property
    def clock(self) -> ManualClock:
        """The shop's clock. A shop that was killed continues with a new one, at the same time."""
        return self._lives.present.clock

    async def ask(self, command: Command[R], *, timeout_s: float | None = None) -> R:
        """Ask as the edge does; returns the command's answer, typed.

        Raises:
            Killed: The shop was killed meanwhile (see `kill_at`).
            ShopFlowError: As the bus raises it.
        """
        await self.back()
        life = self._lives.present
        asking = asyncio.ensure_future(self.inside.bus.ask(command, timeout_s=timeout_s))
        await asyncio.wait((asking, life.died), return_when=asyncio.FIRST_COMPLETED)
        if asking.done():
            return asking.result()
        asking.cancel()
        raise Killed

    async def publish(self, *events: Event) -> None:
        """Publish events that no turn publishes, and wait until they are handled."""
        await self.inside.bus.publish(*events)
        await self.clock.at_rest()

    def published(self, kind: type[E]) -> list[E]:
        """The events of this kind that were published and committed, in order; each once, despite kills."""
        return self._witness.heard(kind)

    async def available(self, sku: str) -> int:
        """How many units of a SKU are available now; of a bundle, as many as its parts allow."""
        return (await read_levels(self, [sku]))[0].level.available

    async def settle(self) -> None:
        """Deliver webhooks and let the shop act on them, until neither side has anything to do."""
        for _ in range(_ROUNDS):
            await self.back()
            life = self._lives.present
            await life.clock.at_rest()
            if life.died.done():  # It was killed meanwhile, and what it left is still to be done.
                continue
            if not self.sandbox.waiting_webhooks():
                return
            await self.sandbox.flush_webhooks()
        await self.clock.at_rest()

    async def check_out(self, *, order_id: str = "", **units: int) -> CheckedOut:
        """Fill a new cart and check it out; returns the order, which waits for its payment.

        Args:
            order_id: A name for it, which is also the key of the checkout; made up if not given.
            units: How many of which SKU: `MUG=2`.
        """
        buyer = BusBuyer(self)
        placed = await buyer.check_out(await buyer.fill_cart(units), order_id)
        await self.clock.at_rest()
        return placed

    async def buy(self, *, order_id: str = "", **units: int) -> CheckedOut:
        """Check out and pay, as `check_out` and `pay` do; returns the order, which is paid."""
        placed = await self.check_out(order_id=order_id, **units)
        assert await self.pay(placed.intent_id, placed.client_secret) == 200
        return placed

    async def patiently(self, asking: Awaitable[T]) -> T:
        """Let time pass until this is done: for calls that retry after a pause, as while Stripe is down."""
        task = asyncio.ensure_future(asking)
        async with asyncio.timeout(PATIENCE_S):
            while not (await asyncio.wait((task,), timeout=_GLANCE_S))[0]:
                await self.clock.advance(seconds=1)
        return task.result()

    async def pay(self, intent_id: str, client_secret: str, method: str = "pm_card_visa") -> int:
        """Confirm a payment as the buyer's browser does, and settle. Returns Stripe's HTTP status."""
        url, form = self.confirmation(intent_id, client_secret, method)
        async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
            status = answer.status
        await self.settle()
        return status

    def confirmation(
        self, intent_id: str, client_secret: str, method: str = "pm_card_visa"
    ) -> tuple[str, dict[str, str]]:
        """Write the request by which the buyer's browser confirms a payment: its URL at Stripe, and its form."""
        form = payment_form(self.inside.integrations.stripe.stripe_publishable_key, client_secret, method)
        return f"{self.sandbox.http_url}/v1/payment_intents/{intent_id}/confirm", form

    def mails(self, to: str = "") -> list[Mail]:
        """The mails that were sent, the oldest first."""
        return list(reversed(self.sandbox.mails(to)))

    def repeated_mails(self) -> int:
        """How many mails repeat an earlier Message-ID, as they may after a crash. Readers see one."""
        return repeated_mails(self.sandbox)

    def charges(self) -> list[Charge]:
        """The charges of buyers' cards, the oldest first."""
        return [charge for charge in self.sandbox.charges() if charge.status == "succeeded"]

    async def audit(self) -> None:
        """Settle, and assert that the shop's books agree with each other and with the outside world's.

        Raises:
            AssertionError: Every mismatch, a line each.
        """
        await self.settle()
        audited = await self.ask(Audit(), timeout_s=60)
        found = [f"{finding.rule}: {finding.about}: {finding.detail}" for finding in audited.findings]
        payments = (await self.ask(ReadPaymentFacts(after=""))).facts
        found += mismatches(self.sandbox, [order async for order in self._orders()], payments)
        assert not found, "\n".join(["it does not add up:", *found])

    async def _orders(self) -> AsyncIterator[OrderFact]:
        last = ""
        while facts := (await self.ask(ReadOrderFacts(after=last))).facts:
            for fact in facts:
                yield fact
            last = facts[-1].id

    def kill_at(self, point: str) -> "Kill":
        """Kill the shop when it next reaches a crash point; it is restarted at once.

            async with shop.kill_at("after-commit@order.place"):
                ...  # A pending ask raises `Killed`.
            # Here the kill has happened, and the shop is back.

        Args:
            point: `NAME`, `NAME@ACTOR.HANDLER`, or with `:3` at the third time. `engine.crash.CrashPoint.known` has
                them all.
        """
        crash.arm(point, self._lives.present.end)
        return Kill(self._lives, point)

    async def restart(self) -> None:
        """Kill the shop here and now, and return when it is back."""
        with suppress(Ended):
            self._lives.present.end()
        await self.back()


class Kill:
    """A kill that is to come. As a context manager it asserts at the end that the kill has happened."""

    def __init__(self, lives: Incarnations, point: str) -> None:
        self._lives = lives
        self._life = lives.present
        self._point = point

    @property
    def happened(self) -> bool:
        """Whether the shop has reached the point."""
        return self._life.died.done()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not self.happened:
            async with asyncio.timeout(PATIENCE_S):
                await self._life.clock.at_rest()
        crash.arm("")
        assert error is not None or self.happened, f"the shop did not come to {self._point}"
        await self._lives.back()


@dataclass(frozen=True)
class ShopPlace:
    """The databases and folders of a shop, and the time at its start."""

    database_url: str
    redis_url: str
    data: Path  # Of its `master.key`.
    now: datetime
    sandbox: Path | None = None  # The folder of the world outside. None keeps that in memory.


@asynccontextmanager
async def open_shop_under_test(
    servers: Servers,
    *,
    place: ShopPlace | None = None,
    more_actors: Sequence[Callable[[], Actor]] = (),
    more_schemas: Mapping[str, Path] | None = None,
    change: Callable[[ShopSettings], ShopSettings] = lambda settings: settings,
) -> AsyncIterator[ShopUnderTest]:
    """Open a shop with `GOODS` on its shelves, on a fresh database.

    Args:
        servers: The servers on which its database is made.
        place: The place of an existing shop: it is opened as it is, without goods put on its shelves, and the caller
            removes it.
        more_actors: Factories of further actors of the shop; called once for each incarnation.
        more_schemas: Their tables, as `engine.migrations.migrate` takes them.
        change: Changes its settings: by default no bound on what one address may take is in force.
    """
    schemas = {**SCHEMAS, **(more_schemas or {})}
    async with nullcontext(place) if place else _fresh_place(servers, schemas) as there:
        with bind("127.0.0.1", 0) as first:
            port = first.getsockname()[1]
            config = SandboxConfig(shop_url=f"http://127.0.0.1:{port}", data=there.sandbox)
            witness = EventRecorder()

            @asynccontextmanager
            async def open_it(clock: ManualClock) -> AsyncIterator[tuple[Shop, Server]]:
                made = [make() for make in more_actors]
                with bind("127.0.0.1", port) as listener:
                    async with (
                        open_shop(
                            settings,
                            integrations,
                            clock,
                            shop_url=config.shop_url,
                            more_actors=[*made, witness.actor(made)],
                            schemas=schemas,
                        ) as shop,
                        open_edge(shop, listener) as server,
                    ):
                        yield shop, server

            lives = Incarnations(open_it, ManualClock(there.now))
            async with Sandbox(config, now=lambda: lives.present.clock.now().timestamp()) as sandbox:
                settings, integrations = change(_settings(there)), _integrations(sandbox, config)
                first.close()
                shop = ShopUnderTest(sandbox, lives, witness, config.shop_url)
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(lives.run)
                    try:
                        await shop.back()
                        if place is None:
                            await _stock(shop)
                        yield shop
                    finally:
                        crash.arm("")
                        lives.present.stop.set()
                        with anyio.move_on_after(PATIENCE_S, shield=True):  # A failed test cancels what still runs.
                            await lives.present.over.wait()


@asynccontextmanager
async def _fresh_place(servers: Servers, schemas: Mapping[str, Path]) -> AsyncIterator[ShopPlace]:
    database_url, redis_url = await servers.fresh_database(schemas), await servers.fresh_redis_url()
    with tempfile.TemporaryDirectory(prefix="shopflow-") as data:
        yield ShopPlace(database_url, redis_url, Path(data), ManualClock().now())
    await servers.drop(database_url)


def _settings(place: ShopPlace) -> ShopSettings:
    return ShopSettings(
        engine=EngineSettings(
            shopflow_data=place.data,
            database_url=place.database_url,
            redis_url=place.redis_url,
            shopflow_sweep_s=86_400,
        ),
        edge=EdgeSettings(
            shopflow_port=0,
            # Its people all come from one address.
            shopflow_requests_a_minute=0,
            shopflow_suggestions_a_minute=0,
            shopflow_unpaid_orders=0,
            shopflow_held_units=0,
            shopflow_logins_a_minute=0,
            shopflow_sign_ups_a_minute=0,
            shopflow_login_failures=0,
            shopflow_account_mails_an_hour=0,
            shopflow_account_mails_a_day=0,
            shopflow_connections_of_address=0,
            shopflow_live_of_address=0,
        ),
        inventory=InventorySettings(shopflow_cart_share=1.0, shopflow_address_share=1.0),
    )


def _integrations(sandbox: Sandbox, config: SandboxConfig) -> Integrations:
    return Integrations(
        stripe=StripeSettings(
            stripe_secret_key=config.stripe_secret_key,
            stripe_publishable_key=config.stripe_publishable_key,
            stripe_webhook_secret=config.stripe_webhook_secret,
            stripe_api_base=sandbox.http_url,
        ),
        carrier=CarrierSettings(
            carrier_url=f"{sandbox.http_url}/carrier",
            carrier_key=config.carrier_key,
            carrier_webhook_secret=config.carrier_secret,
        ),
        smtp_url=sandbox.smtp_url,
        is_sandbox=True,
    )


async def _stock(shop: ShopUnderTest) -> None:
    rows = tuple(
        SkuRow(
            product_id=sku,
            slug=sku.lower(),
            title=sku.title(),
            category="Test",
            description="For tests.",
            sku=sku,
            sku_title="",
            price=Money(amount=cents, currency="EUR"),
            weight_g=100,
        )
        for sku, cents, _ in GOODS
    )
    await shop.ask(ImportSkus(rows=rows))
    for sku, _, on_hand in GOODS:
        await shop.ask(SetOnHand(sku=sku, on_hand=on_hand))
    await shop.clock.at_rest()
