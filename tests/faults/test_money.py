"""Stripe hangs after it has charged, fails and stands by it, is down, has had enough of us; its webhooks come first,
late, never, five times and in any order. In any weather: one capture for an order, and the same end as in sunshine.
"""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from random import Random

import aiohttp
import msgspec
import pytest

from bus.messages.order import OrderCancelled
from bus.messages.payment import PaymentReceived, RefundProcessed
from sandbox.core.faults import Fault, WebhookFault
from testkit import ShopUnderTest
from tests.faults.conftest import Scale
from tests.faults.report import Campaign, Report
from tests.journeys.conftest import PATIENCE_S
from tests.journeys.people import (
    Answer,
    Customer,
    Json,
    Purchase,
    Staff,
    all_is_well,
    mails_of,
    new_key,
    purchase,
    staff_token,
)

INTENTS, CONFIRM, REFUNDS = "POST /v1/payment_intents", "/confirm", "POST /v1/refunds"
TRIES = 12

# Trouble that is over after so many calls. `kept` is what Stripe stands by under the idempotency key.
WEATHER = {
    "sunshine": Fault(),
    "hangs": Fault(action="hang", count=1),
    "hangs after its work": Fault(action="hang", count=1, after_work=True),
    "fails": Fault(action="fail", count=2),
    "fails after its work": Fault(action="fail", count=1, after_work=True),
    "is overloaded": Fault(action="fail", status=503, count=2),
    "limits our rate": Fault(action="rate_limit", count=3, retry_after_s=2),
    "drops us": Fault(action="drop", count=2),
    "drops us after its work": Fault(action="drop", count=1, after_work=True),
}
KEPT = "fails after its work"  # Of a call with an idempotency key.
NEWS = {
    "at once": WebhookFault(),
    "five times": WebhookFault(repeat=5),
    "late": WebhookFault(hold=True),
    "shuffled": WebhookFault(repeat=3, reorder_s=100),
}


pytestmark = pytest.mark.usefixtures("impatient_with_stripe")


@pytest.fixture
def buyer(shop: ShopUnderTest, http: aiohttp.ClientSession) -> "Stubborn":
    return Stubborn(shop, http)


