"""A buyer orders the same once more; staff do one thing with many orders."""

import aiohttp

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Json, Staff, all_is_well, at_once, new_key, staff_token
from tests.journeys.test_inputs import INPUTS, put


async def test_an_order_is_put_into_a_new_cart_with_its_words(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    _ = (await staff.ask("PATCH", "/admin/api/products/MUG", {"inputs": INPUTS})).good
    cart = await buyer.new_cart()
    _ = (await put(buyer, cart, 2, text="Ada", font="Serif")).good
    _ = (await buyer.put(cart, "BOOK", 1)).good
    bought, key = await buyer.place(cart, key=new_key()), new_key()

    path = f"/orders/{bought.order}/reorder"
    made, again = [(await buyer.ask("POST", path, key=key, token=bought.token)).good for _ in range(2)]
    assert made == again
    assert made["left_out"] == []
    assert made["id"] != cart
    lines = {line["sku"]: line for line in made["lines"]}
    assert [told["value"] for told in lines["MUG"]["inputs"]] == ["Ada", "Serif"]
    assert (lines["MUG"]["quantity"], lines["MUG"]["held"], lines["BOOK"]["held"]) == (2, 2, 1)
    _ = (await buyer.check_out(made["id"], key=new_key())).good

    for stranger in ("", "nonsense"):
        assert (await buyer.ask("POST", path, token=stranger)).refusal == (404, "not_found")


async def test_what_is_not_for_sale_or_not_left_is_left_out(buyer: Customer, staff: Staff) -> None:
    bought = await buyer.buy(BOOK=1, MUG=4, LAMP=1)
    assert (await staff.ask("DELETE", "/admin/api/products/BOOK")).status in (200, 204)
    rest = await buyer.available("MUG")
    _ = await buyer.buy(MUG=rest - 3)
    assert await buyer.available("LAMP") == 0  # It was the last.

    made = (await buyer.ask("POST", f"/orders/{bought.order}/reorder", token=bought.token)).good

    assert [(line["sku"], line["quantity"]) for line in made["lines"]] == [("MUG", 3)]
    left = {each["sku"]: (each["quantity"], each["reason"]) for each in made["left_out"]}
    assert left == {"BOOK": (1, "not_sold"), "MUG": (1, "out_of_stock"), "LAMP": (1, "out_of_stock")}
    assert await buyer.available("MUG") == 0


async def test_a_cart_that_is_named_keeps_what_it_has(buyer: Customer) -> None:
    bought, key = await buyer.buy(BOOK=2, MUG=1), new_key()
    cart = await buyer.fill_cart(BOOK=97, LAMP=1)
    path = f"/orders/{bought.order}/reorder?cart={cart}"

    made, again = [(await buyer.ask("POST", path, key=key, token=bought.token)).good for _ in range(2)]

    assert made == again
    assert made["id"] == cart
    assert {line["sku"]: line["quantity"] for line in made["lines"]} == {"BOOK": 98, "LAMP": 1, "MUG": 1}
    left = [(each["sku"], each["quantity"], each["reason"]) for each in made["left_out"]]
    assert left == [("BOOK", 1, "out_of_stock")]
    nowhere = await buyer.ask("POST", f"/orders/{bought.order}/reorder?cart=crt_none", token=bought.token)
    assert nowhere.refusal == (404, "not_found")


async def bulk(staff: Staff, what: str, action: str, ids: list[str]) -> list[Json]:
    answer = (await staff.ask("POST", f"/admin/api/{what}/bulk", {"action": action, "ids": ids})).good
    await staff.shop.settle()
    return list(answer["items"])


async def test_orders_are_cancelled_together_and_each_is_answered(buyer: Customer, staff: Staff) -> None:
    one, other, packed = [await buyer.buy(BOOK=1) for _ in range(3)]
    for step in ("pick", "pack"):
        _ = (await staff.step(packed, step)).good
    ids = [one.order, packed.order, "ord_none", other.order, one.order]

    for _ in range(2):  # Safe to send twice.
        items = await bulk(staff, "orders", "cancel", ids)

        assert [(each["id"], each["done"], each["status"] or each["code"]) for each in items] == [
            (one.order, True, "cancelled"), (packed.order, False, "not_cancellable"), ("ord_none", False, "not_found"),
            (other.order, True, "cancelled"),
        ]  # fmt: skip
    order = (await staff.get(f"/orders/{one.order}")).good
    assert order["refunded"]["amount"] == one.total
    assert [moment["event"] for moment in order["timeline"]].count("OrderCancelled") == 1
    acts = (await staff.get("/admin/api/actions?limit=100")).good["items"]
    about = [act["about"] for act in acts if act["what"] == "POST /orders/{order_id}/cancel"]
    assert about.count(f"/orders/{one.order}/cancel") == 2
    await all_is_well(staff)


async def test_pick_lists_take_their_steps_together(buyer: Customer, staff: Staff) -> None:
    bought = [await buyer.buy(BOOK=1) for _ in range(3)]
    ids = [each.order for each in bought]
    assert {each["code"] for each in await bulk(staff, "pick-lists", "ship", ids)} == {"wrong_step"}
    for action, status in (("pick", "picked"), ("pack", "packed"), ("ship", "shipped")):
        items = await bulk(staff, "pick-lists", action, ids)
        assert [(each["id"], each["status"]) for each in items] == [(each, status) for each in ids]
    assert {await buyer.status(each) for each in bought} <= {"shipped", "in_transit", "delivered"}
    assert [each["code"] for each in await bulk(staff, "pick-lists", "open", ["ord_none"])] == ["not_found"]
    await all_is_well(staff)


async def test_bulk_takes_the_right_of_the_single_one_and_has_a_bound(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer, staff: Staff
) -> None:
    packer = Staff(shop, http, await staff_token(shop, label="packer", keys=("read_orders", "write_parcels")))
    cancel, pick = {"action": "cancel", "ids": ["a"]}, {"action": "pick", "ids": ["a"]}
    assert (await packer.ask("POST", "/admin/api/orders/bulk", cancel)).refusal == (403, "forbidden")
    assert (await packer.ask("POST", "/admin/api/pick-lists/bulk", pick)).status == 200
    for wrong in ([], ["x"] * 201, [""], [7]):
        answer = await staff.ask("POST", "/admin/api/orders/bulk", {"action": "cancel", "ids": wrong})
        assert answer.refusal == (422, "invalid")
    assert (await staff.ask("POST", "/admin/api/orders/bulk", {"action": "refund", "ids": ["a"]})).status == 422
    many = [f"ord_{number}" for number in range(200)]
    (items,) = await at_once(bulk(staff, "orders", "cancel", many))
    assert [each["id"] for each in items] == many
