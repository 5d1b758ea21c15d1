"""What is asked for again is done once: by those who come to the shop, and by the shop when an answer is lost."""

from contextlib import suppress

import aiohttp

from bus.messages.base import Line
from bus.messages.inventory import HoldForCheckout
from bus.messages.payment import RefundOrder
from testkit import ShopUnderTest
from tests.faults.real import audit
from tests.faults.scenarios.parts import Findings, books, bought, sent_off, templates, unless, value
from tests.journeys.people import Customer, Staff, new_key, staff_token
from tests.orders import cart_with, checkout, placed_order, until_answered

# --- The same request twice ---


async def a_request_is_sent_twice(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    async with aiohttp.ClientSession() as http:
        staff, key = Staff(shop, http, await staff_token(shop)), new_key()
        for _ in range(2):
            await staff.ask("POST", "/admin/api/orders/ord_1/refunds", {"amount": 100}, key=key)
        await shop.settle()
    return unless([refund.amount for refund in shop.sandbox.refunds()], [100])


async def a_request_is_taken_over_after_a_crash(shop: ShopUnderTest) -> Findings:
    async with aiohttp.ClientSession() as http:
        buyer, key = Customer(shop, http), new_key()
        cart = await buyer.fill_cart(MUG=2)
        async with shop.kill_at("after-commit@order.place"):
            with suppress(aiohttp.ClientError):
                await buyer.check_out(cart, key=key)
        await shop.clock.advance(seconds=11)  # Its lease is over.
        answer = await buyer.check_out(cart, key=key)
        await shop.settle()
    orders = await value(shop, "select count(*) from orders.orders")
    return [*unless(answer.status, 201), *unless(orders, 1), *unless(await books(shop, "MUG"), (10, 2))]


async def a_refund_is_asked_for_twice(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    ask = RefundOrder(order_id="ord_1", refund_id="ref_1", amount=100)
    for _ in range(2):
        await shop.ask(ask)
        await shop.settle()
    refunding = await value(shop, "select refunding from payment.payments")
    return [*unless(refunding, 100), *await audit(shop)]


async def a_checkout_is_repeated_after_it_was_paid(shop: ShopUnderTest) -> Findings:
    cart = await cart_with(shop, MUG=2)
    placed = await until_answered(shop, checkout(cart.id, "ord_1"))
    await shop.pay(placed.intent_id, placed.client_secret)
    again = HoldForCheckout(cart_id=cart.id, order_id="ord_1", lines=(Line(sku="MUG", quantity=2),))
    await shop.ask(again)
    return unless(await books(shop, "MUG"), (8, 0))


# --- Answers of the outside world that are lost ---


async def stripes_answer_to_a_checkout_is_lost(shop: ShopUnderTest) -> Findings:
    with shop.faults.stripe(drops=1, after_work=True):
        await shop.patiently(placed_order(shop, "ord_1", MUG=1))
    return unless(len(shop.sandbox.payment_intents()), 1)


async def stripes_answer_to_a_refund_is_lost(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    with shop.faults.stripe(drops=1, after_work=True):
        await shop.ask(RefundOrder(order_id="ord_1", refund_id="ref_1", amount=100))
        await shop.settle()
    await shop.clock.advance(seconds=5)
    return unless([refund.amount for refund in shop.sandbox.refunds()], [100])


async def the_carriers_answer_is_lost(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    with shop.faults.carrier(drops=1, after_work=True):
        await sent_off(shop, "ord_1")
    await shop.clock.advance(seconds=5)
    return unless(len(shop.sandbox.shipments()), 1)


async def the_mail_servers_answer_is_lost(shop: ShopUnderTest) -> Findings:
    with shop.faults.smtp(drops=1, after_work=True):
        await placed_order(shop, "ord_1", MUG=1)
    await shop.clock.advance(seconds=5)
    assert len(shop.mails()) == 2, "it came again, and is known to be the same"
    return unless(templates(shop), ["order_created"])
