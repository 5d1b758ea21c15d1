"""The warehouse's API: waves, lists in hand, stock with articles, many counts at once, and who holds units."""

import aiohttp
import pytest

from bus.local import LocalBus
from bus.messages.inventory import SetOnHand
from engine.errors import Overloaded
from engine.message import Command
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff
from tests.journeys.staff_people import Colleague, colleague

LISTS = "/admin/api/pick-lists"
STOCK = "/admin/api/stock"


async def paid(shop: ShopUnderTest, buyer: Customer, **units: int) -> str:
    bought = await buyer.buy(**units)
    await shop.clock.advance(seconds=1)  # The oldest is told by its time.
    return bought.order


async def numbers(person: Colleague, path: str = f"{LISTS}/in-hand") -> list[str]:
    return [each["id"] for each in (await person.get(path)).good["items"]]


async def test_a_wave_takes_the_oldest_and_leaves_others_theirs(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    orders = [await paid(shop, buyer, MUG=1, BOOK=1) for _ in range(3)]
    ada, bob = [await colleague(shop, http, "warehouse", f"{name}@shop.example") for name in ("ada", "bob")]

    taken = (await ada.ask("POST", f"{LISTS}/wave", {"lists": 2})).good
    again = (await ada.ask("POST", f"{LISTS}/wave", {"lists": 2})).good
    rest = (await bob.ask("POST", f"{LISTS}/wave", {"lists": 2})).good

    assert [each["id"] for each in taken["items"]] == [each["id"] for each in again["items"]] == orders[:2]
    assert [each["id"] for each in rest["items"]] == orders[2:]
    assert [each["sku"] for each in taken["items"][0]["units"]] == ["BOOK", "MUG"]
    assert [good["sku"] for good in taken["goods"]] == ["BOOK", "MUG"]
    listed = (await bob.get(f"{LISTS}?status=open")).good["items"]
    assert [each["in_hand"] for each in listed] == ["other", "other", "you"]
    assert (await bob.ask("POST", f"{LISTS}/wave", {"lists": 0})).status == 422


async def test_a_list_in_hand_is_refused_to_others_until_it_is_given_back_or_left_lying(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    order = await paid(shop, buyer, MUG=1)
    ada, bob = [await colleague(shop, http, "warehouse", f"{name}@shop.example") for name in ("ada", "bob")]
    assert (await ada.ask("POST", f"{LISTS}/{order}/take")).good["in_hand"] == "you"

    for step in ("take", "pick"):
        refused = await bob.ask("POST", f"{LISTS}/{order}/{step}")
        assert refused.refusal == (409, "taken")
        assert refused.json["since"]
    await ada.ask("POST", f"{LISTS}/{order}/put-aside")
    assert (await bob.ask("POST", f"{LISTS}/{order}/take")).status == 200
    assert (await ada.ask("POST", f"{LISTS}/{order}/take?over=true")).status == 200
    await shop.clock.advance(minutes=29)
    assert (await bob.ask("POST", f"{LISTS}/{order}/pick")).refusal == (409, "taken")
    await shop.clock.advance(minutes=1)
    await bob.refresh()
    assert (await bob.ask("POST", f"{LISTS}/{order}/pick")).good["status"] == "picked"
    assert (await bob.ask("POST", f"{LISTS}/ord_none/take")).refusal == (404, "not_found")
    assert (await bob.get(f"{LISTS}/ord_none")).refusal == (404, "not_found")


async def test_who_may_not_pick_may_look_and_takes_nothing(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    order = await paid(shop, buyer, MUG=1)
    eve = await colleague(shop, http, "support", "eve@shop.example")

    assert (await eve.get(f"{LISTS}/{order}")).status == 200
    for path, body in ((f"{LISTS}/wave", {"lists": 1}), (f"{LISTS}/{order}/take", None)):
        assert (await eve.ask("POST", path, body)).refusal == (403, "forbidden")


async def test_stock_has_articles_and_is_found_by_category(staff: Staff) -> None:
    listed = (await staff.get(f"{STOCK}?limit=100")).good["items"]
    mug = next(each for each in listed if each["sku"] == "MUG")
    product = (await staff.get(f"/admin/api/products/{mug['good']['product_id']}")).good
    (found,) = [each for each in (await staff.get("/categories")).good["items"] if each["id"] in product["categories"]]
    path = found["path"]

    of_category = [each["sku"] for each in (await staff.get(f"{STOCK}?category={path}")).good["items"]]

    assert mug["good"]["title"].startswith(product["title"])
    assert "MUG" in of_category
    assert (await staff.get(f"{STOCK}?category={path}&low=0")).good["items"] == []
    assert (await staff.get(f"{STOCK}?category=no/such")).good["items"] == []


async def test_many_counts_are_taken_each_by_itself(staff: Staff, buyer: Customer) -> None:
    books = {each["sku"]: each for each in (await staff.get(STOCK)).good["items"]}
    cart = await buyer.new_cart()
    assert (await buyer.put(cart, "MUG", 3)).status == 200
    counts = [
        {"sku": "BOOK", "on_hand": 50, "version": books["BOOK"]["version"]},
        {"sku": "MUG", "on_hand": 50, "version": books["MUG"]["version"]},
    ]

    first = (await staff.ask("PUT", STOCK, {"counts": counts})).good["items"]
    second = (await staff.ask("PUT", STOCK, {"counts": [{"sku": "MUG", "on_hand": 1}]})).good["items"]

    assert [(each["sku"], each["code"]) for each in first] == [("BOOK", ""), ("MUG", "stock_moved")]
    assert first[0]["stock"]["on_hand"] == 50
    assert (first[1]["stock"]["on_hand"], first[1]["stock"]["held"]) == (10, 3)
    assert [(each["code"], each["stock"]["held"]) for each in second] == [("stock_below_held", 3)]
    unknown = await staff.ask("PUT", STOCK, {"counts": [{"sku": "NONE", "on_hand": 1}]})
    assert unknown.refusal == (404, "unknown_sku")
    assert (await staff.ask("PUT", STOCK, {"counts": [*counts, counts[0]]})).status == 422
    assert (await staff.ask("PUT", STOCK, {"counts": []})).status == 422


async def test_holds_say_until_when_and_name_no_cart(shop: ShopUnderTest, staff: Staff, buyer: Customer) -> None:
    cart = await buyer.new_cart()
    assert (await buyer.put(cart, "MUG", 3)).status == 200
    order = await paid(shop, buyer, MUG=2)

    answer = await staff.get(f"{STOCK}/MUG/holds")

    found = [(each["stage"], each["quantity"], each["order_id"]) for each in answer.good["items"]]
    assert found == [("cart", 3, None), ("sold", 2, order)]
    assert answer.good["items"][0]["until"]
    assert answer.good["others"] == 0
    assert str(cart) not in answer.body.decode()
    assert (await staff.get(f"{STOCK}/NONE/holds")).refusal == (404, "unknown_sku")


async def test_the_graph_names_actors_edges_and_dead_letters(staff: Staff) -> None:
    graph = (await staff.get("/admin/api/flow")).good

    assert {"order", "warehouse", "cart"} <= {each["name"] for each in graph["actors"]}
    edge = {"publisher": "order", "event": "OrderCreated", "subscriber": "warehouse", "dead_letters": 0}
    assert edge in graph["edges"]
    assert (await staff.get("/admin/api/dead-letters?actor=email&type=OrderCreated")).good["items"] == []


async def test_counts_that_nobody_can_take_now_are_to_be_sent_again(
    shop: ShopUnderTest, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus = type(shop.inside.bus)
    ask = bus.ask

    async def busy(self: LocalBus, command: Command[object], *, timeout_s: float | None = None) -> object:
        if isinstance(command, SetOnHand):
            raise Overloaded("inventory")
        return await ask(self, command, timeout_s=timeout_s)

    monkeypatch.setattr(bus, "ask", busy)
    counts = [{"sku": "MUG", "on_hand": 5}, {"sku": "BOOK", "on_hand": 5}]

    assert (await staff.ask("PUT", STOCK, {"counts": counts})).status == 503
