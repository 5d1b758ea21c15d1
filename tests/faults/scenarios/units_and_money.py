"""Units and money that come late, end, are gone, or are wanted by two."""

import asyncio
from datetime import timedelta

from bus.messages.inventory import HoldStock, StockHeld, UnitsGone
from bus.messages.order import CancelOrder, RefundRequested
from bus.messages.warehouse import Pack, Pick, Ship
from testkit import ShopUnderTest
from tests.faults.scenarios.parts import Findings, books, bought, confirm, held_up, statuses, timeline, unless
from tests.orders import placed_order

ELEVEN_MINUTES = timedelta(minutes=11)  # Longer than a cart's hold.


async def one_sets_the_last_unit_again(shop: ShopUnderTest) -> Findings:
    asks = [await shop.ask(HoldStock(cart_id="cart_1", sku="LAMP", quantity=1)) for _ in range(2)]
    return [f"refused their own: {answer}" for answer in asks if not isinstance(answer, StockHeld)]


async def a_hold_has_ended_and_no_timer_has_run(shop: ShopUnderTest) -> Findings:
    await shop.ask(HoldStock(cart_id="cart_1", sku="LAMP", quantity=1))
    shop.clock.jump(ELEVEN_MINUTES)
    answer = await shop.ask(HoldStock(cart_id="cart_2", sku="LAMP", quantity=1))
    return [] if isinstance(answer, StockHeld) else [f"nobody has it, and yet: {answer}"]


async def money_comes_late_for_units_that_are_gone(shop: ShopUnderTest) -> Findings:
    first = await placed_order(shop, "ord_1", LAMP=1)
    with shop.faults.webhooks(hold=True):
        await confirm(shop, first)
        with shop.faults.stripe(down=True):  # Else it would be asked, and say that it has the money.
            await shop.clock.advance(minutes=30)
        second = await shop.patiently(placed_order(shop, "ord_2", LAMP=1))
        await confirm(shop, second)
        await shop.settle()
    await shop.settle()
    await shop.clock.advance(minutes=2)
    kept = sum(charge.amount for charge in shop.charges()) - sum(refund.amount for refund in shop.sandbox.refunds())
    return [
        *unless(await statuses(shop, "ord_1", "ord_2"), ["cancelled", "paid"]),
        *unless(kept, second.amount.amount),
        *unless(await books(shop, "LAMP"), (0, 0)),
    ]


async def nobody_pays(shop: ShopUnderTest) -> Findings:
    placed = await placed_order(shop, "ord_1", LAMP=1)
    await shop.clock.advance(minutes=31)
    await shop.settle()
    status = await shop.pay(placed.intent_id, placed.client_secret)
    return [
        *unless(await statuses(shop, "ord_1"), ["cancelled"]),
        *unless(await books(shop, "LAMP"), (1, 0)),
        *([f"a card was charged for nothing: {status}"] if shop.charges() else []),
    ]


async def units_are_found_gone_after_a_cancellation(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", LAMP=1)
    await shop.ask(CancelOrder(order_id="ord_1", reason="customer"))
    await shop.settle()
    await shop.publish(UnitsGone(order_id="ord_1"))
    await shop.settle()
    expected = ["OrderCreated", "PaymentReceived", "OrderCancelled", "RefundProcessed"]
    return [*unless(len(shop.published(RefundRequested)), 1), *unless(await timeline(shop, "ord_1"), expected)]


async def called_off_while_it_is_packed(shop: ShopUnderTest) -> Findings:
    """The order is about to be cancelled when the warehouse closes its parcel and calls the carrier."""
    await bought(shop, "ord_1", MUG=1)
    await shop.ask(Pick(id="ord_1"))
    await shop.settle()
    with held_up("actors.order.store.lock") as (is_held, go_on):
        cancelling = asyncio.ensure_future(shop.ask(CancelOrder(order_id="ord_1", reason="customer")))
        await asyncio.wait_for(is_held.wait(), 5)
        await shop.ask(Pack(id="ord_1"))
        await shop.ask(Ship(id="ord_1"))
        go_on.set()
        await cancelling
    await shop.settle()
    refunded = sum(refund.amount for refund in shop.sandbox.refunds())
    return ["a parcel is on its way, and its money went back"] if refunded and shop.sandbox.shipments() else []
