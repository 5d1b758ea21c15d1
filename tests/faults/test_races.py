"""Many want the same units in the same moment: one winner for one unit, nothing sold that is not there, no half basket.

In two shops on one database as well: then no mailbox stands between those who race, and only the locks on rows hold.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import aiohttp
import pytest

from actors.payment.stripe import StripeSettings
from actors.shipping.carrier import CarrierSettings
from bus.messages.base import Line, Money, Units
from bus.messages.cart import Cart, CreateCart, RemoveLine, SetLine
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.inventory import (
    AuditStock,
    CheckoutHeld,
    CountStock,
    GiveBack,
    HoldForCheckout,
    HoldStock,
    OutOfStock,
    SetOnHand,
    StockCount,
    StockHeld,
    StockRefused,
)
from engine.clock import ManualClock
from engine.settings import EngineSettings
from testkit import Servers, ShopUnderTest
from tests.faults.conftest import Scale
from tests.faults.report import Campaign, Report
from tests.journeys.people import Customer, Staff, new_key, staff_token
from wiring.domains import SCHEMAS, ShopSettings
from wiring.integrations import Integrations
from wiring.shop import Shop, open_shop

SKUS = [f"SKU-{n:02}" for n in range(12)]
PATIENCE_S = 30.0

T = TypeVar("T")


@asynccontextmanager
async def two_shops(servers: Servers, folder: Path) -> AsyncIterator[tuple[Shop, Shop]]:
    """On one database, at one time of day. Nobody pays or ships here, so there is no world outside."""
    database_url, redis_url = await servers.fresh_database(SCHEMAS), await servers.fresh_redis_url()
    settings = ShopSettings(
        engine=EngineSettings(
            shopflow_data=folder, database_url=database_url, redis_url=redis_url, shopflow_sweep_s=86_400
        )
    )
    nobody = Integrations(StripeSettings(), CarrierSettings(carrier_url="http://127.0.0.1"), "smtp://127.0.0.1", True)
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(open_shop(settings, nobody, clock)) for _ in range(2)]
        yield one, other
    await servers.drop(database_url)


async def stock(shop: Shop, **on_hand: int) -> None:
    for sku, units in on_hand.items():
        await shop.bus.ask(SetOnHand(sku=sku, on_hand=units))


async def books(shop: Shop, sku: str) -> StockCount:
    counted = await shop.bus.ask(CountStock(sku=sku))
    assert isinstance(counted, StockCount)
    return counted


async def nothing_is_wrong(shop: Shop) -> None:
    """By the auditor; and whoever failed was told so, not parked."""
    assert (await shop.bus.ask(AuditStock(), timeout_s=60)).findings == ()
    assert await shop.bus.backlog.dead_letters() == []


async def grab(shops: Sequence[Shop], sku: str, buyers: int, prefix: str, chance: Random) -> list[str]:
    """Each wants one unit, of one shop or the other; gives the carts that have it. Nobody meets an error."""
    carts = [f"{prefix}-{n}" for n in range(buyers)]
    async with asyncio.timeout(PATIENCE_S):
        answers = await asyncio.gather(
            *(chance.choice(shops).bus.ask(HoldStock(cart_id=cart, sku=sku, quantity=1)) for cart in carts)
        )
    assert {type(answer) for answer in answers} <= {StockHeld, StockRefused}
    return [cart for cart, answer in zip(carts, answers, strict=True) if isinstance(answer, StockHeld)]


async def rounds_of_one_unit(shops: Sequence[Shop], campaign: Campaign, scale: Scale, buyers: int, rounds: int) -> None:
    chance = Random(scale.seed)
    await stock(shops[0], LAST=1)
    for number in range(rounds):
        winners = await grab(shops, "LAST", buyers, f"{campaign.name}-{number}", chance)

        assert len(winners) == 1
        assert (await books(shops[0], "LAST")).held == 1
        await chance.choice(shops).bus.ask(HoldStock(cart_id=winners[0], sku="LAST", quantity=0))
        campaign.runs += 1
    campaign.notes.append(f"{buyers} buyers, one unit, {rounds} rounds: {rounds} winners.")
    await nothing_is_wrong(shops[0])


async def tries_for_units(shops: Sequence[Shop], campaign: Campaign, scale: Scale, tries: int, units: int) -> None:
    await stock(shops[0], MANY=units)

    winners = await grab(shops, "MANY", tries, campaign.name, Random(scale.seed))

    assert len(winners) == units
    counted = await books(shops[0], "MANY")
    assert (counted.on_hand, counted.held) == (units, units)
    campaign.runs += 1
    campaign.notes.append(f"{tries} tries for {units} units: {len(winners)} had one.")
    await nothing_is_wrong(shops[0])


async def baskets(shops: Sequence[Shop], campaign: Campaign, scale: Scale, buyers: int, rounds: int) -> None:
    """Each wants five SKUs at once, in an order of their own; half of them twice, as impatient browsers do."""
    chance, skus = Random(scale.seed), SKUS
    for number in range(rounds):
        await stock(shops[0], **{sku: chance.randint(20, 60) for sku in skus})
        asks = [_basket(chance, f"{campaign.name}-{number}-{n}") for n in range(buyers)]
        sent = [*asks, *chance.sample(asks, buyers // 2)]
        async with asyncio.timeout(PATIENCE_S):
            answers = await asyncio.gather(*(chance.choice(shops).bus.ask(ask) for ask in sent))

        assert {type(answer) for answer in answers} == {CheckoutHeld, OutOfStock}  # And no error, deadlocks included.
        await _all_or_none(shops[0], asks, {ask.order_id for ask, a in zip(sent, answers, strict=True) if _is_held(a)})
        for ask in asks:
            await chance.choice(shops).bus.ask(GiveBack(order_id=ask.order_id))
        for sku in skus:
            assert (await books(shops[0], sku)).held == 0
        campaign.runs += 1
    campaign.notes.append(f"{buyers} buyers of five SKUs each in random order, {rounds} rounds: no partial hold.")
    await nothing_is_wrong(shops[0])


RECIPES = {"SET": {"A": 1, "B": 1}, "BOX": {"B": 1, "C": 2}, "A": {"A": 1}, "B": {"B": 1}, "C": {"C": 1}}


async def bundles(shops: Sequence[Shop], campaign: Campaign, scale: Scale, buyers: int, rounds: int) -> None:
    """Each wants a bundle, or one of the parts that bundles share; some by their carts, some check out at once."""
    chance = Random(scale.seed)
    await shops[0].bus.ask(ImportSkus(rows=tuple(_goods(sku) for sku in ("A", "B", "C", "SET", "BOX"))))
    for number in range(rounds):
        on_hand = {sku: chance.randint(1, 8) for sku in ("A", "B", "C")}
        await stock(shops[0], **on_hand)
        wishes = [(f"{campaign.name}-{number}-{n}", chance.choice(list(RECIPES))) for n in range(buyers)]
        async with asyncio.timeout(PATIENCE_S):
            got = await asyncio.gather(*(_wish(shops, chance.choice(shops), name, sku) for name, sku in wishes))

        left = Counter(on_hand)
        for cart, (_, sku) in zip(got, wishes, strict=True):
            left.subtract(RECIPES[sku] if cart else {})
        assert min(left.values()) >= 0  # Never oversold,
        for cart, (_, sku) in zip(got, wishes, strict=True):  # and nobody was refused what is left.
            assert cart or any(left[part] < units for part, units in RECIPES[sku].items())
        for sku, units in left.items():  # Nothing is held for who has nothing, and all parts for who has a bundle.
            assert (await books(shops[0], sku)).held == on_hand[sku] - units
        await _all(_let_go(chance.choice(shops), *each) for each in got if each)
        for sku in on_hand:
            assert (await books(shops[0], sku)).held == 0
        campaign.runs += 1
    campaign.notes.append(f"{buyers} buyers of bundles that share parts, {rounds} rounds: nothing oversold, none idle.")
    await nothing_is_wrong(shops[0])


def _goods(sku: str) -> SkuRow:
    price = Money(amount=1000, currency="EUR")
    parts = tuple(Line(sku=part, quantity=units) for part, units in RECIPES[sku].items() if part != sku)
    return SkuRow(
        product_id=sku,
        slug=sku.lower(),
        title=sku,
        category="",
        description="",
        sku=sku,
        sku_title="",
        price=price,
        weight_g=1,
        parts=parts,
    )


async def _wish(shops: Sequence[Shop], shop: Shop, name: str, sku: str) -> tuple[str, str] | None:
    """The cart and the SKU that is held for it, or the order and nothing; None for who was refused."""
    if int(name[-1]) % 2:
        units = tuple(Units(sku=part, quantity=each) for part, each in RECIPES[sku].items())
        answer = await shop.bus.ask(HoldForCheckout(cart_id=f"cart-{name}", order_id=f"ord-{name}", lines=units))
        return (f"ord-{name}", "") if isinstance(answer, CheckoutHeld) else None
    cart = await shop.bus.ask(CreateCart())
    held = await shops[-1].bus.ask(SetLine(cart_id=cart.id, sku=sku, quantity=1))
    assert isinstance(held, Cart | StockRefused)
    return (cart.id, sku) if isinstance(held, Cart) else None


async def _let_go(shop: Shop, cart: str, sku: str) -> None:
    await shop.bus.ask(RemoveLine(cart_id=cart, sku=sku) if sku else GiveBack(order_id=cart))


def _basket(chance: Random, name: str) -> HoldForCheckout:
    lines = tuple(Line(sku=sku, quantity=chance.randint(1, 3)) for sku in chance.sample(SKUS, 5))
    return HoldForCheckout(cart_id=f"cart-{name}", order_id=f"ord-{name}", lines=lines)


def _is_held(answer: CheckoutHeld | OutOfStock) -> bool:
    return isinstance(answer, CheckoutHeld)


async def _all_or_none(shop: Shop, asks: Sequence[HoldForCheckout], held: set[str]) -> None:
    rows = await shop.services.database.fetch(
        "select order_id, sku, quantity from inventory.holds where order_id is not null and stage = 'checkout'"
    )
    found: dict[str, Counter[str]] = {}
    for row in rows:
        found.setdefault(row["order_id"], Counter())[row["sku"]] += row["quantity"]
    wanted = {ask.order_id: Counter({line.sku: line.quantity for line in ask.lines}) for ask in asks}
    assert found == {order_id: wanted[order_id] for order_id in held}
    for sku in SKUS:
        counted = await books(shop, sku)
        assert counted.held == sum(lines[sku] for lines in found.values()) <= counted.on_hand


# --- One shop ---


async def test_of_a_thousand_buyers_one_has_the_last_unit(shop: ShopUnderTest, scale: Scale, report: Report) -> None:
    campaign = report.campaign("the last unit", scale.seed)
    await rounds_of_one_unit([shop.inside], campaign, scale, 1000, scale.of(short=10, long=100))


async def test_of_ten_thousand_tries_for_half_as_many_units_exactly_half_succeed(
    shop: ShopUnderTest, scale: Scale, report: Report
) -> None:
    campaign = report.campaign("10,000 tries for 5,000 units", scale.seed)
    await tries_for_units([shop.inside], campaign, scale, 10_000, 5_000)


async def test_baskets_are_held_in_full_or_not_at_all(shop: ShopUnderTest, scale: Scale, report: Report) -> None:
    campaign = report.campaign("baskets of five SKUs", scale.seed)
    await baskets([shop.inside], campaign, scale, 200, scale.of(short=1, long=30))


async def test_bundles_that_share_parts_are_neither_oversold_nor_left_over(
    shop: ShopUnderTest, scale: Scale, report: Report
) -> None:
    campaign = report.campaign("bundles that share parts", scale.seed)
    await bundles([shop.inside], campaign, scale, 60, scale.of(short=3, long=60))


@pytest.mark.timeout(600)
async def test_of_many_browsers_one_has_the_last_unit_and_the_others_are_told_so(
    shop: ShopUnderTest, scale: Scale, report: Report
) -> None:
    """Through HTTP: from the empty cart to the order that is paid."""
    buyers = scale.of(short=100, long=1000)
    campaign = report.campaign("the last unit, through HTTP", scale.seed)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=64), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        buyer, staff = Customer(shop, http), Staff(shop, http, await staff_token(shop))
        for number in range(scale.of(short=1, long=10)):
            _ = (await staff.count("LAMP", number + 1)).good  # With those that are sold, and have not left.
            carts = await _all(buyer.new_cart() for _ in range(buyers))
            answers = await _all(buyer.put(cart, "LAMP", 1) for cart in carts)

            assert Counter(answer.status for answer in answers) == {200: 1, 409: buyers - 1}
            assert {a.refusal for a in answers if a.status == 409} == {(409, "out_of_stock")}
            (winner,) = [cart for cart, answer in zip(carts, answers, strict=True) if answer.status == 200]
            bought = await buyer.place(winner, key=new_key())
            assert await buyer.pay(bought) == 200
            assert await staff.stock("LAMP") == (0, 0)
            campaign.runs, campaign.orders = number + 1, number + 1
        assert len(shop.charges()) == campaign.orders
        assert await staff.findings() == []
        campaign.notes.append(f"{buyers} browsers, one unit, {campaign.runs} rounds: one order each.")


async def _all(asks: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All at once, as far as connections go."""
    async with asyncio.timeout(120):
        return list(await asyncio.gather(*asks))


