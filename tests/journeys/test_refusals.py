"""What the shop does not take, and that it says so clearly, each time in the same form."""

from datetime import timedelta

import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, Staff, Visitor, new_key, staff_token

NUL = "\0"  # PostgreSQL keeps none in a text.


async def test_a_quantity_is_a_whole_number_from_1_to_99(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1)

    for quantity in (0, 100, -1, 1.5, "two", "3", True, None, [1], 10**30):
        assert (await buyer.put(cart, "BOOK", quantity)).refusal == (422, "invalid"), quantity

    assert (await buyer.put(cart, "BOOK", 99)).good["lines"][1]["quantity"] == 99


async def test_what_is_not_there_is_404_with_a_code(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.new_cart()
    assert (await buyer.put(cart, "NONE", 1)).refusal == (404, "unknown_sku")
    assert (await staff.get("/admin/api/stock/NONE")).refusal == (404, "unknown_sku")
    assert (await buyer.put("cart_none", "MUG", 1)).refusal == (404, "not_found")
    assert (await buyer.check_out("cart_none", key=new_key())).refusal == (404, "not_found")
    for path in ("/carts/cart_none", "/products/NONE", "/products/NONE/inventory", "/nowhere", "/admin/api/nowhere"):
        assert (await buyer.get(path)).refusal == (404, "not_found"), path

    assert (await buyer.ask("DELETE", f"/carts/{cart}/lines/NONE")).good["lines"] == []  # Gone is gone.
    for method, path in (("POST", "/products"), ("DELETE", f"/carts/{cart}"), ("GET", f"/carts/{cart}/checkout")):
        assert (await buyer.ask(method, path)).refusal == (405, "method_not_allowed"), path


async def test_a_body_is_json_of_the_right_shape_and_size(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.new_cart()
    line, body = f"/carts/{cart}/lines/MUG", buyer.delivery()
    for raw in (b"", b"quantity=1", b'{"quantity": 1', b"\xff\xfe", b'{"quantity": 1} x', b"{'quantity': 1}"):
        assert (await buyer.ask("PUT", line, raw=raw)).refusal == (400, "bad_json"), raw
    for raw in (b"[]", b'"1"', b"1", b"null", b"{}", b'{"quantity": {"quantity": 1}}'):
        assert (await buyer.ask("PUT", line, raw=raw)).refusal == (422, "invalid"), raw

    too_large = b'{"quantity": 1, "x": "' + b"x" * 2 * 1024 * 1024 + b'"}'
    for key in ("", new_key()):
        assert (await buyer.ask("PUT", line, raw=too_large, key=key)).refusal == (413, "body_too_large")
    assert (await buyer.ask("POST", "/webhooks/stripe", raw=too_large)).refusal == (413, "body_too_large")

    for changes in (
        {"email": "ada"}, {"email": "a@b\nBcc: c@d"}, {"email": "x" * 300 + "@b.c"}, {"email": None}, {"email": 1},
        {"name": ""}, {"name": "x" * 201}, {"name": ["Ada"]}, {"name": f"A{NUL}da"},
        {"shipping_method": ""}, {"shipping_method": "x" * 65}, {"shipping_method": None}, {"expected_total": -1},
        {"expected_total": "1690"}, {"expected_total": {"amount": 1}}, {"address": None}, {"address": "Hamburg"},
        {"address": body["address"] | {"country": "de"}}, {"address": body["address"] | {"country": "Germany"}},
        {"address": body["address"] | {"city": ""}}, {"address": body["address"] | {"line1": NUL}},
        {"address": body["address"] | {"planet": "Earth"}}, {"address": {"line1": "x"}},
    ):  # fmt: skip
        answer = await buyer.check_out(cart, key=new_key(), **changes)
        assert answer.refusal == (422, "invalid"), changes

    assert (await buyer.get(f"/carts/{cart}")).good["lines"] == []
    assert (await staff.count("MUG", -1)).refusal == (422, "invalid")
    assert (await staff.ask("PUT", "/admin/api/stock/MUG", {"on_hand": "7"})).refusal == (422, "invalid")
    assert (await staff.ask("PUT", "/admin/api/stock/MUG", {"on_hand": 7, "held": 0})).refusal == (422, "invalid")
    assert await staff.stock("MUG") == (10, 0)


async def test_what_can_be_no_sku_is_watched_by_nobody(buyer: Customer) -> None:
    for skus in ("MUG,-x", "x%0A", "%C3%BC", "x" * 65):
        assert (await buyer.get(f"/live/events?skus={skus}")).refusal == (422, "invalid"), skus


async def test_null_is_absent_wherever_a_field_may_be(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=1)
    address = buyer.delivery()["address"] | {"line2": None}
    answer = await buyer.check_out(cart, key=new_key(), address=address, expected_total=None)
    assert answer.status == 201

    stock = {"on_hand": 7, "recount": None, "version": None, "received": None}
    assert (await staff.ask("PUT", "/admin/api/stock/LAMP", stock)).status == 200
    deep = b'{"quantity": ' + b"[" * 5000 + b"null" + b"]" * 5000 + b"}"
    for raw in (b'{"quantity": null}', deep):
        assert (await buyer.ask("PUT", f"/carts/{cart}/lines/MUG", raw=raw)).status in (400, 422)


async def test_a_line_break_behind_a_value_is_a_part_of_it(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1)
    for country in ("DE\n", "DE\r\n", "\nDE"):
        address = buyer.delivery()["address"] | {"country": country}
        assert (await buyer.check_out(cart, key=new_key(), address=address)).refusal == (422, "invalid")
    for locale in ("de%0A", "de-AT%0A", "%0Ade", "%0A"):
        assert (await buyer.get(f"/products/MUG?locale={locale}")).refusal == (422, "invalid")
        assert (await buyer.get(f"/products?locale={locale}")).refusal == (422, "invalid")
    assert (await buyer.get("/products/MUG?locale=de-AT")).status == 200


async def test_a_buyers_details_are_refused_in_words_and_by_field(buyer: Customer) -> None:
    cart, address = await buyer.fill_cart(MUG=1), buyer.delivery()["address"]
    for field, changes in {
        "name": {"name": " "},
        "email": {"email": "jo@gmail..com"},
        "phone": {"phone": "call me"},
        "address.line1": {"address": address | {"line1": "4242 4242 4242 4242"}},
        "address.line2": {"address": address | {"line2": "2nd\nfloor"}},
        "address.city": {"address": address | {"city": "\u00a0"}},
        "address.postal_code": {"address": address | {"postal_code": "2009"}},
        "address.region": {"address": address | {"postal_code": "62701", "country": "US"}},
        "address.country": {"address": address | {"country": "UK"}},
    }.items():
        answer = await buyer.check_out(cart, key=new_key(), **changes)
        assert answer.refusal == (422, "invalid"), field
        assert answer.json["field"] == field
        assert answer.json["detail"].startswith(("Please ", "The ")), field

    assert (await buyer.check_out(cart, key=new_key(), name=" Ada ", email="ada@EXAMPLE.com")).status == 201


async def test_region_and_phone_go_to_staff_and_to_the_carrier(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    address = {
        "line1": "1 Main St",
        "city": "Springfield",
        "region": "Illinois",
        "postal_code": "62701",
        "country": "US",
    }
    cart = await buyer.fill_cart(MUG=1)
    bought = await buyer.place(cart, key=new_key(), address=address, phone="+1 217 555 0100")
    assert await buyer.pay(bought) == 200

    _ = await staff.send_off(bought)

    shown = (await staff.get(f"/orders/{bought.order}")).good["buyer"]
    assert shown == {
        "email": buyer.email, "name": "Ada Buyer", "phone": "+1 217 555 0100",
        "address": {**address, "line2": "", "region": "IL"},
    }  # fmt: skip
    assert (await buyer.read(bought))["buyer"] is None
    (parcel,) = shop.sandbox.shipments()
    assert (parcel.recipient.region, parcel.recipient.phone) == ("IL", "+1 217 555 0100")


async def test_a_country_without_postal_codes_needs_none(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    address = {"line1": "1 Queen's Road", "city": "Central", "region": "Hong Kong Island", "country": "HK"}
    cart = await buyer.fill_cart(MUG=1)
    bought = await buyer.place(cart, key=new_key(), address=address)
    assert await buyer.pay(bought) == 200

    assert await staff.send_off(bought)
    assert await staff.dead_letters() == []


async def test_nobody_names_their_own_price_or_status(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(LAMP=1)
    for extra in ({"unit_price": {"amount": 1, "currency": "EUR"}}, {"price": 1}, {"held": 99}):
        answer = await buyer.ask("PUT", f"/carts/{cart}/lines/LAMP", {"quantity": 1, **extra})
        assert answer.refusal == (422, "invalid"), extra
    free: Json = {"amount": 0, "currency": "EUR"}
    for name, value in {"total": free, "shipping": free, "lines": [], "status": "paid", "order_id": "ord_x"}.items():
        assert (await buyer.check_out(cart, key=new_key(), **{name: value})).refusal == (422, "invalid"), name

    bought = await buyer.place(cart, key=new_key())

    assert bought.total == 5900 + 490
    assert await buyer.status(bought) == "pending_payment"


async def test_an_order_is_shown_to_its_buyer_and_to_staff_only(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    mine, foreign = await buyer.order(MUG=1), await buyer.order(MUG=1)
    gone = await staff_token(shop, valid_for=timedelta(hours=-1))

    for token in ("", mine.token, "nonsense", "ümläut", foreign.token[:-1], foreign.token + "x", gone):
        for method, path in (("GET", ""), ("POST", "/cancel")):
            answer = await buyer.ask(method, f"/orders/{foreign.order}{path}", token=token)
            assert answer.refusal == (404, "not_found"), token
    unknown = await buyer.get("/orders/ord_none", token=mine.token)
    assert unknown.body == (await buyer.get(f"/orders/{foreign.order}", token=mine.token)).body

    for token in (foreign.token, staff.token):
        assert (await buyer.get(f"/orders/{foreign.order}", token=token)).good["number"] == foreign.number
    assert (await staff.get("/orders/ord_none")).refusal == (404, "not_found")
    assert await buyer.status(foreign) == "pending_payment"


async def test_staff_routes_need_a_staff_token_of_today(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.buy(MUG=1)
    day = await staff_token(shop, valid_for=timedelta(days=1))
    paths = [
        ("GET", "/admin/api/orders"), ("GET", "/admin/api/audit"), ("GET", "/admin/api/dead-letters"),
        ("PUT", "/admin/api/stock/MUG"), ("POST", f"/admin/api/pick-lists/{bought.order}/pick"),
        ("POST", f"/admin/api/orders/{bought.order}/refunds"), ("DELETE", "/admin/api/products/MUG"),
    ]  # fmt: skip
    assert (await buyer.get("/admin/api/orders", token=day)).status == 200

    shop.clock.jump(timedelta(days=1))

    for token in ("", "nonsense", bought.token, day):
        for method, path in paths:
            answer = await buyer.ask(method, path, {"on_hand": 0}, token=token, key=new_key())
            assert answer.refusal == (401, "unauthorized"), path
            assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await buyer.status(bought) == "paid"
    assert await buyer.available("MUG") == 9


async def test_a_checkout_needs_a_key_and_something_to_buy(buyer: Customer) -> None:
    cart = await buyer.new_cart()

    assert (await buyer.check_out(cart, key="")).refusal == (400, "idempotency_key_required")
    assert (await buyer.check_out(cart, key="k" * 256)).refusal == (422, "invalid")
    assert (await buyer.check_out(cart, key=new_key())).refusal == (409, "cart_empty")


async def test_what_is_out_of_stock_is_said_at_the_line_and_at_checkout(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart = await buyer.fill_cart(LAMP=1, MUG=10, BOOK=1)
    other = await buyer.new_cart()

    refused = await buyer.put(other, "MUG", 1)
    assert refused.refusal == (409, "out_of_stock")
    assert (refused.json["sku"], refused.json["available"]) == ("MUG", 0)
    more = await buyer.put(cart, "BOOK", 99)  # One's own unit is within one's own reach.
    assert more.good["lines"][2]["held"] == 99

    shop.clock.jump(timedelta(minutes=10))
    for sku, left in (("LAMP", 0), ("MUG", 4)):
        _ = (await staff.count(sku, left)).good
    short = await buyer.check_out(cart, key=new_key())

    assert short.refusal == (409, "out_of_stock")
    assert short.json["short"] == [{"sku": "LAMP", "available": 0}, {"sku": "MUG", "available": 4}]
    assert await buyer.available("MUG") == 4  # All lines or none.


async def test_a_product_that_was_taken_off_sale_is_out_of_stock_at_checkout(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=1, BOOK=1)
    assert (await staff.ask("DELETE", "/admin/api/products/MUG")).status == 204

    short = await buyer.check_out(cart, key=new_key())

    assert short.refusal == (409, "out_of_stock")
    assert short.json["short"] == [{"sku": "MUG", "available": 0}]
    assert (await buyer.get("/products/MUG")).refusal == (404, "not_found")


async def test_lists_are_read_page_by_page(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    orders = [await buyer.buy(MUG=1) for _ in range(3)]
    for name, path in (("id", "/products?"), ("id", "/admin/api/orders?"), ("order_id", "/admin/api/pick-lists?")):
        whole = (await staff.get(path)).good
        assert whole["next"] is None
        assert await _pages(staff, path) == [item[name] for item in whole["items"]]
        assert len(whole["items"]) == 3
    newest = [order["id"] for order in (await staff.get("/admin/api/orders?status=paid")).good["items"]]
    assert sorted(newest) == sorted(order.order for order in orders)
    assert [p["id"] for p in (await buyer.get("/products?sort=-price&q=mug")).good["items"]] == ["MUG"]
    prices = [p["price"]["amount"] for p in (await buyer.get("/products?sort=price")).good["items"]]
    assert prices == [1200, 1450, 5900]


async def _pages(visitor: Visitor, path: str) -> list[str]:
    found: list[Json] = []
    cursor: str | None = ""
    while cursor is not None:
        assert len(found) <= 10
        page = (await visitor.get(f"{path}limit=1&cursor={cursor}")).good
        assert len(page["items"]) == 1
        found += page["items"]
        cursor = page["next"]
    return [str(item.get("order_id", item["id"])) for item in found]


async def test_a_list_is_not_misled_by_its_query(buyer: Customer, staff: Staff) -> None:
    for path in (
        "/products?q=%00", "/products?category=%00", "/products?limit=0", "/products?limit=101",
        "/products?limit=ten", "/products?sort=fastest",
        "/products?cursor=garbage", "/products?cursor=W10", "/products?cursor=%00", "/products?cursor=WyJhIl0",
        "/products?sort=price&cursor=WyJhIiwiYiJd",
        "/admin/api/orders?cursor=garbage", "/admin/api/orders?limit=-1", "/admin/api/orders?status=lost",
        "/admin/api/pick-lists?cursor=garbage", "/admin/api/pick-lists?status=lost",
        "/admin/api/dead-letters?cursor=garbage", "/admin/api/dead-letters?cursor=99999999999999999999",
        "/admin/api/analytics/sales?from=yesterday", "/admin/api/analytics/sales?by=week",
    ):  # fmt: skip
        assert (await staff.get(path)).refusal == (422, "invalid"), path
    for path in (
        "/products?q=%27%29%20%7C%20%28", "/products?q=" + "x" * 3000,
        "/admin/api/analytics/sales?from=0001-01-01&to=9999-12-31", "/admin/api/analytics/sales?to=0001-01-01",
        "/admin/api/analytics/sales?from=2030-01-07&to=2029-01-07",
    ):  # fmt: skip
        answer = await staff.get(path)
        assert answer.status == 200 or answer.refusal == (422, "invalid"), path
    for path in ("/products/%00", "/orders/%00", "/carts/%00", "/admin/api/stock/%00"):
        assert (await staff.get(path)).status in (404, 422), path
    for path in ("/admin/api/pick-lists/%00/pick", "/admin/api/dead-letters/99999999999999999999/redrive"):
        assert (await staff.ask("POST", path)).status in (404, 422), path
    cart = await buyer.new_cart()
    assert (await buyer.put(cart, "%00", 1)).status in (404, 422)
    assert (await buyer.put(cart, "%ff%fe", 1)).status in (404, 422)


async def test_a_product_that_makes_no_sense_is_refused(buyer: Customer, staff: Staff) -> None:
    price: Json = {"amount": 100, "currency": "EUR"}
    sku: Json = {"sku": "CUP", "price": price, "weight_g": 1}
    product: Json = {"id": "CUP", "slug": "cup", "title": "Cup", "category": "Test", "skus": [sku]}
    for wrong in (
        product | {"skus": []}, product | {"title": ""}, product | {"slug": NUL}, product | {"rating": 5},
        product | {"skus": [sku | {"price": price | {"amount": -1}}]},
        product | {"skus": [sku | {"price": price | {"amount": 10**30}}]},
        product | {"skus": [sku | {"price": price | {"currency": "euro"}}]},
        product | {"skus": [sku | {"price": price | {"vat": 19}}]},
        product | {"skus": [sku | {"weight_g": 0}]}, product | {"skus": [sku | {"weight_g": 10**12}]},
    ):  # fmt: skip
        assert (await staff.ask("POST", "/admin/api/products", wrong)).refusal == (422, "invalid"), wrong

    assert (await staff.ask("POST", "/admin/api/products", product)).good["available"] == 0
    assert (await staff.ask("POST", "/admin/api/products", product | {"id": "CUP2"})).refusal == (409, "product_exists")
    assert (await staff.ask("PATCH", "/admin/api/products/CUP", {"title": "Big cup"})).good["title"] == "Big cup"
    assert (await staff.ask("PATCH", "/admin/api/products/NONE", {"title": "x"})).refusal == (404, "not_found")
    assert (await staff.ask("PATCH", "/admin/api/products/CUP", {"skus": []})).refusal == (422, "invalid")


async def test_static_files_are_only_those_of_the_pages(buyer: Customer) -> None:
    for path in (
        "../app.py", "..%2fapp.py", "%2e%2e/app.py", "%2e%2e%2fapp.py", "..%5capp.py", "....//app.py", "x/../../app.py",
        "//etc/passwd", "%2fetc%2fpasswd", "%00", "index.html%00", "", ".", "none.js",
    ):  # fmt: skip
        assert (await buyer.get(f"/static/{path}")).refusal == (404, "not_found"), path
    assert (await buyer.get("/static/style.css")).status == 200


async def test_a_product_can_not_take_what_is_anothers(staff: Staff) -> None:
    def product(**changes: object) -> Json:
        sku = {"sku": "VASE", "price": {"amount": 900, "currency": "EUR"}, "weight_g": 300}
        return {"id": "VASE", "slug": "vase", "title": "Vase", "category": "Home", "skus": [sku], **changes}

    assert (await staff.ask("POST", "/admin/api/products", product(slug="mug"))).refusal == (409, "product_exists")
    assert (await staff.ask("POST", "/admin/api/products", product(id="MUG"))).refusal == (409, "product_exists")
    assert (await staff.ask("POST", "/admin/api/products", product(id="mug"))).status == 201
    changed = await staff.ask("PATCH", "/admin/api/products/mug", {"title": "Tall Vase"})

    assert changed.good["title"] == "Tall Vase"
    assert (await staff.get("/products/MUG")).good["title"] == "Mug"


async def test_an_order_that_no_payment_could_be_is_refused(buyer: Customer, staff: Staff) -> None:
    sku = {"sku": "YACHT", "price": {"amount": 60_000_000, "currency": "EUR"}, "weight_g": 900_000}
    yacht = {"id": "YACHT", "slug": "yacht", "title": "Yacht", "category": "Sea", "skus": [sku]}
    await staff.ask("POST", "/admin/api/products", yacht)
    await staff.count("YACHT", 5)
    cart = await buyer.fill_cart(YACHT=2)

    assert (await buyer.check_out(cart, key=new_key())).refusal == (422, "amount_too_large")
    assert (await staff.get("/admin/api/orders")).good["items"] == []


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/products?limit=5&limit=6", "limit"),
        ("/products?q=mug&q=lamp", "q"),
        ("/products?sort=title&sort=title", "sort"),
        ("/products?in_stock=true&q=mug&in_stock=false", "in_stock"),
        ("/admin/api/stock?q=M&q=L", "q"),
        ("/admin/api/orders?q=SF-1&q=SF-2", "q"),
    ],
)
async def test_of_two_values_of_one_parameter_none_wins(staff: Staff, path: str, field: str) -> None:
    answer = await staff.get(path)
    assert answer.refusal == (422, "invalid")
    assert answer.json["field"] == field


async def test_a_filter_may_have_several_values(buyer: Customer) -> None:
    for path in ("/products?f.brand=A&f.brand=B", "/products?f.category=Test&f.category=Home"):
        assert (await buyer.get(path)).status == 200, path


async def test_a_sku_that_is_named_twice_in_a_product_is_refused(staff: Staff) -> None:
    one = {"sku": "TWIN", "title": "One", "price": {"amount": 900, "currency": "EUR"}, "weight_g": 200}
    twins = [one, {**one, "title": "Two", "price": {"amount": 1, "currency": "EUR"}}]
    made = {"id": "TWIN", "slug": "twin", "title": "Twin", "category": "Test", "skus": [one]}
    whole = {name: value for name, value in made.items() if name != "id"}
    assert (await staff.ask("POST", "/admin/api/products", made | {"skus": twins})).refusal == (422, "invalid")
    seen = (await staff.ask("POST", "/admin/api/products", made)).headers["ETag"]

    at = "/admin/api/products/TWIN"
    changed = await staff.ask("PATCH", at, {"skus": twins})
    replaced = await staff.ask("PUT", at, whole | {"skus": twins}, headers={"If-Match": seen})

    for answer in (changed, replaced):
        assert answer.refusal == (422, "invalid")
        assert "twice" in answer.json["detail"]
    (kept,) = (await staff.get(at)).good["skus"]
    assert (kept["title"], kept["price"]["amount"]) == ("One", 900)
