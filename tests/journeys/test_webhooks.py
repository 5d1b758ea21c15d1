"""Webhooks of Stripe's and the carrier's: checked, kept once, and nothing goes back."""

from actors.payment.effects import Outcome
from sandbox.core.faults import WebhookFault
from sandbox.core.webhooks import signature
from testkit import ShopUnderTest
from tests.actors.payment.support import eur
from tests.journeys.people import Customer, Staff, intent_event, mails_of, scan, send_webhook, webhook_body

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
