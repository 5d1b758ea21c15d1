"""Facts about our payments that did not begin with us: refunds at Stripe, disputes, warnings, banks that take days."""

import pytest

from bus.messages.order import GetOrder, Order
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, Purchase, Staff, mails_of

DEBIT, DEBIT_FAILS = "pm_sandbox_sepaDebit", "pm_sandbox_sepaDebitFails"


async def timeline(staff: Staff, bought: Purchase) -> list[str]:
    order = (await staff.get(f"/orders/{bought.order}")).good
    return [moment["event"] for moment in order["timeline"]]


async def stuck(staff: Staff) -> list[str]:
    items: list[Json] = (await staff.get("/admin/api/stuck-money")).good["items"]
    return [item["kind"] for item in items]


async def test_a_part_refund_in_the_dashboard_is_known_everywhere_and_a_cancel_gives_back_the_rest(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)

    shop.sandbox.stripe.refund_in_dashboard(bought.intent, 1000)
    await shop.settle()

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("paid", 1000)
    assert "RefundProcessed" in [moment["event"] for moment in order["timeline"]]
    assert mails_of(shop).count("refund_processed") == 1
    sales = (await staff.get("/admin/api/analytics/sales?from=2030-01-01&to=2030-12-31")).good
    assert sum(row["refunded"] for row in sales["items"]) == 1000
    assert (await buyer.cancel(bought)).status == 200
    assert sorted(refund.amount for refund in shop.sandbox.refunds()) == [1000, bought.total - 1000]
    assert await stuck(staff) == []
    await shop.audit()


async def test_a_cancel_that_crosses_a_refund_in_the_dashboard_gives_back_the_rest_and_nothing_stays_on_its_way(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    with shop.faults.webhooks(hold=True):
        shop.sandbox.stripe.refund_in_dashboard(bought.intent, 1000)
        assert (await buyer.cancel(bought)).status == 200
        await shop.clock.at_rest()
    await shop.settle()

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert await stuck(staff) == []
    assert await staff.dead_letters() == []
    await shop.audit()


@pytest.mark.parametrize("by", ["staff", "dashboard"])
@pytest.mark.parametrize("step", ["", "pick"])
async def test_all_money_given_back_before_packing_ends_the_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, by: str, step: str
) -> None:
    bought = await buyer.buy(MUG=2)
    if step:
        _ = (await staff.step(bought, step)).good
        await shop.settle()
    if by == "staff":
        assert (await staff.refund(bought)).status == 201
    else:
        shop.sandbox.stripe.refund_in_dashboard(bought.intent)
    await shop.settle()

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert await staff.stock("MUG") == (10, 0)
    assert (await staff.step(bought, "pack")).refusal == (409, "wrong_step")
    assert mails_of(shop).count("order_cancelled") == 1
    assert len(shop.sandbox.refunds()) == 1
    await shop.audit()


