"""Money declined, never paid, late, and sent back."""

from datetime import timedelta

import pytest

from sandbox.core.faults import Fault, WebhookFault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Purchase, Staff, mails_of

WINDOW = timedelta(minutes=30)  # How long a buyer has to pay.
PAYMENT_HOLD = timedelta(minutes=45)


# --- Cards ---


async def test_a_declined_card_leaves_the_order_payable_with_another(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)

    assert await buyer.pay(bought, "pm_card_chargeDeclinedInsufficientFunds") == 402
    order = await buyer.read(bought)
    assert order["status"] == "pending_payment"
    assert [(m["event"], m["detail"]) for m in order["timeline"]][1:] == [("PaymentDeclined", "insufficient_funds")]
    assert await staff.stock("MUG") == (10, 1)
    assert await buyer.pay(bought) == 200

    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentDeclined", "PaymentReceived"]
    assert await staff.stock("MUG") == (9, 0)


async def test_an_order_that_nobody_pays_is_cancelled_and_its_units_are_free(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    assert await buyer.pay(bought, "pm_card_chargeDeclined") == 402

    await shop.clock.advance(seconds=WINDOW.total_seconds() - 1)
    assert await buyer.status(bought) == "pending_payment"
    assert await staff.stock("LAMP") == (1, 1)
    await shop.clock.advance(seconds=1)
    await shop.settle()

    assert await buyer.status(bought) == "cancelled"
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentDeclined", "OrderCancelled"]
    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["canceled"]
    assert await staff.stock("LAMP") == (1, 0)
    assert mails_of(shop) == ["order_created", "order_cancelled"]
    assert await buyer.pay(bought) == 400
    assert await buyer.status(bought) == "cancelled"
    assert (await buyer.buy(LAMP=1)).order != bought.order
    assert await staff.findings() == []


# --- Late money ---


async def called_off_unheard(shop: ShopUnderTest) -> None:
    """The buyer's time to pay is over, and Stripe can't be told; else it would say at once that it has the money."""
    shop.sandbox.faults.stripe = Fault(action="drop", path="/cancel")
    await shop.clock.advance(minutes=30)
    shop.sandbox.faults.stripe = Fault()


async def pay_unheard(shop: ShopUnderTest, buyer: Customer, bought: Purchase) -> None:
    """The card is charged, and the shop does not hear of it before the next `settle`."""
    shop.sandbox.faults.webhooks = WebhookFault(hold=True)
    assert await buyer.confirm(bought) == 200
    assert await buyer.status(bought) == "pending_payment"


@pytest.mark.usefixtures("unreconciled")
async def test_money_that_comes_late_takes_the_units_again_while_there_are_some(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1, MUG=2)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    assert await buyer.status(bought) == "cancelled"
    assert await staff.stock("LAMP") == (1, 0)

    await shop.settle()

    assert await buyer.status(bought) == "paid"
    assert await buyer.timeline(bought) == ["OrderCreated", "OrderCancelled", "PaymentCameLate", "UnitsRetaken"]
    assert await staff.stock("LAMP") == (0, 0)
    assert await staff.stock("MUG") == (8, 0)
    assert shop.sandbox.refunds() == []
    assert await staff.send_off(bought)
    assert await buyer.status(bought) == "shipped"
    assert await staff.findings() == []


@pytest.mark.usefixtures("unreconciled")
async def test_money_that_comes_when_the_units_are_gone_goes_back_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1, MUG=2)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    quicker = await buyer.order(LAMP=1)

    await shop.settle()
    await shop.clock.advance(seconds=1)  # What is sent to Stripe about an order goes in line.

    await _came_to_nothing(shop, buyer, staff, bought)
    assert await buyer.timeline(bought) == [
        "OrderCreated", "OrderCancelled", "PaymentCameLate", "UnitsGone", "RefundProcessed",
    ]  # fmt: skip
    shop.sandbox.faults.reset()
    assert await buyer.pay(quicker) == 200
    assert await staff.stock("MUG") == (10, 0)
    assert await staff.stock("LAMP") == (0, 0)


async def test_money_whose_webhook_is_lost_is_found_when_its_order_is_called_off(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    await pay_unheard(shop, buyer, bought)

    _ = (await buyer.cancel(bought)).good

    await _came_to_nothing(shop, buyer, staff, bought)
    assert await staff.stock("LAMP") == (1, 0)


async def test_money_in_time_for_units_that_went_meanwhile_goes_back_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """The order's own timer has not run yet (the machine slept, say), and its hold is over."""
    bought = await buyer.order(LAMP=1, MUG=2)
    await pay_unheard(shop, buyer, bought)
    shop.clock.jump(PAYMENT_HOLD)
    quicker = await buyer.order(LAMP=1)
    assert await buyer.status(bought) == "pending_payment"

    await shop.settle()

    await shop.clock.advance(seconds=1)  # At last its timer runs, and finds nothing to do.
    await _came_to_nothing(shop, buyer, staff, bought)
    assert "UnitsGone" in await buyer.timeline(bought)
    assert await buyer.status(quicker) == "pending_payment"
    assert await staff.stock("MUG") == (10, 0)


@pytest.mark.usefixtures("unreconciled")
async def test_units_that_others_let_expire_are_there_for_late_money(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """What has ended stands in nobody's way, though its timer has not run yet."""
    bought = await buyer.order(LAMP=1)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    await buyer.fill_cart(LAMP=1)
    shop.clock.jump(timedelta(minutes=11))

    await shop.settle()

    assert await buyer.status(bought) == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    await shop.clock.advance(seconds=1)  # At last Stripe is told, and says what is known by now.
    assert await staff.findings() == []


async def test_money_that_comes_after_the_buyers_own_cancel_goes_back_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    await pay_unheard(shop, buyer, bought)
    answer = await buyer.ask("POST", f"/orders/{bought.order}/cancel", token=bought.token)
    assert answer.good["status"] == "cancelled"

    await shop.settle()

    await _came_to_nothing(shop, buyer, staff, bought)
    assert await buyer.timeline(bought) == ["OrderCreated", "OrderCancelled", "PaymentCameLate", "RefundProcessed"]
    assert await staff.stock("LAMP") == (1, 0)


async def _came_to_nothing(shop: ShopUnderTest, buyer: Customer, staff: Staff, bought: Purchase) -> None:
    """Cancelled, all money back, once, and the buyer was told."""
    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert [(refund.amount, refund.payment_intent) for refund in shop.sandbox.refunds()] == [
        (bought.total, bought.intent)
    ]
    mails = mails_of(shop)
    assert (mails.count("refund_processed"), mails.count("order_cancelled")) == (1, 1)
    assert (await staff.step(bought, "pick")).refusal == (409, "wrong_step")
    assert await staff.findings() == []
    assert await staff.dead_letters() == []
