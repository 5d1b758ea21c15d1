"""Bundles: SKUs that are made of others, from the catalogue to the parcel."""

from typing import Any

import pytest
from websockets.asyncio.client import connect

from bus.messages.order import OrderCreated
from testkit import ShopUnderTest
from tests.gateway.live.support import hear, subscribe
from tests.journeys.people import Customer, Staff, all_is_well, new_key
from tests.journeys.test_money import called_off_unheard, pay_unheard

PRODUCTS = "/admin/api/products"


def made_of(sku: str, price: int = 2500, **parts: int) -> dict[str, Any]:
    """A product of one bundle."""
    own = {"id": sku, "slug": sku.lower(), "title": sku.title(), "category": "Test"}
    content = [{"sku": part, "quantity": quantity} for part, quantity in parts.items()]
    bundle = {"sku": sku, "price": {"amount": price, "currency": "EUR"}, "weight_g": 1, "parts": content}
    return {**own, "skus": [bundle]}


async def add(staff: Staff, sku: str = "SET", price: int = 2500, **parts: int) -> dict[str, Any]:
    return (await staff.ask("POST", PRODUCTS, made_of(sku, price, **parts or {"MUG": 2, "BOOK": 1}))).good


def short_of(answer: Any) -> tuple[int, str, int]:
    return (*answer.refusal, answer.json["available"])


@pytest.fixture
async def bundle(staff: Staff) -> str:
    """Two mugs and a book; there are 10 mugs and 100 books."""
    await add(staff)
    return "SET"


async def test_a_bundle_is_shown_with_its_parts_its_weight_and_as_many_as_there_are(
    bundle: str, buyer: Customer, staff: Staff
) -> None:
    shown = (await buyer.get("/products/set")).good

    (sku,) = shown["skus"]
    assert sku["parts"] == [
        {"sku": "BOOK", "title": "Book", "quantity": 1},
        {"sku": "MUG", "title": "Mug", "quantity": 2},
    ]
    assert (sku["available"], sku["weight_g"]) == (5, 300)
    assert await buyer.available(bundle) == 5
    listed = {item["id"]: item["available"] for item in (await buyer.get("/products?limit=100")).good["items"]}
    assert listed["SET"] == 5
    assert (await staff.get(f"{PRODUCTS}/SET")).good["skus"] == [sku]


async def test_a_bundle_takes_its_parts_from_single_sales_and_the_other_way_round(bundle: str, buyer: Customer) -> None:
    cart = await buyer.new_cart()

    held = (await buyer.put(cart, bundle, 4)).good
    assert [(line["sku"], line["quantity"], line["held"]) for line in held["lines"]] == [("SET", 4, 4)]
    assert (await buyer.available("MUG"), await buyer.available("BOOK"), await buyer.available(bundle)) == (2, 96, 1)

    other = await buyer.fill_cart(MUG=1)
    assert short_of(await buyer.put(await buyer.new_cart(), bundle, 1)) == (409, "out_of_stock", 0)
    assert short_of(await buyer.put(cart, bundle, 5)) == (409, "out_of_stock", 4)
    assert await buyer.available("BOOK") == 96  # Nothing was taken by halves.

    _ = (await buyer.ask("DELETE", f"/carts/{other}/lines/MUG")).good
    _ = (await buyer.put(cart, bundle, 5)).good
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (0, 95)
    _ = (await buyer.ask("DELETE", f"/carts/{cart}/lines/{bundle}")).good
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (10, 100)


async def test_lines_of_one_cart_share_what_it_holds(
    bundle: str, buyer: Customer, shop: ShopUnderTest, staff: Staff
) -> None:
    cart = await buyer.fill_cart(SET=3, MUG=2)
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (2, 97)

    assert short_of(await buyer.put(cart, "MUG", 5)) == (409, "out_of_stock", 4)
    assert short_of(await buyer.put(cart, bundle, 5)) == (409, "out_of_stock", 4)
    _ = (await buyer.ask("DELETE", f"/carts/{cart}/lines/{bundle}")).good
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (8, 100)

    _ = (await buyer.put(cart, bundle, 4)).good
    bought = await buyer.place(cart, key=new_key())
    assert await buyer.pay(bought) == 200
    assert await staff.stock("MUG") == (0, 0)
    await all_is_well(staff)


