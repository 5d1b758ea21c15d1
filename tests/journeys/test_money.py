"""Money lost, found, late, declined and sent back; and the weather outside the shop."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec
import pytest

from actors.payment.actor import Payments
from actors.payment.stripe import open_stripe
from engine.testing import ShopUnderTest
from sandbox.faults import Fault, WebhookFault
from sandbox.webhooks import signature
from tests.journeys.people import (
    Customer,
    Purchase,
    Staff,
    intent_event,
    mails_of,
    new_key,
    scan,
    send_webhook,
    webhook_body,
)

WINDOW = timedelta(minutes=30)  # How long a buyer has to pay.
PAYMENT_HOLD = timedelta(minutes=45)
SUCCEEDED, FAILED, CANCELED = "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"


async def effects(shop: ShopUnderTest) -> list[tuple[str, str]]:
    """What was stored of webhooks, and what each led to."""
    rows = await shop.inside.services.database.fetch(
        "select type, effect from payment.stripe_events order by stored_at, type, effect"
    )
    return [(row["type"], row["effect"]) for row in rows]


async def called_off_unheard(shop: ShopUnderTest) -> None:
    """The buyer's time to pay is over, and Stripe can't be told; else it would say at once that it has the money."""
    shop.box.faults.stripe = Fault(action="drop", path="/cancel")
    await shop.clock.advance(minutes=30)
    shop.box.faults.stripe = Fault()


async def pay_unheard(shop: ShopUnderTest, buyer: Customer, bought: Purchase) -> None:
    """The card is charged, and the shop does not hear of it before the next `settle`."""
    shop.box.faults.webhooks = WebhookFault(hold=True)
    assert await buyer.confirm(bought) == 200
    assert await buyer.status(bought) == "pending_payment"


# --- Webhooks ---


async def test_a_webhook_counts_only_if_it_was_signed_by_stripe_and_just_now(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(MUG=1)
    event = intent_event(SUCCEEDED, bought.intent, bought.total)
    now = int(shop.clock.now().timestamp())
    for late_s in (301, 86_400, -301, -86_400):
        assert (await send_webhook(buyer, event, late_s=late_s)).refusal == (400, "bad_signature"), late_s
    assert (await send_webhook(buyer, event, secret="whsec_guessed")).refusal == (400, "bad_signature")
    for header in ("-", "t=,v1=", f"t={now}", f"t={now},v1=00", "v1=00", f"t={now}" * 1000):
        assert (await send_webhook(buyer, event, header=header)).refusal == (400, "bad_signature"), header
    assert (await buyer.ask("POST", "/webhooks/stripe", event)).refusal == (400, "bad_signature")
    assert (await send_webhook(buyer, {"hello": "there"})).refusal == (400, "bad_event")
    assert await effects(shop) == []
    assert await buyer.status(bought) == "pending_payment"

    assert (await send_webhook(buyer, event, late_s=300)).status == 200

    assert await buyer.status(bought) == "paid"


async def test_an_old_webhook_is_not_made_new_by_a_second_time_in_its_header(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(MUG=1)
    event = intent_event(SUCCEEDED, bought.intent, bought.total)
    now = int(shop.clock.now().timestamp())
    old = signature(shop.inside.outside.stripe.stripe_webhook_secret, webhook_body(event), now - 3600)
    when, _, rest = old.partition(",")

    for header in (f"x, t={now},{old}", f" t={now},{old}", f"{when.replace('=', '=+')},t={now},{rest}",
                   f"{when.replace('=', '= ')},t={now},{rest}", f"{old},t={now}", f"t={now},{old}"):  # fmt: skip
        assert (await send_webhook(buyer, event, header=header)).refusal == (400, "bad_signature"), header

    assert await buyer.status(bought) == "pending_payment"


async def test_a_webhook_that_comes_again_is_stored_once(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.order(MUG=1)
    shop.box.faults.webhooks = WebhookFault(repeat=4)

    assert await buyer.pay(bought) == 200
    event = intent_event(SUCCEEDED, bought.intent, bought.total, event=shop.box.events()[-1].id)
    assert (await send_webhook(buyer, event)).status == 200

    assert await effects(shop) == [(SUCCEEDED, "received")]
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    assert await staff.findings() == []


async def test_money_for_nothing_we_know_or_of_another_amount_is_kept_and_pays_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    expected = f"refused: {bought.total} EUR was expected"
    for event in (
        intent_event(SUCCEEDED, "pi_of_somebody_else", bought.total),
        intent_event(SUCCEEDED, bought.intent, bought.total - 1),
        intent_event(SUCCEEDED, bought.intent, bought.total + 1),
        intent_event(SUCCEEDED, bought.intent, bought.total, currency="usd"),
        intent_event("payment_intent.processing", bought.intent, bought.total),
        intent_event("customer.created", bought.intent, bought.total),
    ):
        assert (await send_webhook(buyer, event)).status == 200

    assert await buyer.status(bought) == "pending_payment"
    stored = [effect for kind, effect in await effects(shop) if kind == SUCCEEDED]
    assert sorted(stored) == [expected, expected, expected, "refused: no such payment"]
    assert mails_of(shop) == ["order_created"]
    assert await staff.findings() == []
    assert await buyer.pay(bought) == 200
    assert await buyer.status(bought) == "paid"


async def test_news_of_a_payment_that_come_in_the_wrong_order_do_not_undo_it(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)

    for kind in (FAILED, CANCELED, SUCCEEDED):
        assert (await send_webhook(buyer, intent_event(kind, bought.intent, bought.total))).status == 200

    assert await buyer.status(bought) == "paid"
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert await staff.stock("MUG") == (9, 0)
    assert shop.box.refunds() == []
    assert mails_of(shop) == ["order_created", "payment_received"]
    assert await staff.findings() == []


# --- Cards ---


async def test_a_declined_card_leaves_the_order_payable_with_another(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)

    assert await buyer.pay(bought, "pm_card_chargeDeclinedInsufficientFunds") == 402
    order = await buyer.read(bought)
    assert order["status"] == "pending_payment"
    assert [(m["event"], m["detail"]) for m in order["timeline"]][1:] == [("PaymentDeclined", "insufficient_funds")]
    assert await staff.stock("MUG") == (10, 1)
    assert await buyer.pay(bought) == 200

    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentDeclined", "PaymentReceived"]
    assert await staff.stock("MUG") == (9, 0)


async def test_an_order_that_nobody_pays_is_cancelled_and_its_units_are_free(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    assert await buyer.pay(bought, "pm_card_chargeDeclined") == 402

    await shop.clock.advance(seconds=WINDOW.total_seconds() - 1)
    assert await buyer.status(bought) == "pending_payment"
    assert await staff.stock("LAMP") == (1, 1)
    await shop.clock.advance(seconds=1)
    await shop.settle()

    assert await buyer.status(bought) == "cancelled"
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentDeclined", "OrderCancelled"]
    assert [intent.status for intent in shop.box.payment_intents()] == ["canceled"]
    assert await staff.stock("LAMP") == (1, 0)
    assert mails_of(shop) == ["order_created", "order_cancelled"]
    assert await buyer.pay(bought) == 400
    assert await buyer.status(bought) == "cancelled"
    assert (await buyer.buy(LAMP=1)).order != bought.order
    assert await staff.findings() == []


# --- Late money ---


@pytest.fixture
def unreconciled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody looks at Stripe for money that was not heard of, so it can come late. Comes before the shop."""

    async def never(self: Payments) -> None:
        """Return at once."""

    monkeypatch.setattr(Payments, "run", never)


