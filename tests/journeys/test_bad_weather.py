"""Stripe, mail and the carrier in bad weather: what could not be done is done later, and once."""

from collections.abc import Sequence

import pytest

from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, mails_of, new_key

INTENTS = "POST /v1/payment_intents"


# --- Stripe ---


@pytest.mark.usefixtures("impatient_with_stripe")
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
        shop.sandbox.faults.stripe = fault
        away = await shop.patiently(buyer.check_out(cart, key=key))
        assert away.refusal == (503, "unavailable"), fault
        assert int(away.headers["Retry-After"]) >= 1
        shop.sandbox.faults.reset()

        bought = await buyer.place(cart, key=key)

        assert len((await staff.get("/admin/api/orders")).good["items"]) == number, fault
        assert len(shop.sandbox.payment_intents()) == number, fault
        assert await staff.stock("BOOK") == (100, 10 * number), fault
        assert await buyer.status(bought) == "pending_payment"
    # Done, and a 500 is what its key will always bring back: looked up, and found.
    shop.sandbox.faults.stripe = Fault(action="fail", path=INTENTS, after_work=True, count=1)
    assert (await shop.patiently(buyer.check_out(await buyer.fill_cart(BOOK=1), key=new_key()))).status == 201
    assert len(shop.sandbox.payment_intents()) == len(faults) + 1
    shop.sandbox.faults.stripe = Fault(delay_s=0.1)  # Slow is not away.
    assert (await buyer.check_out(await buyer.fill_cart(BOOK=1), key=new_key())).status == 201
    await shop.settle()
    assert mails_of(shop) == ["order_created"] * (len(faults) + 2)
    assert await staff.findings() == []


