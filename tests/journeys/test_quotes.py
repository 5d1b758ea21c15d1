"""What it would cost, and that nothing else is charged."""

from datetime import timedelta

import pytest

from bus.messages.base import Line, OrderLine, Sums
from bus.messages.inventory import HoldForCheckout
from bus.messages.order import CancelOrder, Order, OrderSettled, PlaceOrder
from bus.messages.shipping import MethodPrice
from sandbox.core.faults import Fault
from testkit import ShopUnderTest
from testkit.people import ADDRESS
from tests.actors.payment.support import eur
from tests.journeys.people import Answer, Customer, Json, Staff, all_is_well, mails_of, new_key, sql
from tests.orders import cart_with

MUG, LAMP, BOOK = 1450, 5900, 1200  # Cents, as the shop under test has them.


async def quote(buyer: Customer, cart: str, **chosen: object) -> Json:
    return (await ask_quote(buyer, cart, **chosen)).good


async def ask_quote(buyer: Customer, cart: str, **chosen: object) -> Answer:
    return await buyer.ask("POST", f"/carts/{cart}/quote", chosen)


def amounts(quoted: Json) -> dict[str, int]:
    parts = ("subtotal", "discount", "shipping", "fees", "tax", "total")
    return {part: quoted[part]["amount"] for part in parts if quoted[part] is not None}


def codes(quoted: Json) -> list[str]:
    return [block["code"] for block in quoted["blocks"]]


async def reprice(staff: Staff, sku: str, amount: int) -> None:
    """Under test each product is one SKU of the same name."""
    skus = [{"sku": sku, "price": {"amount": amount, "currency": "EUR"}, "weight_g": 100}]
    _ = (await staff.ask("PATCH", f"/admin/api/products/{sku}", {"skus": skus})).good


# --- Quotes ---


async def test_a_quote_says_what_checkout_charges_then(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=2, BOOK=1)

    standard, express = await quote(buyer, cart), await quote(buyer, cart, shipping_method="express")

    assert amounts(standard) == {
        "subtotal": 2 * MUG + BOOK, "discount": 0, "shipping": 490, "fees": 0, "tax": 0, "total": 2 * MUG + BOOK + 490,
    }  # fmt: skip
    assert standard["shipping_methods"] == [
        {"id": "standard", "title": "Standard", "price": {"amount": 490, "currency": "EUR"},
         "days": {"min": 2, "max": 5}},
        {"id": "express", "title": "Express", "price": {"amount": 990, "currency": "EUR"},
         "days": {"min": 1, "max": 2}},
    ]  # fmt: skip
    assert [(line["sku"], line["quantity"], line["for_sale"]) for line in standard["lines"]] == [
        ("MUG", 2, True), ("BOOK", 1, True),
    ]  # fmt: skip
    assert standard["blocks"] == express["blocks"] == []
    assert (standard["shipping_method"], express["shipping_method"]) == ("standard", "express")

    total = express["total"]
    bought = await buyer.place(cart, key=new_key(), shipping_method="express", expected_total=total)
    order = await buyer.read(bought)
    assert amounts(order) == amounts(express)
    assert bought.total == total["amount"]
    assert await staff.findings() == []


