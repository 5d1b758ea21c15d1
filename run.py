"""ShopFlow: one program that runs a whole shop. This file is the map of what is wired to what."""

import gc

if __name__ == "__main__":
    gc.disable()  # What is imported stays. To look for garbage in it, again and again, took a third of every start.

import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, TypeVar

import anyio
import msgspec
import typer
import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from actors.analytics.actor import Analytics
from actors.audit.actor import Auditor
from actors.cart.actor import Carts
from actors.catalog.actor import Catalog
from actors.email.actor import Email
from actors.email.smtp import Mailer, SmtpSettings, open_mailer, read_url
from actors.inventory.actor import Inventory, InventorySettings
from actors.notification.actor import Notification
from actors.order.actor import Orders, OrderSettings
from actors.payment.actor import Payments, PaymentSettings
from actors.payment.stripe import Stripe, StripeSettings, open_stripe
from actors.shipping.actor import Shipping
from actors.shipping.carrier import Carrier, CarrierSettings, open_carrier
from actors.warehouse.actor import Warehouse
from bus.backlog import DeadLetter
from bus.local import LocalBus
from bus.messages.audit import Audit, Audited, Repair, RepairMade
from bus.messages.catalog import ListCategories
from bus.messages.currencies import is_known
from bus.messages.order import OrderProgressed
from bus.news import News
from bus.routes import Routes
from bus.sqs.census import processes
from bus.sqs.client import open_sqs
from bus.sqs.queues import ParkedMessage, Queues
from bus.sqs.roads import Roads
from bus.sqs.settings import SqsSettings
from engine import crash
from engine.actor import Actor
from engine.circuit import Circuit
from engine.clock import Clock, SystemClock
from engine.collector import spare_the_collector
from engine.errors import BadInput, BadSetting, ShopFlowError
from engine.files import make_folder
from engine.postgres import migrate
from engine.services import Services, open_services
from engine.settings import EngineSettings, Seconds, Settings, read_settings
from engine.telemetry import configure_logging
from gateway import console, goods
from gateway.access import make_token, may_see_order
from gateway.app import make_app
from gateway.edge import Edge
from gateway.keys import Keys, read_master_key
from gateway.live import Hub, LiveSettings
from gateway.replays import Replays
from gateway.server import Server, bind
from gateway.settings import EdgeSettings
from gateway.watch import pass_on_news, read_status
from sandbox.child import read_secrets, sandbox_process
from sandbox.tour import Tour, TourFailed

if __name__ == "__main__":
    gc.freeze()
    gc.enable()

ROOT: Final = Path(__file__).parent

# Who there is. A command goes to the one that handles it, an event to all that do.
ACTORS: Final[tuple[type[Actor], ...]] = (
    Catalog, Carts, Inventory, Orders, Payments, Warehouse, Shipping, Email, Notification, Analytics, Auditor,
    Replays,
)  # fmt: skip

# Whose tables there are, each in a schema of its own.
SCHEMAS: Final = {
    "bus": ROOT / "bus" / "schema",
    "gateway": ROOT / "gateway" / "schema",
    **{folder.parent.name: folder for folder in sorted((ROOT / "actors").glob("*/schema"))},
}


class SandboxSettings(Settings, frozen=True, kw_only=True):
    """The outside world in a box, for what is not configured."""

    shopflow_carrier_pace_s: Seconds = 2.0  # Between two steps of a parcel.


class ShopSettings(msgspec.Struct, frozen=True):
    """Everybody's settings, read once."""

    engine: EngineSettings = EngineSettings()
    edge: EdgeSettings = EdgeSettings()
    inventory: InventorySettings = InventorySettings()
    order: OrderSettings = OrderSettings()
    payment: PaymentSettings = PaymentSettings()
    stripe: StripeSettings = StripeSettings()
    carrier: CarrierSettings = CarrierSettings()
    smtp: SmtpSettings = SmtpSettings()
    sandbox: SandboxSettings = SandboxSettings()
    sqs: SqsSettings = SqsSettings()