@pytest.mark.usefixtures("unreconciled")
async def test_money_that_comes_late_takes_the_units_again_while_there_are_some(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1, MUG=2)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    assert await buyer.status(bought) == "cancelled"
    assert await staff.stock("LAMP") == (1, 0)

    await shop.settle()

    assert await buyer.status(bought) == "paid"
    assert await buyer.timeline(bought) == ["OrderCreated", "OrderCancelled", "PaymentCameLate", "UnitsRetaken"]
    assert await staff.stock("LAMP") == (0, 0)
    assert await staff.stock("MUG") == (8, 0)
    assert shop.box.refunds() == []
    assert await staff.send_off(bought)
    assert await buyer.status(bought) == "shipped"
    assert await staff.findings() == []


@pytest.mark.usefixtures("unreconciled")
async def test_money_that_comes_when_the_units_are_gone_goes_back_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1, MUG=2)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    quicker = await buyer.order(LAMP=1)

    await shop.settle()
    await shop.clock.advance(seconds=1)  # What is sent to Stripe about an order goes in line.

    await _came_to_nothing(shop, buyer, staff, bought)
    assert await buyer.timeline(bought) == [
        "OrderCreated", "OrderCancelled", "PaymentCameLate", "UnitsGone", "RefundProcessed",
    ]  # fmt: skip
    shop.box.faults.reset()
    assert await buyer.pay(quicker) == 200
    assert await staff.stock("MUG") == (10, 0)
    assert await staff.stock("LAMP") == (0, 0)


