"""For tests: a whole shop in a fixture, with a clock to move, on real servers that start once a run.

    async def test_a_cart_gives_its_units_back(shop):
        cart = await shop.ask(CreateCart())
        await shop.ask(SetLine(cart_id=cart.id, sku="MUG", quantity=3))
        await shop.clock.advance(minutes=10)
        assert await shop.available("MUG") == 10

A test gets a clone of a template that was migrated once, because migrating anew costs more than most tests do. These
servers promise nothing after a crash of the machine: a test run has nothing to keep.

Rejected: one database that is emptied between tests (whatever one test forgets, the next one finds); a transaction
that is rolled back after each test (then nothing ever commits, and commits are what the engine is about).
"""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import aiohttp
import asyncpg
import pytest
from redis.asyncio import Redis

from engine.clock import ManualClock
from engine.embedded import embedded_postgres, embedded_valkey
from engine.message import Command, Event
from engine.postgres import migrate

if TYPE_CHECKING:
    from run import Shop
    from sandbox import Mail, Sandbox

_FASTER = """
alter system set fsync = off;
alter system set synchronous_commit = off;
alter system set full_page_writes = off;
alter system set autovacuum = off"""
R = TypeVar("R")
T = TypeVar("T")

# What is on the shelves of a shop under test: SKU, price in cents, units.
GOODS: Final = (("MUG", 1450, 10), ("LAMP", 5900, 1), ("BOOK", 1200, 100))
_ROUNDS = 10  # Of outside world and shop in turn, until neither has anything to do.
_REDIS_DATABASES = 16  # As many as Valkey has unless it is told otherwise.


class Servers:
    """One PostgreSQL and one Valkey, shared by all tests of a run. See `open_servers`."""

    def __init__(self, postgres_url: str, redis_url: str) -> None:
        self._postgres_url = postgres_url
        self._redis_url = redis_url
        self._templates: dict[tuple[tuple[str, Path], ...], str] = {}
        self._numbers = count(1)

    async def fresh_database(self, schemas: Mapping[str, Path]) -> str:
        """Make a database of its own with these domains' tables; gives its URL.

        Args:
            schemas: As `engine.postgres.migrate` takes them. The first use of a set costs a migration, every later one
                a copy of its files.
        """
        key = tuple(schemas.items())
        if key not in self._templates:
            template = await self._create("template0")
            await migrate(self._url(template), schemas, ManualClock())
            self._templates[key] = template
        return self._url(await self._create(self._templates[key]))

    async def drop(self, database_url: str) -> None:
        """Remove a database that `fresh_database` gave, ending whoever is still connected to it."""
        name = _name_in(database_url)
        await self._execute(f"drop database if exists {name} with (force)")

    async def fresh_redis_url(self) -> str:
        """An empty database of Valkey. Sixteen in turn: the seventeenth call empties the first one's."""
        url = f"{self._redis_url}?db={next(self._numbers) % _REDIS_DATABASES}"
        async with Redis.from_url(url) as client:
            await client.flushdb()
        return url

    async def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        # `file_copy` and not the default, which writes every page to the log as well: that is slower when nobody is
        # connected to the template, which is so here.
        await self._execute(f"create database {name} template {template} strategy file_copy")
        return name

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self._postgres_url, timeout=10)
        try:
            for statement in sql.split(";"):  # One by one: these refuse to share a transaction.
                await connection.execute(statement, timeout=30)
        finally:
            await connection.close(timeout=5)

    async def make_faster(self) -> None:
        """Trade durability, which no test can see, for speed. Called once, by `open_servers`."""
        await self._execute(f"{_FASTER}; select pg_reload_conf()")

    def _url(self, database: str) -> str:
        return self._postgres_url.replace(f"/{_name_in(self._postgres_url)}?", f"/{database}?")


@asynccontextmanager
async def open_servers(folder: Path) -> AsyncIterator[Servers]:
    """Start both servers with their data in `folder`, and stop them when the block ends.

    Raises:
        BadSetting: One of them does not start. Says what to look at.
    """
    async with embedded_postgres(folder / "postgres") as postgres_url, embedded_valkey(folder / "valkey") as redis_url:
        servers = Servers(postgres_url, redis_url)
        await servers.make_faster()
        yield servers


def _name_in(database_url: str) -> str:
    found = re.search(r"/(\w+)\?", database_url)
    assert found, "the URL of an embedded database names it"
    return found[1]