@dataclass(frozen=True, slots=True)
class Part:
    """What of the shop is in this process. The rest is elsewhere, and reached through SQS."""

    actors: frozenset[str] = frozenset(actor.name for actor in ACTORS)
    has_gateway: bool = True

    @property
    def elsewhere(self) -> frozenset[str]:
        return frozenset(actor.name for actor in ACTORS) - self.actors - {Replays.name}

    def needs(self, actor: type[Actor]) -> bool:
        """Whether this process must know those outside with whom this actor, or the gateway for it, has to do."""
        return self.has_gateway or actor.name in self.actors


@dataclass(frozen=True, slots=True)
class Outside:
    """Whom the shop speaks to."""

    stripe: StripeSettings
    carrier: CarrierSettings
    smtp_url: str
    is_sandbox: bool  # Of Stripe: no real money.


# For a process that speaks to none of them.
NOBODY: Final = Outside(
    StripeSettings(), CarrierSettings(carrier_url="http://127.0.0.1"), "smtp://127.0.0.1", is_sandbox=True
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A running shop, or a part of one, without its edge."""

    bus: LocalBus
    services: Services
    news: News
    clock: Clock
    settings: ShopSettings
    outside: Outside


def read_all() -> ShopSettings:
    """Read the environment. Raises BadSetting."""
    rooms = msgspec.structs.fields(ShopSettings)
    settings = ShopSettings(**{room.name: read_settings(room.type, os.environ) for room in rooms})
    if not is_known(currency := settings.edge.shopflow_currency):
        raise BadSetting(f"SHOPFLOW_CURRENCY: Stripe takes no payments in {currency}")
    return settings


def read_part(settings: ShopSettings, *, has_gateway: bool = True) -> Part:
    """What this process hosts.

    Raises:
        BadSetting: There is no such actor, or no way to the others.
    """
    everybody = Part().actors
    named = {name.strip() for name in settings.sqs.shopflow_actors.split(",")} - {""}
    if unknown := named - everybody:
        known = ", ".join(sorted(everybody))
        raise BadSetting(f"SHOPFLOW_ACTORS: there is no {', '.join(sorted(unknown))}; there are {known}")
    actors = (named or everybody) - {Replays.name} | ({Replays.name} if has_gateway else frozenset())
    part = Part(frozenset(actors), has_gateway)
    if part.elsewhere and not settings.sqs.sqs_prefix:
        raise BadSetting("SQS_PREFIX: must be set, or the actors of this process can't reach the others")
    return part


@asynccontextmanager
async def open_outside(settings: ShopSettings, part: Part, shop_url: str) -> AsyncIterator[Outside]:
    """What is configured, and the sandbox for the rest."""
    stripe, carrier, smtp_url = settings.stripe, settings.carrier, settings.smtp.smtp_url
    is_known = (
        (stripe.stripe_secret_key or not part.needs(Payments))
        and (carrier.carrier_url or not part.needs(Shipping))
        and (smtp_url or Email.name not in part.actors)
    )
    if is_known:
        yield Outside(
            stripe, carrier if carrier.carrier_url else NOBODY.carrier, smtp_url or NOBODY.smtp_url, is_sandbox=False
        )
        return
    folder = settings.engine.shopflow_data / "sandbox"
    port = (int(shop_url.rpartition(":")[2]) if shop_url else settings.edge.shopflow_port) + 1
    pace_s = settings.sandbox.shopflow_carrier_pace_s
    async with AsyncExitStack() as stack:
        try:
            there = await stack.enter_async_context(sandbox_process(folder, shop_url, port=port, pace_s=pace_s))
        except (RuntimeError, OSError) as error:
            raise BadSetting(f"SHOPFLOW_DATA: no sandbox in {folder}: {error}") from error
        secrets = read_secrets(folder)
        yield Outside(
            stripe=stripe if stripe.stripe_secret_key else StripeSettings(
                stripe_secret_key=secrets.stripe_secret_key,
                stripe_publishable_key=secrets.stripe_publishable_key,
                stripe_webhook_secret=secrets.stripe_webhook_secret,
                stripe_api_base=there.http,
                stripe_timeout_s=stripe.stripe_timeout_s,
            ),
            carrier=carrier if carrier.carrier_url else CarrierSettings(
                carrier_url=f"{there.http}/carrier",
                carrier_key=secrets.carrier_key,
                carrier_webhook_secret=secrets.carrier_secret,
            ),
            smtp_url=smtp_url or there.smtp,
            is_sandbox=not stripe.stripe_secret_key,
        )  # fmt: skip


def make_actors(shop: Shop, stripe: Stripe, carrier: Carrier, mailer: Mailer) -> Sequence[Actor]:
    """One of each, with what it needs."""
    ask, database, redis, clock = shop.bus, shop.services.database, shop.services.redis, shop.clock
    settings, currency = shop.settings, shop.settings.edge.shopflow_currency
    return (
        Catalog(database=database, currency=currency),
        Carts(bus=ask, redis=redis, clock=clock, currency=currency),
        Inventory(bus=ask, database=database, clock=clock, news=shop.news, settings=settings.inventory),
        Orders(database=database, settings=settings.order),
        Payments(bus=ask, database=database, clock=clock, stripe=stripe, settings=settings.payment),
        Warehouse(database=database),
        Shipping(bus=ask, database=database, clock=clock, carrier=carrier),
        Email(bus=ask, database=database, mailer=mailer, clock=clock, sender=settings.smtp.shopflow_mail_from),
        Notification(news=shop.news),
        Analytics(database=database),
        Auditor(bus=ask, database=database, clock=clock, stored=shop.bus.deliveries, levels=shop.news),
        Replays(database=database),
    )


@asynccontextmanager
async def open_roads(settings: SqsSettings, routes: Routes, clock: Clock) -> AsyncIterator[Roads | None]:
    """The way to other processes, if there may be any."""
    if not settings.sqs_prefix:
        yield None
        return
    async with open_sqs(settings) as sqs:
        yield Roads(sqs, routes, clock)


@asynccontextmanager
async def open_shop(
    settings: ShopSettings,
    outside: Outside,
    clock: Clock,
    *,
    part: Part = Part(),
    deliver: bool = True,
    more_actors: Sequence[Actor] = (),
    schemas: Mapping[str, Path] = SCHEMAS,
) -> AsyncIterator[Shop]:
    """Start everything behind the edge; stop it in order when the block ends.

    Args:
        settings: Everybody's.
        outside: Whom to speak to.
        clock: The time.
        part: What of it is in this process.
        deliver: Whether to handle what is stored. Commands that only ask beside a running shop leave it alone.
        more_actors: Actors beside the shop's own.
        schemas: Everybody's tables, theirs included.
    """
    async with AsyncExitStack() as stack:
        services = await stack.enter_async_context(open_services(settings.engine))
        await migrate(services.database_url, schemas, clock)
        routes = Routes((*ACTORS, *map(type, more_actors)))
        roads = await stack.enter_async_context(open_roads(settings.sqs, routes, clock)) if deliver else None
        local = LocalBus(
            routes=routes, database=services.database, clock=clock, settings=settings.engine, elsewhere=roads
        )
        shop = Shop(local, services, News(services.redis, clock, local), clock, settings, outside)
        stripe = await stack.enter_async_context(open_stripe(outside.stripe, Circuit("Stripe", clock)))
        url, key = outside.carrier.carrier_url, outside.carrier.carrier_key
        carrier = await stack.enter_async_context(
            open_carrier(url, key, name="Carrier", circuit=Circuit("the carrier", clock))
        )
        mailer = await stack.enter_async_context(open_mailer(outside.smtp_url, Circuit("the mail server", clock)))
        for actor in (*make_actors(shop, stripe, carrier, mailer), *more_actors):
            if actor.name in part.actors or actor in more_actors:
                local.host(actor)
        if roads is not None:
            cells = list(local.supervisor.cells.values())
            await stack.enter_async_context(roads.open(cells, local.deliveries, services.database))
        async with anyio.create_task_group() as tasks:
            local.supervisor.start(tasks)
            tasks.start_soon(shop.news.run)
            if deliver:
                local.open()
                tasks.start_soon(local.deliveries.run)
            try:
                yield shop
            finally:
                # In order: the edge is closed by now; calls and turns end, then what hands over, then services.
                with anyio.CancelScope(shield=True):
                    local.deliveries.close()
                    if roads is not None:
                        roads.close()
                    await local.supervisor.drain(settings.engine.shopflow_drain_s)
                tasks.cancel_scope.cancel()


@asynccontextmanager
async def open_edge(shop: Shop, listener: socket.socket) -> AsyncIterator[Server]:
    """Start the edge on a socket that is bound; stop it when the block ends, answering what is being asked."""
    settings, outside = shop.settings.edge, shop.outside
    keys = Keys(read_master_key(settings.shopflow_master_key, shop.settings.engine.shopflow_data))

    async def watch_order(order_id: str, token: str) -> OrderProgressed | None:
        return await read_status(shop.bus, order_id) if await may_see_order(edge, token, order_id) else None

    hub = Hub(shop.news.levels_now, watch_order, settings=LiveSettings(origins=settings.origins), clock=shop.clock.now)
    edge = Edge(
        bus=shop.bus,
        cells=shop.bus.supervisor.cells,
        deliveries=shop.bus.deliveries,
        database=shop.services.database,
        redis=shop.services.redis,
        news=shop.news,
        hub=hub,
        clock=shop.clock,
        keys=keys,
        currency=settings.shopflow_currency,
        stripe_publishable_key=outside.stripe.stripe_publishable_key,
        stripe_api_base=outside.stripe.stripe_api_base,
        stripe_webhook_secret=outside.stripe.stripe_webhook_secret,
        carrier_webhook_secret=outside.carrier.carrier_webhook_secret,
    )
    server = Server(make_app(edge), hub)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(hub.run)
        tasks.start_soon(pass_on_news, shop.news, hub)
        tasks.start_soon(server.serve, [listener])
        await server.is_up.wait()
        try:
            yield server
        finally:
            with anyio.CancelScope(shield=True):
                await hub.close(within_s=1.0)
                await server.stop()
            tasks.cancel_scope.cancel()


def address(host: str, port: int) -> str:
    """The shop's URL. Source: RFC 3986, 3.2.2, for the brackets."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def check(settings: ShopSettings) -> None:
    """Refuse now what would be refused when half of the shop is running. Raises BadSetting."""
    make_folder(settings.engine.shopflow_data)
    read_master_key(settings.edge.shopflow_master_key, settings.engine.shopflow_data)
    if settings.stripe.stripe_secret_key and not settings.stripe.stripe_webhook_secret:
        raise BadSetting("STRIPE_WEBHOOK_SECRET: missing, and STRIPE_SECRET_KEY is set; Stripe shows both")
    if settings.stripe.stripe_secret_key and not settings.stripe.stripe_publishable_key:
        raise BadSetting("STRIPE_PUBLISHABLE_KEY: missing, and STRIPE_SECRET_KEY is set; browsers pay with it")
    if settings.carrier.carrier_url and not settings.carrier.carrier_webhook_secret:
        raise BadSetting("CARRIER_WEBHOOK_SECRET: missing, and CARRIER_URL is set; parcels are heard of by webhooks")
    if settings.order.shopflow_payment_window_s >= settings.inventory.shopflow_payment_hold_s:
        raise BadSetting(
            "SHOPFLOW_PAYMENT_HOLD_S: must be longer than SHOPFLOW_PAYMENT_WINDOW_S, or paid units are gone"
        )
    if settings.smtp.smtp_url:
        read_url(settings.smtp.smtp_url)


async def serve(settings: ShopSettings, *, has_gateway: bool = True) -> None:
    """Run the shop, or a part of it, until SIGTERM or Ctrl-C."""
    check(settings)
    part = read_part(settings, has_gateway=has_gateway)
    crash.arm(settings.engine.shopflow_crash_at)
    edge = settings.edge
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(bind(edge.shopflow_host, edge.shopflow_port)) if has_gateway else None
        signals = stack.enter_context(anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT))
        url = address(edge.shopflow_host, listener.getsockname()[1]) if listener else ""
        say("Starting PostgreSQL, Valkey and the sandbox ...")
        outside = await stack.enter_async_context(open_outside(settings, part, url))
        if listener and part.elsewhere:
            async with open_beside(settings) as aside:
                await stock_an_empty_sandbox(replace(aside, outside=outside))
        shop = await stack.enter_async_context(open_shop(settings, outside, SystemClock(), part=part))
        if part.elsewhere:
            say(f"Here: {', '.join(sorted(part.actors))}. Elsewhere: {', '.join(sorted(part.elsewhere))}.")
        else:
            await stock_an_empty_sandbox(shop)
        if listener:
            await stack.enter_async_context(open_edge(shop, listener))
        spare_the_collector()
        say(f"ShopFlow is ready: {url or 'without a gateway'}")
        if url and outside.is_sandbox:
            say(f"  test payments, parcels and mails: {outside.stripe.stripe_api_base}")
        await anext(aiter(signals))
        say("Stopping ...")
    say("Stopped.")