async def test_money_whose_webhook_is_lost_is_found_when_its_order_is_called_off(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    await pay_unheard(shop, buyer, bought)

    _ = (await buyer.cancel(bought)).good

    await _came_to_nothing(shop, buyer, staff, bought)
    assert await staff.stock("LAMP") == (1, 0)


async def test_money_in_time_for_units_that_went_meanwhile_goes_back_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """The order's own timer has not run yet (the machine slept, say), and its hold is over."""
    bought = await buyer.order(LAMP=1, MUG=2)
    await pay_unheard(shop, buyer, bought)
    shop.clock.jump(PAYMENT_HOLD)
    quicker = await buyer.order(LAMP=1)
    assert await buyer.status(bought) == "pending_payment"

    await shop.settle()

    await shop.clock.advance(seconds=1)  # At last its timer runs, and finds nothing to do.
    await _came_to_nothing(shop, buyer, staff, bought)
    assert "UnitsGone" in await buyer.timeline(bought)
    assert await buyer.status(quicker) == "pending_payment"
    assert await staff.stock("MUG") == (10, 0)


@pytest.mark.usefixtures("unreconciled")
async def test_units_that_others_let_expire_are_there_for_late_money(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """What has ended stands in nobody's way, though its timer has not run yet."""
    bought = await buyer.order(LAMP=1)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    await buyer.fill_cart(LAMP=1)
    shop.clock.jump(timedelta(minutes=11))

    await shop.settle()

    assert await buyer.status(bought) == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    await shop.clock.advance(seconds=1)  # At last Stripe is told, and says what is known by now.
    assert await staff.findings() == []


async def test_money_that_comes_after_the_buyers_own_cancel_goes_back_at_once(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(LAMP=1)
    await pay_unheard(shop, buyer, bought)
    answer = await buyer.ask("POST", f"/orders/{bought.order}/cancel", token=bought.token)
    assert answer.good["status"] == "cancelled"

    await shop.settle()

    await _came_to_nothing(shop, buyer, staff, bought)
    assert await buyer.timeline(bought) == ["OrderCreated", "OrderCancelled", "PaymentCameLate", "RefundProcessed"]
    assert await staff.stock("LAMP") == (1, 0)


async def _came_to_nothing(shop: ShopUnderTest, buyer: Customer, staff: Staff, bought: Purchase) -> None:
    """Cancelled, all money back, once, and the buyer was told."""
    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert [(refund.amount, refund.payment_intent) for refund in shop.box.refunds()] == [(bought.total, bought.intent)]
    mails = mails_of(shop)
    assert (mails.count("refund_processed"), mails.count("order_cancelled")) == (1, 1)
    assert (await staff.step(bought, "pick")).refusal == (409, "wrong_step")
    assert await staff.findings() == []
    assert await staff.dead_letters() == []


# --- Stripe in bad weather ---


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripe is waited for 0.4 seconds, and not twenty. Comes before the shop."""
    monkeypatch.setattr(
        "run.open_stripe",
        lambda settings, circuit: open_stripe(msgspec.structs.replace(settings, stripe_timeout_s=0.4), circuit),
    )


INTENTS = "POST /v1/payment_intents"


@pytest.mark.usefixtures("impatient")
async def test_a_checkout_that_stripe_does_not_answer_is_503_and_its_key_completes_it_later(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    faults: Sequence[Fault] = (
        Fault(action="fail", path=INTENTS),
        Fault(action="fail", status=503, path=INTENTS),
        Fault(action="rate_limit", path=INTENTS),
        Fault(action="drop", path=INTENTS),
        Fault(action="drop", path=INTENTS, after_work=True),  # Done, but the answer is lost.
        Fault(action="hang", path=INTENTS),
        Fault(action="hang", path=INTENTS, after_work=True),
    )
    for number, fault in enumerate(faults, 1):
        cart, key = await buyer.fill_cart(BOOK=10, MUG=1), new_key()
        shop.box.faults.stripe = fault
        away = await shop.patiently(buyer.check_out(cart, key=key))
        assert away.refusal == (503, "unavailable"), fault
        assert int(away.headers["Retry-After"]) >= 1
        shop.box.faults.reset()

        bought = await buyer.place(cart, key=key)

        assert len((await staff.get("/admin/api/orders")).good["items"]) == number, fault
        assert len(shop.box.payment_intents()) == number, fault
        assert await staff.stock("BOOK") == (100, 10 * number), fault
        assert await buyer.status(bought) == "pending_payment"
    # Done, and a 500 is what its key will always bring back: looked up, and found.
    shop.box.faults.stripe = Fault(action="fail", path=INTENTS, after_work=True, count=1)
    assert (await shop.patiently(buyer.check_out(await buyer.fill_cart(BOOK=1), key=new_key()))).status == 201
    assert len(shop.box.payment_intents()) == len(faults) + 1
    shop.box.faults.stripe = Fault(delay_s=0.1)  # Slow is not away.
    assert (await buyer.check_out(await buyer.fill_cart(BOOK=1), key=new_key())).status == 201
    assert mails_of(shop) == ["order_created"] * (len(faults) + 2)
    assert await staff.findings() == []


async def test_a_checkout_that_is_given_up_for_want_of_stripe_frees_its_units(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(LAMP=1), new_key()
    shop.box.faults.stripe = Fault(action="fail")
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    shop.box.faults.reset()

    await shop.clock.advance(minutes=31)
    await shop.settle()

    (order,) = (await staff.get("/admin/api/orders")).good["items"]
    assert order["status"] == "cancelled"
    assert await staff.stock("LAMP") == (1, 0)
    over = await buyer.check_out(cart, key=key)  # Too late for that order: the buyer is told so, and may begin anew.
    assert over.refusal == (422, "invalid")
    assert await staff.stock("LAMP") == (1, 0)
    bought = await buyer.place(cart, key=key)
    assert bought.order != order["id"]
    assert await buyer.pay(bought) == 200
    assert await staff.findings() == []


async def test_an_order_that_stripe_refuses_does_not_hold_its_buyers_units(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    shop.box.faults.stripe = Fault(action="fail", status=400, path="POST /v1/payment_intents")
    cart = await buyer.fill_cart(LAMP=1)

    assert (await buyer.check_out(cart, key=new_key())).status == 422
    shop.box.faults.reset()
    await shop.settle()
    again = await buyer.place(cart, key=new_key())

    assert await buyer.pay(again) == 200
    assert await buyer.status(again) == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    assert await staff.findings() == []


async def test_a_refund_reaches_stripe_once_however_often_it_fails_first(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    for fault in (
        Fault(action="fail", path="/v1/refunds"),
        Fault(action="drop", path="/v1/refunds", after_work=True),
        Fault(action="fail", path="/v1/refunds", after_work=True),
    ):
        shop.box.faults.stripe = fault
        assert (await staff.refund(bought, 100)).good["status"] == "pending"
        await shop.clock.advance(seconds=2)
        shop.box.faults.reset()
        await shop.clock.advance(minutes=2)
        await shop.settle()

    assert [refund.amount for refund in shop.box.refunds()] == [100, 100, 100]
    assert (await buyer.read(bought))["refunded"]["amount"] == 300
    assert mails_of(shop).count("refund_processed") == 3
    assert await staff.dead_letters() == []
    assert await staff.findings() == []


async def test_a_refund_that_stripe_refuses_waits_for_a_person_who_tries_it_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.box.faults.stripe = Fault(action="fail", status=400, path="/v1/refunds")
    _ = (await staff.refund(bought, 100)).good
    (letter,) = await staff.dead_letters()
    assert (letter["actor"], letter["type"], letter["key"]) == ("payment", "SendRefund", bought.order)
    assert (await buyer.read(bought))["refunded"]["amount"] == 0
    shop.box.faults.reset()

    assert (await staff.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive")).good == {"redriven": 1}
    await shop.settle()

    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    assert await staff.dead_letters() == []
    assert (await staff.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive")).refusal == (404, "not_found")


# --- Mail and carrier in bad weather ---


async def test_a_mail_that_is_refused_for_good_is_parked_and_the_next_ones_go_out(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    shop.box.faults.smtp = Fault(action="fail", status=550, count=1)

    await buyer.buy(MUG=1)

    assert mails_of(shop) == ["payment_received"]
    (letter,) = await staff.dead_letters()
    assert (letter["actor"], letter["type"], letter["attempts"]) == ("email", "OrderCreated", 1)


async def test_mails_that_could_not_be_sent_are_sent_when_smtp_is_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    expected: list[str] = []
    for fault in (Fault(action="fail", status=451), Fault(action="rate_limit"), Fault(action="drop")):
        shop.box.faults.smtp = fault
        bought = await buyer.buy(MUG=1)
        await shop.clock.advance(seconds=5)
        assert mails_of(shop) == expected
        shop.box.faults.reset()

        await shop.clock.advance(minutes=2)

        expected += ["order_created", "payment_received"]
        assert mails_of(shop) == expected
        assert await buyer.status(bought) == "paid"
    assert await staff.dead_letters() == []


async def test_a_mail_whose_receipt_was_lost_comes_again_under_the_same_id(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    shop.box.faults.smtp = Fault(action="drop", after_work=True, count=1)
    _ = await buyer.order(MUG=1)

    await shop.clock.advance(minutes=2)

    ids = [mail.message_id for mail in shop.mails()]
    assert (len(ids), len(set(ids))) == (2, 1)


async def test_a_parcel_is_booked_once_when_the_carrier_is_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    for number, fault in enumerate((Fault(action="fail"), Fault(action="drop", after_work=True)), 1):
        bought = await buyer.buy(MUG=1)
        shop.box.faults.carrier = fault
        for step in ("pick", "pack", "ship"):
            _ = (await staff.step(bought, step)).good
        await shop.clock.advance(seconds=5)
        order = await buyer.read(bought)
        assert (order["status"], order["tracking"]) == ("packed", None)
        shop.box.faults.reset()

        await shop.clock.advance(minutes=2)

        (parcel,) = (shipment for shipment in shop.box.shipments() if shipment.reference == bought.order)
        order = await buyer.read(bought)
        assert (order["status"], order["tracking"]["tracking_number"]) == ("shipped", parcel.tracking_number)
        assert mails_of(shop).count("order_shipped") == len(shop.box.shipments()) == number


async def test_what_a_carrier_says_is_checked_kept_once_and_never_goes_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    number = await staff.send_off(bought)
    delivered = scan(number, "delivered")
    for trouble in ({"secret": "guessed"}, {"late_s": 301}, {"late_s": -301}, {"header": "-"}):
        answer = await send_webhook(buyer, delivered, by="shipping", **trouble)
        assert answer.refusal == (400, "bad_signature"), trouble
    for wrong in (
        delivered | {"status": "eaten"},
        delivered | {"at": "noon"},
        delivered | {"at": "2030-01-07T12:00:00"},
    ):
        assert (await send_webhook(buyer, wrong, by="shipping")).refusal == (400, "bad_event"), wrong
    unknown = await send_webhook(buyer, scan("SB_UNKNOWN", "delivered"), by="shipping")
    assert unknown.refusal == (404, "not_found")
    assert await buyer.status(bought) == "shipped"

    late = scan(number, "in_transit", at="2030-01-07T12:30:00Z")
    for news in (delivered, late, delivered, late, scan(number, "picked_up"), scan(number, "exception")):
        assert (await send_webhook(buyer, news, by="shipping")).status == 200

    assert await buyer.status(bought) == "delivered"
    order = await buyer.read(bought)
    assert [(m["event"], m["detail"]) for m in order["timeline"]][5:] == [
        ("ParcelMoved", "delivered"), ("OrderDelivered", ""), ("ParcelMoved", "in_transit"),
        ("ParcelMoved", "picked_up"), ("ParcelMoved", "exception"),
    ]  # fmt: skip
    assert mails_of(shop).count("order_delivered") == 1
