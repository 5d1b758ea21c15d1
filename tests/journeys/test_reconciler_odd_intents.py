"""Intents that are not what was expected: of nobody, a second one, of another amount, gone, or asked for again."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bus.messages.payment import CreateIntent, Intent
from engine.errors import Unavailable
from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from tests.actors.payment.support import eur
from tests.journeys.people import Customer, Staff
from tests.journeys.stripe_events import (
    LIST,
    NO_WEBHOOKS,
    all_is_settled,
    effects,
    make_at_stripe,
    of_today,
    status_here,
)


async def test_money_of_an_order_that_nobody_knows_is_kept_for_people_once_and_not_sent_back(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    for metadata in ({"order_id": "ord_unknown"}, {"order_id": "ord_unpaid"}, {}):
        (intent_id,) = await make_at_stripe(shop, metadata)
        intent = shop.sandbox.stripe.intent(intent_id)
        if metadata != {"order_id": "ord_unpaid"}:
            shop.sandbox.stripe.intents.update(intent_id, replace(intent, status="succeeded", amount_received=500))

    await shop.clock.advance(minutes=29)

    assert await effects(shop) == ["refused: no such payment"]
    assert shop.sandbox.refunds() == []
    assert await buyer.status(bought) == "pending_payment"


async def test_a_second_intent_of_an_order_is_cancelled_while_nobody_has_paid_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    (stray,) = await make_at_stripe(shop, {"order_id": bought.order, "attempt": "2"})

    await shop.clock.advance(minutes=6)
    await shop.settle()

    assert shop.sandbox.stripe.intent(stray).status == "canceled"
    assert await status_here(shop, bought.order) == "open"
    assert await buyer.pay(bought) == 200
    assert await buyer.status(bought) == "paid"
    await all_is_settled(shop, staff)


async def test_an_intent_of_another_amount_pays_nothing_and_is_asked_about_less_and_less(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.sandbox.payment_intents()
    shop.sandbox.stripe.intents.update(intent.id, replace(intent, status="succeeded", amount_received=bought.total - 1))

    await shop.clock.advance(days=30)

    assert await buyer.status(bought) == "cancelled"
    assert await effects(shop) == [f"refused: {eur(bought.total)} was expected"]
    assert 30 < asked.count(LIST) < 60
    assert await (await of_today(shop, staff)).dead_letters() == []


async def test_a_buyer_who_is_asked_by_the_bank_has_until_the_end_of_the_window(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    assert await buyer.confirm(bought, "pm_card_authenticationRequired") == 200
    await shop.clock.advance(minutes=29)
    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["requires_action"]

    await shop.clock.advance(minutes=2)
    await shop.settle()

    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["canceled"]
    assert await buyer.status(bought) == "cancelled"
    await all_is_settled(shop, staff)


async def test_an_intent_that_has_vanished_is_a_persons_business_and_holds_up_no_other(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    gone, bought = await buyer.order(MUG=1), await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = NO_WEBHOOKS
    shop.sandbox.stripe.intents.delete(gone.intent)
    assert await buyer.confirm(bought) == 200

    await shop.clock.advance(hours=1)

    assert await buyer.status(bought) == "paid"
    assert await buyer.status(gone) == "cancelled"
    assert [letter["type"] for letter in await staff.dead_letters()] == ["CancelIntent"]
    assert await staff.findings() == []


async def test_an_intent_is_one_intent_though_it_is_asked_for_a_day_later(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    lost = CreateIntent(order_id="ord_lost", amount=eur(500), began_at=shop.clock.now())
    shop.sandbox.faults.stripe = Fault(action="drop", after_work=True, path="POST /v1/payment_intents")
    with pytest.raises(Unavailable):
        await shop.patiently(shop.ask(lost))
    shop.sandbox.faults.stripe = Fault()
    known = CreateIntent(order_id=bought.order, amount=eur(bought.total), began_at=shop.clock.now())
    shop.clock.jump(timedelta(hours=25))

    again, found = await shop.ask(known), await shop.ask(lost)
    assert isinstance(again, Intent)
    assert isinstance(found, Intent)
    assert again.client_secret == bought.client_secret
    assert found.intent_id == shop.sandbox.payment_intents()[1].id
    assert len(shop.sandbox.payment_intents()) == 2
