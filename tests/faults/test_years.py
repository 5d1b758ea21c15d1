"""Seven years pass over a shop: every timer fires once, in order and at its time, and nothing else happens.

That is how long orders are kept. What costs time while nothing happens would cost most here.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from random import Random
from time import perf_counter

import aiohttp
import pytest

from bus.messages.inventory import UnitsGone, UnitsRetaken
from bus.messages.order import (
    OrderCancelled,
    OrderCreated,
    OrderDelivered,
    OrderFulfilled,
    OrderProgressed,
    OrderShipped,
    PaymentCameLate,
    RefundRequested,
)
from bus.messages.payment import PaymentDeclined, PaymentReceived, RefundFailed, RefundProcessed
from bus.messages.shipping import ParcelMoved, ShipmentBooked
from engine.actor import turn
from engine.clock import ManualClock
from engine.postgres import Database
from engine.transaction import Transaction
from sandbox.core.faults import WebhookFault
from testkit import ShopUnderTest
from tests.engine.toys import Bell, Mark, SetTimer, Toy, gather, house, stored
from tests.faults.conftest import Scale
from tests.faults.report import Report
from tests.journeys.people import Customer, Json, Purchase, Staff, mails_of, scan, send_webhook, staff_token

YEARS_DAYS = 7 * 365.25
EVERY_STATE = {
    "pending_payment", "paid", "picking", "packed", "shipped", "in_transit", "delivered", "cancelled",
}  # fmt: skip
EVENTS = (
    OrderCancelled, OrderCreated, OrderDelivered, OrderFulfilled, OrderProgressed, OrderShipped, ParcelMoved,
    PaymentCameLate, PaymentDeclined, PaymentReceived, RefundFailed, RefundProcessed, RefundRequested, ShipmentBooked,
    UnitsGone, UnitsRetaken,
)  # fmt: skip
MONTH_WITHIN_S = 1.0  # As promised.


class Watch(Toy, name="recorder"):
    """Looks at the clock whenever a timer comes."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__()
        self._clock = clock
        self.fired: list[tuple[datetime, str]] = []

    @turn
    async def mark(self, tx: Transaction, asks: Sequence[Mark]) -> None:
        self.fired += [(self._clock.now(), ask.what) for ask in asks]


async def test_timers_scattered_over_seven_years_fire_each_once_at_its_time(
    database: Database, clock: ManualClock, scale: Scale, report: Report
) -> None:
    chance, start, watch = Random(scale.seed), clock.now(), Watch(clock)
    seconds = {str(n): chance.randrange(1, int(YEARS_DAYS * 86_400)) for n in range(scale.of(short=300, long=3000))}
    async with house(database, clock, Bell(), watch, shopflow_sweep_s=86_400) as bus:
        await gather(*(bus.ask(SetTimer(key=f"k{what}", what=what, seconds=at)) for what, at in seconds.items()))
        began_s = perf_counter()
        await clock.advance(days=YEARS_DAYS, within_s=scale.of(short=30, long=120))
        took_s = perf_counter() - began_s

    due = sorted((start + timedelta(seconds=at), what) for what, at in seconds.items())
    assert sorted(watch.fired) == due
    assert [at for at, _ in watch.fired] == [at for at, _ in due]
    assert await stored(database) == []
    campaign = report.campaign("timers over seven years", scale.seed)
    campaign.runs = len(due)
    campaign.notes.append(f"{len(due)} timers, seven years, {took_s:.1f} s of waiting.")


class Cast:
    """Everybody of the story, and orders in every state."""

    def __init__(self, shop: ShopUnderTest, http: aiohttp.ClientSession, token: str) -> None:
        self.shop = shop
        self.buyer = Customer(shop, http)
        self.staff = Staff(shop, http, token)
        self.bought: dict[str, Purchase] = {}

    async def prepare(self) -> None:
        buyer, bought = self.buyer, self.bought
        bought["late, units retaken"] = await self._pay_late()
        bought["called off, money back"] = await buyer.buy(MUG=1)
        _ = (await buyer.cancel(bought["called off, money back"])).good
        for far in ("paid", "picking", "packed", "shipped", "in_transit", "delivered"):
            bought[far] = await buyer.buy(BOOK=1)
            await self._lead(bought[far], far)
        bought["partly refunded"] = await buyer.buy(BOOK=2)
        _ = (await self.staff.refund(bought["partly refunded"], 100)).good
        bought["declined, then paid"] = await buyer.order(BOOK=1)
        assert await buyer.pay(bought["declined, then paid"], "pm_card_chargeDeclined") == 402
        assert await buyer.pay(bought["declined, then paid"]) == 200
        bought["declined"] = await buyer.order(BOOK=1)
        assert await buyer.pay(bought["declined"], "pm_card_chargeDeclined") == 402
        bought["pending_payment"] = await buyer.order(BOOK=1)
        await buyer.fill_cart(MUG=3)

    async def _pay_late(self) -> Purchase:
        bought = await self.buyer.order(LAMP=1)
        self.shop.sandbox.faults.webhooks = WebhookFault(hold=True)
        assert await self.buyer.confirm(bought) == 200
        await self.shop.clock.advance(minutes=31)
        self.shop.sandbox.faults.webhooks = WebhookFault()
        await self.shop.settle()
        return bought

    async def _lead(self, bought: Purchase, far: str) -> None:
        steps = {"picking": ["pick"], "packed": ["pick", "pack"]}.get(far, ["pick", "pack", "ship"])
        for step in steps if far != "paid" else ():
            _ = (await self.staff.step(bought, step)).good
        if far in ("in_transit", "delivered"):
            order = await self.buyer.read(bought)
            news = scan(order["tracking"]["tracking_number"], far)
            assert (await send_webhook(self.buyer, news, by="shipping")).status == 200

    async def orders(self) -> dict[str, Json]:
        """What each buyer sees of their order."""
        return {name: await self.buyer.read(bought) for name, bought in self.bought.items()}

    def outside(self) -> tuple[int, int, int, int, list[str]]:
        """What the world outside has seen of the shop."""
        sandbox = self.shop.sandbox
        return (
            len(sandbox.charges()),
            len(sandbox.refunds()),
            len(sandbox.payment_intents()),
            len(sandbox.shipments()),
            mails_of(self.shop),
        )


