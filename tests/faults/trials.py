"""Small campaigns: each brings one trouble upon a shop, and says what is wrong afterwards. Nothing is the good answer.

Some trials also make the code wrong, to see whether what stands behind it holds. They look at the world outside
(charges, refunds, parcels, mails) as much as at the shop's own books.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Any, TypeVar

import aiohttp

from actors.inventory import rules as inventory
from actors.payment.rules import Payment, RefundState
from actors.warehouse import store as warehouse
from bus.local import LocalBus
from bus.messages.base import Line, Money
from bus.messages.cart import Cart, CheckedOut, CreateCart, SetLine
from bus.messages.inventory import (
    CountStock,
    HoldForCheckout,
    HoldStock,
    SetOnHand,
    StockCount,
    StockHeld,
    StockLevel,
    UnitsGone,
)
from bus.messages.order import CancelOrder, GetOrder, Order, OrderCreated, RefundRequested
from bus.messages.payment import RecordStripeEvent, Refund, RefundOrder, StripeEvent
from bus.messages.warehouse import Pack, Pick, Ship
from bus.news import News
from engine.errors import Conflict, Overloaded, Unavailable
from engine.mailbox import Envelope
from engine.message import Command
from engine.testing import ShopUnderTest
from engine.turns import Turns
from run import Shop, open_shop
from tests.faults.real import audit, checkout
from tests.faults.switches import found, replaced, rewritten
from tests.journeys.people import Customer, Staff, new_key, staff_token
from tests.waiting import eventually

R = TypeVar("R")
Findings = list[str]
Trial = Callable[[ShopUnderTest], Awaitable[Findings]]

ELEVEN_MINUTES = timedelta(minutes=11)  # Longer than a cart's hold.


# --- Wrong code, and what stands behind it ---


async def two_want_the_last_unit_and_the_rule_is_wrong(shop: ShopUnderTest) -> Findings:
    with rewritten(inventory._hold, ("if ask.quantity > reach:", "if False:")):
        for cart_id in ("cart_1", "cart_2"):
            with suppress(Exception):
                await shop.ask(HoldStock(cart_id=cart_id, sku="LAMP", quantity=1))
    on_hand, held = await books(shop, "LAMP")
    return [f"{held} of {on_hand} are held"] if held > on_hand else []


async def money_is_told_of_twice_and_the_rule_adds_it_up(shop: ShopUnderTest) -> Findings:
    def add_it_up(payment: Payment, intent_id: str, amount: Money, event: StripeEvent) -> str:
        payment.received += amount.amount
        payment.status, payment.dirty = "received", True
        return "received"

    with replaced("actors.payment.rules._received", add_it_up):
        placed = await bought(shop, "ord_1", MUG=1)
        again = StripeEvent(id="evt_2", type="payment_intent.succeeded", amount=placed.amount, created=shop.clock.now())
        with suppress(Exception):
            await shop.ask(RecordStripeEvent(intent_id=placed.intent_id, event=again))
    received = await value(shop, "select received from payment.payments")
    charged = sum(charge.amount for charge in shop.charges())
    return [f"{received} in the books, {charged} charged"] if received != charged else []


async def too_much_is_sent_back_and_the_rule_allows_it(shop: ShopUnderTest) -> Findings:
    def allow_it(payment: Payment, refund_id: str, amount: int | None, reason: Any) -> RefundState:
        payment.refunding += amount or 0
        payment.dirty = True
        refund = RefundState(refund_id, payment.order_id, None, amount or 0, reason, "pending", True, False)
        payment.refunds[refund_id] = refund
        return refund

    placed, promised = await bought(shop, "ord_1", MUG=1), 0
    with replaced("actors.payment.rules.begin_refund", allow_it):
        for refund_id in ("ref_1", "ref_2"):
            with suppress(Exception):
                answer = await shop.ask(RefundOrder(order_id="ord_1", refund_id=refund_id, amount=1500))
                promised += answer.amount.amount if isinstance(answer, Refund) else 0
        await shop.settle()
    paid = placed.amount.amount
    return [f"{promised} of {paid} were promised back"] if promised > paid else []


# --- Messages that come twice, late, or not at all ---


async def everything_is_handed_over_again(shop: ShopUnderTest) -> Findings:
    """At once, and when it was handled: a queue between processes may do both."""
    deliveries, handed = shop.inside.bus.deliveries, list[tuple[str, Envelope]]()
    hand = deliveries._hand

    def again(subscriber: str, envelope: Envelope) -> bool:
        return hand(subscriber, Envelope(envelope.message, message_id=envelope.id, delivery_id=envelope.delivery_id))

    def twice(subscriber: str, envelope: Envelope) -> bool:
        handed.append((subscriber, envelope))
        return hand(subscriber, envelope) and again(subscriber, envelope)

    with replaced(deliveries, "_hand", twice):
        placed = await bought(shop, "ord_1", MUG=1)
    for subscriber, envelope in handed:
        again(subscriber, envelope)
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


async def a_first_message_is_slow(shop: ShopUnderTest) -> Findings:
    """The warehouse fails once with a new order, and would hear first that it is paid."""
    add, failures = warehouse.add, [RuntimeError("a bad moment")]

    async def fails_once(tx: Any, events: Any) -> None:
        if failures:
            raise failures.pop()
        await add(tx, events)

    with replaced(warehouse, "add", fails_once):
        await bought(shop, "ord_1", MUG=1)
        await shop.clock.advance(seconds=5)
    return unless(await pick_list(shop, "ord_1"), "open")


async def a_mailbox_is_full_for_a_moment(shop: ShopUnderTest) -> Findings:
    """What the warehouse had no room for is only a row; what comes next must not overtake it."""
    boxes = shop.inside.bus.deliveries._put
    put = boxes["warehouse"]

    def full(envelope: Envelope) -> None:
        if isinstance(envelope.message, OrderCreated):
            raise Overloaded("warehouse")
        put(envelope)

    assert isinstance(boxes, dict)
    boxes["warehouse"] = full
    await bought(shop, "ord_1", MUG=1)
    boxes["warehouse"] = put
    await shop.clock.advance(hours=25)  # The next sweep is then.
    return unless(await pick_list(shop, "ord_1"), "open")


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
    other = News(shop.inside.services.redis, shop.clock, shop.inside.bus)
    other.announce([StockLevel(sku="MUG", available=10, version=1)])
    await other._tell()
    (level,) = await shop.inside.news.levels(["MUG"])
    return unless(level.available, 6)


# --- The same request twice ---


async def a_request_is_sent_twice(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    async with aiohttp.ClientSession() as http:
        staff, key = Staff(shop, http, await staff_token(shop)), new_key()
        for _ in range(2):
            await staff.ask("POST", "/admin/api/orders/ord_1/refunds", {"amount": 100}, key=key)
        await shop.settle()
    return unless([refund.amount for refund in shop.box.refunds()], [100])


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
    return unless(len(shop.box.payment_intents()), 1)


async def stripes_answer_to_a_refund_is_lost(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    with shop.faults.stripe(drops=1, after_work=True):
        await shop.ask(RefundOrder(order_id="ord_1", refund_id="ref_1", amount=100))
        await shop.settle()
    await shop.clock.advance(seconds=5)
    return unless([refund.amount for refund in shop.box.refunds()], [100])


async def the_carriers_answer_is_lost(shop: ShopUnderTest) -> Findings:
    await bought(shop, "ord_1", MUG=1)
    with shop.faults.carrier(drops=1, after_work=True):
        await sent_off(shop, "ord_1")
    await shop.clock.advance(seconds=5)
    return unless(len(shop.box.shipments()), 1)


async def the_mail_servers_answer_is_lost(shop: ShopUnderTest) -> Findings:
    with shop.faults.smtp(drops=1, after_work=True):
        await placed_order(shop, "ord_1", MUG=1)
    await shop.clock.advance(seconds=5)
    assert len(shop.mails()) == 2, "it came again, and is known to be the same"
    return unless(templates(shop), ["order_created"])


# --- Units and money ---


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
    kept = sum(charge.amount for charge in shop.charges()) - sum(refund.amount for refund in shop.box.refunds())
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
    refunded = sum(refund.amount for refund in shop.box.refunds())
    return ["a parcel is on its way, and its money went back"] if refunded and shop.box.shipments() else []


# --- Two shops on one database ---


async def two_shops_count_the_same_units(shop: ShopUnderTest) -> Findings:
    async def crowd(bus: LocalBus, name: str) -> None:
        for number in range(25):
            await bus.ask(HoldStock(cart_id=f"{name}_{number}", sku="BOOK", quantity=1))

    async with another_shop(shop) as other:
        await asyncio.gather(crowd(shop.inside.bus, "one"), crowd(other.bus, "two"))
    return [*unless(await books(shop, "BOOK"), (100, 50)), *await audit(shop)]


async def two_shops_take_the_same_goods(shop: ShopUnderTest) -> Findings:
    """Who waits for whom in a circle is thrown out by PostgreSQL, after a second for everybody."""
    thrown_out: Findings = []
    skus = [f"SKU-{number}" for number in range(40)]
    await asyncio.gather(*(shop.ask(SetOnHand(sku=sku, on_hand=9)) for sku in skus))
    commit = Turns._commit

    async def told(turns: Turns, handler: Any, batch: Sequence[Envelope]) -> None:
        try:
            await commit(turns, handler, batch)
        except Conflict as conflict:
            thrown_out.append(str(conflict))
            raise

    async def take(bus: LocalBus, name: str, each: int) -> None:
        """A cart that comes back changed is held as it is now, so each of these writes."""
        lines = tuple(Line(sku=sku, quantity=each) for sku in skus)
        await bus.ask(HoldForCheckout(cart_id=name, order_id=name, lines=lines))

    async def both_wait() -> bool:
        return bool(await value(shop, _WAITING) == 2)

    with replaced(Turns, "_commit", told):
        async with another_shop(shop) as other:
            for each in (1, 2) * 5:
                if not thrown_out:
                    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
                        await tx.execute("select 1 from inventory.stock where sku = 'SKU-25' for update")
                        taking = asyncio.gather(take(shop.inside.bus, "one", each), take(other.bus, "two", each))
                        await eventually(both_wait)  # Both have begun, and neither can end.
                    await taking
    return thrown_out


_WAITING = """
select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"""


@asynccontextmanager
async def another_shop(shop: ShopUnderTest) -> AsyncIterator[Shop]:
    """A second process on the same database, as it were."""
    inside = shop.inside
    async with open_shop(inside.settings, inside.outside, shop.clock, deliver=False) as other, asyncio.timeout(20):
        yield other


# --- What trials are made of ---


def unless(found: object, expected: object) -> Findings:
    return [] if found == expected else [f"{found!r}, and not {expected!r}"]


async def cart_with(shop: ShopUnderTest, **lines: int) -> Cart:
    cart = await shop.ask(CreateCart())
    for sku, quantity in lines.items():
        answer = await shop.ask(SetLine(cart_id=cart.id, sku=sku, quantity=quantity))
        assert isinstance(answer, Cart), answer
        cart = answer
    return cart


async def placed_order(shop: ShopUnderTest, order_id: str, **lines: int) -> CheckedOut:
    placed = await until_answered(shop, checkout((await cart_with(shop, **lines)).id, order_id))
    await shop.clock.at_rest()
    return placed


async def bought(shop: ShopUnderTest, order_id: str, **lines: int) -> CheckedOut:
    placed = await placed_order(shop, order_id, **lines)
    assert await shop.pay(placed.intent_id, placed.client_secret) == 200
    return placed


async def confirm(shop: ShopUnderTest, placed: CheckedOut) -> None:
    """Pay, and let the shop hear of it when it does."""
    form = {
        "key": shop.inside.outside.stripe.stripe_publishable_key,
        "client_secret": placed.client_secret,
        "payment_method": "pm_card_visa",
    }
    url = f"{shop.box.http_url}/v1/payment_intents/{placed.intent_id}/confirm"
    async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
        assert answer.status == 200


async def sent_off(shop: ShopUnderTest, order_id: str) -> None:
    for step in (Pick, Pack, Ship):
        await shop.ask(step(id=order_id))
        await shop.settle()


async def until_answered(shop: ShopUnderTest, command: Command[Any]) -> CheckedOut:
    """Ask again with the same key, as clients do."""
    for _ in range(5):
        with suppress(Unavailable):
            answer = await shop.ask(command)
            assert isinstance(answer, CheckedOut), answer
            return answer
    raise AssertionError("it was never answered")


async def books(shop: ShopUnderTest, sku: str) -> tuple[int, int]:
    """On hand, and held of it."""
    count = await shop.ask(CountStock(sku=sku))
    assert isinstance(count, StockCount)
    return count.on_hand, count.held


async def timeline(shop: ShopUnderTest, order_id: str) -> list[str]:
    order = await shop.ask(GetOrder(order_id=order_id))
    return [moment.event for moment in order.timeline] if isinstance(order, Order) else []


async def statuses(shop: ShopUnderTest, *order_ids: str) -> list[str]:
    orders = [await shop.ask(GetOrder(order_id=order_id)) for order_id in order_ids]
    return [order.status for order in orders if isinstance(order, Order)]


async def pick_list(shop: ShopUnderTest, order_id: str) -> object:
    return await value(shop, f"select status from warehouse.pick_lists where id = '{order_id}'")


async def value(shop: ShopUnderTest, question: str) -> Any:
    rows = await shop.inside.services.database.fetch(question)
    return rows[0][0] if rows else None


def templates(shop: ShopUnderTest) -> list[str]:
    """Of the mails that came; a repeat has the same Message-ID, and is known by it."""
    mails = {mail.message_id for mail in shop.mails()}
    return sorted(mail_id.partition("@")[0].rpartition(".")[2] for mail_id in mails)


@contextmanager
def held_up(path: str) -> Iterator[tuple[asyncio.Event, asyncio.Event]]:
    """The next call of this coroutine waits: the first event says that it does, the second lets it go on."""
    owner, name = found(path)
    real, is_held, go_on = getattr(owner, name), asyncio.Event(), asyncio.Event()

    async def wait_once(*arguments: Any) -> Any:
        if not is_held.is_set():
            is_held.set()
            await go_on.wait()
        return await real(*arguments)

    with replaced(path, wait_once):
        yield is_held, go_on
