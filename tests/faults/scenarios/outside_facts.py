"""Facts about money that did not begin in the shop: refunds at Stripe, disputes, banks that take days."""

from contextlib import suppress

import aiohttp
import msgspec

from bus.messages.base import Money
from bus.messages.cart import CheckedOut, PriceChanged
from bus.messages.catalog_imports import ImportSkus, SkuRow
from bus.messages.inventory import CountStock, StockCount
from bus.messages.order import CancelOrder, GetOrder, Order
from bus.messages.payment import RefundOrder
from bus.messages.warehouse import MoneyInDoubt, Pack, Pick
from engine.errors import Unavailable
from testkit import ShopUnderTest
from tests.faults.scenarios.parts import Findings, books, bought, confirm, pick_list, sent_off, statuses, unless
from tests.journeys.people import Visitor, send_webhook
from tests.orders import asked_until_answered, cart_with, checkout, placed_order

DEBIT = "pm_sandbox_sepaDebit"


async def refunded(shop: ShopUnderTest, order_id: str) -> int:
    """As the order says."""
    order = await shop.ask(GetOrder(order_id=order_id))
    return order.refunded.amount if isinstance(order, Order) else 0


def sent_back(shop: ShopUnderTest) -> int:
    return sum(refund.amount for refund in shop.sandbox.refunds())


# --- Refunds ---


async def money_is_given_back_in_the_dashboard(shop: ShopUnderTest) -> Findings:
    placed = await bought(shop, "ord_1", MUG=2)
    shop.sandbox.stripe.refund_in_dashboard(placed.intent_id, 1000)
    await shop.settle()
    return unless(await refunded(shop, "ord_1"), 1000)


async def an_order_is_called_off_that_was_given_back_in_part(shop: ShopUnderTest) -> Findings:
    """And the shop has not heard of that part when it asks for the whole."""
    placed = await bought(shop, "ord_1", MUG=2)
    with shop.faults.webhooks(hold=True):
        shop.sandbox.stripe.refund_in_dashboard(placed.intent_id, 1000)
        await shop.ask(CancelOrder(order_id="ord_1", reason="customer"))
        await shop.clock.at_rest()
    await shop.settle()
    return [
        *unless(sent_back(shop), placed.amount.amount),
        *unless(await refunded(shop, "ord_1"), placed.amount.amount),
    ]


async def a_refund_is_heard_of_by_its_charge_alone(shop: ShopUnderTest) -> Findings:
    """As by an endpoint that is subscribed to nothing else."""
    placed = await bought(shop, "ord_1", MUG=2)
    with shop.faults.webhooks(drop=1_000):
        shop.sandbox.stripe.refund_in_dashboard(placed.intent_id, 1000)
    told = next(event for event in reversed(shop.sandbox.events()) if event.type == "charge.refunded")
    async with aiohttp.ClientSession() as http:
        await send_webhook(Visitor(shop, http), msgspec.json.decode(msgspec.json.encode(told)))
    return unless(await refunded(shop, "ord_1"), 1000)


async def a_refund_is_heard_of_before_the_money(shop: ShopUnderTest) -> Findings:
    placed = await placed_order(shop, "ord_1", MUG=2)
    with shop.faults.webhooks(drop=1):  # That it was paid.
        await confirm(shop, placed)
        shop.sandbox.stripe.refund_in_dashboard(placed.intent_id, 1000)
        await shop.settle()
    await shop.clock.advance(hours=2)
    await shop.settle()
    return unless(await refunded(shop, "ord_1"), 1000)


async def all_money_goes_back_before_packing(shop: ShopUnderTest) -> Findings:
    placed = await bought(shop, "ord_1", LAMP=1)
    await asked_until_answered(shop, RefundOrder(order_id="ord_1", refund_id="ref_1"))
    await shop.settle()
    return [
        *unless(sent_back(shop), placed.amount.amount),
        *unless(await statuses(shop, "ord_1"), ["cancelled"]),
        *unless(await pick_list(shop, "ord_1"), "cancelled"),
        *unless(await books(shop, "LAMP"), (1, 0)),
    ]


# --- Disputes ---


async def a_bank_disputes_what_is_being_picked(shop: ShopUnderTest) -> Findings:
    placed = await bought(shop, "ord_1", MUG=1)
    shop.sandbox.stripe.open_dispute(placed.intent_id)
    await shop.settle()
    await shop.ask(Pick(id="ord_1"))
    answer = await shop.ask(Pack(id="ord_1"))
    return [] if isinstance(answer, MoneyInDoubt) else [f"a parcel is packed for money that a bank has: {answer}"]


# --- Banks that take days ---


async def a_bank_takes_six_days(shop: ShopUnderTest) -> Findings:
    placed = await placed_order(shop, "ord_1", LAMP=1)
    await shop.pay(placed.intent_id, placed.client_secret, DEBIT)
    await shop.clock.advance(days=6)
    waiting = [*await statuses(shop, "ord_1"), await shop.available("LAMP")]
    shop.sandbox.stripe.settle(placed.intent_id, succeeded=True)
    await shop.settle()
    return [
        *unless(waiting, ["payment_processing", 0]),
        *unless(await statuses(shop, "ord_1"), ["paid"]),
        *unless(sent_back(shop), 0),
    ]


async def a_bank_says_no_when_the_order_is_called_off(shop: ShopUnderTest) -> Findings:
    """At Stripe it could then be paid in another way."""
    placed = await placed_order(shop, "ord_1", LAMP=1)
    await shop.pay(placed.intent_id, placed.client_secret, DEBIT)
    await shop.ask(CancelOrder(order_id="ord_1", reason="customer"))
    await shop.clock.advance(days=6)
    shop.sandbox.stripe.settle(placed.intent_id, succeeded=False)
    await shop.settle()
    return unless(shop.sandbox.stripe.intent(placed.intent_id).status, "canceled")


# --- Checkouts ---


async def a_checkout_ends_before_its_order_and_nobody_comes_back(shop: ShopUnderTest) -> Findings:
    cart = await cart_with(shop, LAMP=1)
    async with shop.kill_at("checkout-payable"):
        with suppress(Unavailable):
            await shop.ask(checkout(cart.id, "ord_1"))
    await shop.clock.advance(hours=3)
    await shop.settle()
    return unless([intent.status for intent in shop.sandbox.payment_intents()], ["canceled"])


async def a_price_changes_before_the_checkout(shop: ShopUnderTest) -> Findings:
    cart = await cart_with(shop, MUG=1)
    dearer = SkuRow(
        product_id="MUG",
        slug="mug",
        title="Mug",
        category="Test",
        description="",
        sku="MUG",
        sku_title="",
        price=Money(amount=9900, currency="EUR"),
        weight_g=100,
    )
    await shop.ask(ImportSkus(rows=(dearer,)))
    shown = Money(amount=1450 + 490, currency="EUR")
    answer = await shop.ask(msgspec.structs.replace(checkout(cart.id, "ord_1"), expected_total=shown))
    if isinstance(answer, CheckedOut):
        return [f"{answer.amount} is asked for, {shown} was shown"]
    return [] if isinstance(answer, PriceChanged) else [f"{answer}"]


# --- Parcels ---


async def a_parcel_leaves(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=3)
    await sent_off(shop, "ord_1")
    count = await shop.ask(CountStock(sku="MUG"))
    assert isinstance(count, StockCount)
    return unless((count.on_hand, count.assigned, count.held), (7, 0, 0))