async def everything_stored(shop: ShopUnderTest) -> dict[str, int]:
    """Rows of each table of the shop."""
    database = shop.inside.services.database
    tables = await database.fetch(
        "select schemaname || '.' || relname as name from pg_stat_user_tables where schemaname <> 'engine' order by 1"
    )
    return {each["name"]: (await database.fetch(f"select count(*) from {each['name']}"))[0][0] for each in tables}


async def everything_in_memory(shop: ShopUnderTest) -> dict[str, int]:
    """What there is of timers, messages and the like."""
    bus = shop.inside.bus
    in_memory = bus.deliveries._in_memory
    return {
        "mailboxes": sum(cell.mailbox.size for cell in bus.supervisor.cells.values()),
        "deliveries known": len(in_memory._ids) + len(in_memory._left),
        "timers set": shop.clock.waiting(),
        "timers kept": len(shop.clock._timers) + len(shop.clock._delays),
    }


@pytest.fixture
async def cast(shop: ShopUnderTest) -> AsyncIterator[Cast]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        made = Cast(shop, http, await staff_token(shop, valid_for=timedelta(days=8 * 365)))
        await made.prepare()
        yield made


@pytest.mark.timeout(180)
async def test_seven_years_pass_over_a_shop_and_each_timer_fires_once(cast: Cast, scale: Scale, report: Report) -> None:
    shop, start = cast.shop, cast.shop.clock.now()
    before, outside_before = await cast.orders(), cast.outside()
    assert {order["status"] for order in before.values()} == EVERY_STATE
    told = {kind: len(shop.published(kind)) for kind in EVENTS}

    a_year_s = await _pass(shop, days=365.25)
    stored_then, kept_then = await everything_stored(shop), await everything_in_memory(shop)
    took_s = a_year_s + await _pass(shop, days=YEARS_DAYS - 365.25)

    after, outside_after = await cast.orders(), cast.outside()
    unpaid = {name for name, order in before.items() if order["status"] == "pending_payment"}
    assert {name: order for name, order in after.items() if name not in unpaid} == {
        name: order for name, order in before.items() if name not in unpaid
    }
    for name in unpaid:  # Their one timer fired once, at its time, within the first hour.
        *earlier, last = after[name]["timeline"]
        assert (after[name]["status"], last["event"], earlier) == (
            "cancelled",
            "OrderCancelled",
            before[name]["timeline"],
        )
        assert datetime.fromisoformat(last["at"]) == datetime.fromisoformat(earlier[0]["at"]) + timedelta(minutes=30)
        assert datetime.fromisoformat(last["at"]) < start + timedelta(hours=1)
    assert outside_after[:-1] == outside_before[:-1]  # No second charge, refund, intent or parcel.
    assert outside_after[-1] == [*outside_before[-1], *["order_cancelled"] * len(unpaid)]
    assert {kind: len(shop.published(kind)) - told[kind] for kind in EVENTS} == {
        kind: len(unpaid) if kind in (OrderCancelled, OrderProgressed) else 0 for kind in EVENTS
    }
    assert await cast.staff.stock("MUG") == (10, 0)  # What was only in a cart is free again.
    stored_now = await everything_stored(shop)
    keys_then, keys_now = (stored.pop("vault.destroyed_keks") for stored in (stored_then, stored_now))
    assert keys_then < keys_now <= YEARS_DAYS / 30  # The shop knows for ever which keys are gone: a row each 30 days.
    assert stored_now == stored_then  # Six years later nothing else has piled up anywhere.
    assert await everything_in_memory(shop) == kept_then
    assert stored_then["bus.deliveries"] == kept_then["mailboxes"] == kept_then["deliveries known"] == 0
    assert await cast.staff.findings() == []
    assert await cast.staff.dead_letters() == []
    assert await cast.buyer.buy(BOOK=1)  # And it sells as ever.
    campaign = report.campaign("seven years", scale.seed)
    campaign.runs, campaign.orders = 1, len(after)
    campaign.notes.append(f"Seven years passed in {took_s:.1f} s of waiting, {7 / took_s:.1f} years per second.")


@pytest.mark.timeout(60)
async def test_a_month_passes_in_under_a_second_of_waiting(cast: Cast, scale: Scale, report: Report) -> None:
    took_s = [await _pass(cast.shop, days=30) for _ in range(scale.of(short=6, long=60))]

    assert max(took_s) < MONTH_WITHIN_S
    assert await cast.staff.findings() == []
    campaign = report.campaign("a month of a shop's life", scale.seed)
    campaign.runs = len(took_s)
    campaign.notes.append(f"The longest of {len(took_s)} months took {max(took_s):.2f} s of waiting.")


async def _pass(shop: ShopUnderTest, *, days: float) -> float:
    """Let time pass, and all that comes of it; says how many seconds one waited."""
    began_s = perf_counter()
    await shop.clock.advance(days=days, within_s=90)
    took_s = perf_counter() - began_s
    await shop.settle()
    return took_s
