"""Webhooks of Stripe's and the carrier's: checked, kept once, and nothing goes back."""

from collections.abc import Callable

import pytest

from actors.payment.effects import Outcome
from actors.payment.stripe import StripeSettings
from actors.shipping.carrier import CarrierSettings
from sandbox.core.faults import WebhookFault
from sandbox.core.webhooks import signature
from testkit import ShopUnderTest
from tests.actors.payment.support import eur
from tests.journeys.people import (
    Customer,
    Json,
    Staff,
    intent_event,
    mails_of,
    new_key,
    scan,
    send_webhook,
    webhook_body,
)
from tests.stripe_types import EVENT_TYPES, event_of, subject_of, subjects_of

SUCCEEDED, FAILED, CANCELED = "payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"


async def effects(shop: ShopUnderTest) -> list[tuple[str, str]]:
    """What was stored of webhooks, and what each led to."""
    rows = await shop.inside.services.database.fetch(
        "select type, effect, detail from payment.stripe_events order by stored_at, type, effect, detail"
    )
    return [(row["type"], str(Outcome(row["effect"], row["detail"]))) for row in rows]


async def test_a_webhook_counts_only_if_it_was_signed_by_stripe_and_just_now(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(MUG=1)
    event = intent_event(SUCCEEDED, bought.intent, bought.total)
    now = int(shop.clock.now().timestamp())
    for late_s in (301, 86_400, -301, -86_400):
        assert (await send_webhook(buyer, event, late_s=late_s)).refusal == (400, "bad_signature"), late_s
    assert (await send_webhook(buyer, event, secret="whsec_guessed")).refusal == (400, "bad_signature")
    for header in ("-", "t=,v1=", f"t={now}", f"t={now},v1=00", "v1=00", f"t={now}" * 1000,
                   f"t={now},v1=ü", "ü", f"t={now},ü=00", f"t={now},v1=١", "t=١,v1=00"):  # fmt: skip
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
    old = signature(shop.inside.integrations.stripe.stripe_webhook_secret, webhook_body(event), now - 3600)
    when, _, rest = old.partition(",")

    for header in (f"x, t={now},{old}", f" t={now},{old}", f"{when.replace('=', '=+')},t={now},{rest}",
                   f"{when.replace('=', '= ')},t={now},{rest}", f"{old},t={now}", f"t={now},{old}"):  # fmt: skip
        assert (await send_webhook(buyer, event, header=header)).refusal == (400, "bad_signature"), header

    assert await buyer.status(bought) == "pending_payment"


async def test_a_webhook_that_comes_again_is_stored_once(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.order(MUG=1)
    shop.sandbox.faults.webhooks = WebhookFault(repeat=4)

    assert await buyer.pay(bought) == 200
    event = intent_event(SUCCEEDED, bought.intent, bought.total, event=shop.sandbox.events()[-1].id)
    assert (await send_webhook(buyer, event)).status == 200

    assert await effects(shop) == [(SUCCEEDED, "received")]
    assert await buyer.timeline(bought) == ["OrderCreated", "PaymentReceived"]
    assert mails_of(shop) == ["order_created", "payment_received"]
    assert await staff.findings() == []


async def test_money_for_nothing_we_know_or_of_another_amount_is_kept_and_pays_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    expected = f"refused: {eur(bought.total)} was expected"
    for event in (
        intent_event(SUCCEEDED, "pi_of_somebody_else", bought.total),
        intent_event(SUCCEEDED, bought.intent, bought.total - 1),
        intent_event(SUCCEEDED, bought.intent, bought.total + 1),
        intent_event(SUCCEEDED, bought.intent, bought.total, currency="usd"),
        intent_event("payment_intent.requires_action", bought.intent, bought.total),
        intent_event("customer.created", bought.intent, bought.total),
    ):
        assert (await send_webhook(buyer, event)).status == 200

    assert await buyer.status(bought) == "pending_payment"
    stored = [effect for kind, effect in await effects(shop) if kind == SUCCEEDED]
    assert sorted(stored) == sorted([expected, expected, expected, "refused: no such payment"])
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
    assert shop.sandbox.refunds() == []
    assert mails_of(shop) == ["order_created", "payment_received"]
    assert await staff.findings() == []


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
        delivered | {"status": ""}, delivered | {"status": None}, delivered | {"status": "x" * 101},
        delivered | {"status": "eaten\n"}, delivered | {"id": "\0"}, delivered | {"at": "noon"},
        delivered | {"at": None}, delivered | {"at": "9999-12-31T23:59:59-12:00"},
    ):  # fmt: skip
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


async def test_every_event_that_stripe_sends_is_answered_200(shop: ShopUnderTest, buyer: Customer) -> None:
    secret, now = shop.inside.integrations.stripe.stripe_webhook_secret, int(shop.clock.now().timestamp())
    for kind in EVENT_TYPES:
        for subject in subjects_of(kind) or [{}]:
            sent = webhook_body(event_of(kind, subject))
            headers = {"Stripe-Signature": signature(secret, sent, now)}
            answer = await buyer.ask("POST", "/webhooks/stripe", raw=sent.encode(), headers=headers, token="")
            assert (answer.status, answer.json) == (200, {"stored": True}), kind
    await shop.settle()


async def test_events_do_what_they_should_with_each_nullable_field_null(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=1)
    money: Json = {"amount": bought.total, "amount_received": bought.total, "currency": "eur"}
    for kind in (
        "payment_intent.payment_failed",
        "payment_intent.processing",
        "payment_intent.payment_failed",
        SUCCEEDED,
    ):
        event = event_of(kind, subject_of(kind) | money | {"id": bought.intent}, id=f"evt_{new_key()}")
        assert (await send_webhook(buyer, event)).status == 200
    assert await buyer.status(bought) == "paid"

    of_payment: Json = {"payment_intent": bought.intent, "amount": 300, "amount_refunded": 500, "currency": "eur"}
    for kind, status in (
        ("charge.dispute.created", "needs_response"), ("radar.early_fraud_warning.created", None),
        ("refund.created", "succeeded"), ("charge.refunded", "succeeded"),
    ):  # fmt: skip
        subject = subject_of(kind) | of_payment | {"id": f"x_{kind}", "status": status}
        assert (await send_webhook(buyer, event_of(kind, subject))).status == 200

    order = (await staff.get(f"/orders/{bought.order}")).good
    events = [moment["event"] for moment in order["timeline"]]
    assert events == [
        "OrderCreated", "PaymentDeclined", "PaymentProcessing", "PaymentFailed", "PaymentReceived", "DisputeOpened",
        "FraudWarned", "RefundProcessed",
    ]  # fmt: skip
    assert order["refunded"]["amount"] == 300
    assert "refunds_listed" in [effect for _, effect in await effects(shop)]


@pytest.fixture
def rotating(monkeypatch: pytest.MonkeyPatch) -> str:
    """A second secret of each webhook, newer than the sandbox's. Comes before the shop."""
    new = "whsec_new"

    def both_of(name: str) -> Callable[[object], tuple[str, str]]:
        return lambda settings: (new, getattr(settings, name))

    for kind, name in ((StripeSettings, "stripe_webhook_secret"), (CarrierSettings, "carrier_webhook_secret")):
        monkeypatch.setattr(kind, "webhook_secrets", property(both_of(name)))
    return new


async def test_two_secrets_count_while_one_takes_the_place_of_the_other(
    rotating: str, shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    first, second = await buyer.order(MUG=1), await buyer.order(MUG=1)

    for bought, secret in ((first, rotating), (second, "")):
        event = intent_event(SUCCEEDED, bought.intent, bought.total)
        assert (await send_webhook(buyer, event, secret="whsec_guessed")).refusal == (400, "bad_signature")
        assert (await send_webhook(buyer, event, secret=secret)).status == 200
        assert await buyer.status(bought) == "paid"

    news = scan(await staff.send_off(first), "delivered")
    assert (await send_webhook(buyer, news, by="shipping", secret=rotating)).status == 200
    assert await buyer.status(first) == "delivered"


async def test_an_event_of_another_mode_or_account_is_taken_and_pays_nothing(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought = await buyer.order(MUG=1)
    for change in ({"livemode": True}, {"account": "acct_1"}, {"livemode": True, "account": "acct_1"}):
        event = intent_event(SUCCEEDED, bought.intent, bought.total) | change
        assert (await send_webhook(buyer, event)).status == 200

    assert await effects(shop) == []
    assert await buyer.status(bought) == "pending_payment"
    event = intent_event(SUCCEEDED, bought.intent, bought.total) | {"livemode": False, "account": None}
    assert (await send_webhook(buyer, event)).status == 200
    assert await buyer.status(bought) == "paid"


async def test_any_word_of_a_carrier_is_kept_and_shown(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=1)
    number = await staff.send_off(bought)

    for status, change in (
        ("available_for_pickup", {"detail": None}), ("return_to_sender", {"at": "2030-01-07T12:00:00"}),
        ("Zurück an Absender", {"detail": "Annahme\r\nverweigert\0"}), ("EATEN", {"at": "2030-01-07T13:00:00+05:30"}),
    ):  # fmt: skip
        assert (await send_webhook(buyer, scan(number, status) | change, by="shipping")).status == 200

    order = await buyer.read(bought)
    assert order["status"] == "in_transit"
    assert [moment["detail"] for moment in order["timeline"] if moment["event"] == "ParcelMoved"] == [
        "available_for_pickup", "return_to_sender", "Zurück an Absender: Annahme verweigert", "EATEN",
    ]  # fmt: skip
    assert await staff.findings() == []


async def test_a_parcel_in_trouble_for_a_day_reaches_staff_until_it_is_settled_or_well(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    first, second, third = [await buyer.buy(MUG=1) for _ in range(3)]
    numbers = [await staff.send_off(bought) for bought in (first, second, third)]
    for number, status in zip(numbers, ("exception", "return_to_sender", "eaten"), strict=True):
        await shop.sandbox.carrier.advance(number, status)
    await shop.settle()
    assert await staff.stuck_money() == []

    await shop.clock.advance(hours=13)
    await shop.sandbox.carrier.advance(numbers[0], "exception", "Nobody at home")
    await shop.sandbox.carrier.advance(numbers[1], "out_for_delivery")
    await shop.settle()
    await shop.clock.advance(hours=12)

    items = await staff.stuck_money()
    assert {(item["kind"], item["order_id"]) for item in items} == {
        ("parcel_in_trouble", first.order), ("parcel_in_trouble", third.order),
    }  # fmt: skip
    assert f"parcel {numbers[0]} (Carrier): exception: Nobody at home" in {item["detail"] for item in items}
    for item in items:
        await staff.follow(item["remedy"])
    assert await staff.stuck_money() == []

    for status in ("in_transit", "exception"):
        await shop.clock.advance(minutes=1)
        await shop.sandbox.carrier.advance(numbers[0], status)
        await shop.settle()
    await shop.clock.advance(hours=25)

    (item,) = await staff.stuck_money()
    assert item["order_id"] == first.order
    assert await staff.findings() == []