async def test_a_bundle_s_hold_ends_with_all_of_its_parts(bundle: str, buyer: Customer, shop: ShopUnderTest) -> None:
    cart = await buyer.fill_cart(SET=2)
    await shop.clock.advance(minutes=5)
    _ = (await buyer.put(cart, "MUG", 1)).good  # Holds the mugs of both lines for longer, and not the books.
    await shop.clock.advance(minutes=5)

    lines = {line["sku"]: line["held"] for line in (await buyer.get(f"/carts/{cart}")).good["lines"]}
    assert lines == {"SET": 0, "MUG": 1}
    assert await buyer.available("BOOK") == 100
    quoted = (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good
    assert quoted["blocks"] == []
    _ = await buyer.fill_cart(BOOK=99)
    quoted = (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good
    assert [(block["code"], block["sku"], block["available"]) for block in quoted["blocks"]] == [
        ("out_of_stock", "SET", 1)
    ]
    await shop.clock.advance(minutes=10)
    assert await buyer.available("MUG") == 10


async def test_what_is_left_of_a_cart_says_until_when_its_units_are_held(
    bundle: str, buyer: Customer, shop: ShopUnderTest
) -> None:
    cart = await buyer.fill_cart(SET=1)
    for sku in ("MUG", "BOOK"):
        await shop.clock.advance(minutes=2)
        _ = (await buyer.put(cart, sku, 1)).good
    _ = (await buyer.ask("DELETE", f"/carts/{cart}/lines/{bundle}")).good

    left = {line["sku"]: line["held_until"] for line in (await buyer.get(f"/carts/{cart}")).good["lines"]}
    assert left["MUG"] == left["BOOK"]  # Held by one command, so until the first of their ends.
    await shop.clock.advance(minutes=8, seconds=-1)
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (9, 99)
    await shop.clock.advance(seconds=1)
    assert (await buyer.available("MUG"), await buyer.available("BOOK")) == (10, 100)
    held = [line["held"] for line in (await buyer.get(f"/carts/{cart}")).good["lines"]]
    assert held == [0, 0]


async def test_an_order_keeps_the_parts_for_the_warehouse_the_mails_and_the_books(
    bundle: str, buyer: Customer, staff: Staff, shop: ShopUnderTest
) -> None:
    bought = await buyer.buy(SET=2)

    (line,) = (await buyer.read(bought))["lines"]
    assert [(part["sku"], part["quantity"], part["share"]["amount"]) for part in line["parts"]] == [
        ("BOOK", 1, 732),  # By what they cost alone: 12.00 of 41.00.
        ("MUG", 2, 1768),
    ]
    (created,) = shop.published(OrderCreated)
    assert (created.weight_g, created.lines[0].parts[0].weight_g) == (600, 100)
    (listed,) = (await staff.get("/admin/api/pick-lists")).good["items"]
    assert [(part["sku"], part["title"]) for part in listed["lines"][0]["parts"]] == [("BOOK", "Book"), ("MUG", "Mug")]
    assert any("2 x Mug" in mail.text for mail in shop.mails())
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/SET", {"skus": made_of("SET", BOOK=1)["skus"]})).good  # Only later ones.
    assert await staff.stock("MUG") == (6, 0)
    assert await staff.findings() == []

    await staff.send_off(bought)

    assert (await staff.get("/admin/api/stock/MUG")).good["on_hand"] == 6
    assert (await staff.get("/admin/api/stock/BOOK")).good["on_hand"] == 98
    await all_is_well(staff)


async def test_what_is_called_off_or_never_paid_gives_back_all_parts(
    bundle: str, buyer: Customer, staff: Staff, shop: ShopUnderTest
) -> None:
    paid, unpaid = await buyer.buy(SET=2), await buyer.order(SET=2)
    assert await buyer.available(bundle) == 1

    _ = (await buyer.cancel(paid)).good
    await shop.clock.advance(hours=2)
    await shop.settle()

    assert await buyer.status(unpaid) == "cancelled"
    assert (await staff.stock("MUG"), await staff.stock("BOOK")) == ((10, 0), (100, 0))
    await all_is_well(staff)


@pytest.mark.usefixtures("unreconciled")
@pytest.mark.parametrize(("taken", "status"), [(0, "paid"), (1, "cancelled")])
async def test_money_that_comes_late_gets_all_parts_again_or_none(
    taken: int, status: str, bundle: str, buyer: Customer, staff: Staff, shop: ShopUnderTest
) -> None:
    bought = await buyer.order(SET=5)
    await pay_unheard(shop, buyer, bought)
    await called_off_unheard(shop)
    _ = await buyer.fill_cart(**{"MUG": taken} if taken else {})

    await shop.settle()
    await shop.clock.advance(seconds=1)

    assert await buyer.status(bought) == status
    assert await buyer.available("BOOK") == (95 if status == "paid" else 100)
    assert await staff.findings() == []


# --- The catalogue ---


async def test_what_bundles_need_can_not_be_taken_off(bundle: str, staff: Staff, buyer: Customer) -> None:
    removed = await staff.ask("DELETE", f"{PRODUCTS}/MUG")
    assert (*removed.refusal, removed.json["bundles"]) == (409, "part_of_bundle", ["SET"])
    seen = await staff.get(f"{PRODUCTS}/MUG")
    sku = {"sku": "CUP", "price": {"amount": 1, "currency": "EUR"}, "weight_g": 1}
    other = {"slug": "mug", "title": "Mug", "category": "Test", "skus": [sku]}
    swapped = await staff.ask("PUT", f"{PRODUCTS}/MUG", other, headers={"If-Match": seen.headers["ETag"]})
    assert swapped.refusal == (409, "part_of_bundle")

    assert (await staff.ask("DELETE", f"{PRODUCTS}/SET")).status == 204
    assert (await staff.ask("DELETE", f"{PRODUCTS}/MUG")).status == 204
    assert (await buyer.get("/products/set")).refusal == (410, "gone")


async def test_no_bundle_is_in_a_bundle_and_a_bundle_stays_one(bundle: str, staff: Staff) -> None:
    for refused, said in (
        (await staff.ask("POST", PRODUCTS, made_of("BOX", SET=1)), "SET is a bundle"),
        (await staff.ask("POST", PRODUCTS, made_of("BOX", NONE=1)), "there is no NONE"),
        (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"skus": made_of("MUG", LAMP=1)["skus"]}), "MUG is a part of SET"),
        (await staff.ask("PATCH", f"{PRODUCTS}/SET", {"skus": made_of("SET")["skus"]}), "stays one"),
    ):
        assert refused.refusal == (422, "invalid")
        assert said in refused.json["detail"]
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/LAMP", {"skus": made_of("LAMP", BOOK=1)["skus"]})).good
    undone = await staff.ask("POST", f"{PRODUCTS}/LAMP/history/{await revision(staff, 'LAMP')}/undo")
    assert undone.refusal == (422, "invalid")