async def stock_an_empty_sandbox(shop: Shop) -> None:
    """Who tries the shop out finds goods in it. A shop with real payments begins empty."""
    if shop.outside.is_sandbox and not (await shop.bus.ask(ListCategories())).names:
        say("Filling the shelves with sample goods ...")
        report = await goods.import_file(shop.bus, goods.SAMPLE)
        if not report.written:
            say(f"  None could be taken: {report.refused[0][1]}")


@asynccontextmanager
async def open_beside(settings: ShopSettings) -> AsyncIterator[Shop]:
    """The shop for a command that only asks: beside a running one, or alone."""
    async with open_shop(settings, NOBODY, SystemClock(), deliver=False) as shop:
        yield shop


# The commands.

app = typer.Typer(help="ShopFlow runs a whole shop in one program.", no_args_is_help=False, add_completion=False)
out = Console()
T = TypeVar("T")


def say(line: str) -> None:
    """A line for whoever started the program; seen at once, also through a pipe."""
    print(line, flush=True)  # noqa: T201 - this is the program's output


def run(main: Callable[[ShopSettings], Awaitable[T]]) -> T:
    """Run a command; what is wrong with settings or input is one line, and exit code 2."""
    try:
        settings = read_all()
        configure_logging(settings.engine.shopflow_log, as_json=settings.engine.shopflow_log_json)
        return uvloop.run(_awaited(main, settings))
    except* ShopFlowError as group:
        _refuse(group)
    raise AssertionError("either returned or refused")