async def test_all_money_given_back_after_packing_makes_shipping_ask(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    for step in ("pick", "pack"):
        _ = (await staff.step(bought, step)).good
        await shop.settle()

    assert (await staff.refund(bought)).status == 201

    refused = await staff.step(bought, "ship")
    assert (refused.refusal, refused.json["doubts"]) == ((409, "money_in_doubt"), ["refunded"])
    assert shop.sandbox.shipments() == []
    assert "FullyRefunded" in await timeline(staff, bought)
    answer = await staff.ask("POST", f"/admin/api/pick-lists/{bought.order}/ship?despite_doubt=true")
    assert answer.status == 200
    await shop.settle()
    assert len(shop.sandbox.shipments()) == 1
    await shop.audit()


async def test_a_refund_heard_of_only_by_its_charge_is_looked_up(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """An endpoint at Stripe may be subscribed to `charge.refunded` alone."""
    bought = await buyer.buy(MUG=2)
    with shop.faults.webhooks(drop=1):  # The refund's own.
        shop.sandbox.stripe.refund_in_dashboard(bought.intent, 700)
    await shop.settle()

    assert (await buyer.read(bought))["refunded"]["amount"] == 700
    await shop.audit()


async def test_a_dispute_stops_packing_and_reaches_people_and_sales_until_it_is_won(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    _ = (await staff.step(bought, "pick")).good
    dispute = shop.sandbox.stripe.open_dispute(bought.intent)
    await shop.settle()

    assert (await staff.step(bought, "pack")).refusal == (409, "money_in_doubt")
    assert await stuck(staff) == ["dispute_open"]
    sales = (await staff.get("/admin/api/analytics/sales?from=2030-01-01&to=2030-12-31")).good
    assert sum(row["disputed"] for row in sales["items"]) == bought.total
    assert {"DisputeOpened", "DisputeFundsMoved"} <= set(await timeline(staff, bought))
    assert not {"DisputeOpened", "DisputeFundsMoved"} & {
        moment["event"] for moment in (await buyer.read(bought))["timeline"]
    }
    await shop.audit()

    shop.sandbox.stripe.close_dispute(dispute.id, won=True)
    await shop.settle()

    assert (await staff.step(bought, "pack")).status == 200
    assert await stuck(staff) == []
    sales = (await staff.get("/admin/api/analytics/sales?from=2030-01-01&to=2030-12-31")).good
    assert sum(row["disputed"] for row in sales["items"]) == 0
    await shop.audit()


async def test_a_dispute_that_is_lost_leaves_nothing_to_send_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    dispute = shop.sandbox.stripe.open_dispute(bought.intent)
    await shop.settle()
    shop.sandbox.stripe.close_dispute(dispute.id, won=False)
    await shop.settle()

    assert (await staff.step(bought, "pick")).status == 200
    assert (await staff.step(bought, "pack")).refusal == (409, "money_in_doubt")
    assert (await buyer.cancel(bought)).status == 200
    await shop.clock.advance(hours=1)
    await shop.settle()

    assert await staff.stock("MUG") == (10, 0)
    assert [refund for refund in shop.sandbox.refunds() if refund.status == "succeeded"] == []
    await shop.audit()


async def test_a_warning_of_fraud_makes_packing_ask_and_reaches_people(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    shop.sandbox.stripe.warn_of_fraud(bought.intent)
    await shop.settle()

    assert await stuck(staff) == ["fraud_warning"]
    _ = (await staff.step(bought, "pick")).good
    assert (await staff.step(bought, "pack")).refusal == (409, "money_in_doubt")
    assert (await staff.refund(bought)).status == 201
    assert await stuck(staff) == []
    assert (await buyer.read(bought))["status"] == "cancelled"
    await shop.audit()


async def test_a_debit_waits_for_days_with_its_units_and_is_paid(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    assert await buyer.pay(bought, DEBIT) == 200

    await shop.clock.advance(days=6)
    assert (await buyer.read(bought))["status"] == "payment_processing"
    assert await staff.stock("LAMP") == (1, 1)
    await shop.audit()
    shop.sandbox.stripe.settle(bought.intent, succeeded=True)
    await shop.settle()

    assert (await buyer.read(bought))["status"] == "paid"
    assert mails_of(shop) == ["order_created", "payment_processing", "payment_received"]
    await staff.send_off(bought)
    await shop.audit()


async def test_a_debit_that_fails_gives_time_to_pay_in_another_way(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    first, second = await buyer.order(MUG=1), await buyer.order(LAMP=1)
    for bought in (first, second):
        assert await buyer.pay(bought, DEBIT_FAILS) == 200
    await shop.clock.advance(days=3)
    for bought in (first, second):
        shop.sandbox.stripe.settle(bought.intent, succeeded=False)
    await shop.settle()

    order = await buyer.read(first)
    assert (order["status"], order["pay_until"]) == ("pending_payment", "2030-01-10T12:30:00Z")
    assert mails_of(shop).count("payment_failed") == 2
    assert await buyer.pay(first) == 200
    await shop.clock.advance(hours=1)

    assert [(await buyer.read(bought))["status"] for bought in (first, second)] == ["paid", "cancelled"]
    assert await staff.stock("LAMP") == (1, 0)
    await shop.audit()


async def test_a_debit_of_a_cancelled_order_goes_back_when_it_comes(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    assert await buyer.pay(bought, DEBIT) == 200
    assert (await buyer.cancel(bought)).status == 200
    assert await staff.stock("LAMP") == (1, 0)

    await shop.clock.advance(days=2)
    shop.sandbox.stripe.settle(bought.intent, succeeded=True)
    await shop.settle()

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert mails_of(shop).count("late_money_returned") == 1
    await shop.audit()


async def test_a_debit_whose_webhook_was_lost_is_found_before_its_order_is_called_off(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(LAMP=1)
    with shop.faults.webhooks(drop=1_000):
        assert await buyer.confirm(bought, DEBIT) == 200
        await shop.clock.advance(minutes=40)

    order = await shop.ask(GetOrder(order_id=bought.order))
    assert isinstance(order, Order)
    assert order.status == "payment_processing"
    await shop.audit()


async def test_the_auditor_finds_a_refund_at_stripe_that_nobody_told_us_of_and_a_repair_takes_it_up(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    with shop.faults.webhooks(drop=1_000):
        shop.sandbox.stripe.refund_in_dashboard(bought.intent, 700)
    assert await staff.findings() == []  # Its webhook may be on the way.
    await shop.clock.advance(minutes=2)

    (finding,) = await staff.findings()
    assert (finding["rule"], finding["about"]) == ("I8 refunds = Stripe's", bought.order)
    _ = (await staff.ask("POST", "/admin/api/audit/repair")).good
    await shop.settle()

    assert (await buyer.read(bought))["refunded"]["amount"] == 700
    assert await staff.findings() == []
    await shop.audit()


async def test_the_auditor_finds_disputes_and_warnings_that_nobody_told_us_of_and_a_repair_hears_them(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    lost, warned, won = [await buyer.buy(MUG=1) for _ in range(3)]
    with shop.faults.webhooks(drop=1_000):  # As where the account's endpoint does not list these events.
        shop.sandbox.stripe.open_dispute(lost.intent)
        shop.sandbox.stripe.warn_of_fraud(warned.intent)
        dispute = shop.sandbox.stripe.open_dispute(won.intent)
        shop.sandbox.stripe.close_dispute(dispute.id, won=True)
    assert await staff.findings() == []  # Their webhooks may be on the way.
    await shop.clock.advance(minutes=2)

    found = await staff.findings()
    assert {finding["rule"] for finding in found} == {"I8 disputes = Stripe's"}
    assert {finding["about"] for finding in found} == {lost.order, warned.order, won.order}
    _ = (await staff.ask("POST", "/admin/api/audit/repair")).good
    await shop.settle()

    assert await staff.findings() == []
    assert sorted(await stuck(staff)) == ["dispute_open", "fraud_warning"]
    assert (await staff.step(lost, "pick")).status == 200
    assert (await staff.step(lost, "pack")).refusal == (409, "money_in_doubt")
    await shop.audit()


async def test_a_bank_that_takes_longer_than_banks_may_reaches_people(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    assert await buyer.pay(bought, DEBIT) == 200

    await shop.clock.advance(days=15)

    assert await stuck(staff) == ["processing_long"]
    assert (await buyer.read(bought))["status"] == "payment_processing"
    shop.sandbox.stripe.settle(bought.intent, succeeded=True)
    await shop.settle()
    assert await stuck(staff) == []


async def test_a_refund_that_is_refused_again_and_again_is_one_thing_to_do(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=2)
    shop.sandbox.stripe.open_dispute(bought.intent)  # Stripe refunds nothing that is disputed.
    await shop.settle()

    for _ in range(3):
        assert (await staff.refund(bought, 500)).status == 201

    assert sorted(await stuck(staff)) == ["dispute_open", "refund_failed"]
