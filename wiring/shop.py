"""A running shop, or a part of one: services, bus and actors, started in order and stopped in order."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import anyio

from actors.email.smtp import Mailer, open_mailer
from actors.imports.fetcher import open_fetcher
from actors.media.cdn import open_cdn
from actors.media.ownership import check_owner
from actors.payment.stripe import Stripe, open_stripe
from actors.privacy.actor import Privacy
from actors.privacy.erased_list import ErasedList
from actors.privacy.private import ForgetRevived
from actors.privacy.replay import replay
from actors.shipping.carrier import Carrier, open_carrier
from bus.local import LocalBus
from bus.routes import Routes
from bus.sqs.client import open_sqs
from bus.sqs.sealed_bodies import SealedBodies
from bus.sqs.settings import SqsSettings
from bus.sqs.transport import SqsTransport
from engine import telemetry
from engine.actor import Actor
from engine.circuit import Circuit
from engine.clock import Clock, SystemClock
from engine.errors import Unavailable
from engine.master_key import MasterKey
from engine.migrations import migrate
from engine.objects import Objects
from engine.objects.folder import FolderObjects
from engine.objects.s3 import open_s3
from engine.roots import Roots
from engine.services import Services, open_services
from engine.vault import Vault, open_vault
from gateway.keys import Keys
from gateway.updates import Updates
from wiring.domains import ACTORS, SCHEMAS, Given, ShopSettings, make_actors
from wiring.hosting import ALL_ACTORS, LOCAL, HostedActors
from wiring.integrations import NO_INTEGRATIONS, Integrations

_REVIVED_S: Final = 600.0  # To begin the erasures of all whom a restored backup has brought back.
_OWNER_S: Final = 5.0  # For the store of pictures to say whose it is.


@dataclass(frozen=True, slots=True)
class Shop:
    """A running shop, or a part of one, without its edge."""

    bus: LocalBus
    services: Services
    updates: Updates
    clock: Clock
    settings: ShopSettings
    integrations: Integrations
    objects: Objects
    vault: Vault
    erased: ErasedList


@asynccontextmanager
async def open_shop(
    settings: ShopSettings,
    integrations: Integrations,
    clock: Clock,
    *,
    hosted: HostedActors = ALL_ACTORS,
    shop_url: str = "",
    deliver: bool = True,
    more_actors: Sequence[Actor] = (),
    schemas: Mapping[str, Path] = SCHEMAS,
) -> AsyncIterator[Shop]:
    """Start everything behind the edge; stop it in order when the block ends.

    Args:
        settings: All of the shop's.
        integrations: The external services.
        clock: The time.
        hosted: The actors of this process.
        shop_url: The address at which it listens; empty for a process without a gateway.
        deliver: Whether to handle stored messages. Commands that only ask beside a running shop leave them alone.
        more_actors: Actors beside the shop's own.
        schemas: The folders of migrations, those of `more_actors` included.
    """
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(settings.engine))
        await migrate(services.database_url, schemas, clock)
        vault = await stack.enter_async_context(_open_vault(settings, services, clock))
        routes = Routes((*ACTORS, *map(type, more_actors)))
        opened = _open_transport(settings.sqs, routes, clock, vault.roots) if deliver else nullcontext()
        transport = await stack.enter_async_context(opened)
        local = LocalBus(
            routes=routes, database=services.database, clock=clock, settings=settings.engine, elsewhere=transport
        )
        objects = await stack.enter_async_context(_open_objects(settings, services if deliver else None))
        updates = Updates(services.redis, clock, local)
        erased = _erased_list(settings, objects, vault)
        replays = deliver and Privacy.name in hosted.actors
        has_revived = replays and await replay(services.database, vault, clock, erased)
        shop = Shop(local, services, updates, clock, settings, integrations, objects, vault, erased)
        for actor in (*make_actors(await _given(stack, shop, shop_url)), *more_actors):
            if actor.name in hosted.actors or actor in more_actors:
                local.host(actor)
        if transport is not None:
            cells = [cell for cell in local.supervisor.cells.values() if cell.name not in LOCAL]
            await stack.enter_async_context(transport.open(cells, local.deliveries, services.database))
        async with anyio.create_task_group() as tasks:
            local.supervisor.start(tasks)
            tasks.start_soon(updates.run)
            tasks.start_soon(vault.run)
            if deliver:
                local.open()
                tasks.start_soon(local.deliveries.run)
            try:
                if has_revived:
                    await local.ask(ForgetRevived(), timeout_s=_REVIVED_S)
                yield shop
            finally:
                with anyio.CancelScope(shield=True):
                    await _end(local, transport, settings.engine.shopflow_drain_s)
                tasks.cancel_scope.cancel()


async def _end(local: LocalBus, transport: SqsTransport | None, drain_s: float) -> None:
    """End in order: the edge is closed by now; calls and turns end, then the dispatch, then the services."""
    local.deliveries.close()
    if transport is not None:
        transport.close()
    await local.supervisor.drain(drain_s)


@asynccontextmanager
async def attach_shop(settings: ShopSettings) -> AsyncIterator[Shop]:
    """Open a shop, beside a running one or alone, for a command that only asks. Stored messages are not handled."""
    async with open_shop(settings, NO_INTEGRATIONS, SystemClock(), deliver=False) as shop:
        yield shop


@asynccontextmanager
async def _open_transport(
    settings: SqsSettings, routes: Routes, clock: Clock, roots: Roots
) -> AsyncIterator[SqsTransport | None]:
    """Open the transport to other processes, if SQS is configured."""
    if not settings.sqs_prefix:
        yield None
        return
    async with open_sqs(settings) as sqs:
        yield SqsTransport(sqs, routes, clock, SealedBodies(roots, clock))


@asynccontextmanager
async def _open_objects(settings: ShopSettings, asked_for: Services | None) -> AsyncIterator[Objects]:
    """Open the home of pictures: the bucket, if one is named, or else a folder. For services it must be this shop's."""
    async with AsyncExitStack() as stack:
        sqs = settings.sqs
        if not sqs.s3_bucket:
            objects: Objects = FolderObjects(settings.engine.shopflow_data / "media")
        else:
            region = sqs.aws_region or sqs.aws_default_region
            opened = open_s3(sqs.s3_bucket, region=region, endpoint_url=sqs.aws_endpoint_url)
            objects = await stack.enter_async_context(opened)
        if asked_for:
            await _check_owner(objects, asked_for)
        yield objects