async def test_a_quote_holds_and_changes_nothing(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(LAMP=1)
    await shop.clock.advance(minutes=10)

    assert codes(await quote(buyer, cart)) == []
    assert await staff.stock("LAMP") == (1, 0)

    _ = await buyer.fill_cart(LAMP=1)
    (block,) = (await quote(buyer, cart))["blocks"]
    assert (block["code"], block["sku"], block["available"]) == ("out_of_stock", "LAMP", 0)
    assert (await buyer.check_out(cart, key=new_key())).refusal == (409, "out_of_stock")


async def test_a_quote_names_the_fault_of_an_address(buyer: Customer) -> None:
    cart, address = await buyer.fill_cart(MUG=1), buyer.delivery()["address"]
    assert codes(await quote(buyer, cart, address=address)) == []
    for field, wrong in {"postal_code": "2009", "country": "ZZ", "city": " "}.items():
        (block,) = (await quote(buyer, cart, address=address | {field: wrong}))["blocks"]
        assert (block["code"], block["field"]) == ("invalid_address", f"address.{field}")


async def test_a_quote_tells_all_that_stands_in_the_way(buyer: Customer, staff: Staff) -> None:
    assert codes(await quote(buyer, await buyer.new_cart())) == ["cart_empty"]
    cart = await buyer.fill_cart(MUG=1, BOOK=1)
    _ = await staff.ask("DELETE", "/admin/api/products/BOOK")

    quoted = await quote(buyer, cart, shipping_method="drone", codes=["SAVE10"])

    assert codes(quoted) == ["not_sold", "unknown_shipping_method", "unknown_code"]
    assert (quoted["shipping"], quoted["total"]) == (None, None)  # Never a wrong price.
    assert [(line["sku"], line["for_sale"]) for line in quoted["lines"]] == [("MUG", True), ("BOOK", False)]
    assert quoted["subtotal"]["amount"] == MUG


async def test_a_quote_is_read_strictly_and_of_a_cart_that_is_there(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1)
    for chosen in (
        {"shipping_method": 1}, {"shipping_method": "x" * 65}, {"codes": ["x"] * 6}, {"codes": [""]}, {"codes": "X"},
        {"codes": ["x" * 41]}, {"address": {"city": "Hamburg"}}, {"total": 1},
    ):  # fmt: skip
        assert (await ask_quote(buyer, cart, **chosen)).refusal == (422, "invalid"), chosen
    assert (await ask_quote(buyer, "cart_none")).refusal == (404, "not_found")
    assert codes(await quote(buyer, cart, address=buyer.delivery()["address"], shipping_method=None)) == []


# --- Prices that change ---


async def test_a_cart_shows_the_prices_of_now_and_what_changed(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=2, BOOK=1)
    await reprice(staff, "MUG", 1999)

    for shown in ((await buyer.get(f"/carts/{cart}")).good, (await buyer.put(cart, "BOOK", 2)).good):
        mug, book = shown["lines"]
        assert (mug["unit_price"]["amount"], mug["changed"], mug["unit_price_before"]["amount"]) == (1999, True, MUG)
        assert (book["unit_price"]["amount"], book["changed"], book["unit_price_before"]) == (BOOK, False, None)
        assert shown["subtotal"]["amount"] == 2 * 1999 + book["quantity"] * BOOK

    without_book = (await buyer.ask("DELETE", f"/carts/{cart}/lines/BOOK")).good
    assert [(line["sku"], line["changed"]) for line in without_book["lines"]] == [("MUG", True)]
    (mug,) = (await buyer.put(cart, "MUG", 2)).good["lines"]  # Set anew, the price is known.
    assert (mug["unit_price"]["amount"], mug["changed"]) == (1999, False)


async def test_a_line_that_is_no_longer_sold_says_so(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=1, BOOK=1)
    _ = await staff.ask("DELETE", "/admin/api/products/BOOK")

    shown = (await buyer.get(f"/carts/{cart}")).good

    assert [(line["sku"], line["for_sale"], line["changed"]) for line in shown["lines"]] == [
        ("MUG", True, False), ("BOOK", False, False),
    ]  # fmt: skip
    assert shown["subtotal"]["amount"] == MUG


@pytest.mark.parametrize("is_money", [True, False])
async def test_a_total_that_is_not_the_one_shown_is_refused_and_nothing_has_happened(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, is_money: bool
) -> None:
    cart, key = await buyer.fill_cart(LAMP=1), new_key()
    shown = (await quote(buyer, cart))["total"]
    await reprice(staff, "LAMP", 6900)
    expected = shown if is_money else shown["amount"]

    refused = await buyer.check_out(cart, key=key, expected_total=expected)

    assert refused.refusal == (409, "price_changed")
    assert (refused.json["expected"], refused.json["total"]) == (shown, {"amount": 6900 + 490, "currency": "EUR"})
    await shop.settle()
    assert (await staff.get("/admin/api/orders")).good["items"] == []
    assert shop.sandbox.payment_intents() == []
    assert mails_of(shop) == []
    (line,) = (await buyer.get(f"/carts/{cart}")).good["lines"]
    assert (line["held"], await staff.stock("LAMP")) == (1, (1, 1))  # The hold is still the cart's.
    bought = await buyer.place(cart, key=key, expected_total=6900 + 490)  # And the key is free.
    assert bought.total == 6900 + 490
    assert await staff.findings() == []


async def test_an_order_that_is_placed_is_answered_again_though_its_price_has_changed_since(
    buyer: Customer, staff: Staff
) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    bought = await buyer.place(cart, key=key, expected_total=MUG + 490)
    await reprice(staff, "MUG", 1999)

    again = await buyer.check_out(cart, key=key, expected_total=MUG + 490)

    assert again.good["order"]["id"] == bought.order
    assert again.good["payment"]["amount"]["amount"] == MUG + 490


async def test_a_checkout_whose_answer_was_lost_a_day_ago_makes_no_second_intent(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    """Stripe has forgotten the key by then: when it was first tried came with the claim of ours."""
    cart, key = await buyer.fill_cart(MUG=1), new_key()
    shop.sandbox.faults.stripe = Fault(action="drop", after_work=True, path="POST /v1/payment_intents")
    assert (await shop.patiently(buyer.check_out(cart, key=key))).refusal == (503, "unavailable")
    shop.sandbox.faults.reset()
    shop.clock.jump(timedelta(hours=25))

    bought = await buyer.place(cart, key=key)

    assert [intent.id for intent in shop.sandbox.payment_intents()] == [bought.intent]
    assert await buyer.pay(bought) == 200
    assert await staff.findings() == []


# --- Ways to ship ---


async def test_staff_say_what_shipping_costs(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=1)
    body = {
        "title": "By bicycle", "days": {"min": 0, "max": 1}, "price": {"amount": 350, "currency": "EUR"},
        "free_from": {"amount": MUG + 1, "currency": "EUR"},
    }  # fmt: skip

    changed = (await staff.ask("PUT", "/admin/api/shipping-methods/standard", body)).good

    assert changed == (await staff.get("/admin/api/shipping-methods/standard")).good
    assert changed in (await staff.get("/admin/api/shipping-methods")).good["items"]
    euros = [price for price in changed["prices"] if price["price"]["currency"] == "EUR"]
    assert euros == [{"price": body["price"], "free_from": body["free_from"]}]
    assert len(changed["prices"]) > 30  # Those in other currencies stay.
    first = (await quote(buyer, cart))["shipping_methods"][0]
    assert (first["title"], first["price"]["amount"], first["days"]) == ("By bicycle", 350, {"min": 0, "max": 1})
    assert (await buyer.place(cart, key=new_key())).total == MUG + 350

    for change in (
        {"title": ""}, {"days": {"min": 3, "max": 1}}, {"price": {"amount": -1, "currency": "EUR"}}, {"place": 0},
        {"price": {"amount": 10**20, "currency": "EUR"}}, {"free_from": {"amount": 1, "currency": "USD"}},
        {"price": {"amount": 1, "currency": "eur"}, "free_from": None},
        {"price": {"amount": 1, "currency": "EUR\n"}, "free_from": None},
        {"price": {"amount": 1501, "currency": "KWD"}, "free_from": None},
    ):  # fmt: skip
        answer = await staff.ask("PUT", "/admin/api/shipping-methods/standard", body | change)
        assert answer.refusal == (422, "invalid"), change
    assert (await staff.ask("PUT", "/admin/api/shipping-methods/drone", body)).refusal == (404, "not_found")
    assert (await staff.get("/admin/api/shipping-methods/drone")).refusal == (404, "not_found")
    assert (await buyer.ask("PUT", "/admin/api/shipping-methods/standard", body)).refusal == (401, "unauthorized")


async def test_a_price_that_another_process_changed_is_charged_seconds_later(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    cart = await buyer.fill_cart(MUG=1)
    assert (await quote(buyer, cart))["shipping"]["amount"] == 490
    await sql(shop, "update shipping.prices set price = 600 where method_id = 'standard' and currency = 'EUR'")

    await shop.clock.advance(seconds=5)

    assert (await quote(buyer, cart))["shipping"]["amount"] == 600
    assert (await buyer.place(cart, key=new_key())).total == MUG + 600


async def test_an_unknown_way_to_ship_is_the_fault_of_its_field(buyer: Customer) -> None:
    refused = await buyer.check_out(await buyer.fill_cart(MUG=1), key=new_key(), shipping_method="drone")

    assert refused.refusal == (422, "invalid")
    assert refused.json["field"] == "shipping_method"


async def test_a_shop_without_shipping_prices_in_its_currency_says_so_and_sells_nothing(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, capsys: pytest.CaptureFixture[str]
) -> None:
    await sql(shop, "delete from shipping.prices where currency = 'EUR'")
    cart = await buyer.fill_cart(MUG=1)

    refused = await buyer.check_out(cart, key=new_key())

    assert refused.refusal == (409, "no_shipping_method")
    assert "EUR" in refused.json["detail"]
    assert any("error " in line and "no shipping method" in line for line in capsys.readouterr().out.splitlines())
    quoted = await quote(buyer, cart)
    assert (codes(quoted), quoted["total"], quoted["shipping_methods"]) == (["no_shipping_method"], None, [])

    price = {"title": "Standard", "days": {"min": 2, "max": 5}, "price": {"amount": 500, "currency": "EUR"}}
    _ = (await staff.ask("PUT", "/admin/api/shipping-methods/standard", price)).good
    assert (await buyer.place(cart, key=new_key())).total == MUG + 500


# --- Nothing to pay ---


async def placed_for_nothing(shop: ShopUnderTest, order_id: str) -> Order:
    cart = await cart_with(shop, MUG=2)
    await shop.ask(HoldForCheckout(cart_id=cart.id, order_id=order_id, lines=(Line(sku="MUG", quantity=2),)))
    order = await shop.ask(
        PlaceOrder(
            order_id=order_id,
            cart_id=cart.id,
            email="ada@example.com",
            name="Ada",
            address=ADDRESS,
            shipping_method="standard",
            lines=(OrderLine(sku="MUG", title="Mug", quantity=2, unit_price=eur(MUG)),),
            weight_g=200,
            sums=Sums(currency="EUR", subtotal=2 * MUG, discount=2 * MUG, shipping=0, total=0),
        )
    )
    await shop.settle()
    return order


async def test_an_order_that_costs_nothing_is_paid_at_once(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    order = await placed_for_nothing(shop, "ord_free")

    assert order.status == "paid"
    assert [event.order_id for event in shop.published(OrderSettled)] == ["ord_free"]
    shown = (await staff.get("/orders/ord_free")).good
    assert (shown["status"], amounts(shown)["discount"], amounts(shown)["total"]) == ("paid", 2 * MUG, 0)
    assert [moment["event"] for moment in shown["timeline"]] == ["OrderCreated", "OrderSettled"]
    assert order.timeline == (await placed_again(shop, order)).timeline
    assert await staff.stock("MUG") == (8, 0)
    assert mails_of(shop) == ["order_created", "order_settled"]
    (sales,) = (await staff.get("/admin/api/analytics/sales")).good["items"]
    assert (sales["orders"], sales["units"], sales["ordered"]) == (1, 2, 0)
    await shop.clock.advance(minutes=31)  # There is no payment to wait for.
    for step in ("pick", "pack", "ship"):
        _ = (await staff.ask("POST", f"/admin/api/pick-lists/ord_free/{step}")).good
        await shop.settle()
    assert (await staff.get("/orders/ord_free")).good["status"] == "shipped"
    assert shop.sandbox.payment_intents() == []
    await all_is_well(staff)
    await shop.audit()
    assert (await buyer.get("/orders/ord_free")).refusal == (404, "not_found")


async def placed_again(shop: ShopUnderTest, order: Order) -> Order:
    """A repeat reads what was stored."""
    return await shop.ask(
        PlaceOrder(
            order_id=order.id,
            cart_id="cart_1",
            email="eve@example.com",
            name="Eve",
            address=order.address,
            shipping_method="express",
            lines=order.lines,
            weight_g=1,
            sums=Sums(currency="EUR", subtotal=2 * MUG, shipping=990, total=2 * MUG + 990),
        )
    )


async def test_an_order_as_it_is_placed_is_the_order_as_it_is_read(shop: ShopUnderTest) -> None:
    order = await placed_for_nothing(shop, "ord_free")

    assert await placed_again(shop, order) == order


async def test_an_order_that_costs_nothing_can_be_called_off(shop: ShopUnderTest, staff: Staff) -> None:
    await placed_for_nothing(shop, "ord_free")

    await shop.ask(CancelOrder(order_id="ord_free", reason="customer"))
    await shop.settle()

    assert await staff.stock("MUG") == (10, 0)
    assert shop.sandbox.refunds() == []
    assert await staff.stuck_money() == []
    await all_is_well(staff)
    await shop.audit()


# --- Sums that are large ---


async def test_a_cart_may_weigh_more_than_an_integer_can_say(buyer: Customer, staff: Staff) -> None:
    skus = [
        {"sku": f"IRON-{nr}", "price": {"amount": 100, "currency": "EUR"}, "weight_g": 1_000_000} for nr in range(100)
    ]
    iron = {"id": "iron", "slug": "iron", "title": "Iron", "category": "Metal", "skus": skus}
    _ = (await staff.ask("POST", "/admin/api/products", iron)).good
    cart = await buyer.new_cart()
    for sku in skus:
        _ = (await staff.count(str(sku["sku"]), 99)).good
        _ = (await buyer.put(cart, str(sku["sku"]), 99)).good

    bought = await buyer.place(cart, key=new_key())

    assert await buyer.pay(bought) == 200
    (pick_list,) = (await staff.get("/admin/api/pick-lists?status=open")).good["items"]
    assert pick_list["weight_g"] == 100 * 99 * 1_000_000
    assert await staff.findings() == []


async def test_the_words_of_a_driver_are_for_the_log_and_not_for_a_buyer(
    staff: Staff, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def grown(currency: str, **_: object) -> MethodPrice:
        return MethodPrice(currency=currency, price=10**20)

    # A sum and a check that somebody forgot.
    monkeypatch.setattr("gateway.api.shipping.MethodPrice", grown)
    monkeypatch.setattr("actors.shipping.rules.refusal", lambda _: "")
    body = {"title": "Standard", "days": {"min": 2, "max": 5}, "price": {"amount": 1, "currency": "EUR"}}

    refused = await staff.ask("PUT", "/admin/api/shipping-methods/standard", body)

    assert refused.refusal == (422, "invalid")
    assert refused.json["detail"] == "A value is out of its range."
    assert "value out of int64 range" in capsys.readouterr().out


async def test_values_that_no_column_takes_say_nothing_of_the_driver(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    def owed(currency: str, **_: object) -> MethodPrice:
        return MethodPrice(currency=currency, price=-1)

    monkeypatch.setattr("gateway.api.shipping.MethodPrice", owed)
    monkeypatch.setattr("actors.shipping.rules.refusal", lambda _: "")  # A check that somebody forgot.
    body = {"title": "Standard", "days": {"min": 2, "max": 5}, "price": {"amount": 1, "currency": "EUR"}}

    answers = [
        await staff.ask("PUT", "/admin/api/shipping-methods/standard", body),  # Violates a check of the table.
        await staff.ask("PUT", "/admin/api/shipping-methods/standard", body | {"title": "\0"}),
        await staff.get("/admin/api/stock?q=%00"),
        await staff.get("/products?category=%00"),
    ]

    assert [answer.status // 100 for answer in answers] == [5, 4, 4, 4]
    for answer in answers:
        said = answer.body.decode().lower()
        assert not [word for word in ("constraint", "violates", "relation", "0x00", "utf8", "asyncpg") if word in said]


async def test_sales_are_summed_beyond_what_an_integer_can_say(shop: ShopUnderTest, staff: Staff) -> None:
    await sql(
        shop,
        """insert into analytics.sales (order_id, placed_at, currency, units, ordered, paid, refunded)
        select 'ord_' || n, '2030-01-07 12:00+00', 'EUR', 2000000000, 99999999, 99999998, 3
        from generate_series(1, 1000) as n""",
    )

    (row,) = (await staff.get("/admin/api/analytics/sales?from=2030-01-07&to=2030-01-07&by=day")).good["items"]

    assert (row["orders"], row["units"]) == (1000, 2_000_000_000_000)
    assert [row[name] for name in ("ordered", "paid", "refunded")] == [99_999_999_000, 99_999_998_000, 3_000]


async def test_shelves_may_have_more_units_together_than_an_integer_can_say(buyer: Customer, staff: Staff) -> None:
    skus = [{"sku": f"NAIL-{nr}", "price": {"amount": 100, "currency": "EUR"}, "weight_g": 1} for nr in range(5)]
    _ = (
        await staff.ask("POST", "/admin/api/products", {"id": "nail", "slug": "nail", "title": "Nail",
                                                        "category": "Metal", "skus": skus})
    ).good  # fmt: skip
    for sku in skus:
        _ = (await staff.count(str(sku["sku"]), 1_000_000_000)).good
    await staff.shop.clock.advance(seconds=6)

    shown = (await buyer.get("/products/nail")).good
    assert {sku["available"] for sku in shown["skus"]} == {1_000_000_000}
    for path in ("/products/nail/inventory", "/products", "/products?q=nail&in_stock=true", "/admin/api/stock?q=nail"):
        assert (await staff.get(path)).status == 200, path
    bought = await buyer.buy(**{"NAIL-0": 99})
    assert await buyer.status(bought) == "paid"
    assert await staff.findings() == []