@pytest.fixture
async def staff(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Staff:
    made = Staff(shop, http, await staff_token(shop))
    _ = (await made.count("BOOK", 100_000)).good
    return made


class Stubborn(Customer):
    """Tries again, with the same key, until there is an answer."""

    async def check_out_somehow(self, cart: str) -> Purchase:
        key = new_key()
        for _ in range(TRIES):
            answer = await self.shop.patiently(self.check_out(cart, key=key))
            if answer.status < 500:
                return purchase(cart, key, answer)
            assert answer.refusal == (503, "unavailable")
            await self._come_back(answer)
        raise AssertionError("it was never answered")

    async def _come_back(self, answer: Answer) -> None:
        await self.shop.clock.advance(seconds=int(answer.headers["Retry-After"]))

    async def pay_somehow(self, bought: Purchase) -> None:
        """As a browser does: it may hear of an error, look, and find that all is well."""
        key = new_key()
        for _ in range(TRIES):
            with suppress(aiohttp.ClientError, TimeoutError):
                intent = await self._confirm_with(key, bought)
                if intent.get("status") == "succeeded":
                    return
                unexpected = intent.get("error", {}).get("payment_intent")
                if unexpected and unexpected["status"] == "succeeded":  # By a try whose answer was lost.
                    return
            key = new_key()  # Stripe stands by its failures: another key is another try.
        raise AssertionError("it could not be paid")

    async def _confirm_with(self, key: str, bought: Purchase) -> Json:
        url, form = self.shop.confirmation(bought.intent, bought.client_secret)
        async with self.http.post(
            url,
            data=form,
            headers={"Idempotency-Key": key},
            timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
        ) as answer:
            found: Json = await answer.json()
            return found


def trouble(kind: str, path: str) -> Fault:
    return msgspec.structs.replace(WEATHER[kind], path=path)


async def paid_once(shop: ShopUnderTest, buyer: Customer, bought: Sequence[Purchase]) -> None:
    """The same end for each, whatever happened on the way."""
    charges = Counter(charge.payment_intent for charge in shop.charges())
    received = Counter(event.order_id for event in shop.published(PaymentReceived))
    for each in bought:
        order = await buyer.read(each)
        assert (order["status"], order["total"]["amount"], order["refunded"]["amount"]) == ("paid", each.total, 0)
        assert [moment["event"] for moment in order["timeline"]] == ["OrderCreated", "PaymentReceived"]
        assert (charges[each.intent], received[each.order]) == (1, 1)
    assert len(charges) == len(received) == len(shop.sandbox.payment_intents()) == len(bought)
    assert Counter(mails_of(shop)) == {"order_created": len(bought), "payment_received": len(bought)}


@pytest.mark.timeout(900)
async def test_an_order_is_captured_once_in_any_weather_whenever_the_news_come(
    shop: ShopUnderTest, buyer: Stubborn, staff: Staff, scale: Scale, report: Report
) -> None:
    campaign, chance = (
        report.campaign("Stripe in bad weather, and its webhooks in any order", scale.seed),
        Random(scale.seed),
    )
    bought: list[Purchase] = []
    for _ in range(scale.of(short=1, long=40)):
        plans = _plans(chance)
        bought += [await _buy(shop, buyer, plan, campaign, chance) for plan in plans]
        campaign.runs += 1
    shop.sandbox.faults.reset()
    await shop.settle()
    campaign.orders = len(bought)

    await paid_once(shop, buyer, bought)
    await all_is_well(staff)


def _plans(chance: Random) -> list[tuple[str, str, str]]:
    """Every weather at checkout and at payment once, with news in some order."""
    payment = list(WEATHER)
    chance.shuffle(payment)
    return [(kind, paying, chance.choice(list(NEWS))) for kind, paying in zip(WEATHER, payment, strict=True)]


async def _buy(
    shop: ShopUnderTest, buyer: Stubborn, plan: tuple[str, str, str], campaign: Campaign, chance: Random
) -> Purchase:
    at_checkout, at_payment, news = plan
    faults = shop.sandbox.faults
    cart = await buyer.fill_cart(BOOK=chance.randint(1, 3))
    faults.stripe = trouble(at_checkout, INTENTS)
    bought = await buyer.check_out_somehow(cart)
    faults.webhooks = msgspec.structs.replace(NEWS[news], seed=chance.getrandbits(30))
    faults.stripe = trouble(at_payment, CONFIRM)
    await buyer.pay_somehow(bought)
    faults.reset()
    if chance.random() < 0.5:  # Else they come together with those of orders to come.
        await shop.settle()
    campaign.faults.update({f"Stripe {at_checkout}, at checkout": 1, f"Stripe {at_payment}, at payment": 1})
    campaign.faults[f"webhooks come {news}"] += 1
    return bought


async def test_a_checkout_whose_failure_stripe_stands_by_is_completed_all_the_same(
    shop: ShopUnderTest, buyer: Stubborn, staff: Staff
) -> None:
    """The intent was made, and every repeat with its key is told 500: there is another way to find it."""
    shop.sandbox.faults.stripe = trouble(KEPT, INTENTS)

    bought = await buyer.check_out_somehow(await buyer.fill_cart(BOOK=1))
    await buyer.pay_somehow(bought)
    await shop.settle()

    await paid_once(shop, buyer, [bought])
    await all_is_well(staff)


async def test_money_of_which_no_webhook_ever_tells_is_found(
    shop: ShopUnderTest, buyer: Stubborn, staff: Staff, scale: Scale, report: Report
) -> None:
    campaign = report.campaign("webhooks that never come", scale.seed)
    bought = [await buyer.order(BOOK=1) for _ in range(scale.of(short=3, long=50))]
    shop.sandbox.faults.webhooks = WebhookFault(drop=1000)
    for each in bought:
        await buyer.pay_somehow(each)
    await shop.settle()

    await shop.clock.advance(minutes=29)  # Before the time to pay is over.
    await shop.settle()

    campaign.orders = campaign.faults["webhook lost"] = len(bought)
    await paid_once(shop, buyer, bought)
    await all_is_well(staff)


async def test_a_refund_is_made_once_whether_its_answer_its_news_or_neither_comes(
    shop: ShopUnderTest, buyer: Stubborn, staff: Staff, scale: Scale, report: Report
) -> None:
    """With trouble after the work, the webhook comes before the answer of the call that caused it."""
    campaign, chance = report.campaign("refunds in bad weather", scale.seed), Random(scale.seed)
    kinds = list(WEATHER) * scale.of(short=1, long=10)
    for kind in kinds:
        bought = await buyer.buy(BOOK=2)
        news = chance.choice(list(NEWS))
        shop.sandbox.faults.webhooks = NEWS[news]
        shop.sandbox.faults.stripe = trouble(kind, REFUNDS)
        _ = (await staff.refund(bought, 100)).good
        shop.sandbox.faults.reset()
        await shop.clock.advance(minutes=2)
        await shop.settle()

        assert (await buyer.read(bought))["refunded"]["amount"] == 100
        assert [refund.amount for refund in shop.sandbox.refunds() if refund.payment_intent == bought.intent] == [100]
        campaign.faults.update({f"Stripe {kind}": 1, f"webhooks come {news}": 1})
        campaign.runs += 1
    assert len(shop.published(RefundProcessed)) == len(kinds) == mails_of(shop).count("refund_processed")
    await all_is_well(staff)


async def test_while_stripe_is_down_for_minutes_nothing_is_lost_and_nothing_is_done_twice(
    shop: ShopUnderTest, buyer: Stubborn, staff: Staff, scale: Scale, report: Report
) -> None:
    campaign, chance = report.campaign("Stripe is down for minutes", scale.seed), Random(scale.seed)
    for _ in range(scale.of(short=1, long=10)):
        refunded, called_off = await buyer.buy(BOOK=1), await buyer.order(BOOK=1)
        carts = [await buyer.fill_cart(BOOK=1) for _ in range(3)]
        keys = [new_key() for _ in carts]
        with shop.faults.stripe(down=True):
            _ = (await staff.refund(refunded, 100)).good
            _ = (await buyer.cancel(called_off)).good
            for cart, key in zip(carts, keys, strict=True):
                assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
            await shop.clock.advance(minutes=chance.randint(2, 8))
        await shop.clock.advance(minutes=2)
        waited = [await buyer.place(cart, key=key) for cart, key in zip(carts, keys, strict=True)]
        for each in waited:
            await buyer.pay_somehow(each)
        await shop.settle()

        assert (await buyer.read(refunded))["refunded"]["amount"] == 100
        assert [await buyer.status(each) for each in (called_off, *waited)] == ["cancelled", *["paid"] * 3]
        canceled = {intent.id for intent in shop.sandbox.payment_intents() if intent.status == "canceled"}
        assert called_off.intent in canceled
        campaign.runs, campaign.orders = campaign.runs + 1, campaign.orders + 5
        campaign.faults["down"] += 1
    assert len(shop.charges()) == 4 * campaign.runs
    assert [refund.amount for refund in shop.sandbox.refunds()] == [100] * campaign.runs
    assert len(shop.published(OrderCancelled)) == campaign.runs
    await all_is_well(staff)