def _open_vault(settings: ShopSettings, services: Services, clock: Clock) -> AbstractAsyncContextManager[Vault]:
    """Open the vault. Its key-encryption keys lie in a folder, but for a shop whose machines may share none."""
    data, named, sqs = settings.engine.shopflow_data, settings.vault.shopflow_keks, settings.sqs
    is_embedded = not settings.engine.database_url
    return open_vault(
        services.database,
        clock,
        MasterKey(settings.edge.shopflow_master_key, settings.vault.shopflow_master_key_before, data),
        settings.vault,
        folder=Path(named) if named else data / "keks" if is_embedded else None,
        region=sqs.aws_region or sqs.aws_default_region,
        endpoint_url=sqs.aws_endpoint_url,
    )


def _erased_list(settings: ShopSettings, objects: Objects, vault: Vault) -> ErasedList:
    """Make the list of the forgotten: in the data folder, and in the bucket if there is one."""
    folder = FolderObjects(settings.engine.shopflow_data)
    return ErasedList([folder, objects] if settings.sqs.s3_bucket else [folder], vault.roots)


async def _check_owner(objects: Objects, services: Services) -> None:
    """Refuse a bucket that is another shop's. One that does not answer stops no start: each audit asks it again.

    Raises:
        BadSetting: It is another's.
    """
    try:
        with anyio.fail_after(_OWNER_S):
            await check_owner(objects, services.database)
    except (Unavailable, TimeoutError) as error:
        telemetry.logger().warning("the store of pictures does not say whose it is", why=str(error) or "no answer")


async def _given(stack: AsyncExitStack, shop: Shop, shop_url: str) -> Given:
    stripe, carrier, mailer = await _open_clients(stack, shop.integrations, shop.clock)
    cdn = await stack.enter_async_context(
        open_cdn(shop.settings.cdn, Circuit("the CDN", shop.clock), endpoint_url=shop.settings.sqs.aws_endpoint_url)
    )
    edge = shop.settings.edge
    return Given(
        bus=shop.bus,
        database=shop.services.database,
        redis=shop.services.redis,
        clock=shop.clock,
        updates=shop.updates,
        stripe=stripe,
        carrier=carrier,
        mailer=mailer,
        objects=shop.objects,
        cdn=cdn,
        fetcher=await stack.enter_async_context(open_fetcher(shop.settings.fetch)),
        keys=Keys(shop.vault.roots),
        vault=shop.vault,
        erased=shop.erased,
        shop_url=edge.public_url or shop_url or edge.listens_at,
        settings=shop.settings,
    )


async def _open_clients(
    stack: AsyncExitStack, integrations: Integrations, clock: Clock
) -> tuple[Stripe, Carrier, Mailer]:
    """Open a client of each external service, behind a circuit breaker of its own."""
    stripe = await stack.enter_async_context(open_stripe(integrations.stripe, Circuit("Stripe", clock)))
    url, key = integrations.carrier.carrier_url, integrations.carrier.carrier_key
    carrier = await stack.enter_async_context(
        open_carrier(url, key, name="Carrier", circuit=Circuit("the carrier", clock))
    )
    mailer = await stack.enter_async_context(open_mailer(integrations.smtp_url, Circuit("the mail server", clock)))
    return stripe, carrier, mailer