async def _awaited(main: Callable[[ShopSettings], Awaitable[T]], settings: ShopSettings) -> T:
    return await main(settings)


def _refuse(error: BaseException) -> None:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    typer.echo(f"ShopFlow: {error}", err=True)
    raise typer.Exit(2 if isinstance(error, BadInput) else 1)


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Without a command: serve."""
    if context.invoked_subcommand is None:
        run(serve)


@app.command(name="serve")
def serve_command(
    actors: Annotated[str, typer.Option(help="Only these, with commas between; the rest is reached over SQS.")] = "",
    gateway: Annotated[bool, typer.Option(help="Whether to serve HTTP here.")] = True,
) -> None:
    """Run the shop: the page, the API, and everything behind it, in one process, or a part of it."""

    async def main(settings: ShopSettings) -> None:
        hosted = msgspec.structs.replace(settings.sqs, shopflow_actors=actors or settings.sqs.shopflow_actors)
        await serve(msgspec.structs.replace(settings, sqs=hosted), has_gateway=gateway)

    run(main)


@app.command()
def tour(
    url: Annotated[str, typer.Option(help="Where the shop runs; SHOPFLOW_HOST and SHOPFLOW_PORT if not given.")] = "",
) -> None:
    """Take one order from cart to delivered against the running shop, as a buyer and the warehouse would."""

    async def main(settings: ShopSettings) -> None:
        async with open_beside(settings) as shop, shop.services.database.transaction(shop.clock.now()) as tx:
            token = await make_token(tx, role="staff", label="tour", valid_for=timedelta(hours=1))
        where = url or address(settings.edge.shopflow_host, settings.edge.shopflow_port)
        with Progress(console=out) as progress:
            bar = progress.add_task("Beginning ...", total=Tour.STEPS)
            walk = Tour(where, token, lambda step: progress.update(bar, advance=1, description=step))
            order = await walk.walk()
        table = Table("when", "event", "detail", title=f"Order {order.number}: {order.status}")
        for moment in order.timeline:
            table.add_row(moment.at.strftime("%H:%M:%S.%f")[:-3], moment.event, moment.detail)
        out.print(table)

    try:
        run(main)
    except* TourFailed as failed:
        typer.echo(f"The tour ended early: {failed.exceptions[0]}", err=True)
        raise typer.Exit(1) from None


@app.command(name="import")
def import_command(file: Annotated[Path, typer.Argument(help=f"CSV with {', '.join(goods.COLUMNS)}.")]) -> None:
    """Bring products and stock in. What is there is replaced; lines that don't fit are listed."""

    async def main(settings: ShopSettings) -> goods.Report:
        with Progress(console=out) as progress:
            bar = progress.add_task(f"Importing {file.name}", total=goods.count_lines(file))
            async with open_beside(settings) as shop:
                return await goods.import_file(shop.bus, file, lambda done: progress.update(bar, advance=done))

    report = run(main)
    out.print(f"{report.written} SKUs written, {len(report.refused)} lines refused.")
    if report.refused:
        out.print(console.refused_lines(report.refused))
        raise typer.Exit(1)


