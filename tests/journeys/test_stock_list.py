"""The list of stock, and what became of a SKU's units."""

from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff

STOCK = "/admin/api/stock"


async def skus(staff: Staff, query: str = "") -> list[str]:
    return [each["sku"] for each in (await staff.get(f"{STOCK}{query}")).good["items"]]


async def test_stock_is_listed_by_name_searched_and_filtered(staff: Staff, buyer: Customer) -> None:
    cart = await buyer.new_cart()
    assert (await buyer.put(cart, "MUG", 3)).status == 200

    page = (await staff.get(f"{STOCK}?limit=2")).good
    rest = (await staff.get(f"{STOCK}?limit=2&cursor={page['next']}")).good

    assert [each["sku"] for each in (*page["items"], *rest["items"])] == ["BOOK", "LAMP", "MUG"]
    assert rest["next"] is None
    (mug,) = rest["items"]
    assert (mug["on_hand"], mug["held"], mug["assigned"], mug["available"]) == (10, 3, 0, 7)
    assert await skus(staff, "?q=mu") == await skus(staff, "?q=MUG") == ["MUG"]
    assert await skus(staff, "?q=u") == await skus(staff, "?q=%25") == await skus(staff, "?q=_") == []
    assert await skus(staff, "?low=7") == ["LAMP", "MUG"]
    assert await skus(staff, "?low=1") == ["LAMP"]
    assert await skus(staff, "?low=0&q=l") == []
    assert (await staff.get(f"{STOCK}?low=-1")).status == 422
    assert (await staff.get(f"{STOCK}?cursor=x")).refusal == (422, "invalid")
    assert (await buyer.get(STOCK)).status == 401


async def test_the_ledger_tells_what_became_of_units(shop: ShopUnderTest, staff: Staff, buyer: Customer) -> None:
    bought = await buyer.buy(MUG=2)
    await shop.settle()
    await staff.ask("PUT", f"{STOCK}/MUG", {"received": 5})

    page = (await staff.get(f"{STOCK}/MUG/ledger?limit=2")).good
    whole = (await staff.get(f"{STOCK}/MUG/ledger")).good["items"]

    assert page["items"] == whole[:2]
    assert page["next"]
    moved = [(each["on_hand"], each["assigned"], each["held"], each["reason"]) for each in whole]
    assert moved[:2] == [(5, 0, 0, "received"), (0, 2, -2, "sold")]
    assert moved[-1] == (10, 0, 0, "counted")
    assert [each["order_id"] for each in whole[:2]] == [None, bought.order]
    now = (await staff.get(f"{STOCK}/MUG")).good
    assert [sum(row[place] for row in moved) for place in range(3)] == [now["on_hand"], now["assigned"], now["held"]]
    assert [each["at"] for each in whole] == sorted((each["at"] for each in whole), reverse=True)
    assert (await staff.get(f"{STOCK}/NONE/ledger")).refusal == (404, "unknown_sku")
