"""What Stripe did and the shop never heard of: found, and settled as if the webhook had come. Or had come too."""

import asyncio
from datetime import timedelta
from itertools import permutations

import pytest
from msgspec.structs import replace

from sandbox.core.faults import Fault, WebhookFault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, intent_event, mails_of, send_webhook, sql
from tests.journeys.stripe_events import AFTER, LIST, NO_WEBHOOKS, all_is_settled, effects, status_here
from tests.waiting import eventually

SUCCEEDED, FAILED = "payment_intent.succeeded", "payment_intent.payment_failed"
REFUNDS = "GET /v1/refunds"


# --- Webhooks that don't come, or come anyhow ---


async def test_money_whose_webhook_never_comes_is_found(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200

    await shop.clock.advance(seconds=AFTER.total_seconds() - 1)
    assert await buyer.status(bought) == "pending_payment"
    assert LIST not in asked
    await shop.clock.advance(seconds=1)

    assert await buyer.status(bought) == "paid"
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert asked.count(LIST) == 1
    assert await effects(shop) == ["received"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_settled(shop, staff)


@pytest.mark.parametrize("repeat", [1, 5])
async def test_a_webhook_that_comes_after_the_scan_changes_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, repeat: int
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = WebhookFault(hold=True, repeat=repeat)
    assert await buyer.confirm(bought) == 200
    await shop.clock.advance(minutes=6)
    assert await buyer.status(bought) == "paid"

    await shop.settle()

    assert await effects(shop) == ["received", "ignored: received before"]
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_settled(shop, staff)


async def test_a_webhook_that_came_leaves_nothing_to_look_for(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    shop.sandbox.faults.webhooks = WebhookFault(repeat=5)
    await buyer.buy(MUG=1)
    asked.clear()

    await shop.clock.advance(days=365)

    assert asked == []
    assert await effects(shop) == ["received"]
    await all_is_settled(shop, staff)


@pytest.mark.parametrize("order", list(permutations(["declined", "paid", "look"])), ids="-".join)
async def test_news_in_any_order_beside_a_scan_come_to_the_same(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, order: tuple[str, ...]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought, "pm_card_chargeDeclined") == 402
    assert await buyer.confirm(bought) == 200
    news = {
        "declined": intent_event(FAILED, bought.intent, bought.total),
        "paid": intent_event(SUCCEEDED, bought.intent, bought.total),
    }

    for what in order:
        if what == "look":
            await shop.clock.advance(minutes=6)
        else:
            assert (await send_webhook(buyer, news[what])).status == 200

    assert await buyer.status(bought) == "paid"
    assert [moment for moment in await buyer.timeline(bought) if moment != "PaymentDeclined"] == [
        "OrderCreated", "PaymentReceived",
    ]  # fmt: skip
    assert (await effects(shop)).count("received") == 1
    assert await staff.stock("MUG") == (9, 0)
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_settled(shop, staff)


async def test_a_webhook_that_comes_during_a_scan_counts_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = WebhookFault(hold=True)
    assert await buyer.confirm(bought) == 200
    shop.sandbox.faults.stripe = Fault(delay_s=0.3, path=LIST)

    look = asyncio.create_task(shop.clock.advance(minutes=5))
    await eventually(lambda: LIST in asked)
    await shop.sandbox.flush_webhooks()
    await look

    assert await buyer.status(bought) == "paid"
    assert await effects(shop) == ["received"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_settled(shop, staff)


async def test_an_intent_whose_end_was_not_heard_of_is_closed(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """Somebody has cancelled it in Stripe's dashboard."""
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    intent = shop.sandbox.payment_intents()[0]
    shop.sandbox.stripe.intents.update(intent.id, replace(intent, status="canceled"))

    await shop.clock.advance(minutes=6)

    assert await status_here(shop, bought.order) == "closed"
    assert await buyer.status(bought) == "pending_payment"
    await shop.clock.advance(minutes=30)
    assert await buyer.status(bought) == "cancelled"
    await all_is_settled(shop, staff)


# --- Orders that were called off ---


async def test_money_for_an_order_that_was_called_off_goes_back_though_only_a_scan_finds_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.sandbox.faults.stripe = Fault(
        action="drop", path="/cancel"
    )  # Else it would say at once that it has the money.
    assert (await buyer.cancel(bought)).good["status"] == "cancelled"
    assert await status_here(shop, bought.order) == "closing"

    await shop.clock.advance(minutes=6)
    shop.sandbox.faults.stripe = Fault()
    await shop.clock.advance(minutes=2)

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert [refund.amount for refund in shop.sandbox.refunds()] == [bought.total]
    assert await staff.stock("LAMP") == (1, 0)
    await shop.clock.advance(minutes=6)
    await all_is_settled(shop, staff)


async def lose_the_answer(shop: ShopUnderTest, buyer: Customer) -> str:
    """An order whose intent was made, and nobody here knows; gives the order.

    Orders used to be placed before Stripe was asked, so a database may have such ones.
    """
    bought = await buyer.order(LAMP=1)
    await sql(shop, "delete from payment.payments")
    return bought.order


async def test_an_intent_whose_answer_was_lost_is_cancelled_with_its_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    order = await lose_the_answer(shop, buyer)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS

    await shop.clock.advance(minutes=31)
    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["requires_payment_method"]
    await shop.clock.advance(minutes=5)

    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["canceled"]
    assert await status_here(shop, order) == "closed"
    await all_is_settled(shop, staff)


async def test_an_intent_whose_answer_was_lost_and_that_was_paid_is_late_money(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    order = await lose_the_answer(shop, buyer)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.sandbox.payment_intents()
    assert await shop.pay(intent.id, intent.client_secret) == 200

    await shop.clock.advance(minutes=40)

    found = (await staff.get(f"/orders/{order}")).good
    assert [moment["event"] for moment in found["timeline"]] == [
        "OrderCreated", "OrderCancelled", "PaymentCameLate", "UnitsRetaken",
    ]  # fmt: skip
    assert found["status"] == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    await all_is_settled(shop, staff)


async def test_an_order_that_never_had_an_intent_is_looked_for_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    await lose_the_answer(shop, buyer)
    (intent,) = shop.sandbox.payment_intents()
    shop.sandbox.stripe.intents.delete(intent.id)
    asked.clear()

    await shop.clock.advance(days=365)

    assert asked.count(LIST) == 1
    await all_is_settled(shop, staff)


async def test_an_order_that_is_called_off_has_its_intent_cancelled_though_the_first_try_came_to_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.sandbox.payment_intents()
    shop.sandbox.stripe.intents.update(intent.id, replace(intent, status="succeeded"))  # "It was paid after all."
    assert (await buyer.cancel(bought)).status == 200
    shop.sandbox.stripe.intents.update(intent.id, replace(intent, status="requires_confirmation"))

    await shop.clock.advance(minutes=6)

    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["canceled"]
    assert await status_here(shop, bought.order) == "closed"
    await all_is_settled(shop, staff)


# --- Refunds ---


async def test_a_refund_that_was_made_though_stripe_said_no_is_found_and_is_not_made_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    shop.sandbox.faults.stripe = Fault(action="fail", status=400, after_work=True, path="POST /v1/refunds")
    assert (await staff.refund(bought, 100)).good["status"] == "pending"
    shop.sandbox.faults.stripe = Fault()

    assert await staff.dead_letters() == []
    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    assert mails_of(shop).count("refund_processed") == 1
    await shop.clock.advance(minutes=6)
    assert [refund.amount for refund in shop.sandbox.refunds()] == [100]
    await all_is_settled(shop, staff)


async def test_a_refund_that_stripe_refused_is_not_on_its_way_and_waits_for_a_person(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.sandbox.faults.stripe = Fault(action="fail", status=400, path="POST /v1/refunds")
    assert (await staff.refund(bought, 100)).status == 201

    await shop.clock.advance(days=7)

    assert await staff.dead_letters() == []
    assert asked.count(REFUNDS) <= 1
    (item,) = (await staff.get("/admin/api/stuck-money")).good["items"]
    assert (item["kind"], item["amount"]["amount"]) == ("refund_failed", 100)
    assert "RefundFailed" in [
        moment["event"] for moment in (await staff.get(f"/orders/{bought.order}")).good["timeline"]
    ]
    assert await staff.findings() == []
    shop.sandbox.faults.stripe = Fault()
    assert (await staff.refund(bought)).good["amount"]["amount"] == bought.total
    assert (await staff.get("/admin/api/stuck-money")).good["items"] == []


async def test_a_refund_is_sent_once_though_stripe_was_away_for_more_than_a_day(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    shop.sandbox.faults.stripe = Fault(action="drop", after_work=True, path="POST /v1/refunds", count=1)
    assert (await staff.refund(bought, 100)).good["status"] == "pending"
    shop.sandbox.faults.stripe = Fault(action="rate_limit", retry_after_s=3600)
    shop.clock.jump(timedelta(hours=25))
    await shop.clock.advance(minutes=1)
    shop.sandbox.faults.stripe = Fault()

    await shop.clock.advance(hours=2)

    assert [refund.amount for refund in shop.sandbox.refunds()] == [100]
    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    await all_is_settled(shop, staff)
