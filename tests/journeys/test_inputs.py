"""What buyers tell with a product: from the catalogue to the parcel."""

from typing import Any

import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Answer, Customer, Staff, all_is_well, new_key

PRODUCTS = "/admin/api/products"
FONTS = ["Serif", "Script"]
INPUTS: list[dict[str, Any]] = [
    {"key": "text", "title": "Engraving", "max_length": 12, "surcharge": {"amount": 500, "currency": "EUR"}},
    {"key": "font", "title": "Font", "kind": "choice", "choices": FONTS},
]


@pytest.fixture
async def mug(staff: Staff) -> str:
    """A mug that can be engraved; there are 10."""
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"inputs": INPUTS})).good
    return "MUG"


async def put(buyer: Customer, cart: str, quantity: int = 1, line: str = "MUG", /, **told: str) -> Answer:
    return await buyer.ask("PUT", f"/carts/{cart}/lines/{line}", {"quantity": quantity, "inputs": told})


def lines_of(cart: dict[str, Any]) -> list[tuple[int, int, str]]:
    return [
        (line["quantity"], line["unit_price"]["amount"], ", ".join(told["value"] for told in line["inputs"]))
        for line in cart["lines"]
    ]


async def test_a_product_says_what_it_asks_for(mug: str, buyer: Customer, staff: Staff) -> None:
    text, font = (await buyer.get("/products/mug")).good["inputs"]

    assert (text["key"], text["kind"], text["max_length"], text["required"]) == ("text", "text", 12, False)
    assert (text["surcharge"], font["surcharge"], font["choices"]) == ({"amount": 500, "currency": "EUR"}, None, FONTS)
    listed = {item["id"]: item["has_inputs"] for item in (await buyer.get("/products?limit=100")).good["items"]}
    assert listed == {"MUG": True, "LAMP": False, "BOOK": False}
    change = (await staff.get(f"{PRODUCTS}/MUG/history")).good["items"][0]
    assert [field["field"] for field in change["fields"]] == ["inputs"]
    undone = await staff.ask("POST", f"{PRODUCTS}/MUG/history/{change['revision']}/undo")
    assert undone.good["product"]["inputs"] == []


async def test_two_engravings_are_two_lines_that_share_stock(mug: str, buyer: Customer) -> None:
    cart = await buyer.new_cart()
    _ = (await put(buyer, cart, 4, text="Ada")).good
    _ = (await put(buyer, cart, 3, text="Bob", font="Serif")).good
    full = (await put(buyer, cart, 3)).good

    assert lines_of(full) == [(4, 1950, "Ada"), (3, 1950, "Bob, Serif"), (3, 1450, "")]
    assert full["subtotal"]["amount"] == 7 * 1950 + 3 * 1450
    ids = [line["id"] for line in full["lines"]]
    assert ids[2] == "MUG"
    assert all(each.startswith("MUG~") and len(each) == 12 for each in ids[:2])
    assert await buyer.available(mug) == 0
    refused = await put(buyer, cart, 5, text="Ada")
    assert (refused.refusal, refused.json["available"]) == ((409, "out_of_stock"), 4)

    _ = (await buyer.put(cart, ids[0], 1)).good  # By its id it keeps its words.
    assert await buyer.available(mug) == 3
    added = await buyer.ask("PUT", f"/carts/{cart}/lines/MUG", {"add": 1, "inputs": {"text": " Ada "}}, key=new_key())
    assert lines_of(added.good) == [(2, 1950, "Ada"), (3, 1950, "Bob, Serif"), (3, 1450, "")]
    left = (await buyer.ask("DELETE", f"/carts/{cart}/lines/{ids[1]}")).good
    assert lines_of(left) == [(2, 1950, "Ada"), (3, 1450, "")]
    assert await buyer.available(mug) == 5
    assert (await buyer.put(cart, "MUG~00000000", 1)).refusal == (404, "unknown_sku")


async def test_a_line_whose_hold_has_ended_stays_so_when_another_of_its_sku_is_held(
    mug: str, buyer: Customer, shop: ShopUnderTest
) -> None:
    cart = await buyer.new_cart()
    _ = (await put(buyer, cart, 4, text="Ada")).good
    await shop.clock.advance(minutes=10)
    _ = await buyer.fill_cart(MUG=8)

    full = (await put(buyer, cart, 2, text="Bob")).good

    assert [line["held"] for line in full["lines"]] == [0, 2]
    assert await buyer.available(mug) == 0
    quoted = (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good
    assert [(block["code"], block["available"]) for block in quoted["blocks"]] == [("out_of_stock", 0)]
    refused = await buyer.check_out(cart, key=new_key())
    assert (refused.refusal, [each["available"] for each in refused.json["short"]]) == ((409, "out_of_stock"), [2, 0])


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"text": "x" * 13}, "inputs.text"),
        ({"text": "two\nlines"}, "inputs.text"),
        ({"text": "\x1b[31m"}, "inputs.text"),
        ({"font": "Comic"}, "inputs.font"),
        ({"colour": "red"}, "inputs.colour"),
    ],
)
async def test_what_does_not_fit_is_refused_by_its_name(
    told: dict[str, str], field: str, mug: str, buyer: Customer
) -> None:
    refused = await put(buyer, await buyer.new_cart(), 1, **told)

    assert (refused.refusal, refused.json["field"]) == ((422, "invalid"), field)
    assert await buyer.available(mug) == 10


