"""A whole shop in the bench's own process, without HTTP, whose Stripe and mail server agree at once.

So it measures the engine alone: its turns, its statements, its log on disk.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path

import anyio

from actors.email.mime import Mail
from actors.email.smtp import Mailer
from actors.imports.fetcher import FetchSettings, open_fetcher
from actors.media.cdn import NoCdn
from actors.payment.stripe import Stripe
from actors.privacy.erased_list import ErasedList
from actors.shipping.carrier import Carrier
from bench.goods import PLENTY, row_of, sku
from bus.local import LocalBus
from bus.messages.base import Money, new_id
from bus.messages.cart import Cart, CheckedOut
from bus.messages.catalog_imports import ImportSkus
from bus.messages.inventory import SetOnHand
from bus.messages.payment import Intent, RecordStripeEvent, StripeEvent
from bus.routes import Routes
from engine.clock import SystemClock
from engine.gc_tuning import freeze_gc
from engine.master_key import MasterKey
from engine.migrations import migrate
from engine.objects.folder import FolderObjects
from engine.roots import VaultSettings
from engine.services import open_services
from engine.settings import EngineSettings
from engine.vault import open_vault
from gateway.keys import Keys
from gateway.updates import Updates
from testkit.people import BusBuyer
from wiring.domains import ACTORS, SCHEMAS, Given, ShopSettings, make_actors
from wiring.integrations import NO_INTEGRATIONS
from wiring.shop import Shop

SKUS = 100
_ANSWER_S = 60.0


class StripeAtOnce(Stripe):
    """Agrees to everything."""

    def __init__(self) -> None:
        self.is_configured = False

    async def create_intent(
        self, order_id: str, attempt: int, amount: Money, *, purpose: str = "order", since: datetime, is_old: bool
    ) -> Intent:
        return Intent(order_id=order_id, intent_id=f"pi_{order_id}", client_secret="secret", amount=amount)


class MailerAtOnce(Mailer):
    """Takes everything."""

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, mail: Mail) -> None:
        self.sent += 1


class NoCarrier(Carrier):
    """Stands in for the carrier, which these measurements never call."""

    def __init__(self) -> None:
        pass


@asynccontextmanager
async def open_in_process_shop(folder: Path) -> AsyncIterator[Shop]:
    """Open a shop with plenty of `SKUS` kinds of goods."""
    engine = EngineSettings(shopflow_data=folder)
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(engine))
        fetcher = await stack.enter_async_context(open_fetcher(FetchSettings()))
        await migrate(services.database_url, SCHEMAS, clock)
        vault = await stack.enter_async_context(
            open_vault(services.database, clock, MasterKey("", "", folder), VaultSettings(), folder=folder / "keks")
        )
        bus = LocalBus(routes=Routes(ACTORS), database=services.database, clock=clock, settings=engine)
        shop = Shop(
            bus,
            services,
            Updates(services.redis, clock, bus),
            clock,
            ShopSettings(engine),
            NO_INTEGRATIONS,
            FolderObjects(engine.shopflow_data / "media"),
            vault,
            ErasedList([FolderObjects(engine.shopflow_data)], vault.roots),
        )
        given = Given(
            bus=bus,
            database=services.database,
            redis=services.redis,
            clock=clock,
            updates=shop.updates,
            stripe=StripeAtOnce(),
            carrier=NoCarrier(),
            mailer=MailerAtOnce(),
            keys=Keys(vault.roots),
            vault=vault,
            erased=shop.erased,
            shop_url="http://127.0.0.1",
            objects=shop.objects,
            cdn=NoCdn(),
            fetcher=fetcher,
            settings=shop.settings,
        )
        for actor in make_actors(given):
            bus.host(actor)
        async with anyio.create_task_group() as tasks:
            bus.supervisor.start(tasks)
            bus.open()
            tasks.start_soon(shop.updates.run)
            tasks.start_soon(bus.deliveries.run)
            await bus.ask(ImportSkus(rows=tuple(map(row_of, range(SKUS)))))
            await asyncio.gather(*(bus.ask(SetOnHand(sku=sku(n), on_hand=PLENTY)) for n in range(SKUS)))
            freeze_gc()
            yield shop
            tasks.cancel_scope.cancel()


async def fill_cart(bus: LocalBus, wanted: str) -> Cart:
    """Make a cart that holds one unit of a SKU."""
    return await BusBuyer(bus, timeout_s=_ANSWER_S).fill_cart({wanted: 1})


async def check_out(bus: LocalBus, cart: Cart) -> CheckedOut:
    """Place the order of a cart."""
    return await BusBuyer(bus, timeout_s=_ANSWER_S).check_out(cart)


async def pay(bus: LocalBus, placed: CheckedOut) -> None:
    """Record Stripe's event that the order is paid."""
    now = SystemClock().now()
    paid = StripeEvent(id=new_id("evt"), type="payment_intent.succeeded", amount=placed.amount, created=now)
    await bus.ask(RecordStripeEvent(intent_id=placed.intent_id, event=paid), timeout_s=_ANSWER_S)
