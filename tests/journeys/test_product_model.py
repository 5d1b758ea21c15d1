"""Products with options, drafts and times: over HTTP, with the clock moved over both ends."""

from datetime import timedelta
from typing import Any

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff

PRODUCTS = "/admin/api/products"


def shirt(**fields: Any) -> dict[str, Any]:
    """A shirt in two sizes and two colours."""
    skus = [
        {
            "sku": f"SHIRT-{size}-{colour}",
            "price": {"amount": 1990, "currency": "EUR"},
            "weight_g": 150,
            "options": [size, colour],
        }
        for size in ("S", "M")
        for colour in ("red", "blue")
    ]
    options = [{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["red", "blue"]}]
    own = {"id": "SHIRT", "slug": "shirt", "title": "Shirt", "category": "Clothes", "brand": "Acme", "tags": ["new"]}
    return {**own, "options": options, "skus": skus, **fields}


async def is_seen(shop: ShopUnderTest, buyer: Customer) -> bool:
    """Whether buyers see the shirt: on its page, in the list, in a search, its category, and can put it into a cart."""
    await shop.settle()  # The search follows what was changed.
    page = (await buyer.get("/products/shirt")).status == 200
    listed = [item["id"] for item in (await buyer.get("/products?category=Clothes")).good["items"]] == ["SHIRT"]
    found = [item["id"] for item in (await buyer.get("/products?q=shirt")).good["items"]] == ["SHIRT"]
    category = "Clothes" in (await buyer.get("/config")).good["categories"]
    cart = await buyer.new_cart()
    put = (await buyer.put(cart, "SHIRT-S-red", 1)).status == 200
    assert page == listed == found == category == put
    return page


async def stocked(staff: Staff, body: dict[str, Any]) -> None:
    _ = (await staff.ask("POST", PRODUCTS, body)).good
    for sku in body["skus"]:
        _ = (await staff.ask("PUT", f"/admin/api/stock/{sku['sku']}", {"on_hand": 5})).good


async def test_options_are_what_buyers_choose_by(staff: Staff, buyer: Customer) -> None:
    await stocked(staff, shirt())

    shown = (await buyer.get("/products/shirt")).good

    assert shown["options"] == [{"name": "Size", "values": ["S", "M"]}, {"name": "Colour", "values": ["red", "blue"]}]
    assert {tuple(sku["options"]) for sku in shown["skus"]} == {
        ("S", "red"), ("S", "blue"), ("M", "red"), ("M", "blue"),
    }  # fmt: skip
    assert (shown["brand"], shown["tags"]) == ("Acme", ["new"])


async def test_options_change_after_the_product_was_made(staff: Staff, buyer: Customer) -> None:
    await stocked(staff, shirt())
    seen = await staff.get(f"{PRODUCTS}/SHIRT")
    swapped = [
        {**sku, "options": [sku["options"][0], {"red": "blue", "blue": "red"}[sku["options"][1]]]}
        for sku in shirt()["skus"]
    ]
    body = {name: value for name, value in shirt(skus=swapped).items() if name != "id"}

    changed = await staff.ask("PUT", f"{PRODUCTS}/SHIRT", body, headers={"If-Match": seen.headers["ETag"]})

    assert {sku["sku"]: sku["options"] for sku in changed.good["skus"]}["SHIRT-S-red"] == ["S", "blue"]
    twice = {**body, "skus": [{**sku, "options": ["S", "red"]} for sku in swapped]}
    refused = await staff.ask("PUT", f"{PRODUCTS}/SHIRT", twice, headers={"If-Match": changed.headers["ETag"]})
    assert refused.refusal == (422, "invalid")


async def test_a_barcode_is_one_skus(staff: Staff) -> None:
    def with_code(name: str, code: str) -> dict[str, Any]:
        sku = {"sku": name, "price": {"amount": 1, "currency": "EUR"}, "weight_g": 1, "barcode": code}
        return {"id": name, "slug": name.lower(), "title": name, "category": "Clothes", "skus": [sku]}

    _ = (await staff.ask("POST", PRODUCTS, with_code("A1", "4006381333931"))).good
    refused = await staff.ask("POST", PRODUCTS, with_code("A2", "4006381333931"))

    assert refused.refusal == (422, "invalid")
    assert "is that of A1" in refused.json["detail"]
    _ = (await staff.ask("POST", PRODUCTS, with_code("A2", "4006381333948"))).good


