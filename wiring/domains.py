"""All domains of the shop in one place: their actors, their settings, and the services their actors get.

A new domain is one import, one entry of `ACTORS`, one line of `make_actors`, and, if it has settings, one of
`ShopSettings`. Plain and typed on purpose: there is no scanning and no registry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
from redis.asyncio import Redis

from actors.analytics.actor import Analytics
from actors.audit.actor import Auditor
from actors.branding.actor import Brandings
from actors.cart.actor import Carts, CartSettings
from actors.catalog.actor import Catalog
from actors.customer.actor import Customers
from actors.email.actor import Email
from actors.email.smtp import Mailer, SmtpSettings
from actors.idempotency.actor import IdempotencyKeys
from actors.imports.actor import Imports
from actors.imports.fetcher import Fetcher, FetchSettings
from actors.inventory.actor import Inventory, InventorySettings
from actors.media.actor import Media
from actors.media.cdn import Cdn, CdnSettings
from actors.notification.actor import Notifications
from actors.order.actor import Orders, OrderSettings
from actors.payment.actor import Payments, PaymentSettings
from actors.payment.stripe import Stripe, StripeSettings
from actors.privacy.actor import Privacy
from actors.privacy.erased_list import ErasedList
from actors.search.actor import Search
from actors.shipping.actor import Shipping
from actors.shipping.carrier import Carrier, CarrierSettings
from actors.staff.actor import People
from actors.vault.actor import KeyKeeper
from actors.views.actor import Views
from actors.warehouse.actor import Warehouse
from bus.local import LocalBus
from bus.sqs.settings import SqsSettings
from engine.actor import Actor
from engine.clock import Clock
from engine.objects import Objects
from engine.passwords import PasswordSettings
from engine.postgres import Database
from engine.roots import VaultSettings
from engine.settings import EngineSettings, Seconds, Settings, meaning
from engine.vault import Vault
from gateway.keys import Keys
from gateway.settings import EdgeSettings, PageSettings
from gateway.staff_gate import StaffSettings
from gateway.updates import Updates

_ROOT: Final = Path(__file__).parent.parent

# A command goes to the actor that handles it, an event to all that do.
ACTORS: Final[tuple[type[Actor], ...]] = (
    Catalog, Carts, Inventory, Orders, Payments, Warehouse, Shipping, Email, Notifications, Analytics, Auditor,
    IdempotencyKeys, Media, Search, Imports, Views, KeyKeeper, Customers, People, Privacy,
    Brandings,
)  # fmt: skip

# The folders of migrations, each for a PostgreSQL schema of its own.
SCHEMAS: Final[Mapping[str, Path]] = {
    "bus": _ROOT / "bus" / "schema",
    "gateway": _ROOT / "gateway" / "schema",
    **{folder.parent.name: folder for folder in sorted((_ROOT / "actors").glob("*/schema"))},
}


class SandboxSettings(Settings, frozen=True, kw_only=True):
    """The sandbox, which plays what is not configured: Stripe, carrier, mail server."""

    shopflow_carrier_pace_s: Annotated[Seconds, meaning("Time between two steps of a parcel.")] = 2.0
    shopflow_sandbox: Annotated[
        str,
        meaning(
            "Services that the sandbox may play beside others that are configured: stripe, carrier, mail, with commas "
            "between. Without it either all are configured, or none."
        ),
    ] = ""


class ShopSettings(msgspec.Struct, frozen=True):
    """The settings of every room and domain, read once."""

    engine: EngineSettings = EngineSettings()
    edge: EdgeSettings = EdgeSettings()
    cart: CartSettings = CartSettings()
    pages: PageSettings = PageSettings()
    inventory: InventorySettings = InventorySettings()
    order: OrderSettings = OrderSettings()
    payment: PaymentSettings = PaymentSettings()
    stripe: StripeSettings = StripeSettings()
    carrier: CarrierSettings = CarrierSettings()
    smtp: SmtpSettings = SmtpSettings()
    sandbox: SandboxSettings = SandboxSettings()
    sqs: SqsSettings = SqsSettings()
    cdn: CdnSettings = CdnSettings()
    fetch: FetchSettings = FetchSettings()
    passwords: PasswordSettings = PasswordSettings()
    vault: VaultSettings = VaultSettings()
    staff: StaffSettings = StaffSettings()


@dataclass(frozen=True, slots=True)
class Given:
    """The services that actors are built with."""

    bus: LocalBus
    database: Database
    redis: Redis
    clock: Clock
    updates: Updates
    stripe: Stripe
    carrier: Carrier
    mailer: Mailer
    objects: Objects
    cdn: Cdn
    fetcher: Fetcher
    keys: Keys
    vault: Vault
    erased: ErasedList
    shop_url: str  # As buyers reach the shop.
    settings: ShopSettings


def make_actors(given: Given) -> Sequence[Actor]:
    """Build one actor of each domain."""
    bus, database, clock, settings = given.bus, given.database, given.clock, given.settings
    currency = settings.edge.shopflow_currency
    return (
        Catalog(
            database=database,
            clock=clock,
            currency=currency,
            language=settings.edge.shopflow_language,
            floors=given.updates.floors,
        ),
        Carts(
            bus=bus, redis=given.redis, clock=clock, updates=given.updates, currency=currency, settings=settings.cart
        ),
        Inventory(bus=bus, database=database, clock=clock, updates=given.updates, settings=settings.inventory),
        Orders(database=database, vault=given.vault, clock=clock, settings=settings.order),
        Payments(bus=bus, database=database, clock=clock, stripe=given.stripe, settings=settings.payment),
        Warehouse(database=database),
        Shipping(bus=bus, database=database, vault=given.vault, clock=clock, carrier=given.carrier),
        Email(
            bus=bus,
            database=database,
            mailer=given.mailer,
            clock=clock,
            settings=settings.smtp,
            shop_url=given.shop_url,
            link_token=given.keys.link_token,
        ),
        Notifications(updates=given.updates),
        Analytics(database=database),
        Auditor(bus=bus, database=database, clock=clock, stored=bus.backlog, levels=given.updates),
        IdempotencyKeys(database=database),
        Media(bus=bus, database=database, objects=given.objects, cdn=given.cdn, clock=clock),
        Search(
            bus=bus,
            database=database,
            clock=clock,
            home=settings.engine.shopflow_data / "search",
            language=settings.edge.shopflow_language,
        ),
        Imports(bus=bus, database=database, objects=given.objects, fetcher=given.fetcher, clock=clock),
        Views(keeper=given.updates),
        People(
            database=database,
            clock=clock,
            vault=given.vault,
            acts_kept=timedelta(days=settings.staff.shopflow_acts_kept_days),
        ),
        KeyKeeper(database=database, vault=given.vault, clock=clock),
        Customers(database=database, vault=given.vault, clock=clock),
        Privacy(bus=bus, database=database, clock=clock, listed=given.erased),
        Brandings(updates=given.updates),
    )
