"""A shop under test: watched, troubled and killed as its users' tests do it."""

import importlib
from collections.abc import Callable
from contextlib import suppress

import aiohttp
import msgspec
import pytest

from bus.messages.cart import CreateCart
from bus.messages.inventory import SetOnHand
from bus.messages.order import CancelOrder, GetOrder, Order, OrderCreated, OrderProgressed
from bus.messages.payment import PaymentReceived
from engine.crash import CrashPoint
from engine.errors import BadSetting, Unavailable
from sandbox.stripe.api import StripeApi
from testkit import Killed, ShopUnderTest
from tests.orders import cart_with, checkout, placed_order, until_answered


async def test_what_was_published_charged_and_mailed_is_there_to_see(shop: ShopUnderTest) -> None:
    placed = await placed_order(shop, MUG=2)
    await shop.pay(placed.intent_id, placed.client_secret)

    assert [event.order_id for event in shop.published(OrderCreated)] == ["ord_1"]
    assert [event.amount for event in shop.published(PaymentReceived)] == [placed.amount]
    assert [charge.amount for charge in shop.charges()] == [placed.amount.amount]
    assert [mail.to for mail in shop.mails()] == [["ord_1@example.com"]] * 2


@pytest.mark.parametrize(
    "point",
    [
        "before-transaction@order.place",
        "after-claim@order.place",
        "after-handler@order.place",
        "before-commit@order.place",
        "after-commit@order.place",
        "after-hand-over@order.place",
        "before-call@payment.create_intent",
        "after-call@payment.create_intent",
        "before-commit@payment.record_intent",
    ],
)
async def test_a_checkout_that_was_killed_anywhere_becomes_one_order(shop: ShopUnderTest, point: str) -> None:
    cart = await cart_with(shop, MUG=2)
    async with shop.kill_at(point):
        with pytest.raises(Killed):
            await shop.ask(checkout(cart.id))

    placed = await until_answered(shop, checkout(cart.id))
    await shop.pay(placed.intent_id, placed.client_secret)

    order = await shop.ask(GetOrder(order_id="ord_1"))
    assert isinstance(order, Order)
    assert order.status == "paid"
    assert len(shop.published(OrderCreated)) == 1
    assert len(shop.charges()) == len(shop.sandbox.payment_intents()) == 1
    assert await shop.available("MUG") == 8
    await shop.audit()


async def test_the_audit_knows_more_than_the_shop(shop: ShopUnderTest) -> None:
    placed = await placed_order(shop, MUG=2)
    await shop.pay(placed.intent_id, placed.client_secret)
    await shop.audit()
    charge = shop.charges()[0]
    shop.sandbox.stripe.charges.add("ch_again", msgspec.structs.replace(charge, id="ch_again"), charge.created)

    with pytest.raises(AssertionError, match="I2 ord_1: its buyer was charged 2 times"):
        await shop.audit()


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (lambda stripe, of: stripe.refund_in_dashboard(of, 700), "I8 ord_1: 700 went back, and the order says 0"),
        (lambda stripe, of: stripe.refund_in_dashboard(of, 700), "I8 ord_1: 700 went back, and its payment says 0"),
        (
            lambda stripe, of: stripe.open_dispute(of),
            "I6 ord_1: 3390 is with its buyer's bank, and its payment says 0",
        ),
        (
            lambda stripe, of: stripe.charges.delete(stripe.charge_of(of).id),
            "I6 ord_1: it is paid, and nothing was charged",
        ),
        (
            lambda stripe, of: stripe.charges.delete(stripe.charge_of(of).id),
            "I6 ord_1: 0 was charged, and its payment says 3390",
        ),
    ],
)
async def test_the_audit_compares_the_money_of_orders_that_live(
    shop: ShopUnderTest, act: Callable[[StripeApi, str], object], told: str
) -> None:
    placed = await placed_order(shop, MUG=2)
    await shop.pay(placed.intent_id, placed.client_secret)
    await shop.audit()
    with shop.faults.webhooks(drop=1_000):
        act(shop.sandbox.stripe, placed.intent_id)

    with pytest.raises(AssertionError, match=told):
        await shop.audit()


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("pm_card_visa", "I6 ord_1: 3390 was charged, and the order does not know"),
        ("pm_sandbox_sepaDebit", "I6 ord_1: a bank is asked, and the order is pending_payment"),
    ],
)
async def test_the_audit_compares_the_money_that_the_shop_has_not_heard_of(
    shop: ShopUnderTest, method: str, told: str
) -> None:
    placed = await placed_order(shop, MUG=2)
    with shop.faults.webhooks(drop=1_000):
        await shop.pay(placed.intent_id, placed.client_secret, method)

    with pytest.raises(AssertionError, match=told):
        await shop.audit()