async def test_what_is_needed_is_needed_and_bounds_hold(mug: str, buyer: Customer, staff: Staff) -> None:
    needed = [{**INPUTS[0], "required": True}]
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"inputs": needed})).good
    cart = await buyer.new_cart()

    assert (await buyer.put(cart, mug, 1)).json["field"] == "inputs.text"
    assert (await put(buyer, cart, text=" ")).json["field"] == "inputs.text"
    assert (await put(buyer, cart, text="x" * 501)).refusal == (422, "invalid")
    assert (await put(buyer, cart, 1, **{f"k{n}": "x" for n in range(11)})).refusal == (422, "invalid")
    assert (await put(buyer, cart, text="Ada")).status == 200


async def test_an_order_has_the_words_and_their_price_and_the_warehouse_reads_them(
    mug: str, buyer: Customer, staff: Staff, shop: ShopUnderTest
) -> None:
    cart = await buyer.new_cart()
    _ = (await put(buyer, cart, 2, text="=Ada", font="Serif")).good
    _ = (await put(buyer, cart, 1)).good
    quoted = (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good
    bought = await buyer.place(cart, key=new_key(), expected_total=quoted["total"]["amount"])
    assert await buyer.pay(bought) == 200

    order = await buyer.read(bought)
    assert [(line["quantity"], line["unit_price"]["amount"]) for line in order["lines"]] == [(2, 1950), (1, 1450)]
    assert [(told["title"], told["value"]) for told in order["lines"][0]["inputs"]] == [
        ("Engraving", "=Ada"), ("Font", "Serif"),
    ]  # fmt: skip
    (listed,) = (await staff.get("/admin/api/pick-lists")).good["items"]
    assert listed["lines"] == order["lines"]
    created, received = shop.mails()
    assert "=Ada" not in created.text  # Not paid then.
    assert "Engraving: =Ada" in received.text
    assert (await buyer.get(f"/carts/{cart}")).good["lines"] == []
    assert await staff.stock(mug) == (7, 0)
    await staff.send_off(bought)
    await all_is_well(staff)


async def test_a_line_whose_choice_is_gone_is_not_sold_until_it_is_made_anew(
    mug: str, buyer: Customer, staff: Staff
) -> None:
    cart = await buyer.new_cart()
    _ = (await put(buyer, cart, font="Script")).good
    _ = (await staff.ask("PATCH", f"{PRODUCTS}/MUG", {"inputs": [{**INPUTS[1], "choices": ["Serif"]}]})).good

    (line,) = (await buyer.get(f"/carts/{cart}")).good["lines"]
    assert not line["for_sale"]
    quoted = (await buyer.ask("POST", f"/carts/{cart}/quote", {})).good
    assert [block["code"] for block in quoted["blocks"]] == ["not_sold"]
    assert (await buyer.check_out(cart, key=new_key())).refusal == (409, "out_of_stock")
    _ = (await buyer.ask("DELETE", f"/carts/{cart}/lines/{line['id']}")).good
    assert await buyer.available(mug) == 10


async def test_a_bundle_can_be_engraved(mug: str, buyer: Customer, staff: Staff) -> None:
    parts = [{"sku": "MUG", "quantity": 2}, {"sku": "BOOK", "quantity": 1}]
    bundle = {"sku": "SET", "price": {"amount": 2500, "currency": "EUR"}, "weight_g": 1, "parts": parts}
    own = {"id": "SET", "slug": "set", "title": "Set", "category": "Test", "inputs": INPUTS}
    _ = (await staff.ask("POST", PRODUCTS, {**own, "skus": [bundle]})).good
    cart = await buyer.new_cart()
    _ = (await put(buyer, cart, 2, "SET", text="Ada")).good
    _ = (await put(buyer, cart, 1, "SET", text="Bob")).good
    _ = (await put(buyer, cart, 2, text="Eve")).good
    assert (await buyer.available(mug), await buyer.available("SET")) == (2, 1)

    bought = await buyer.place(cart, key=new_key())

    lines = (await buyer.read(bought))["lines"]
    assert [sum(part["share"]["amount"] for part in line["parts"]) for line in lines] == [3000, 3000, 0]
    assert await buyer.pay(bought) == 200
    assert (await staff.stock(mug), await staff.stock("BOOK")) == ((2, 0), (97, 0))
    await all_is_well(staff)