class ShopUnderTest:
    """A whole shop: real PostgreSQL, Valkey, HTTP edge, Stripe's library and SMTP; only its clock stands still."""

    def __init__(self, shop: "Shop", box: "Sandbox", clock: ManualClock, url: str) -> None:
        self.inside = shop
        self.box = box  # The outside world: payments, parcels, mails, and faults of each.
        self.clock = clock
        self.url = url

    async def ask(self, command: Command[R], *, timeout_s: float | None = None) -> R:
        """Ask as the edge does; gives the command's answer, typed."""
        return await self.inside.bus.ask(command, timeout_s=timeout_s)

    async def publish(self, *events: Event) -> None:
        """Say something that no turn says, and wait until it was heard."""
        await self.inside.bus.publish(*events)
        await self.clock.at_rest()

    async def available(self, sku: str) -> int:
        """How many units of a SKU anybody could have now."""
        from bus.messages.inventory import GetStock

        return (await self.ask(GetStock(skus=(sku,)))).levels[0].available

    async def settle(self) -> None:
        """Let the outside world speak, and the shop act on it, until neither has anything to do."""
        for _ in range(_ROUNDS):
            await self.clock.at_rest()
            if not self.box.waiting_webhooks():
                return
            await self.box.flush_webhooks()
        await self.clock.at_rest()

    async def pay(self, intent_id: str, client_secret: str, method: str = "pm_card_visa") -> int:
        """Confirm a payment as the buyer's browser does, and let everything come of it. Gives Stripe's HTTP status."""
        form = {
            "key": self.inside.outside.stripe.stripe_publishable_key,
            "client_secret": client_secret,
            "payment_method": method,
        }
        confirm = f"{self.box.http_url}/v1/payment_intents/{intent_id}/confirm"
        async with aiohttp.ClientSession() as http, http.post(confirm, data=form) as answer:
            status = answer.status
        await self.settle()
        return status

    def mails(self, to: str = "") -> "list[Mail]":
        """What was sent, the oldest first."""
        return list(reversed(self.box.mails(to)))


@asynccontextmanager
async def open_shop_under_test(servers: Servers) -> AsyncIterator[ShopUnderTest]:
    """A shop with `GOODS` on its shelves, on a fresh database.

    This is the one place of the engine that looks up at the house, because a shop under test is the whole house: it is
    imported when it is asked for, and nothing of the engine asks for it.
    """
    from actors.payment.stripe import StripeSettings
    from actors.shipping.carrier import CarrierSettings
    from engine.settings import EngineSettings
    from gateway.server import bind
    from gateway.settings import EdgeSettings
    from run import SCHEMAS, Outside, ShopSettings, open_edge, open_shop
    from sandbox import Sandbox, SandboxConfig

    clock = ManualClock()
    database_url, redis_url = await servers.fresh_database(SCHEMAS), await servers.fresh_redis_url()
    with bind("127.0.0.1", 0) as listener, tempfile.TemporaryDirectory(prefix="shopflow-") as data:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        config = SandboxConfig(shop_url=url)
        async with Sandbox(config, now=lambda: clock.now().timestamp()) as box:
            settings = ShopSettings(
                engine=EngineSettings(
                    shopflow_data=Path(data), database_url=database_url, redis_url=redis_url, shopflow_sweep_s=86_400
                ),
                edge=EdgeSettings(shopflow_port=0),
            )
            outside = Outside(
                stripe=StripeSettings(
                    stripe_secret_key=config.stripe_secret_key,
                    stripe_publishable_key=config.stripe_publishable_key,
                    stripe_webhook_secret=config.stripe_webhook_secret,
                    stripe_api_base=box.http_url,
                ),
                carrier=CarrierSettings(
                    carrier_url=f"{box.http_url}/carrier",
                    carrier_key=config.carrier_key,
                    carrier_webhook_secret=config.carrier_secret,
                ),
                smtp_url=box.smtp_url,
                is_sandbox=True,
            )
            async with open_shop(settings, outside, clock) as shop, open_edge(shop, listener):
                under_test = ShopUnderTest(shop, box, clock, url)
                await _stock(under_test)
                yield under_test
    await servers.drop(database_url)


async def _stock(shop: ShopUnderTest) -> None:
    from bus.messages.base import Money
    from bus.messages.catalog import ImportSkus, SkuRow
    from bus.messages.inventory import SetOnHand

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


@pytest.fixture(scope="session")
async def servers() -> AsyncIterator[Servers]:
    """The servers of this test run."""
    # Not under pytest's own folder: that is closed to other users again and again, and as root PostgreSQL is another.
    with tempfile.TemporaryDirectory(prefix="shopflow-", ignore_cleanup_errors=True) as folder:
        async with open_servers(Path(folder)) as opened:
            yield opened


@pytest.fixture
async def shop(servers: Servers) -> AsyncIterator[ShopUnderTest]:
    """A fresh shop for one test."""
    async with _in_its_own_task(open_shop_under_test(servers)) as opened:
        yield opened


@asynccontextmanager
async def _in_its_own_task(context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """Enter and leave in one task, as task groups must be; pytest's plugins set up and tear down in two."""
    opened: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def live() -> None:
        async with context as value:
            opened.set_result(value)
            await over.wait()

    task = asyncio.create_task(live())
    await asyncio.wait((opened, task), return_when=asyncio.FIRST_COMPLETED)
    try:
        if opened.done():
            yield opened.result()
    finally:
        over.set()
        await task