# --- Two shops on one database ---


@pytest.fixture
def both(servers: Servers, tmp_path: Path) -> AbstractAsyncContextManager[tuple[Shop, Shop]]:
    return two_shops(servers, tmp_path)


async def test_of_the_buyers_of_two_shops_one_has_the_last_unit(
    both: AbstractAsyncContextManager[tuple[Shop, Shop]], scale: Scale, report: Report
) -> None:
    campaign = report.campaign("the last unit, in two shops on one database", scale.seed)
    async with both as shops:
        await rounds_of_one_unit(shops, campaign, scale, scale.of(short=300, long=1000), scale.of(short=6, long=100))


async def test_two_shops_together_sell_no_more_than_there_is(
    both: AbstractAsyncContextManager[tuple[Shop, Shop]], scale: Scale, report: Report
) -> None:
    campaign = report.campaign("twice as many tries as units, in two shops on one database", scale.seed)
    tries = scale.of(short=2000, long=10_000)
    async with both as shops:
        await tries_for_units(shops, campaign, scale, tries, tries // 2)


async def test_baskets_of_two_shops_are_held_in_full_or_not_at_all(
    both: AbstractAsyncContextManager[tuple[Shop, Shop]], scale: Scale, report: Report
) -> None:
    campaign = report.campaign("baskets of five SKUs, in two shops on one database", scale.seed)
    async with both as shops:
        await baskets(shops, campaign, scale, 200, scale.of(short=2, long=30))


async def test_bundles_of_two_shops_are_neither_oversold_nor_left_over(
    both: AbstractAsyncContextManager[tuple[Shop, Shop]], scale: Scale, report: Report
) -> None:
    campaign = report.campaign("bundles that share parts, in two shops on one database", scale.seed)
    async with both as shops:
        await bundles(shops, campaign, scale, 60, scale.of(short=3, long=60))
