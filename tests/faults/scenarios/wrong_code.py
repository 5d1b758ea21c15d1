"""The code is made wrong, to see whether what stands behind it holds."""

from contextlib import suppress
from typing import Any

from actors.inventory import books as stock_books
from actors.inventory import rules as inventory
from actors.inventory.life import Move
from actors.payment.effects import Outcome
from actors.payment.state import Payment, RefundState
from bus.messages.inventory import CountStock, HoldStock, SetOnHand, StockCount
from bus.messages.order import OrderShipped
from bus.messages.payment import RecordStripeEvent, Refund, RefundOrder, StripeEvent
from testkit import ShopUnderTest
from tests.faults.ablation_patches import changed, replaced, rewritten
from tests.faults.scenarios.parts import Findings, books, bought, sent_off, value


async def two_want_the_last_unit_and_the_rule_is_wrong(shop: ShopUnderTest) -> Findings:
    with rewritten(inventory._refusal, ("if wanted.quantity > reach:", "if False:")):
        for cart_id in ("cart_1", "cart_2"):
            with suppress(Exception):
                await shop.ask(HoldStock(cart_id=cart_id, sku="LAMP", quantity=1))
    on_hand, held = await books(shop, "LAMP")
    return [f"{held} of {on_hand} are held"] if held > on_hand else []


async def a_count_is_too_low_and_the_rule_takes_it(shop: ShopUnderTest) -> Findings:
    """Three are sold and one is held: no shelf has two of them."""
    await bought(shop, "ord_1", MUG=3)
    await shop.ask(HoldStock(cart_id="cart_1", sku="MUG", quantity=1))
    with rewritten(stock_books.set_on_hand, ("if ask.on_hand < books.promised:", "if False:")), suppress(Exception):
        await shop.ask(SetOnHand(sku="MUG", on_hand=2))
    return await _more_is_promised_than_there_is(shop)


async def a_parcel_is_told_of_twice_and_the_rule_takes_its_units_again(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=3)
    await sent_off(shop, "ord_1")
    again = Move("shipped", on_hand=-1, assigned=-1, reason="shipped")
    with changed("actors.inventory.life.HOLD_NEXT", ("shipped", "shipped"), again):
        await shop.publish(OrderShipped(order_id="ord_1", number="SF-1", carrier="Post", tracking_number="1"))
    return await _more_is_promised_than_there_is(shop)


async def _more_is_promised_than_there_is(shop: ShopUnderTest) -> Findings:
    count = await shop.ask(CountStock(sku="MUG"))
    assert isinstance(count, StockCount)
    is_right = count.assigned >= 0 and count.assigned + count.held <= count.on_hand
    return [] if is_right else [f"{count.on_hand} on hand, {count.assigned} assigned, {count.held} held"]


async def money_is_told_of_twice_and_the_rule_adds_it_up(shop: ShopUnderTest) -> Findings:
    def add_it_up(payment: Payment, _: str, event: StripeEvent) -> Outcome:
        payment.received += event.amount.amount
        payment.status, payment.dirty = "received", True
        return Outcome("received")

    with changed("actors.payment.rules._BY_TYPE", "payment_intent.succeeded", add_it_up):
        placed = await bought(shop, "ord_1", MUG=1)
        again = StripeEvent(id="evt_2", type="payment_intent.succeeded", amount=placed.amount, created=shop.clock.now())
        with suppress(Exception):
            await shop.ask(RecordStripeEvent(intent_id=placed.intent_id, event=again))
    received = await value(shop, "select received from payment.payments")
    charged = sum(charge.amount for charge in shop.charges())
    return [f"{received} in the books, {charged} charged"] if received != charged else []


async def too_much_is_sent_back_and_the_rule_allows_it(shop: ShopUnderTest) -> Findings:
    def allow_it(payment: Payment, refund_id: str, amount: int | None, reason: Any, **_: bool) -> RefundState:
        payment.refunding += amount or 0
        payment.dirty = True
        refund = RefundState(refund_id, payment.payment_id, payment.order_id, None, amount or 0, reason, "pending")
        refund.dirty, refund.stored = True, False
        payment.refunds[refund_id] = refund
        return refund

    placed, promised = await bought(shop, "ord_1", MUG=1), 0
    with replaced("actors.payment.refunds.begin", allow_it):
        for refund_id in ("ref_1", "ref_2"):
            with suppress(Exception):
                answer = await shop.ask(RefundOrder(order_id="ord_1", refund_id=refund_id, amount=1500))
                promised += answer.amount.amount if isinstance(answer, Refund) else 0
        await shop.settle()
    paid = placed.amount.amount
    return [f"{promised} of {paid} were promised back"] if promised > paid else []
