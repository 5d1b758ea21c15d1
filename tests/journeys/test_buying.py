"""From a cart to a parcel at the door, and the ways back from everywhere in between."""

from datetime import timedelta

import pytest

from bus.messages.notification import ListNews
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, mails_of, new_key

MUG, LAMP, BOOK = 1450, 5900, 1200  # Cents, as the shop under test has them.
STANDARD, EXPRESS = 490, 990


async def test_an_order_goes_from_cart_to_delivered(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=2, BOOK=1)
    filled = (await buyer.get(f"/carts/{cart}")).good
    assert [(line["sku"], line["quantity"], line["held"]) for line in filled["lines"]] == [
        ("MUG", 2, 2),
        ("BOOK", 1, 1),
    ]
    assert filled["subtotal"] == {"amount": 2 * MUG + BOOK, "currency": "EUR"}
    assert await buyer.available("MUG") == 8

    bought = await buyer.place(cart, key=new_key())
    assert await buyer.status(bought) == "pending_payment"
    assert (await buyer.get(f"/carts/{cart}")).good["lines"] == []  # What was ordered is in the cart no more.
    assert await buyer.pay(bought) == 200
    assert await buyer.status(bought) == "paid"

    tracking_number = await staff.send_off(bought)
    for status in ("picked_up", "in_transit", "out_for_delivery", "delivered"):
        shop.clock.jump(timedelta(hours=1))
        await shop.sandbox.carrier.advance(tracking_number, status)
        await shop.settle()

    order = await buyer.read(bought)
    assert order["status"] == "delivered"
    assert order["total"] == {"amount": 2 * MUG + BOOK + STANDARD, "currency": "EUR"}
    assert order["tracking"] == {"carrier": "Carrier", "tracking_number": tracking_number}
    assert [moment["event"] for moment in order["timeline"]] == [
        "OrderCreated", "PaymentReceived", "PickingStarted", "OrderFulfilled", "OrderShipped",
        "ParcelMoved", "ParcelMoved", "ParcelMoved", "ParcelMoved", "OrderDelivered",
    ]  # fmt: skip
    assert [moment["at"] for moment in order["timeline"]] == sorted(moment["at"] for moment in order["timeline"])

    # One mail for every arrow, to the buyer.
    assert mails_of(shop) == [
        "order_created", "payment_received", "order_fulfilled", "order_shipped", "order_delivered",
    ]  # fmt: skip
    for mail in shop.mails():
        assert mail.to == [buyer.email]
        assert bought.number in mail.subject + mail.text
        assert mail.html

    # What those who watch are told.
    news = (await shop.ask(ListNews(order_id=bought.order))).news
    assert [item.status for item in news if item.status != "tracking"] == [
        "pending_payment", "paid", "picking", "packed", "shipped", "in_transit", "delivered",
    ]  # fmt: skip
    assert [item.detail for item in news if item.status == "tracking"] == [f"Carrier {tracking_number}"]

    # And what remains in the books.
    assert await staff.stock("MUG") == (8, 0)
    assert await staff.stock("BOOK") == (99, 0)
    assert [(charge.amount, charge.paid) for charge in shop.sandbox.charges()] == [(2 * MUG + BOOK + STANDARD, True)]
    (sales,) = (await staff.get("/admin/api/analytics/sales?from=2030-01-07&to=2030-01-07&by=day")).good["items"]
    assert sales == {
        "start": "2030-01-07", "currency": "EUR", "orders": 1, "units": 3, "ordered": bought.total,
        "paid": bought.total, "refunded": 0, "delivered": 1, "disputed": 0,
    }  # fmt: skip
    assert (await staff.get("/admin/api/analytics/sales?from=2030-01-08&to=2030-01-09")).good["items"] == []
    await shop.clock.advance(seconds=1)  # Timers that the jumps passed over find nothing to do.
    assert await staff.findings() == []
    assert await staff.dead_letters() == []


async def test_standard_shipping_is_free_from_75_euros_and_express_never(buyer: Customer) -> None:
    dear = await buyer.place(await buyer.fill_cart(BOOK=7), key=new_key())
    cheap = await buyer.place(await buyer.fill_cart(BOOK=6), key=new_key())
    express = await buyer.place(await buyer.fill_cart(BOOK=7), key=new_key(), shipping_method="express")

    costs = [(await buyer.read(order))["shipping"]["amount"] for order in (dear, cheap, express)]

    assert costs == [0, STANDARD, EXPRESS]
    assert [order.total for order in (dear, cheap, express)] == [7 * BOOK, 6 * BOOK + STANDARD, 7 * BOOK + EXPRESS]


async def test_a_refund_is_given_in_part_then_in_full_and_never_beyond(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(LAMP=1)
    path, key = f"/admin/api/orders/{bought.order}/refunds", new_key()
    assert (await staff.ask("POST", path, {"amount": 500})).refusal == (400, "idempotency_key_required")
    assert (await buyer.ask("POST", path, {"amount": 500}, token=bought.token, key=key)).refusal[0] == 401

    first = await staff.refund(bought, 500, key=key)
    again = await staff.refund(bought, 500, key=key)
    assert first.good["amount"] == {"amount": 500, "currency": "EUR"}
    assert again.body == first.body
    assert (await buyer.read(bought))["refunded"]["amount"] == 500

    beyond = await staff.refund(bought, bought.total - 500 + 1)
    assert beyond.refusal == (409, "not_refundable")
    assert beyond.json["refundable"] == {"amount": bought.total - 500, "currency": "EUR"}
    rest = await staff.refund(bought)
    assert rest.good["amount"]["amount"] == bought.total - 500
    assert (await staff.refund(bought)).refusal == (409, "not_refundable")

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)  # Nothing was packed yet.
    assert await buyer.timeline(bought) == [
        "OrderCreated", "PaymentReceived", "RefundProcessed", "OrderCancelled", "RefundProcessed",
    ]  # fmt: skip
    assert [refund.amount for refund in shop.sandbox.refunds()] == [500, bought.total - 500]
    assert mails_of(shop).count("refund_processed") == 2
    (sales,) = (await staff.get("/admin/api/analytics/sales")).good["items"]
    assert (sales["paid"], sales["refunded"]) == (bought.total, bought.total)
    assert await staff.findings() == []