async def revision(staff: Staff, product: str) -> int:
    return int((await staff.get(f"{PRODUCTS}/{product}")).good["revision"])


async def test_bundles_follow_a_rename_of_a_part_and_its_undo_does_not_break_them(
    bundle: str, staff: Staff, buyer: Customer
) -> None:
    before = await revision(staff, "SET")

    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG/skus/MUG", {"sku": "CUP"})).good

    shown = (await staff.get(f"{PRODUCTS}/SET")).good
    assert [part["sku"] for part in shown["skus"][0]["parts"]] == ["BOOK", "CUP"]
    assert shown["revision"] > before
    assert await buyer.available(bundle) == 5
    _ = await buyer.buy(SET=5)
    assert await staff.stock("CUP") == (0, 0)
    again = await staff.ask("POST", f"{PRODUCTS}/SET/history/{shown['revision']}/undo")
    assert again.refusal == (422, "invalid")
    await all_is_well(staff)


async def test_a_bundle_of_which_a_part_is_off_sale_is_not_sold_and_one_of_hidden_parts_is(
    bundle: str, staff: Staff, buyer: Customer
) -> None:
    cart = await buyer.fill_cart(SET=1)
    mug = {"sku": "MUG", "price": {"amount": 1450, "currency": "EUR"}, "weight_g": 100}

    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"skus": [{**mug, "on_sale": False}]})).good
    assert await buyer.available(bundle) == 0
    assert (await buyer.put(await buyer.new_cart(), bundle, 1)).refusal == (404, "unknown_sku")
    assert (await buyer.check_out(cart, key=new_key())).refusal == (409, "out_of_stock")

    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"skus": [mug], "status": "draft"})).good
    assert (await buyer.get("/products/mug")).refusal == (404, "not_found")
    assert await buyer.available(bundle) == 4
    assert (await buyer.check_out(cart, key=new_key())).status == 201


async def test_a_changed_recipe_is_what_a_cart_buys_and_the_old_units_come_back(
    bundle: str, staff: Staff, buyer: Customer, shop: ShopUnderTest
) -> None:
    cart = await buyer.fill_cart(SET=2)
    version = (await buyer.get("/products/set/inventory")).good["skus"][0]["version"]
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/SET", {"skus": made_of("SET", LAMP=1)["skus"]})).good

    assert (await buyer.get("/products/set/inventory")).good["skus"][0]["version"] > version
    refused = await buyer.check_out(cart, key=new_key())
    assert (refused.refusal, refused.json["short"]) == ((409, "out_of_stock"), [{"sku": "SET", "available": 1}])
    _ = (await buyer.put(cart, bundle, 1)).good
    assert (await buyer.available("MUG"), await buyer.available("BOOK"), await buyer.available("LAMP")) == (10, 100, 0)
    bought = await buyer.place(cart, key=new_key())
    assert [part["sku"] for part in (await buyer.read(bought))["lines"][0]["parts"]] == ["LAMP"]
    assert await staff.findings() == []


async def test_a_bundle_has_no_stock_of_its_own(bundle: str, staff: Staff) -> None:
    assert (await staff.count(bundle, 5)).refusal == (409, "no_own_stock")
    assert (await staff.ask("PUT", "/admin/api/stock/SET", {"received": 5})).refusal == (409, "no_own_stock")
    assert (await staff.count(bundle, 0)).status == 200


async def test_watchers_of_a_bundle_see_each_change_of_its_parts(
    bundle: str, buyer: Customer, staff: Staff, shop: ShopUnderTest
) -> None:
    async with connect(shop.url.replace("http", "ws") + "/live", proxy=None) as socket:
        (first,) = await subscribe(socket, bundle)
        assert first["available"] == 5

        cart = await buyer.fill_cart(MUG=5)
        second = await hear(socket)
        assert (second["sku"], second["available"]) == ("SET", 2)
        _ = (await buyer.put(cart, bundle, 2)).good
        third = await hear(socket)
        assert third["available"] == 0
        assert first["version"] < second["version"] < third["version"]
        assert await staff.findings() == []