@app.command()
def export(file: Annotated[Path, typer.Argument(help="CSV to write; `import` reads it.")]) -> None:
    """Write products and stock out."""

    async def main(settings: ShopSettings) -> int:
        with Progress(console=out) as progress:
            bar = progress.add_task(f"Exporting to {file.name}", total=None)
            async with open_beside(settings) as shop:
                return await goods.export_file(shop.bus, file, lambda done: progress.update(bar, advance=done))

    out.print(f"{run(main)} SKUs written to {file}.")


@app.command()
def audit(
    repair: Annotated[bool, typer.Option("--repair", help="First put right what is safe to, and list it.")] = False,
) -> None:
    """Recompute everything from ledgers and rows, within and across domains; list what does not fit."""

    async def main(settings: ShopSettings) -> tuple[tuple[RepairMade, ...], Audited]:
        async with open_beside(settings) as shop:
            made = (await shop.bus.ask(Repair(), timeout_s=600)).repairs if repair else ()
            return made, await shop.bus.ask(Audit(), timeout_s=600)

    made, audited = run(main)
    if made:
        out.print(console.repairs(made))
    if audited.findings:
        out.print(console.findings(audited.findings))
    checked = ", ".join(f"{part.checked} {part.name}" for part in audited.parts)
    say(f"Checked: {checked}. {len(audited.findings)} findings.")
    if audited.findings:
        raise typer.Exit(1)