async def test_a_refund_that_makes_no_sense_is_refused(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=1)
    yen, debt = {"amount": 500, "currency": "JPY"}, {"amount": -500, "currency": "EUR"}

    for amount in (0, -1, "500", 4.5, yen, debt, {"amount": 500}):
        assert (await staff.refund(bought, amount)).refusal == (422, "invalid"), amount

    assert shop.sandbox.refunds() == []
    assert (await staff.refund(bought, {"amount": 500, "currency": "EUR"})).good["amount"]["amount"] == 500


async def test_nothing_is_refunded_of_an_order_that_is_not_paid_or_not_there(buyer: Customer, staff: Staff) -> None:
    bought = await buyer.order(MUG=1)

    assert (await staff.refund(bought, 1)).refusal == (409, "not_refundable")

    unknown = await staff.ask("POST", "/admin/api/orders/ord_none/refunds", {"amount": 1}, key=new_key())
    assert unknown.refusal == (404, "not_found")


async def test_an_order_cancelled_before_its_payment_can_be_paid_no_more(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.order(MUG=3)

    assert (await buyer.cancel(bought)).good["status"] == "cancelled"
    assert (await buyer.cancel(bought)).good["status"] == "cancelled"  # Twice is fine.

    assert [intent.status for intent in shop.sandbox.payment_intents()] == ["canceled"]
    assert await buyer.pay(bought) == 400
    assert await staff.stock("MUG") == (10, 0)
    assert await buyer.timeline(bought) == ["OrderCreated", "OrderCancelled"]
    assert mails_of(shop) == ["order_created", "order_cancelled"]
    assert (await staff.step(bought, "pick")).refusal == (409, "wrong_step")
    assert await staff.findings() == []


@pytest.mark.parametrize("picked", [False, True])
async def test_an_order_cancelled_after_its_payment_gives_money_and_units_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, picked: bool
) -> None:
    bought = await buyer.buy(MUG=3)
    if picked:
        _ = (await staff.step(bought, "pick")).good

    assert (await buyer.cancel(bought)).good["status"] == "cancelled"

    order = await buyer.read(bought)
    assert (order["status"], order["refunded"]["amount"]) == ("cancelled", bought.total)
    assert [refund.amount for refund in shop.sandbox.refunds()] == [bought.total]
    assert await staff.stock("MUG") == (10, 0)
    assert mails_of(shop).count("refund_processed") == 1
    assert mails_of(shop).count("order_cancelled") == 1
    assert (await staff.step(bought, "pack")).refusal == (409, "wrong_step")
    assert await staff.findings() == []


async def test_an_order_that_is_packed_cannot_be_cancelled(buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(MUG=1)
    for step in ("pick", "pack"):
        _ = (await staff.step(bought, step)).good

    refused = await buyer.cancel(bought)

    assert refused.refusal == (409, "not_cancellable")
    assert refused.json["order_status"] == "packed"
    assert await buyer.status(bought) == "packed"


async def test_the_warehouse_goes_step_by_step_and_may_repeat_one(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    unpaid, bought = await buyer.order(MUG=1), await buyer.buy(MUG=1)
    assert (await staff.step(unpaid, "pick")).refusal == (409, "wrong_step")
    assert (await staff.ask("POST", "/admin/api/pick-lists/ord_none/pick")).refusal == (404, "not_found")
    (waiting,) = (await staff.get("/admin/api/pick-lists?status=open")).good["items"]
    assert (waiting["order_id"], waiting["lines"][0]["sku"], waiting["weight_g"]) == (bought.order, "MUG", 100)

    for step in ("pack", "ship"):
        assert (await staff.step(bought, step)).refusal == (409, "wrong_step")
    for step, status in (("pick", "picked"), ("pack", "packed"), ("ship", "shipped")):
        assert (await staff.step(bought, step)).good["status"] == status
        assert (await staff.step(bought, step)).good["status"] == status
    assert (await staff.step(bought, "pick")).refusal == (409, "wrong_step")

    assert len(shop.sandbox.shipments()) == 1
    assert await buyer.timeline(bought) == [
        "OrderCreated", "PaymentReceived", "PickingStarted", "OrderFulfilled", "OrderShipped",
    ]  # fmt: skip
    assert mails_of(shop).count("order_shipped") == 1


async def test_staff_see_what_the_actors_are_at(buyer: Customer, staff: Staff) -> None:
    await buyer.fill_cart(MUG=1)

    actors = {actor["name"]: actor for actor in (await staff.get("/admin/api/actors")).good["items"]}

    assert {"cart", "catalog", "inventory", "order", "payment", "warehouse"} <= set(actors)
    assert actors["inventory"]["turns"] > 0
    assert (actors["inventory"]["mailbox"], actors["inventory"]["oldest_wait_s"]) == (0, 0)
