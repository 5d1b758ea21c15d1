"""What is on the shelf: held for one, free again for all, seen by everybody, and never sold twice."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import perf_counter

import pytest
from websockets.asyncio.client import ClientConnection, connect

from bus.messages.base import Money
from bus.messages.catalog import CheckSku
from bus.messages.catalog_imports import ImportSkus, SkuRow
from testkit import ShopUnderTest
from tests.journeys.people import Answer, Customer, Json, Staff, at_once, new_key

HOLD = timedelta(minutes=10)


async def test_what_is_in_a_cart_is_held_for_ten_minutes(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=7)
    (line,) = (await buyer.get(f"/carts/{cart}")).good["lines"]
    assert (line["held"], line["held_until"]) == (7, "2030-01-07T12:10:00Z")

    await shop.clock.advance(minutes=9, seconds=59)
    assert await buyer.available("MUG") == 3
    await shop.clock.advance(seconds=1)

    assert await buyer.available("MUG") == 10
    assert await staff.stock("MUG") == (10, 0)
    (line,) = (await buyer.get(f"/carts/{cart}")).good["lines"]
    assert (line["quantity"], line["held"]) == (7, 0)
    assert await staff.findings() == []


async def test_ones_own_hold_is_never_in_ones_way(shop: ShopUnderTest, buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=10)
    for quantity in (10, 4, 10, 1, 9):
        await shop.clock.advance(minutes=1)
        line = (await buyer.put(cart, "MUG", quantity)).good["lines"][0]
        assert (line["quantity"], line["held"]) == (quantity, quantity)
        assert await buyer.available("MUG") == 10 - quantity

    assert (await buyer.put(cart, "MUG", 11)).json["available"] == 10
    assert await buyer.available("MUG") == 1  # Refused is as it was.
    assert (await buyer.ask("DELETE", f"/carts/{cart}/lines/MUG")).good["lines"] == []
    assert await buyer.available("MUG") == 10


async def test_a_hold_that_is_over_refuses_nobody_even_before_it_was_put_back(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    late = await buyer.fill_cart(LAMP=1, MUG=10)
    quick = await buyer.new_cart()
    assert (await buyer.put(quick, "LAMP", 1)).refusal == (409, "out_of_stock")

    shop.clock.jump(HOLD)  # No timer has run.

    assert (await buyer.put(quick, "LAMP", 1)).status == 200
    assert (await staff.count("MUG", 0)).good["held"] == 0
    short = await buyer.check_out(late, key=new_key())
    assert short.refusal == (409, "out_of_stock")
    assert short.json["short"] == [{"sku": "LAMP", "available": 0}, {"sku": "MUG", "available": 0}]
    assert await buyer.status(await buyer.place(quick, key=new_key())) == "pending_payment"
    assert await staff.stock("LAMP") == (1, 1)
    assert await staff.findings() == []


@pytest.mark.parametrize("timer_ran", [True, False])
async def test_a_cart_that_expired_is_bought_all_the_same_while_there_are_units(
    shop: ShopUnderTest, buyer: Customer, staff: Staff, timer_ran: bool
) -> None:
    cart = await buyer.fill_cart(LAMP=1, MUG=2)
    if timer_ran:
        await shop.clock.advance(days=2)
    else:
        shop.clock.jump(timedelta(days=2))

    bought = await buyer.place(cart, key=new_key())

    assert await buyer.pay(bought) == 200
    assert await staff.stock("LAMP") == (0, 0)
    assert await staff.stock("MUG") == (8, 0)
    assert await staff.findings() == []


async def test_the_shelf_is_never_counted_below_what_is_promised(buyer: Customer, staff: Staff) -> None:
    _ = await buyer.fill_cart(MUG=4)
    _ = await buyer.order(MUG=3)

    below = await staff.count("MUG", 6)
    assert below.refusal == (409, "stock_below_held")
    assert below.json["held"] == 7
    assert (await staff.count("MUG", 7)).good["available"] == 0
    assert await staff.stock("MUG") == (7, 7)


# --- Live ---


@asynccontextmanager
async def watching(shop: ShopUnderTest, *skus: str) -> AsyncIterator["Watcher"]:
    url = shop.url.replace("http", "ws") + "/live"
    async with connect(url, proxy=None) as socket:
        await socket.send(json.dumps({"op": "subscribe", "skus": skus}))
        watcher = Watcher(socket)
        await watcher.hear()
        assert set(watcher.available) == set(skus)
        yield watcher


class Watcher:
    """Somebody with the page open."""

    def __init__(self, socket: ClientConnection) -> None:
        self.available: dict[str, int] = {}
        self.versions: dict[str, int] = {}
        self._socket = socket

    async def hear(self) -> None:
        """One frame. A version that is not newer than what was heard before is a lie."""
        frame: Json = json.loads(await asyncio.wait_for(self._socket.recv(), 5))
        assert frame["op"] in {"subscribed", "stock", "stocks"}, frame
        for level in frame.get("stock", [frame]):
            assert level["version"] > self.versions.get(level["sku"], 0)
            self.versions[level["sku"]] = level["version"]
            self.available[level["sku"]] = level["available"]

    async def until(self, sku: str, available: int) -> float:
        """Listen until it is so; says how long it took, in seconds."""
        began_s = perf_counter()
        while self.available[sku] != available:
            await self.hear()
        return perf_counter() - began_s


async def test_everybody_sees_the_stock_change(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    async with watching(shop, "MUG", "BOOK") as one, watching(shop, "MUG") as two:
        for on_hand in (30, 20, 40):
            _ = (await staff.count("MUG", on_hand)).good
            assert await one.until("MUG", on_hand) < 1  # Far less, but other tests may run beside this.
            await two.until("MUG", on_hand)

        bought = await buyer.order(MUG=3, BOOK=1)
        await one.until("MUG", 37)
        await one.until("BOOK", 99)
        _ = await buyer.cancel(bought)
        await one.until("MUG", 40)
        await one.until("BOOK", 100)

        await at_once(*(buyer.fill_cart(MUG=1) for _ in range(30)))
        await one.until("MUG", 10)
        await two.until("MUG", 10)


# --- Crowds ---


async def try_to_buy(buyer: Customer, *lines: tuple[str, int]) -> Answer:
    """As far as it goes: the last answer."""
    cart = await buyer.new_cart()
    for sku, quantity in lines:
        answer = await buyer.put(cart, sku, quantity)
        if answer.status != 200:
            return answer
    return await buyer.check_out(cart, key=new_key())


async def test_200_buyers_at_once_for_50_units_are_50_orders_and_150_clear_refusals(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    _ = (await staff.count("BOOK", 50)).good
    began_s = perf_counter()

    answers = await at_once(*(try_to_buy(buyer, ("BOOK", 1)) for _ in range(200)))

    took_s = perf_counter() - began_s
    refusals = [answer.refusal for answer in answers if answer.status != 201]
    assert len({answer.good["order"]["id"] for answer in answers if answer.status == 201}) == 50
    assert Counter(refusals) == {(409, "out_of_stock"): 150}
    assert took_s < 20
    await shop.settle()
    assert await staff.stock("BOOK") == (50, 50)
    assert len(shop.sandbox.payment_intents()) == 50
    assert await staff.findings() == []


async def test_a_crowd_at_checkout_gets_all_lines_or_none(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    """Their holds are over, so they meet at checkout, each with the same goods in another order."""
    skus, chance = ["MUG", "LAMP", "BOOK"], random.Random(5)
    for sku in skus:
        _ = (await staff.count(sku, 1000)).good
    carts = []
    for _ in range(40):
        chance.shuffle(skus)
        carts.append(dict.fromkeys(skus, 2))
    filled = await at_once(*(buyer.fill_cart(**cart) for cart in carts))
    shop.clock.jump(HOLD)
    for sku, on_hand in (("MUG", 30), ("LAMP", 21), ("BOOK", 1000)):
        _ = (await staff.count(sku, on_hand)).good

    answers = await at_once(*(buyer.check_out(cart, key=new_key()) for cart in filled))

    assert Counter(answer.status for answer in answers) == {201: 10, 409: 30}
    for answer in answers:
        if answer.status == 409:
            assert answer.refusal == (409, "out_of_stock")
            assert answer.json["short"] == [{"sku": "LAMP", "available": 1}]
    await shop.settle()
    assert [await staff.stock(sku) for sku in ("MUG", "LAMP", "BOOK")] == [(30, 20), (21, 20), (1000, 20)]
    assert await staff.findings() == []


async def test_buyers_of_many_things_in_any_order_never_block_each_other(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    chance = random.Random(7)
    for sku in ("MUG", "LAMP", "BOOK"):
        _ = (await staff.count(sku, 100)).good  # They want 120 of each, or so.
    wishes = [[(sku, chance.randint(1, 3)) for sku in chance.sample(["MUG", "LAMP", "BOOK"], 3)] for _ in range(60)]

    answers = await at_once(*(try_to_buy(buyer, *wish) for wish in wishes))

    assert {answer.status for answer in answers} == {201, 409}
    assert {answer.refusal for answer in answers if answer.status == 409} == {(409, "out_of_stock")}
    await shop.clock.advance(minutes=11)  # Carts that were left behind let go; orders do not.
    ordered: Counter[str] = Counter()
    for wish, answer in zip(wishes, answers, strict=True):
        if answer.status == 201:
            ordered.update(dict(wish))
    for sku in ("MUG", "LAMP", "BOOK"):
        assert await staff.stock(sku) == (100, ordered[sku])
    assert await staff.findings() == []


async def test_a_count_of_the_shelf_sells_no_paid_goods_again(buyer: Customer, staff: Staff) -> None:
    """Sold goods lie on the shelf until their parcel leaves, and whoever counts counts them."""
    bought = await buyer.buy(MUG=3)
    books = (await staff.get("/admin/api/stock/MUG")).good
    assert (books["on_hand"], books["assigned"], books["held"], books["available"]) == (10, 3, 0, 7)

    counted = await staff.count("MUG", 10)

    assert (counted.status, await buyer.available("MUG")) == (200, 7)
    assert (await staff.count("MUG", 2)).refusal == (409, "stock_below_held")
    await staff.send_off(bought)
    books = (await staff.get("/admin/api/stock/MUG")).good
    assert (books["on_hand"], books["assigned"], books["held"], books["available"]) == (7, 0, 0, 7)
    assert await staff.findings() == []


async def test_stock_that_moved_since_it_was_read_is_not_set_to_what_it_was(buyer: Customer, staff: Staff) -> None:
    seen = (await staff.get("/admin/api/stock/MUG")).good["version"]
    await buyer.buy(MUG=3)
    stale = {"on_hand": 10, "version": seen}

    refused = await staff.ask("PUT", "/admin/api/stock/MUG", stale)

    assert refused.refusal == (409, "stock_moved")
    now = {"on_hand": 9, "version": refused.json["version"]}
    assert (await staff.ask("PUT", "/admin/api/stock/MUG", now)).good["available"] == 6


async def test_what_arrives_is_added_once(buyer: Customer, staff: Staff) -> None:
    await buyer.buy(MUG=3)
    key = new_key()

    for _ in range(2):
        added = await staff.ask("PUT", "/admin/api/stock/MUG", {"received": 5}, key=key)

    assert (added.good["on_hand"], await buyer.available("MUG")) == (15, 12)
    assert await staff.findings() == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"on_hand": 1, "received": 1},
        {"received": 1, "recount": True},
        {"received": 0},
        {"received": 1, "version": 1},
    ],
)
async def test_a_change_of_stock_is_a_count_or_an_arrival(staff: Staff, body: Json) -> None:
    assert (await staff.ask("PUT", "/admin/api/stock/MUG", body)).refusal == (422, "invalid")


@pytest.mark.parametrize(("sku", "similar"), [("mug", "MUG"), ("LAMB", "LAMP"), ("TYPO-SKU", None)])
async def test_a_sku_that_nobody_sells_gets_no_books(staff: Staff, sku: str, similar: str | None) -> None:
    for answer in (await staff.get(f"/admin/api/stock/{sku}"), await staff.count(sku, 5)):
        assert answer.refusal == (404, "unknown_sku")
        assert answer.json["similar"] == similar
    assert await staff.findings() == []


async def test_a_sku_is_known_among_hundreds_that_are_named_alike(shop: ShopUnderTest) -> None:
    rows = [
        SkuRow(
            product_id=f"BEAD-{n}", slug=f"bead-{n}", title="Bead", category="", description="",
            sku=f"BEAD-{n}", sku_title="", price=Money(amount=100, currency="EUR"), weight_g=1,
        )
        for n in range(1000, 1400)
    ]  # fmt: skip
    assert (await shop.ask(ImportSkus(rows=tuple(rows)))).refused == ()

    assert (await shop.ask(CheckSku(sku="BEAD-1399"))).is_sold


async def test_a_sku_that_was_never_counted_has_no_units(staff: Staff) -> None:
    price = {"amount": 900, "currency": "EUR"}
    product = {"id": "JUG", "slug": "jug", "title": "Jug", "category": "Home"}
    skus = [{"sku": "JUG", "price": price, "weight_g": 300}]
    assert (await staff.ask("POST", "/admin/api/products", {**product, "skus": skus})).status == 201

    books = (await staff.get("/admin/api/stock/JUG")).good

    assert (books["on_hand"], books["version"]) == (0, 1)
    assert (await staff.ask("PUT", "/admin/api/stock/JUG", {"on_hand": 4, "version": 1})).good["available"] == 4
