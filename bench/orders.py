"""Whole orders in the engine: cart, hold, order, paid, and every listener's effect on disk.

Closed loop of 1, 32 and 512 callers, in the shop's own process, without HTTP; Stripe and the mail server are stand-ins
that agree at once. An order counts as done when the last delivery of the run is handled.
"""

import asyncio
import statistics
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import perf_counter

import anyio
import psutil

from actors.email.mime import Mail
from actors.email.smtp import Mailer
from actors.payment.stripe import Stripe
from actors.shipping.carrier import Carrier
from bench import cpu
from bench.goods import PLENTY, row_of, sku
from bench.programs import Running
from bench.rest import until_rest
from bus.local import LocalBus
from bus.messages.base import Address, Money, new_id
from bus.messages.cart import Cart, CheckedOut, Checkout, CreateCart, SetLine
from bus.messages.catalog import ImportSkus
from bus.messages.inventory import SetOnHand
from bus.messages.payment import Intent, RecordStripeEvent, StripeEvent
from bus.news import News
from bus.routes import Routes
from engine.clock import SystemClock
from engine.postgres import migrate
from engine.services import open_services
from engine.settings import EngineSettings
from run import ACTORS, NOBODY, SCHEMAS, Shop, ShopSettings, make_actors

SKUS = 100
CALLERS = (1, 32, 512)
ORDERS = {1: 100, 32: 2_000, 512: 8_000}
REPEATS = 3
_HOME = Address(line1="1 Harbour Street", city="Hamburg", postal_code="20095", country="DE")
_ANSWER_S = 60.0


class StripeAtOnce(Stripe):
    """Agrees to everything."""

    def __init__(self) -> None:
        self.is_configured = False

    async def create_intent(
        self, order_id: str, attempt: int, amount: Money, *, since: datetime, is_old: bool
    ) -> Intent:
        return Intent(order_id=order_id, intent_id=f"pi_{order_id}", client_secret="secret", amount=amount)


class MailerAtOnce(Mailer):
    """Takes everything."""

    def __init__(self) -> None:
        self.sent = 0

    async def send(self, mail: Mail) -> None:
        self.sent += 1


class NoCarrier(Carrier):
    """Nobody ships here."""

    def __init__(self) -> None:
        pass


@dataclass(frozen=True)
class Row:
    """One crowd: orders per second (each repeat's), and processor seconds for each, by whose."""

    callers: int
    per_second: Sequence[float]
    cpu_s: Mapping[str, float]

    @property
    def median(self) -> float:
        return statistics.median(self.per_second)


async def measure(folder: Path) -> list[Row]:
    """All crowds, one after the other, on one shop."""
    async with _shop(folder) as shop:
        here = Running(folder, psutil.Process().pid, "")
        return [await _crowd(shop, here, callers) for callers in CALLERS]


@asynccontextmanager
async def _shop(folder: Path) -> AsyncIterator[Shop]:
    engine = EngineSettings(shopflow_data=folder)
    clock = SystemClock()
    async with open_services(engine) as services:
        await migrate(services.database_url, SCHEMAS, clock)
        bus = LocalBus(routes=Routes(ACTORS), database=services.database, clock=clock, settings=engine)
        shop = Shop(bus, services, News(services.redis, clock, bus), clock, ShopSettings(engine), NOBODY)
        for actor in make_actors(shop, StripeAtOnce(), NoCarrier(), MailerAtOnce()):
            bus.host(actor)
        async with anyio.create_task_group() as tasks:
            bus.supervisor.start(tasks)
            bus.open()
            tasks.start_soon(shop.news.run)
            tasks.start_soon(bus.deliveries.run)
            await bus.ask(ImportSkus(rows=tuple(map(row_of, range(SKUS)))))
            await asyncio.gather(*(bus.ask(SetOnHand(sku=sku(n), on_hand=PLENTY)) for n in range(SKUS)))
            yield shop
            tasks.cancel_scope.cancel()


async def _crowd(shop: Shop, here: Running, callers: int) -> Row:
    per_second: list[float] = []
    used: dict[str, float] = {}
    await _run(shop, callers, ORDERS[callers] // 4)  # Warms up.
    for _ in range(REPEATS):
        before, begun = cpu.used_s(here), perf_counter()
        await _run(shop, callers, ORDERS[callers])
        per_second.append(ORDERS[callers] / (perf_counter() - begun))
        for who, seconds in cpu.between(before, cpu.used_s(here)).items():
            used[who] = used.get(who, 0.0) + seconds
    return Row(callers, per_second, {who: seconds / REPEATS / ORDERS[callers] for who, seconds in used.items()})


async def _run(shop: Shop, callers: int, orders: int) -> None:
    left = iter(range(orders))

    async def caller() -> None:
        for number in left:
            await _order(shop.bus, sku(number % SKUS))

    await asyncio.gather(*(caller() for _ in range(callers)))
    await until_rest(shop.services.database)


async def _order(bus: LocalBus, wanted: str) -> None:
    """From an empty cart to paid."""
    cart = await bus.ask(CreateCart(), timeout_s=_ANSWER_S)
    filled = await bus.ask(SetLine(cart_id=cart.id, sku=wanted, quantity=1), timeout_s=_ANSWER_S)
    assert isinstance(filled, Cart), filled
    placed = await bus.ask(
        Checkout(cart_id=cart.id, email="ada@example.com", name="Ada", address=_HOME), timeout_s=_ANSWER_S
    )
    assert isinstance(placed, CheckedOut), placed
    now = SystemClock().now()
    paid = StripeEvent(id=new_id("evt"), type="payment_intent.succeeded", amount=placed.amount, created=now)
    await bus.ask(RecordStripeEvent(intent_id=placed.intent_id, event=paid), timeout_s=_ANSWER_S)