async def test_a_draft_is_seen_by_nobody_until_it_is_active(shop: ShopUnderTest, staff: Staff, buyer: Customer) -> None:
    await stocked(staff, shirt(status="draft"))
    assert not await is_seen(shop, buyer)

    _ = (await staff.ask("PATCH", f"{PRODUCTS}/SHIRT", {"status": "active"})).good
    assert await is_seen(shop, buyer)

    _ = (await staff.ask("PATCH", f"{PRODUCTS}/SHIRT", {"status": "archived"})).good
    assert not await is_seen(shop, buyer)
    assert (await staff.get(f"{PRODUCTS}/SHIRT")).good["status"] == "archived"


async def test_a_product_comes_and_goes_by_the_clock_to_the_second(
    shop: ShopUnderTest, staff: Staff, buyer: Customer
) -> None:
    now = shop.clock.now()
    times = {"publish_at": now + timedelta(hours=1), "unpublish_at": now + timedelta(hours=3)}
    await stocked(staff, shirt(**{name: time.isoformat() for name, time in times.items()}))

    assert not await is_seen(shop, buyer)
    await shop.clock.advance(seconds=3599)
    assert not await is_seen(shop, buyer)
    await shop.clock.advance(seconds=1)
    assert await is_seen(shop, buyer)
    await shop.clock.advance(seconds=7199)
    assert await is_seen(shop, buyer)
    await shop.clock.advance(seconds=1)
    assert not await is_seen(shop, buyer)

    _ = (await staff.ask("PATCH", f"{PRODUCTS}/SHIRT", {"clear": ["unpublish_at"]})).good
    assert await is_seen(shop, buyer)
    past = await staff.ask("PATCH", f"{PRODUCTS}/SHIRT", {"unpublish_at": now.isoformat()})
    assert past.refusal == (422, "invalid")


async def test_a_sku_that_is_not_on_sale_is_shown_to_staff_alone(staff: Staff, buyer: Customer) -> None:
    body = shirt()
    body["skus"][0]["on_sale"] = False
    await stocked(staff, body)

    shown, edited = (await buyer.get("/products/shirt")).good, (await staff.get(f"{PRODUCTS}/SHIRT")).good

    assert [sku["sku"] for sku in edited["not_on_sale"]] == ["SHIRT-S-red"]
    assert "SHIRT-S-red" not in [sku["sku"] for sku in shown["skus"]]
    assert shown["available"] == 15
    assert (await buyer.put(await buyer.new_cart(), "SHIRT-S-red", 1)).refusal == (404, "unknown_sku")


async def test_a_line_whose_product_was_hidden_stands_in_the_way_of_checkout(staff: Staff, buyer: Customer) -> None:
    await stocked(staff, shirt())
    cart = await buyer.new_cart()
    _ = (await buyer.put(cart, "SHIRT-S-red", 1)).good
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/SHIRT", {"status": "draft"})).good

    (block,) = (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good["blocks"]
    assert (block["code"], block["sku"]) == ("not_sold", "SHIRT-S-red")
    assert (await buyer.check_out(cart, key="a-key-of-one-attempt")).status == 409


async def test_a_product_of_2048_skus_is_set_in_one_call(staff: Staff, buyer: Customer) -> None:
    sizes, colours = [f"{n}" for n in range(64)], [f"colour {n}" for n in range(32)]
    price = {"amount": 100, "currency": "EUR"}
    skus = [
        {"sku": f"S{size}-{place}", "price": price, "weight_g": 1, "options": [size, colour]}
        for size in sizes
        for place, colour in enumerate(colours)
    ]
    options = [{"name": "Size", "values": sizes}, {"name": "Colour", "values": colours}]

    made = await staff.ask("POST", PRODUCTS, shirt(skus=skus, options=options))

    assert len(made.good["skus"]) == 2048
    assert len((await buyer.get("/products/shirt")).good["skus"]) == 2048
    more = [*skus, {**skus[0], "sku": "ONE-MORE"}]
    assert (await staff.ask("POST", PRODUCTS, shirt(id="S2", slug="s2", skus=more))).refusal == (422, "invalid")