@app.command()
def token(
    role: Annotated[str, typer.Option(help="Only `staff` so far.")] = "staff",
    days: Annotated[int, typer.Option(min=1, max=3650, help="How long it is valid.")] = 90,
) -> None:
    """Make a bearer token for /admin/api. It is shown once."""
    if role != "staff":
        typer.echo("ShopFlow: --role must be staff", err=True)
        raise typer.Exit(2)

    async def main(settings: ShopSettings) -> str:
        async with open_beside(settings) as shop, shop.services.database.transaction(shop.clock.now()) as tx:
            return await make_token(tx, role=role, label="command line", valid_for=timedelta(days=days))

    say(run(main))


letters = typer.Typer(help="Messages that could not be handled.", invoke_without_command=True)
app.add_typer(letters, name="dead-letters")


@letters.callback()
def letters_default(context: typer.Context) -> None:
    """Without a word: list."""
    if context.invoked_subcommand is None:
        list_letters()


@letters.command(name="list")
def list_letters() -> None:
    """What is parked, the oldest first; then what the queues of other processes have parked."""

    async def main(settings: ShopSettings) -> tuple[Sequence[DeadLetter], Sequence[ParkedMessage]]:
        async with open_beside(settings) as shop, open_queues(settings) as queues:
            local = await shop.bus.deliveries.dead_letters(limit=1000)
            return local, await queues.parked() if queues else ()

    out.print(console.dead_letters(*run(main)))


