"""A shop that commit 4663331 has left in the middle of things, with orders in every state: today's takes it over.

What it was is told by `tests/fixtures/make_old_shop.py`.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Final

import aiohttp
import pytest

from engine.services import open_services
from engine.settings import EngineSettings
from testkit import Servers, ShopUnderTest, open_shop_under_test
from testkit.fixtures import in_its_own_task
from tests.fixtures.old_shop import load, old_place, old_shop
from tests.journeys.people import Customer, Purchase, Staff, all_is_well, purchase
from tests.journeys.process import program
from tests.waiting import eventually

ORDERS: Final = old_shop().orders

# What becomes of orders without anybody's doing: their status, what is back of their money, and what their buyers read.
GOES_ON: Final[Mapping[str, tuple[str, int, list[str]]]] = {
    "ready": ("shipped", 0, ["OrderShipped"]),
    "refund_pending": ("cancelled", 3390, ["RefundProcessed"]),
    "unheard": ("paid", 0, ["PaymentReceived"]),
    "unsold": ("paid", 0, ["PaymentReceived"]),
    # What the old one did not listen to.
    "refunded_before_packing": ("cancelled", 12900, ["OrderCancelled"]),
    "refunded_at_stripe": ("paid", 1000, ["RefundProcessed"]),
    "refunded_at_stripe_and_shipped": ("shipped", 500, ["RefundProcessed"]),
    "cancelled_after_a_refund_at_stripe": ("cancelled", 3090, ["RefundProcessed", "RefundProcessed"]),
}
# On hand, assigned and held by then. What is assigned is of the orders that are paid and still in the house.
STOCK: Final = {
    "BOOK": (96, 5, 11), "CLOCK": (1, 0, 0), "LAMP": (1, 0, 1), "MUG": (48, 19, 1), "POT": (11, 3, 1),
    "RUG": (6, 2, 0), "TEA-BLACK": (36, 8, 0), "TEA-GREEN": (34, 11, 0), "VASE": (6, 2, 0),
}  # fmt: skip


@pytest.fixture
async def shop(servers: Servers) -> AsyncIterator[ShopUnderTest]:
    """The old shop, taken over, when all that was under way has come to an end."""
    async with old_place(servers) as place, in_its_own_task(open_shop_under_test(servers, place=place)) as opened:
        await opened.settle()
        yield opened


@pytest.fixture
async def staff(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Staff:
    """With the token that they had."""
    return Staff(shop, http, old_shop().staff_token)


def of(name: str) -> Purchase:
    return ORDERS[name].purchase


async def books(staff: Staff, sku: str) -> tuple[int, int, int]:
    """On hand, assigned and held."""
    found = (await staff.get(f"/admin/api/stock/{sku}")).good
    assert found["available"] == found["on_hand"] - found["assigned"] - found["held"] >= 0
    return found["on_hand"], found["assigned"], found["held"]


def written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


async def redrive_all(staff: Staff) -> None:
    for letter in await staff.dead_letters():
        _ = (await staff.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive")).good
    await staff.shop.settle()


async def test_it_adds_up_to_the_last_unit_and_cent(shop: ShopUnderTest, staff: Staff) -> None:
    await shop.audit()
    assert await staff.findings() == []
    assert {sku: await books(staff, sku) for sku in STOCK} == STOCK
    for sku, (free, _) in old_shop().stock.items():
        returned = 1 if sku == "RUG" else 0  # Of the order whose money had gone back.
        sold = {"MUG": 4, "TEA-GREEN": 2}.get(sku, 0)  # Of those who had paid, and the inventory did not know.
        on_hand, assigned, _ = STOCK[sku]
        assert on_hand - assigned == free + returned - sold

    await redrive_all(staff)

    await shop.audit()
    await all_is_well(staff)
    await shop.restart()
    await shop.clock.advance(hours=2)
    await shop.audit()
    await all_is_well(staff)
    assert await staff.stuck_money() == []


async def test_every_order_is_what_it_was_or_what_was_to_become_of_it(shop: ShopUnderTest, buyer: Customer) -> None:
    seen = {name: await buyer.read(old.purchase) for name, old in ORDERS.items()}

    assert {name: (now["status"], now["refunded"]["amount"], now["tracking"]) for name, now in seen.items()} == {
        name: (*GOES_ON.get(name, (old.status, old.refunded))[:2], old.tracking or seen[name]["tracking"])
        for name, old in ORDERS.items()
    }
    told = {name: [(m["at"], m["event"], m["detail"]) for m in now["timeline"]] for name, now in seen.items()}
    before = {name: [(written(m.at), m.event, m.detail) for m in old.timeline] for name, old in ORDERS.items()}
    assert {name: lines[: len(before[name])] for name, lines in told.items()} == before
    news = {name: [event for _, event, _ in lines[len(before[name]) :]] for name, lines in told.items()}
    assert {name: events for name, events in news.items() if events} == {
        name: events for name, (_, _, events) in GOES_ON.items()
    }


async def test_what_was_cancelled_while_somebody_gave_back_a_part_at_stripe_gets_the_rest_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = of("cancelled_after_a_refund_at_stripe")
    assert [letter["type"] for letter in await staff.dead_letters()] == ["PaymentReceived"]  # Ours is on its way again.

    await shop.settle()

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    back = [refund.amount for refund in shop.sandbox.refunds() if refund.payment_intent == bought.intent]
    assert back == [1000, bought.total - 1000]
    await shop.audit()


async def test_what_is_in_the_house_leaves_it_with_its_units(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await redrive_all(staff)
    todo = {"packed": ("ship",), "packed_part_refunded": ("ship",), "picking": ("pack", "ship")}
    is_paid = [name for name in ORDERS if await buyer.status(of(name)) == "paid"]
    for name, steps in (todo | dict.fromkeys(is_paid, ("pick", "pack", "ship"))).items():
        for step in steps:
            _ = (await staff.step(of(name), step)).good
        assert await buyer.status(of(name)) == "shipped", name
    doubtful = of("refunded_after_packing")
    assert (await staff.step(doubtful, "ship")).refusal == (409, "money_in_doubt")
    _ = (await staff.ask("POST", f"/admin/api/pick-lists/{doubtful.order}/ship?despite_doubt=true")).good
    await shop.settle()

    assert {sku: await books(staff, sku) for sku in STOCK} == {
        sku: (on_hand - assigned, 0, held) for sku, (on_hand, assigned, held) in STOCK.items()
    }
    await shop.audit()
    await all_is_well(staff)


async def test_what_was_paid_can_be_called_off_and_its_units_and_money_come_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await redrive_all(staff)
    back = {name: of(name).total for name in ("paid_to_be_cancelled", "of_a_removed_product", "picking", "revived")}
    back |= {name: of(name).total for name in ("paid_part_refunded", "refunded_at_stripe")}
    for name, total in back.items():
        _ = (await buyer.cancel(of(name))).good
        order = await buyer.read(of(name))
        assert (order["status"], order["refunded"]["amount"]) == ("cancelled", total), name
    assert (await buyer.cancel(of("packed"))).refusal == (409, "not_cancellable")

    gone = {"MUG": 2 + 4, "TEA-GREEN": 5 + 4, "VASE": 2, "POT": 2 + 1, "BOOK": 3, "TEA-BLACK": 4}
    assert {sku: await books(staff, sku) for sku in STOCK} == {
        sku: (on_hand, assigned - gone.get(sku, 0), held) for sku, (on_hand, assigned, held) in STOCK.items()
    }
    await shop.audit()
    await all_is_well(staff)


async def test_buyers_come_back_to_what_they_had_begun(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    await redrive_all(staff)
    assert await buyer.pay(of("pending")) == 200
    assert await buyer.pay(of("declined")) == 200
    again = await buyer.check_out(of("paid").cart, key=of("paid").key)
    assert purchase(of("paid").cart, of("paid").key, again) == of("paid")
    carts, keys = old_shop().carts, old_shop().keys
    await shop.clock.advance(seconds=10)  # As long as the tries that died had their keys.
    for name, key in keys.items():
        bought = purchase(carts[name], key, await buyer.check_out(carts[name], key=key))
        assert await buyer.pay(bought) == 200
        assert await buyer.status(bought) == "paid", name
    full = await buyer.place(carts["full"], key="of the full cart")
    assert await buyer.pay(full) == 200
    expired = (await buyer.get(f"/carts/{carts['expired']}")).good
    assert {line["sku"]: line["held"] for line in expired["lines"]} == {"BOOK": 0, "MUG": 0}

    bought_now = {"BOOK": 1 + 2 + 1 + 1 + 7, "MUG": 1, "LAMP": 1, "POT": 1}
    assert {sku: await books(staff, sku) for sku in STOCK} == {
        sku: (on_hand, assigned + bought_now.get(sku, 0), 0) for sku, (on_hand, assigned, _) in STOCK.items()
    }
    await shop.audit()
    await all_is_well(staff)


async def test_what_nobody_comes_back_for_is_let_go(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    await redrive_all(staff)
    await shop.clock.advance(hours=1)
    await shop.settle()

    for name in ("pending", "declined"):
        assert await buyer.status(of(name)) == "cancelled", name
    assert {sku: await books(staff, sku) for sku in STOCK} == {
        sku: (on_hand, assigned, 0) for sku, (on_hand, assigned, _) in STOCK.items()
    }
    assert {intent.status for intent in shop.sandbox.payment_intents()} == {"succeeded", "canceled"}
    await shop.audit()
    await all_is_well(staff)


async def test_it_goes_on_selling(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    await redrive_all(staff)
    free = await buyer.available("CLOCK")
    new = await buyer.buy(CLOCK=free, RUG=1)
    await staff.send_off(new)
    price = {"amount": 2900, "currency": "EUR"}
    vase = {"id": "VASE", "slug": "vase", "title": "Vase", "category": "New", "description": "It is back."}
    made = {**vase, "skus": [{"sku": "VASE", "title": "", "price": price, "weight_g": 900}]}
    assert (await staff.ask("POST", "/admin/api/products", made)).status == 201
    assert (await buyer.put(await buyer.new_cart(), "VASE", 5)).refusal == (409, "out_of_stock")
    await buyer.buy(VASE=4)

    assert await books(staff, "VASE") == (6, 6, 0)
    assert (await staff.count("VASE", 5)).refusal == (409, "stock_below_held")
    await shop.audit()
    await all_is_well(staff)


async def test_the_program_itself_takes_it_over() -> None:
    """On its own folder, and long after: every hold and every time to pay has ended."""
    async with program() as real:
        async with open_services(EngineSettings(shopflow_data=real.data)) as services:
            await load(services.database_url, services.redis, real.data)
        await real.start()
        token = {"Authorization": f"Bearer {old_shop().staff_token}"}

        async def is_over() -> bool:
            order = await real.ask("GET", f"/orders/{of('pending').order}", **token)
            return bool(order.body["status"] == "cancelled")

        await eventually(is_over)
        assert "0 findings" in await real.good("audit")
        assert real.errors == []
        await real.stop()
