"""What Stripe did and the shop never heard of: found, and settled as if the webhook had come. Or had come too."""

import asyncio
from datetime import timedelta
from itertools import permutations

import msgspec
import pytest
from msgspec.structs import replace

from actors.payment import looks
from actors.payment.actor import Payments, PaymentSettings
from actors.payment.reconciler import Reconciler
from actors.payment.stripe import open_stripe
from bus.messages.payment import CreateIntent, Reconcile
from engine.circuit import Circuit
from engine.clock import FOREVER
from engine.errors import Unavailable
from engine.testing import ShopUnderTest
from sandbox.faults import Fault, WebhookFault
from sandbox.stripe_api import Cause
from sandbox.stripe_params import CreateIntent as AtStripe
from tests.actors.payment.support import eur
from tests.journeys.people import Customer, Staff, intent_event, mails_of, new_key, send_webhook, staff_token
from tests.waiting import eventually

SUCCEEDED, FAILED = "payment_intent.succeeded", "payment_intent.payment_failed"
LIST, REFUNDS = "GET /v1/payment_intents", "GET /v1/refunds"
NO_WEBHOOKS = WebhookFault(drop=1_000_000)
AFTER = timedelta(minutes=5)


@pytest.fixture
def asked(shop: ShopUnderTest, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What Stripe is asked, as "METHOD /path"."""
    gate, calls = shop.box.faults.gates["stripe"], list[str]()
    take = gate.take

    def count(call: str) -> Fault:
        calls.append(call)
        return take(call)

    monkeypatch.setattr(gate, "take", count)
    return calls


async def effects(shop: ShopUnderTest) -> list[str]:
    """What was kept of Stripe's news, from webhooks and looks, and what it led to."""
    rows = await shop.inside.services.database.fetch(
        "select effect from payment.stripe_events order by stored_at, effect"
    )
    return [row["effect"] for row in rows]


async def status_here(shop: ShopUnderTest, order_id: str) -> str:
    rows = await shop.inside.services.database.fetch(
        "select status from payment.payments where order_id = $1", order_id
    )
    return str(rows[0]["status"])


async def next_look(shop: ShopUnderTest) -> timedelta | None:
    """In how long; None if none is planned."""
    at = await looks.next_look(shop.inside.services.database)
    return None if at == FOREVER else at - shop.clock.now()


async def of_today(shop: ShopUnderTest, staff: Staff) -> Staff:
    """With a token that is valid, however long the test took."""
    return Staff(shop, staff.http, await staff_token(shop))


async def all_is_well(shop: ShopUnderTest, staff: Staff) -> None:
    staff = await of_today(shop, staff)
    assert await staff.findings() == []
    assert await staff.dead_letters() == []
    assert await next_look(shop) is None


# --- Webhooks that don't come, or come anyhow ---


async def test_money_whose_webhook_never_comes_is_found(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200

    await shop.clock.advance(seconds=AFTER.total_seconds() - 1)
    assert await buyer.status(bought) == "pending_payment"
    assert LIST not in asked
    await shop.clock.advance(seconds=1)

    assert await buyer.status(bought) == "paid"
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert asked.count(LIST) == 1
    assert await effects(shop) == ["received"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_well(shop, staff)


@pytest.mark.parametrize("repeat", [1, 5])
async def test_a_webhook_that_comes_after_the_look_changes_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, repeat: int
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = WebhookFault(hold=True, repeat=repeat)
    assert await buyer.confirm(bought) == 200
    await shop.clock.advance(minutes=6)
    assert await buyer.status(bought) == "paid"

    await shop.settle()

    assert await effects(shop) == ["received", "ignored: received before"]
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_well(shop, staff)


async def test_a_webhook_that_came_leaves_nothing_to_look_for(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    shop.box.faults.webhooks = WebhookFault(repeat=5)
    await buyer.buy(MUG=1)
    asked.clear()

    await shop.clock.advance(days=365)

    assert asked == []
    assert await effects(shop) == ["received"]
    await all_is_well(shop, staff)


@pytest.mark.parametrize("order", list(permutations(["declined", "paid", "look"])), ids="-".join)
async def test_news_in_any_order_beside_a_look_come_to_the_same(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, order: tuple[str, ...]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought, "pm_card_chargeDeclined") == 402
    assert await buyer.confirm(bought) == 200
    news = {
        "declined": intent_event(FAILED, bought.intent, bought.total),
        "paid": intent_event(SUCCEEDED, bought.intent, bought.total),
    }

    for what in order:
        if what == "look":
            await shop.clock.advance(minutes=6)
        else:
            assert (await send_webhook(buyer, news[what])).status == 200

    assert await buyer.status(bought) == "paid"
    assert [moment for moment in await buyer.timeline(bought) if moment != "PaymentDeclined"] == [
        "OrderCreated", "PaymentReceived",
    ]  # fmt: skip
    assert (await effects(shop)).count("received") == 1
    assert await staff.stock("MUG") == (9, 0)
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_well(shop, staff)


async def test_a_webhook_that_comes_while_stripe_is_looked_at_counts_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = WebhookFault(hold=True)
    assert await buyer.confirm(bought) == 200
    shop.box.faults.stripe = Fault(delay_s=0.3, path=LIST)

    look = asyncio.create_task(shop.clock.advance(minutes=5))
    await eventually(lambda: LIST in asked)
    await shop.box.flush_webhooks()
    await look

    assert await buyer.status(bought) == "paid"
    assert await effects(shop) == ["received"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    await all_is_well(shop, staff)


async def test_an_intent_whose_end_was_not_heard_of_is_closed(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """Somebody has cancelled it in Stripe's dashboard."""
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    intent = shop.box.payment_intents()[0]
    shop.box.stripe.intents.update(intent.id, replace(intent, status="canceled"))

    await shop.clock.advance(minutes=6)

    assert await status_here(shop, bought.order) == "closed"
    assert await buyer.status(bought) == "pending_payment"
    await shop.clock.advance(minutes=30)
    assert await buyer.status(bought) == "cancelled"
    await all_is_well(shop, staff)


# --- Orders that were called off ---


async def test_money_for_an_order_that_was_called_off_goes_back_though_only_a_look_finds_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.box.faults.stripe = Fault(action="drop", path="/cancel")  # Else it would say at once that it has the money.
    assert (await buyer.cancel(bought)).good["status"] == "cancelled"
    assert await status_here(shop, bought.order) == "closing"

    await shop.clock.advance(minutes=6)
    shop.box.faults.stripe = Fault()
    await shop.clock.advance(minutes=2)

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert [refund.amount for refund in shop.box.refunds()] == [bought.total]
    assert await staff.stock("LAMP") == (1, 0)
    await shop.clock.advance(minutes=6)
    await all_is_well(shop, staff)


async def lose_the_answer(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> str:
    """A checkout whose intent was made, and nobody here knows; gives the order."""
    shop.box.faults.stripe = Fault(action="drop", after_work=True, path="POST /v1/payment_intents")
    cart = await buyer.fill_cart(LAMP=1)
    assert (await shop.patiently(buyer.check_out(cart, key=new_key()))).status == 503
    shop.box.faults.stripe = Fault()
    (order,) = (await staff.get("/admin/api/orders")).good["items"]
    return str(order["id"])


async def test_an_intent_whose_answer_was_lost_is_cancelled_with_its_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    order = await lose_the_answer(shop, buyer, staff)
    shop.box.faults.webhooks = NO_WEBHOOKS

    await shop.clock.advance(minutes=31)
    assert [intent.status for intent in shop.box.payment_intents()] == ["requires_payment_method"]
    await shop.clock.advance(minutes=5)

    assert [intent.status for intent in shop.box.payment_intents()] == ["canceled"]
    assert await status_here(shop, order) == "closed"
    await all_is_well(shop, staff)


async def test_an_intent_whose_answer_was_lost_and_that_was_paid_is_late_money(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    order = await lose_the_answer(shop, buyer, staff)
    shop.box.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.box.payment_intents()
    assert await shop.pay(intent.id, intent.client_secret) == 200

    await shop.clock.advance(minutes=40)

    found = (await staff.get(f"/orders/{order}")).good
    assert [moment["event"] for moment in found["timeline"]] == [
        "OrderCreated", "OrderCancelled", "PaymentCameLate", "UnitsRetaken",
    ]  # fmt: skip
    assert found["status"] == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    await all_is_well(shop, staff)


async def test_an_order_that_never_had_an_intent_is_looked_for_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    shop.box.faults.stripe = Fault(action="fail", path="POST /v1/payment_intents")
    cart = await buyer.fill_cart(LAMP=1)
    assert (await shop.patiently(buyer.check_out(cart, key=new_key()))).status == 503
    shop.box.faults.reset()

    await shop.clock.advance(days=365)

    assert asked.count(LIST) == 1
    await all_is_well(shop, staff)


async def test_an_order_that_is_called_off_has_its_intent_cancelled_though_the_first_try_came_to_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.box.payment_intents()
    shop.box.stripe.intents.update(intent.id, replace(intent, status="succeeded"))  # "It was paid after all."
    assert (await buyer.cancel(bought)).status == 200
    shop.box.stripe.intents.update(intent.id, replace(intent, status="processing"))

    await shop.clock.advance(minutes=6)

    assert [intent.status for intent in shop.box.payment_intents()] == ["canceled"]
    assert await status_here(shop, bought.order) == "closed"
    await all_is_well(shop, staff)


# --- Refunds ---


async def test_a_refund_that_was_made_and_never_heard_of_is_found_and_is_not_made_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    shop.box.faults.stripe = Fault(action="fail", status=400, after_work=True, path="POST /v1/refunds")
    assert (await staff.refund(bought, 100)).good["status"] == "pending"
    shop.box.faults.stripe = Fault()
    (letter,) = await staff.dead_letters()
    assert (await buyer.read(bought))["refunded"]["amount"] == 0

    await shop.clock.advance(minutes=6)

    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    assert mails_of(shop).count("refund_processed") == 1
    assert (await staff.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive")).status == 200
    await shop.settle()
    assert [refund.amount for refund in shop.box.refunds()] == [100]
    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    await all_is_well(shop, staff)


async def test_a_refund_that_stripe_refused_is_asked_about_less_and_less_and_parked_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.box.faults.stripe = Fault(action="fail", status=400, path="POST /v1/refunds")
    assert (await staff.refund(bought, 100)).status == 201

    await shop.clock.advance(days=7)

    assert len(await staff.dead_letters()) == 1
    assert 10 < asked.count(REFUNDS) < 30
    assert await staff.findings() == []


async def test_a_refund_is_sent_once_though_stripe_was_away_for_more_than_a_day(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    shop.box.faults.stripe = Fault(action="drop", after_work=True, path="POST /v1/refunds", count=1)
    assert (await staff.refund(bought, 100)).good["status"] == "pending"
    shop.box.faults.stripe = Fault(action="rate_limit", retry_after_s=3600)
    shop.clock.jump(timedelta(hours=25))
    await shop.clock.advance(minutes=1)
    shop.box.faults.stripe = Fault()

    await shop.clock.advance(hours=2)

    assert [refund.amount for refund in shop.box.refunds()] == [100]
    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    await all_is_well(shop, staff)


# --- What must not be decided here ---


async def make_at_stripe(shop: ShopUnderTest, metadata: dict[str, str], number: int = 1) -> list[str]:
    """Intents that others made; gives their ids."""
    stripe = shop.box.stripe
    with stripe.transaction():
        asks = [AtStripe(amount=500, currency="eur", metadata=metadata) for _ in range(number)]
        return [stripe.create_intent(ask, Cause()).id for ask in asks]


async def test_money_of_an_order_that_nobody_knows_is_kept_for_people_once_and_not_sent_back(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    for metadata in ({"order_id": "ord_unknown"}, {"order_id": "ord_unpaid"}, {}):
        (intent_id,) = await make_at_stripe(shop, metadata)
        intent = shop.box.stripe.intent(intent_id)
        if metadata != {"order_id": "ord_unpaid"}:
            shop.box.stripe.intents.update(intent_id, replace(intent, status="succeeded", amount_received=500))

    await shop.clock.advance(minutes=29)

    assert await effects(shop) == ["refused: no such payment"]
    assert shop.box.refunds() == []
    assert await buyer.status(bought) == "pending_payment"


async def test_a_second_intent_of_an_order_is_cancelled_while_nobody_has_paid_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    (stray,) = await make_at_stripe(shop, {"order_id": bought.order, "attempt": "2"})

    await shop.clock.advance(minutes=6)
    await shop.settle()

    assert shop.box.stripe.intent(stray).status == "canceled"
    assert await status_here(shop, bought.order) == "open"
    assert await buyer.pay(bought) == 200
    assert await buyer.status(bought) == "paid"
    await all_is_well(shop, staff)


async def test_an_intent_of_another_amount_pays_nothing_and_is_asked_about_less_and_less(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.box.payment_intents()
    shop.box.stripe.intents.update(intent.id, replace(intent, status="succeeded", amount_received=bought.total - 1))

    await shop.clock.advance(days=30)

    assert await buyer.status(bought) == "cancelled"
    assert await effects(shop) == [f"refused: {bought.total} EUR was expected"]
    assert 30 < asked.count(LIST) < 60
    assert await (await of_today(shop, staff)).dead_letters() == []


async def test_a_buyer_who_is_asked_by_the_bank_has_until_the_end_of_the_window(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    assert await buyer.confirm(bought, "pm_card_authenticationRequired") == 200
    await shop.clock.advance(minutes=29)
    assert [intent.status for intent in shop.box.payment_intents()] == ["requires_action"]

    await shop.clock.advance(minutes=2)
    await shop.settle()

    assert [intent.status for intent in shop.box.payment_intents()] == ["canceled"]
    assert await buyer.status(bought) == "cancelled"
    await all_is_well(shop, staff)


async def test_an_intent_that_has_vanished_is_a_persons_business_and_holds_up_no_other(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    gone, bought = await buyer.order(MUG=1), await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    shop.box.stripe.intents.delete(gone.intent)
    assert await buyer.confirm(bought) == 200

    await shop.clock.advance(hours=1)

    assert await buyer.status(bought) == "paid"
    assert await buyer.status(gone) == "cancelled"
    assert [letter["type"] for letter in await staff.dead_letters()] == ["CancelIntent"]
    assert await staff.findings() == []


# --- Looks ---


async def test_of_two_who_look_at_once_one_does_and_what_is_told_twice_counts_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.clock.jump(AFTER)
    database, every = shop.inside.services.database, timedelta(minutes=5)
    async with open_stripe(shop.inside.outside.stripe, Circuit("Stripe", shop.clock)) as stripe:
        here, there = (Reconciler(database=database, clock=shop.clock, stripe=stripe, every=every) for _ in range(2))
        told = await asyncio.gather(here.look(), there.look())

    assert sorted(look.is_ours for look in told) == [False, True]
    assert asked.count(LIST) == 1
    for look in (*told, *told):
        await shop.ask(look)
    await shop.clock.at_rest()
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert await effects(shop) == ["received"]
    await all_is_well(shop, staff)


async def test_a_look_whose_process_died_is_taken_up_by_another_when_its_lease_is_over(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.clock.jump(AFTER)
    async with shop.inside.services.database.transaction(shop.clock.now()) as tx:
        assert await looks.begin(tx) is not None

    await shop.clock.advance(seconds=looks.LEASE.total_seconds() - 1)
    assert LIST not in asked
    await shop.clock.advance(seconds=1)

    assert await buyer.status(bought) == "paid"
    await all_is_well(shop, staff)


async def test_a_look_may_be_asked_for_at_any_time(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    bought = await buyer.order(MUG=1)

    for _ in range(20):
        shop.inside.bus.tell(Reconcile())
    await shop.clock.at_rest()

    assert LIST not in asked
    assert await next_look(shop) == AFTER
    assert await buyer.pay(bought) == 200
    await all_is_well(shop, staff)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(action="fail", path=LIST),
        Fault(action="drop", path=LIST),
        Fault(action="rate_limit", path=LIST, retry_after_s=600),
        Fault(action="fail", status=400, path=LIST),
        Fault(action="fail", status=401),
    ],
    ids=lambda fault: f"{fault.action}-{fault.status}",
)
async def test_stripe_may_be_away_when_it_is_looked_at(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str], fault: Fault
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    shop.box.faults.stripe = fault
    await shop.clock.advance(minutes=14)
    if fault.action != "drop":  # The library's HTTP client repeats what is dropped by itself.
        assert asked.count(LIST) == (1 if fault.action == "rate_limit" else 2)  # Who is asked to wait does.
    shop.box.faults.stripe = Fault()

    await shop.clock.advance(minutes=6)

    assert await buyer.status(bought) == "paid"
    await all_is_well(shop, staff)


async def test_a_long_list_is_read_in_several_looks_and_goes_on_where_it_stopped(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    assert await buyer.confirm(bought) == 200
    await make_at_stripe(shop, {"order_id": "ord_of_another_shop"}, 1150)
    gate, take = shop.box.faults.gates["stripe"], shop.box.faults.gates["stripe"].take

    def away_at_the_eighth(call: str) -> Fault:
        took = take(call)
        return Fault(action="fail") if asked.count(LIST) == 8 and call == LIST else took

    monkeypatch.setattr(gate, "take", away_at_the_eighth)

    await shop.clock.advance(minutes=5)
    assert asked.count(LIST) == 8  # Five in the first look; in the second one the third did not come.
    assert await buyer.status(bought) == "pending_payment"
    await shop.clock.advance(minutes=5)

    assert asked.count(LIST) == 8 + 5  # The eighth again, and the four behind it.
    assert await buyer.status(bought) == "paid"
    await all_is_well(shop, staff)


async def test_looks_keep_their_distance_while_orders_come_in(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    for _ in range(30):
        await buyer.order(BOOK=1)
        await shop.clock.advance(seconds=50)
    assert 3 <= asked.count(LIST) <= 5

    await shop.clock.advance(hours=1)
    await shop.settle()
    asked.clear()
    await shop.clock.advance(days=365)

    assert asked == []
    await all_is_well(shop, staff)


async def test_an_old_one_is_not_a_reason_to_list_all_that_came_after_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, asked: list[str]
) -> None:
    old = await buyer.order(MUG=1)
    shop.box.faults.webhooks = NO_WEBHOOKS
    (intent,) = shop.box.payment_intents()
    shop.box.stripe.intents.update(intent.id, replace(intent, status="succeeded", amount_received=1))
    await shop.clock.advance(days=10)
    await make_at_stripe(shop, {"order_id": "ord_of_another_shop"}, 1000)
    asked.clear()

    await shop.clock.advance(days=3)

    assert 1 <= asked.count(LIST) <= 4
    assert await status_here(shop, old.order) == "closing"


async def test_a_start_finds_out_when_to_look(shop: ShopUnderTest, buyer: Customer) -> None:
    await buyer.order(MUG=1)
    database = shop.inside.services.database
    async with open_stripe(shop.inside.outside.stripe, Circuit("Stripe", shop.clock)) as stripe:
        payments = Payments(
            bus=shop.inside.bus, database=database, clock=shop.clock, stripe=stripe, settings=PaymentSettings()
        )
        await payments.start()

    assert payments._next_look == shop.clock.now() + AFTER


async def test_a_shop_that_only_asks_beside_a_running_one_does_not_look(
    shop: ShopUnderTest, buyer: Customer, asked: list[str]
) -> None:
    await buyer.order(MUG=1)
    shop.clock.jump(AFTER)
    nobody = msgspec.structs.replace(shop.inside.outside.stripe, stripe_secret_key="")
    async with open_stripe(nobody, Circuit("Stripe", shop.clock)) as stripe:
        payments = Payments(
            bus=shop.inside.bus,
            database=shop.inside.services.database,
            clock=shop.clock,
            stripe=stripe,
            settings=PaymentSettings(),
        )
        await payments.start()
        await payments.run()

    assert LIST not in asked


# --- Intents that are asked for again ---


async def test_an_intent_is_one_intent_though_it_is_asked_for_a_day_later(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    lost = CreateIntent(order_id="ord_lost", amount=eur(500), placed_at=shop.clock.now())
    shop.box.faults.stripe = Fault(action="drop", after_work=True, path="POST /v1/payment_intents")
    with pytest.raises(Unavailable):
        await shop.patiently(shop.ask(lost))
    shop.box.faults.stripe = Fault()
    known = CreateIntent(order_id=bought.order, amount=eur(bought.total), placed_at=shop.clock.now())
    shop.clock.jump(timedelta(hours=25))

    assert (await shop.ask(known)).client_secret == bought.client_secret
    assert (await shop.ask(lost)).intent_id == shop.box.payment_intents()[1].id
    assert len(shop.box.payment_intents()) == 2
