"""Money that is stuck is listed, each item with the one request that remedies it."""

import aiohttp

from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, fail_refunds, intent_event, send_webhook, sql

SUCCEEDED = "payment_intent.succeeded"


async def test_money_of_a_cancelled_order_that_came_back_is_sent_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, http: aiohttp.ClientSession
) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await buyer.cancel(bought)).status == 200
    assert await staff.stuck_money() == []
    await fail_refunds(shop, http)
    await shop.clock.advance(minutes=5)

    (item,) = await staff.stuck_money()
    assert (item["id"], item["order_id"]) == (f"money_not_back:{bought.order}", bought.order)
    assert (item["amount"], item["age_s"]) == ({"amount": bought.total, "currency": "EUR"}, 300)
    (finding,) = await staff.findings()
    assert finding["rule"] == "I6 captured for a cancelled order goes back"
    await staff.follow(item["remedy"])

    assert await staff.stuck_money() == []
    assert await staff.findings() == []
    assert (await buyer.read(bought))["refunded"]["amount"] == bought.total


async def test_a_refund_that_failed_is_sent_again_or_settled_elsewhere(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, http: aiohttp.ClientSession
) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await staff.refund(bought, 300)).status == 201
    await fail_refunds(shop, http)
    (item,) = await staff.stuck_money()
    assert (item["kind"], item["amount"]["amount"], item["remedy"]["body"]) == ("refund_failed", 300, {"amount": 300})
    await staff.follow(item["remedy"])
    assert await staff.stuck_money() == []
    assert (await buyer.read(bought))["refunded"]["amount"] == 300

    await shop.clock.advance(minutes=1)
    await fail_refunds(shop, http)
    items = await staff.stuck_money()
    assert {one["kind"] for one in items} == {"refund_failed"}
    for one in items:
        assert (await staff.ask("POST", f"/admin/api/stuck-money/{one['id']}/settle")).good == {"settled": True}
    assert await staff.stuck_money() == []
    assert await staff.findings() == []


async def test_a_refund_begun_before_another_failed_does_not_stand_for_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, http: aiohttp.ClientSession
) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await staff.refund(bought, 200)).status == 201
    (first,) = shop.sandbox.refunds()
    await shop.clock.advance(minutes=1)
    assert (await staff.refund(bought, 300)).status == 201
    await shop.clock.advance(minutes=1)
    async with http.post(f"{shop.sandbox.http_url}/sandbox/refunds/{first.id}/fail") as answer:
        assert answer.status == 200
    await shop.settle()

    (item,) = await staff.stuck_money()
    assert (item["kind"], item["amount"]["amount"]) == ("refund_failed", 200)
    await staff.follow(item["remedy"])
    assert await staff.stuck_money() == []
    assert await staff.findings() == []


async def test_a_refund_that_takes_days_has_stripe_asked(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await staff.refund(bought, 300)).status == 201
    await sql(
        shop, "update payment.refunds set status = 'pending', next_look_at = null where order_id = $1", bought.order
    )
    await sql(shop, "update payment.payments set refunded = 0 where order_id = $1", bought.order)
    await sql(shop, "update orders.orders set refunded = 0 where id = $1", bought.order)
    await sql(shop, "delete from email.mails where template = 'refund_processed'")  # As if it had never been done.
    assert await staff.stuck_money() == []
    await shop.clock.advance(days=3, seconds=1)

    (item,) = await staff.stuck_money()
    assert item["kind"] == "refund_pending"
    await staff.follow(item["remedy"])
    await shop.clock.advance(minutes=10)

    assert await staff.stuck_money() == []
    assert (await buyer.read(bought))["refunded"]["amount"] == 300
    assert await staff.findings() == []
    again = await staff.ask(item["remedy"]["method"], item["remedy"]["path"])
    assert again.refusal == (409, "settled")


async def test_an_intent_that_stays_payable_has_stripe_asked(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    assert (await buyer.cancel(bought)).status == 200
    await sql(shop, "update payment.payments set status = 'closing', next_look_at = null")
    assert await staff.stuck_money() == []
    await shop.clock.advance(minutes=91)

    (item,) = await staff.stuck_money()
    assert (item["kind"], item["order_id"]) == ("intent_open", bought.order)
    await staff.follow(item["remedy"])
    await shop.clock.advance(minutes=10)

    assert await staff.stuck_money() == []


async def test_a_capture_for_nothing_is_looked_at_at_stripe_and_settled(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    for event in (
        intent_event(SUCCEEDED, "pi_of_nobody", 700, event="evt_1"),
        intent_event(SUCCEEDED, bought.intent, bought.total - 1, event="evt_2"),
        intent_event("payment_intent.processing", "pi_of_nobody", 700),
    ):
        assert (await send_webhook(buyer, event)).status == 200

    first, second = await staff.stuck_money()
    assert [(one["kind"], one["order_id"]) for one in (first, second)] == [
        ("capture_refused", None), ("capture_refused", bought.order),
    ]  # fmt: skip
    assert "pi_of_nobody" in first["remedy"]["say"]
    page = (await staff.get("/admin/api/stuck-money?limit=1")).good
    assert [one["id"] for one in page["items"]] == [first["id"]]
    following = (await staff.get(f"/admin/api/stuck-money?limit=1&cursor={page['next']}")).good
    assert ([one["id"] for one in following["items"]], following["next"]) == ([second["id"]], None)
    for one in (first, second):
        await staff.follow(one["remedy"])

    assert await staff.stuck_money() == []
    assert (await staff.get("/admin/api/stuck-money?cursor=x")).status == 422


async def test_a_paid_order_that_the_warehouse_never_heard_of_is_opened_by_hand(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought, other = await buyer.buy(MUG=1), await buyer.order(MUG=1)
    await sql(shop, "update warehouse.pick_lists set status = 'waiting' where id = $1", bought.order)
    (finding,) = await staff.findings()
    assert finding["remedy"] == f"POST /admin/api/pick-lists/{bought.order}/open"
    assert await staff.stuck_money() == []
    assert (await staff.ask("POST", f"/admin/api/pick-lists/{other.order}/open")).refusal == (409, "not_paid")
    await shop.clock.advance(hours=25)

    (item,) = await staff.stuck_money()
    assert (item["kind"], item["order_id"]) == ("not_picked", bought.order)
    await staff.follow(item["remedy"])

    assert await staff.stuck_money() == []
    assert await staff.findings() == []
    assert await staff.send_off(bought)


async def test_a_dead_letter_about_an_order_is_redriven_and_others_are_not_listed(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    shop.sandbox.faults.smtp = Fault(action="fail", status=550, count=1)
    bought = await buyer.buy(MUG=1)
    await sql(
        shop,
        "insert into bus.dead_letters (message_id, subscriber, type, key, body, cause, attempts, error, parked_at)"
        " values ('m', 'catalog', 'X', 'MUG', '{}', '', 8, 'it broke', '2030-01-07')",
    )

    (item,) = await staff.stuck_money()
    assert (item["kind"], item["order_id"]) == ("dead_letter", bought.order)
    await staff.follow(item["remedy"])

    assert await staff.stuck_money() == []