async def test_a_checkout_that_is_given_up_for_want_of_stripe_frees_its_units(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(LAMP=1), new_key()
    shop.sandbox.faults.stripe = Fault(action="fail")
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    shop.sandbox.faults.reset()

    await shop.clock.advance(minutes=31)
    await shop.settle()

    assert (await staff.get("/admin/api/orders")).good["items"] == []  # Nothing was ordered, and nobody is written to.
    assert mails_of(shop) == []
    assert await staff.stock("LAMP") == (1, 0)
    bought = await buyer.place(cart, key=key)
    assert await buyer.pay(bought) == 200
    assert await staff.findings() == []


@pytest.mark.parametrize(("is_same_key", "status"), [(True, 400), (False, 400), (True, 402), (False, 404)])
async def test_what_stripe_refuses_for_good_is_no_order_and_its_words_are_for_the_log(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, is_same_key: bool, status: int,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    shop.sandbox.faults.stripe = Fault(action="fail", status=status, path="POST /v1/payment_intents")
    cart, key = await buyer.fill_cart(LAMP=1), new_key()

    refused = await buyer.check_out(cart, key=key)
    assert refused.refusal == (502, "payment_unavailable")
    assert "stripe" not in refused.body.decode().lower()
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "error  " in line)
    assert "Stripe refuses: " in line
    shop.sandbox.faults.reset()
    await shop.settle()
    assert (await staff.get("/admin/api/orders")).good["items"] == []
    assert mails_of(shop) == []
    assert await staff.stock("LAMP") == (1, 0)
    again = await buyer.place(cart, key=key if is_same_key else new_key())
    assert again.number == "SF-100001"

    assert await buyer.pay(again) == 200
    assert await buyer.status(again) == "paid"
    assert await staff.stock("LAMP") == (0, 0)
    assert await staff.findings() == []


async def test_an_amount_below_stripes_least_is_no_order(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    free = {"title": "Standard", "days": {"min": 2, "max": 5}, "price": {"amount": 0, "currency": "EUR"}}
    _ = (await staff.ask("PUT", "/admin/api/shipping-methods/standard", free)).good
    pin = {"sku": "PIN", "price": {"amount": 10, "currency": "EUR"}, "weight_g": 1}  # Stripe takes 0.50 EUR or more.
    body = {"id": "PIN", "slug": "pin", "title": "Pin", "category": "Metal", "skus": [pin]}
    _ = (await staff.ask("POST", "/admin/api/products", body)).good
    _ = (await staff.count("PIN", 9)).good
    cart = await buyer.fill_cart(PIN=4)
    _ = capsys.readouterr()

    assert (await buyer.check_out(cart, key=new_key())).refusal == (502, "payment_unavailable")

    lines = [line for line in capsys.readouterr().out.splitlines() if "error  " in line]
    assert len(lines) == 1
    assert "Stripe refuses: " in lines[0]
    assert mails_of(shop) == []
    assert (await buyer.put(cart, "PIN", 5)).status == 200
    assert (await buyer.place(cart, key=new_key())).number == "SF-100001"
    await shop.settle()
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
        shop.sandbox.faults.stripe = fault
        assert (await staff.refund(bought, 100)).good["status"] == "pending"
        await shop.clock.advance(seconds=2)
        shop.sandbox.faults.reset()
        await shop.clock.advance(minutes=2)
        await shop.settle()

    assert [refund.amount for refund in shop.sandbox.refunds()] == [100, 100, 100]
    assert (await buyer.read(bought))["refunded"]["amount"] == 300
    assert mails_of(shop).count("refund_processed") == 3
    assert await staff.dead_letters() == []
    assert await staff.findings() == []


async def test_a_refund_that_stripe_refuses_waits_for_a_person_who_tries_it_again(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    shop.sandbox.faults.stripe = Fault(action="fail", status=400, path="/v1/refunds")
    _ = (await staff.refund(bought, 100)).good
    (letter,) = await staff.dead_letters()
    assert (letter["actor"], letter["type"], letter["key"]) == ("payment", "SendRefund", bought.order)
    assert (await buyer.read(bought))["refunded"]["amount"] == 0
    shop.sandbox.faults.reset()

    assert (await staff.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive")).good == {"redriven": 1}
    await shop.settle()

    assert (await buyer.read(bought))["refunded"]["amount"] == 100
    assert await staff.dead_letters() == []
    assert (await staff.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive")).refusal == (404, "not_found")


# --- Mail and carrier ---


async def test_a_mail_that_is_refused_for_good_is_parked_and_the_next_ones_go_out(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    shop.sandbox.faults.smtp = Fault(action="fail", status=550, count=1)

    await buyer.buy(MUG=1)

    assert mails_of(shop) == ["payment_received"]
    (letter,) = await staff.dead_letters()
    assert (letter["actor"], letter["type"], letter["attempts"]) == ("email", "OrderCreated", 1)


async def test_mails_that_could_not_be_sent_are_sent_when_smtp_is_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    expected: list[str] = []
    for fault in (Fault(action="fail", status=451), Fault(action="rate_limit"), Fault(action="drop")):
        shop.sandbox.faults.smtp = fault
        bought = await buyer.buy(MUG=1)
        await shop.clock.advance(seconds=5)
        assert mails_of(shop) == expected
        shop.sandbox.faults.reset()

        await shop.clock.advance(minutes=2)

        expected += ["order_created", "payment_received"]
        assert mails_of(shop) == expected
        assert await buyer.status(bought) == "paid"
    assert await staff.dead_letters() == []


async def test_a_mail_whose_receipt_was_lost_comes_again_under_the_same_id(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    shop.sandbox.faults.smtp = Fault(action="drop", after_work=True, count=1)
    _ = await buyer.order(MUG=1)

    await shop.clock.advance(minutes=2)

    ids = [mail.message_id for mail in shop.mails()]
    assert (len(ids), len(set(ids))) == (2, 1)


async def test_a_parcel_is_booked_once_when_the_carrier_is_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    for number, fault in enumerate((Fault(action="fail"), Fault(action="drop", after_work=True)), 1):
        bought = await buyer.buy(MUG=1)
        shop.sandbox.faults.carrier = fault
        for step in ("pick", "pack", "ship"):
            _ = (await staff.step(bought, step)).good
        await shop.clock.advance(seconds=5)
        order = await buyer.read(bought)
        assert (order["status"], order["tracking"]) == ("packed", None)
        shop.sandbox.faults.reset()

        await shop.clock.advance(minutes=2)

        (parcel,) = (shipment for shipment in shop.sandbox.shipments() if shipment.reference == bought.order)
        order = await buyer.read(bought)
        assert (order["status"], order["tracking"]["tracking_number"]) == ("shipped", parcel.tracking_number)
        assert mails_of(shop).count("order_shipped") == len(shop.sandbox.shipments()) == number