async def test_the_audit_lets_a_bank_have_what_it_has_taken(shop: ShopUnderTest) -> None:
    placed = await placed_order(shop, MUG=2)
    await shop.pay(placed.intent_id, placed.client_secret)
    dispute = shop.sandbox.stripe.open_dispute(placed.intent_id)
    await shop.ask(CancelOrder(order_id="ord_1", reason="customer"))
    await shop.audit()
    shop.sandbox.stripe.close_dispute(dispute.id, won=True)

    with pytest.raises(AssertionError, match="it was cancelled; 3390 was charged and 0 went back"):
        await shop.audit()


async def test_who_waits_until_all_is_settled_waits_also_for_what_a_kill_has_left(shop: ShopUnderTest) -> None:
    placed = await placed_order(shop, MUG=2)
    async with shop.kill_at("after-commit@order.on_paid"):
        await shop.pay(placed.intent_id, placed.client_secret)
        assert [event.status for event in shop.published(OrderProgressed)] == ["pending_payment", "paid"]


async def test_a_point_that_is_not_reached_is_told(shop: ShopUnderTest) -> None:
    with pytest.raises(AssertionError, match=r"did not come to after-commit@order\.place"):
        async with shop.kill_at("after-commit@order.place"):
            await shop.ask(CreateCart())


async def test_a_point_that_is_not_there_is_told_with_those_that_are(shop: ShopUnderTest) -> None:
    with pytest.raises(BadSetting, match=r"there is no nowhere; there are .*after-commit"):
        shop.kill_at("nowhere")
    with pytest.raises(BadSetting, match="must look like"):
        shop.kill_at("after-commit:never")


async def test_a_shop_that_is_killed_cuts_those_who_speak_to_it_and_is_back_at_its_address(shop: ShopUnderTest) -> None:
    async with aiohttp.ClientSession() as http:
        async with shop.kill_at("before-call@cart.create"):
            with pytest.raises(aiohttp.ClientError):
                await http.post(f"{shop.url}/carts", json={})
        async with http.post(f"{shop.url}/carts", json={}) as answer:
            assert answer.status == 201


async def test_what_was_not_told_before_a_kill_is_told_after_it(shop: ShopUnderTest) -> None:
    await shop.inside.updates.levels(["MUG"])  # From now on Redis keeps it for readers.
    await shop.clock.at_rest()
    async with shop.kill_at("before-news"):
        with suppress(Unavailable):  # It may be answered before.
            await shop.ask(SetOnHand(sku="MUG", on_hand=7))
    await shop.audit()
    assert [level.available for level in await shop.inside.updates.levels(["MUG"])] == [7]


async def test_time_goes_on_where_it_was_and_timers_are_still_due(shop: ShopUnderTest) -> None:
    await cart_with(shop, MUG=2)
    await shop.clock.advance(minutes=9)
    await shop.restart()
    assert await shop.available("MUG") == 8
    await shop.clock.advance(minutes=1)
    assert await shop.available("MUG") == 10


def test_there_are_at_least_two_dozen_crash_points() -> None:
    importlib.import_module("run")  # With all that it wires.
    assert len(CrashPoint.known) >= 24
    assert all(point.says.endswith(".") for point in CrashPoint.known.values())