@letters.command()
def show(letter_id: str) -> None:
    """One of them, whole."""

    async def main(settings: ShopSettings) -> DeadLetter | ParkedMessage:
        async with open_beside(settings) as shop, open_queues(settings) as queues:
            local = await shop.bus.deliveries.dead_letters(int(letter_id) - 1, 1) if letter_id.isdecimal() else []
            everywhere: list[DeadLetter | ParkedMessage] = [*local, *(await queues.parked() if queues else ())]
        found = next((letter for letter in everywhere if str(letter.id) == letter_id), None)
        if found is None:
            raise BadInput(f"there is no dead letter {letter_id}")
        return found

    out.print_json(msgspec.json.encode(run(main)).decode())


@letters.command()
def redrive(letter_ids: Annotated[list[str], typer.Argument(help="Their ids, as `list` shows them.")]) -> None:
    """Try them again. A running shop takes them up within seconds, another when it starts."""

    async def main(settings: ShopSettings) -> int:
        async with open_beside(settings) as shop, open_queues(settings) as queues:
            local = await shop.bus.deliveries.redrive([int(each) for each in letter_ids if each.isdecimal()])
            return local + (await queues.redrive(letter_ids) if queues else 0)

    out.print(f"{run(main)} will be tried again.")


queue_commands = typer.Typer(help="The queues between processes (SQS_PREFIX).", no_args_is_help=True)
app.add_typer(queue_commands, name="queues")


@queue_commands.command(name="create")
def create_queues() -> None:
    """Make what is missing, and set right what is there. Repeating it changes nothing."""

    async def main(settings: ShopSettings) -> None:
        async with open_queues(settings) as queues:
            if queues is None:
                raise BadSetting("SQS_PREFIX: must be set; it is what the queues' names begin with")
            async for queue in queues.create():
                out.print(queue)

    run(main)


@queue_commands.command(name="list")
def list_queues() -> None:
    """How full they are, how old what waits is, and which processes are there to handle it."""

    async def main(settings: ShopSettings) -> Table:
        async with open_beside(settings) as shop, open_queues(settings) as queues:
            if queues is None:
                raise BadSetting("SQS_PREFIX: must be set; without it everything is in one process")
            now = shop.clock.now()
            waiting = await shop.bus.deliveries.overdue(now)
            return console.queues(await queues.states(), waiting, await processes(shop.services.database), now)

    out.print(run(main))


@asynccontextmanager
async def open_queues(settings: ShopSettings) -> AsyncIterator[Queues | None]:
    """All the queues of the shop, if it has any."""
    if not settings.sqs.sqs_prefix:
        yield None
        return
    async with open_sqs(settings.sqs) as sqs:
        yield Queues(sqs, Part().actors)


@app.command()
def schema() -> None:
    """Print every message as JSON Schema, and who listens to each event."""
    routes = Routes(ACTORS)
    kinds = sorted(routes.message_types(), key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(kinds, ref_template="#/$defs/{name}")
    say(msgspec.json.format(msgspec.json.encode({"listeners": routes.listeners(), "$defs": components})).decode())


if __name__ == "__main__":
    app()
