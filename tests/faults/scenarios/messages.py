"""Messages that come twice, late, or not at all."""

import asyncio
from contextlib import suppress

from bus.dispatcher import Subscription
from bus.messages.inventory import HoldStock, StockHeld, StockLevel
from bus.messages.order import OrderCreated
from engine.envelope import Envelope
from engine.errors import Overloaded, Unavailable
from gateway.updates import Updates
from testkit import ShopUnderTest
from tests.faults.ablation_patches import replaced
from tests.faults.real import audit
from tests.faults.scenarios.parts import Findings, books, bought, by_rows, pick_list, templates, timeline, unless, value
from tests.orders import cart_with, checkout, placed_order, until_answered


async def everything_is_handed_over_again(shop: ShopUnderTest) -> Findings:
    """At once, and when it was handled: a queue between processes may do both."""
    by_rows(shop)
    handed, hand = list[tuple[Subscription, Envelope]](), Subscription.hand

    def again(subscription: Subscription, envelope: Envelope) -> bool:
        return hand(subscription, Envelope(envelope.message, message_id=envelope.id, delivery_id=envelope.delivery_id))

    def twice(subscription: Subscription, envelope: Envelope) -> bool:
        handed.append((subscription, envelope))
        return hand(subscription, envelope) and again(subscription, envelope)

    with replaced(Subscription, "hand", twice):
        placed = await bought(shop, "ord_1", MUG=1)
    for subscription, envelope in handed:
        again(subscription, envelope)
    await shop.settle()
    paid, amount = await value(shop, "select paid from analytics.sales"), placed.amount.amount
    return [
        *([f"{paid} was counted for {amount}"] if paid != amount else []),
        *unless(await timeline(shop, "ord_1"), ["OrderCreated", "PaymentReceived"]),
        *await audit(shop),
    ]


async def killed_right_after_the_commit(shop: ShopUnderTest) -> Findings:
    """An order was stored, and nobody has heard of it."""
    cart = await cart_with(shop, MUG=2)
    async with shop.kill_at("after-commit@order.place"):
        with suppress(Unavailable):
            await shop.ask(checkout(cart.id, "ord_1"))
    placed = await until_answered(shop, checkout(cart.id, "ord_1"))
    await shop.pay(placed.intent_id, placed.client_secret)
    return [
        *unless(len(shop.published(OrderCreated)), 1),
        *unless(await pick_list(shop, "ord_1"), "open"),
        *unless(templates(shop), ["order_created", "payment_received"]),
        *unless(await books(shop, "MUG"), (8, 0)),
    ]


async def killed_right_before_the_commit(shop: ShopUnderTest) -> Findings:
    """Who was answered all the same finds it again."""
    is_answered = False
    async with shop.kill_at("before-commit@inventory.hold"):
        with suppress(Unavailable):
            await shop.ask(HoldStock(cart_id="cart_1", sku="LAMP", quantity=1))
            is_answered = True
    _, held = await books(shop, "LAMP")
    return [] if held or not is_answered else ["a hold was promised, and is not there"]


async def a_first_mail_must_be_sent_again(shop: ShopUnderTest) -> Findings:
    """The mail server is busy for a moment, and would take next that the order is paid."""
    with shop.faults.smtp(errors=1):
        await bought(shop, "ord_1", MUG=1)
    await shop.clock.advance(seconds=30)
    return unless(templates(shop), ["order_created", "payment_received"])


async def a_mailbox_is_full_for_a_moment(shop: ShopUnderTest) -> Findings:
    """What there was no room for is only a row; what comes next must not overtake it."""
    subscription = shop.inside.bus.deliveries._dispatcher.subscriptions["email"]
    put = subscription.put

    def full(envelope: Envelope) -> None:
        if isinstance(envelope.message, OrderCreated):
            raise Overloaded("email")
        put(envelope)

    subscription.put = full
    await bought(shop, "ord_1", MUG=1)
    subscription.put = put
    await shop.clock.advance(hours=25)  # The next sweep is then.
    return unless(templates(shop), ["order_created", "payment_received"])


async def one_of_many_asks_is_poison(shop: ShopUnderTest) -> Findings:
    asks = [HoldStock(cart_id=f"cart_{n}", sku="BOOK", quantity=1) for n in range(9)]
    asks.insert(4, HoldStock(cart_id="cart_\0", sku="BOOK", quantity=1))
    answers = await asyncio.gather(*(shop.ask(ask) for ask in asks), return_exceptions=True)
    return unless(sum(isinstance(answer, StockHeld) for answer in answers), 9)


async def a_webhook_comes_three_times(shop: ShopUnderTest) -> Findings:
    placed = await placed_order(shop, "ord_1", MUG=1)
    with shop.faults.webhooks(repeat=3, hold=True):  # One after the other; or they would be told apart in one turn.
        await shop.pay(placed.intent_id, placed.client_secret, "pm_card_chargeDeclined")
    return unless(await timeline(shop, "ord_1"), ["OrderCreated", "PaymentDeclined"])


async def an_older_stock_level_comes_late(shop: ShopUnderTest) -> Findings:
    """From another process, say, that was slow."""
    await shop.ask(HoldStock(cart_id="cart_1", sku="MUG", quantity=4))
    await shop.clock.at_rest()
    other = Updates(shop.inside.services.redis, shop.clock, shop.inside.bus)
    other.publish_levels([StockLevel(sku="MUG", available=10, version=1)])
    await other._publish()
    (level,) = await shop.inside.updates.levels(["MUG"])
    return unless(level.available, 6)
