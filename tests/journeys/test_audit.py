"""The audit on the real parts: what is broken by hand is found, and repaired where that is safe."""

from datetime import timedelta
from typing import Any

import aiohttp
import asyncpg
import pytest

from bus.codec import encode
from bus.messages.base import Money
from bus.messages.payment import RefundProcessed
from engine.embedded.postgres import embedded_postgres
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Purchase, Staff, sql
from tests.journeys.process import program
from tests.waiting import eventually


async def rows(shop: ShopUnderTest, statement: str, *parameters: object) -> list[dict[str, Any]]:
    return [dict(row) for row in await shop.inside.services.database.fetch(statement, *parameters)]


async def repaired(staff: Staff) -> list[tuple[str, str]]:
    """What a repair says that it did."""
    answer = (await staff.ask("POST", "/admin/api/audit/repair")).good
    await staff.shop.settle()
    return [(repair["rule"], repair["about"]) for repair in answer["repairs"]]


@pytest.fixture
async def day(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> dict[str, Purchase]:
    """One order of each kind: shipped, paid, waiting, cancelled with its money back."""
    orders = {"shipped": await buyer.buy(MUG=2, BOOK=1)}
    await staff.send_off(orders["shipped"])
    orders["paid"] = await buyer.buy(BOOK=3)
    orders["waiting"] = await buyer.order(BOOK=1)
    orders["cancelled"] = await buyer.buy(BOOK=2)
    assert (await buyer.cancel(orders["cancelled"])).status == 200
    assert await staff.findings() == []
    return orders


# What somebody breaks of an order, what is found, and what undoes it.
BROKEN: list[tuple[str, str, set[str], str]] = [
    ("shipped", "insert into email.mails values ('<again>', $1, 'order_shipped', '2030-01-07')",
     {"I5 a mail for each event"}, "delete from email.mails where message_id = '<again>' and order_id = $1"),
    ("shipped", "update shipping.shipments set order_id = order_id || 'x' where order_id = $1",
     {"I4 what is shipped has its shipment", "I1 its order exists"},
     "update shipping.shipments set order_id = $1 where order_id = $1 || 'x'"),
    ("paid", """insert into shipping.shipments (parcel_id, order_id, shipment_id, carrier, tracking_number, booked_at)
        values ($1, $1, 's', 'c', 'T-TWICE', '2030-01-07')""",
     {"I4 a shipment is of an order that is shipped"}, "delete from shipping.shipments where order_id = $1"),
    ("paid", "update warehouse.pick_lists set status = 'cancelled' where id = $1",
     {"I4 pick list follows its order"}, "update warehouse.pick_lists set status = 'open' where id = $1"),
    ("paid", "update orders.orders set status = 'pending_payment' where id = $1",
     {"I6 captured for an order that is paid", "I4 what is not paid is not sold", "I4 pick list follows its order"},
     "update orders.orders set status = 'paid' where id = $1"),
    ("paid", "update inventory.holds set stage = 'returned' where order_id = $1",
     {"I4 what is paid is sold, no more", "I3 assigned = sold holds"},
     "update inventory.holds set stage = 'sold' where order_id = $1"),
    ("shipped", "update inventory.holds set stage = 'sold' where order_id = $1",
     {"I4 what is shipped has left the shelf, no more", "I3 assigned = sold holds"},
     "update inventory.holds set stage = 'shipped' where order_id = $1"),
    ("paid", "update payment.payments set amount = amount - 1, received = received - 1 where order_id = $1",
     {"I2 asked = total", "I2 captured = total"},
     "update payment.payments set amount = amount + 1, received = received + 1 where order_id = $1"),
    ("paid", """update payment.stripe_events e set effect = 'ignored', detail = 'forgotten' from payment.payments p
        where p.intent_id = e.intent_id and p.order_id = $1""", {"I2 one capture"},
     """update payment.stripe_events e set effect = 'received', detail = '' from payment.payments p
        where p.intent_id = e.intent_id and p.order_id = $1"""),
    ("waiting", "update orders.orders set status = 'paid' where id = $1",
     {"I6 what is delivered is paid", "I4 what is paid is sold, no more", "I4 pick list follows its order"},
     "update orders.orders set status = 'pending_payment' where id = $1"),
    ("cancelled", "update inventory.holds set stage = 'sold' where order_id = $1",
     {"I4 what is cancelled keeps nothing", "I3 assigned = sold holds"},
     "update inventory.holds set stage = 'returned' where order_id = $1"),
    ("paid", "update gateway.answers set made = made || 'x' where made = $1", {"I1 answered orders exist"},
     "update gateway.answers set made = $1 where made = $1 || 'x'"),
    ("paid", """insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at)
        values ('m', 'nobody', 'Nothing', $1, '{}', '', '2030-01-07 11:00+00')""", {"I7 nothing is overdue"},
     "delete from bus.deliveries where key = $1 and subscriber = 'nobody'"),
]  # fmt: skip


async def test_each_thing_that_is_broken_is_found_and_nothing_else(
    shop: ShopUnderTest, staff: Staff, day: dict[str, Purchase]
) -> None:
    for whose, harm, rules, heal in BROKEN:
        order = day[whose].order
        await sql(shop, harm, order)
        findings = await staff.findings()
        assert {finding["rule"] for finding in findings} == rules, harm
        assert all(finding["remedy"] and finding["detail"] for finding in findings)
        await sql(shop, heal, order)
        assert await staff.findings() == [], heal
    assert await repaired(staff) == []


async def test_an_order_that_somebody_deleted_is_missed_by_all_that_knew_it(
    shop: ShopUnderTest, staff: Staff, day: dict[str, Purchase]
) -> None:
    order = day["shipped"].order
    await sql(shop, "delete from orders.contained where order_id = $1", order)
    await sql(shop, "delete from orders.lines where order_id = $1", order)
    await sql(shop, "delete from orders.timeline where order_id = $1", order)
    await sql(shop, "delete from orders.orders where id = $1", order)

    findings = await staff.findings()

    assert {(finding["rule"], finding["about"]) for finding in findings} == {
        ("I1 its order exists", order), ("I1 answered orders exist", order),
    }  # fmt: skip
    assert len(findings) == 6  # Its payment, units, pick list, shipment, mails, and the buyer's answer.


@pytest.fixture
def impatient_with_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who tells an old level is given no time to catch up."""
    monkeypatch.setattr("actors.audit.levels._CATCH_UP_S", 0.0)


@pytest.mark.usefixtures("impatient_with_levels")
async def test_what_is_held_is_repaired_from_the_holds_and_the_ledger_agrees_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await buyer.fill_cart(MUG=3)
    for harm, rules in (
        ("update inventory.stock set held = 5, version = version + 1 where sku = 'MUG'",
         {"I3 held = live holds", "I3 held = ledger", "I9 level"}),
        ("""insert into inventory.ledger (at, sku, on_hand_change, held_change, reason, reference)
            values ('2030-01-07', 'MUG', 0, 4, 'by hand', '')""", {"I3 held = ledger"}),
    ):  # fmt: skip
        await sql(shop, harm)
        assert {finding["rule"] for finding in await staff.findings()} == rules
        levels = [("I9 level", "MUG")] if "I9 level" in rules else []  # Readers were right, and had to be told so.
        assert await repaired(staff) == [("I3 held", "MUG"), *levels]
        assert await staff.findings() == []
    assert await staff.stock("MUG") == (10, 3)
    kept = await rows(shop, "select rule, about, before, after from audit.repairs where rule like 'I3%' order by id")
    assert [(row["rule"], row["about"], row["after"]) for row in kept] == [("I3 held", "MUG", "3 held")] * 2
    assert await repaired(staff) == []
    assert await buyer.available("MUG") == 7


@pytest.mark.usefixtures("impatient_with_levels")
async def test_what_is_on_hand_is_not_repaired_but_counted(shop: ShopUnderTest, staff: Staff) -> None:
    await sql(shop, "update inventory.stock set on_hand = 12 where sku = 'MUG'")
    (finding,) = [one for one in await staff.findings() if one["rule"].startswith("I3")]
    assert finding["rule"] == "I3 on hand = ledger"
    assert "PUT /admin/api/stock/MUG" in finding["remedy"]
    assert await repaired(staff) == [("I9 level", "MUG")]  # What is told is what is written down, right or wrong.
    assert [one["rule"] for one in await staff.findings()] == ["I3 on hand = ledger"]

    for counted in (12, 11):
        answer = await staff.ask("PUT", "/admin/api/stock/MUG", {"on_hand": counted, "recount": True})
        assert answer.good["on_hand"] == counted
        await shop.settle()
        assert [one for one in await staff.findings() if one["rule"].startswith("I3")] == []


@pytest.mark.usefixtures("impatient_with_levels")
async def test_a_stock_that_is_oversold_by_hand_is_found_and_not_repaired(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    await buyer.fill_cart(MUG=3)
    await sql(shop, "alter table inventory.stock drop constraint never_oversold")
    await sql(shop, "update inventory.stock set on_hand = 2 where sku = 'MUG'")

    findings = await staff.findings()

    assert {finding["rule"] for finding in findings} >= {"I3 never oversold", "I3 on hand = ledger"}
    assert ("I3 held", "MUG") not in await repaired(staff)


async def test_sums_of_refunds_are_repaired_from_the_refunds_and_told_to_the_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    assert (await staff.refund(bought, 500)).status == 201
    for harm, rules in (
        ("update payment.payments set refunding = 700, refunded = 600 where order_id = $1",
         {"I8 refunds = rows", "I8 refunded"}),
        ("update orders.orders set refunded = 100 where id = $1", {"I8 refunded"}),
    ):  # fmt: skip
        await sql(shop, harm, bought.order)
        assert {finding["rule"] for finding in await staff.findings()} == rules
        assert {about for _, about in await repaired(staff)} == {bought.order}
        assert await staff.findings() == []
        assert (await buyer.read(bought))["refunded"]["amount"] == 500
    kept = await rows(shop, "select rule, before, after from audit.repairs order by id")
    assert [(row["rule"], row["after"]) for row in kept] == [
        ("I8 refunds = rows", "500 refunding, 500 refunded"), ("I8 refunded", "500"),
    ]  # fmt: skip
    assert kept[1]["before"] == "100"


async def test_a_refund_whose_news_are_parked_is_not_repaired_but_redriven(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await staff.refund(bought, 500)).status == 201
    await sql(shop, "update orders.orders set refunded = 0 where id = $1", bought.order)
    money = Money(amount=500, currency="EUR")
    body = encode(RefundProcessed(order_id=bought.order, refund_id="r", amount=money, reason="requested_by_customer"))
    await sql(
        shop,
        "insert into bus.dead_letters (message_id, subscriber, type, key, body, cause, attempts, error, parked_at)"
        " values ('m', 'order', 'RefundProcessed', $1, $2, '', 8, 'it broke', '2030-01-07')",
        bought.order, body,
    )  # fmt: skip

    (finding,) = await staff.findings()
    assert "dead-letters" in finding["remedy"]
    assert await repaired(staff) == []
    (item,) = await staff.stuck_money()
    assert (item["kind"], item["order_id"]) == ("dead_letter", bought.order)
    await staff.follow(item["remedy"])

    assert await staff.stuck_money() == []
    assert await staff.findings() == []
    assert (await buyer.read(bought))["refunded"]["amount"] == 500


@pytest.mark.usefixtures("impatient_with_levels")
async def test_a_level_that_redis_keeps_wrongly_is_published_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    redis = shop.inside.services.redis
    assert await buyer.available("MUG") == 10
    await shop.settle()
    for wrong in ("1 3", "99 3"):  # Older than the truth, and newer, as after a backup was restored.
        await redis.set("stock:MUG", wrong)
        (finding,) = await staff.findings()
        assert (finding["rule"], finding["about"]) == ("I9 level", "MUG")
        assert await repaired(staff) == [("I9 level", "MUG")]
        assert await buyer.available("MUG") == 10
        assert await staff.findings() == []


@pytest.mark.usefixtures("impatient_with_levels")
async def test_a_watcher_who_was_told_a_wrong_value_is_found(
    shop: ShopUnderTest, http: aiohttp.ClientSession, staff: Staff
) -> None:
    async with http.ws_connect(f"{shop.url}/live") as live:
        await live.send_json({"op": "subscribe", "skus": ["MUG", "LAMP"]})
        assert (await live.receive_json())["op"] == "subscribed"
        assert (await staff.get("/admin/api/audit")).good["checked"]["live"] == 2
        assert await staff.findings() == []
        # Behind everybody's back, Redis's too.
        await sql(shop, "update inventory.stock set version = version + 1 where sku = 'MUG'")

        rules = {finding["rule"] for finding in await staff.findings()}
        assert rules == {"I9 watchers know the stock", "I9 level"}
        assert await repaired(staff) == [("I9 level", "MUG")]
        assert (await live.receive_json())["available"] == 10
        assert await staff.findings() == []


async def test_what_is_in_motion_is_not_judged_and_late_news_are_overdue(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """The warehouse can't be reached: its news wait, and nothing is wrong with the orders."""
    bought = await buyer.order(MUG=1)
    await sql(shop, "alter table warehouse.pick_lists add constraint away check (status <> 'open') not valid")
    assert await buyer.pay(bought) == 200

    assert await staff.findings() == []
    shop.clock.jump(timedelta(seconds=61))
    (finding,) = await staff.findings()
    assert (finding["rule"], finding["about"]) == ("I7 nothing is overdue", "warehouse PaymentReceived")
    await sql(shop, "alter table warehouse.pick_lists drop constraint away")
    await shop.clock.advance(minutes=2)

    assert await staff.findings() == []


async def test_the_command_lists_and_repairs_as_the_route_does() -> None:
    async with program() as shop:
        await shop.start()
        harm = "update inventory.stock set held = held + 1 where sku = (select min(sku) from inventory.stock)"
        async with embedded_postgres(shop.data / "postgres") as url:
            database = await asyncpg.connect(url)
            await database.execute(harm)
            listed = await shop.run("audit")
            mended = await shop.good("audit", "--repair")
            assert (listed.code, mended.count("I3 held")) == (1, 1)
            assert "3 findings" in listed.out  # Held, twice, and the level that readers see.
            assert "0 findings" in mended

            async def kept() -> list[asyncpg.Record]:
                return await database.fetch("select rule, after from audit.repairs order by id")

            assert tuple((await eventually(kept))[0]) == ("I3 held", "0 held")
            await database.close()
