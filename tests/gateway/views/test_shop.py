"""Views in a whole shop, on real servers: current wherever they are read, whatever is killed, cut, emptied or lost."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest
from msgspec import structs
from redis.asyncio import Redis

from bus.messages.base import Line, Money
from bus.messages.catalog import (
    MOST_SKUS,
    ChangeProduct,
    GetProduct,
    Product,
    ProductChanged,
    RemoveProduct,
    SetProduct,
    SkuView,
)
from bus.messages.catalog_imports import ImportSkus
from bus.messages.media import PicturesShown
from bus.messages.translations import DropTranslation, ProductTexts, Translate
from gateway.views.reader import ViewReader
from testkit import ShopUnderTest
from testkit.shop_under_test import Killed
from tests.gateway.views.processes import EUR, another_process, image, of_catalogue, row, shows, title
from tests.journeys.people import Customer, Staff, sql
from tests.waiting import eventually


async def test_ten_thousand_at_once_for_a_changed_product_are_one_statement(
    shop: ShopUnderTest, buyer: Customer, statements: Counter[str]
) -> None:
    async with another_process(shop) as reader:
        assert await shows(reader, "Mug")
        _ = (await buyer.get("/products/mug")).good
        await shop.ask(ChangeProduct(id="MUG", title="Cup"))
        await eventually(lambda: shows(reader, "Cup"))  # News has come.
        await shop.ask(ChangeProduct(id="MUG", title="Beaker"))
        await shop.clock.at_rest()
        statements.clear()

        pages = await asyncio.gather(*(buyer.get("/products/mug") for _ in range(100)))
        assert {page.good["title"] for page in pages} == {"Beaker"}
        assert sum(of_catalogue(statements).values()) <= 1, of_catalogue(statements)

        await eventually(lambda: shows(reader, "Beaker"))
        reader.stale()
        assert await shows(reader, "Beaker", "LAMP") is False  # It has asked what has changed.
        await shop.inside.services.redis.delete("view:product:MUG")
        statements.clear()
        many = await asyncio.gather(*(reader.find(("MUG", "mug")[place % 2]) for place in range(10_000)))

    assert len({view.revision for view in many if view}) == 1
    assert sum(of_catalogue(statements).values()) == 1, of_catalogue(statements)


@pytest.mark.parametrize("limit", [1, 24, 100])
async def test_a_list_is_three_statements_at_most_whatever_its_length(
    shop: ShopUnderTest, buyer: Customer, statements: Counter[str], limit: int
) -> None:
    await shop.ask(ImportSkus(rows=tuple(row(number) for number in range(120))))
    shown = [
        PicturesShown(product_id=f"P{each:03}", version=1, images=(image(each), image(999))) for each in range(120)
    ]
    await shop.publish(*shown)
    ways = {
        "Dish": f"/products?limit={limit}&sort=-price&category=Bowls",
        "Tray": f"/products?limit={limit}&sort=newest",
    }
    for name, path in ways.items():
        _ = (await buyer.get(path)).good
        await shop.ask(ImportSkus(rows=tuple(row(number, name) for number in range(120))))
        await shop.clock.at_rest()
        shop.inside.updates.live_levels.stale()
        await shop.inside.services.redis.flushdb()
        statements.clear()

        cold = (await buyer.get(path)).good["items"]

        assert 0 < sum(of_catalogue(statements).values()) <= 3, of_catalogue(statements)
        assert [item["title"] for item in cold] == [f"{name} {119 - number:03}" for number in range(limit)]
        assert [item["image"]["id"] for item in cold] == [f"{119 - number:032x}" for number in range(limit)]
        statements.clear()
        assert (await buyer.get(path)).good["items"] == cold
        assert sum(of_catalogue(statements).values()) <= 1, of_catalogue(statements)  # The search needs none.


POINTS = ("after-commit@catalog.change", "before-views-forgotten", "after-views-forgotten", "before-call@views.forget")


@pytest.mark.parametrize("point", POINTS)
async def test_a_change_is_told_though_the_shop_is_killed_before_it_tells(
    shop: ShopUnderTest, buyer: Customer, point: str
) -> None:
    before = (await buyer.get("/products/MUG")).good
    assert before["title"] == "Mug"
    async with shop.kill_at(point):
        with suppress(Killed):
            await shop.ask(ChangeProduct(id="MUG", title="Cup"))
    await shop.settle()

    kept: Any = await shop.inside.services.redis.get("view:product:MUG")
    assert kept is None or b'"Cup"' in kept or kept.endswith(b" ")  # Nothing old, at least since it was told.
    assert (await buyer.get("/products/MUG")).good["title"] == "Cup"
    assert shop.published(ProductChanged)[-1].product_id == "MUG"
    async with another_process(shop, hears=False) as reader:
        assert await shows(reader, "Cup")


async def test_another_process_hears_of_a_change_and_of_a_removal(shop: ShopUnderTest) -> None:
    async with another_process(shop) as reader:
        assert await shows(reader, "Mug")
        await shop.ask(ChangeProduct(id="MUG", title="Cup", slug="cup"))
        await eventually(lambda: shows(reader, "Cup"))
        assert await shows(reader, None, "mug")
        assert await shows(reader, "Cup", "cup")
        await shop.ask(RemoveProduct(id="MUG"))
        await eventually(lambda: shows(reader, None))
        assert await shows(reader, None, "cup")


async def test_without_news_it_is_ten_seconds_at_most(shop: ShopUnderTest) -> None:
    async with another_process(shop, hears=False) as reader:
        assert await shows(reader, "Mug")
        await shop.ask(ChangeProduct(id="MUG", title="Cup"))
        await shop.clock.advance(seconds=4.9)
        assert await shows(reader, "Mug")
        await shop.clock.advance(seconds=5.1)
        assert await shows(reader, "Cup")
        await shop.ask(RemoveProduct(id="MUG"))
        await shop.clock.advance(seconds=10)
        assert await shows(reader, None)


async def test_a_cut_in_the_news_empties_what_a_process_shows(shop: ShopUnderTest) -> None:
    async with another_process(shop) as reader:
        assert await shows(reader, "Mug")
        redis = shop.inside.services.redis
        await shop.ask(ChangeProduct(id="MUG", title="Cup"))
        await redis.client_kill_filter(_type="pubsub")

        async def has_moved_on() -> bool:
            await shop.clock.advance(seconds=1)
            return await shows(reader, "Cup")

        await eventually(has_moved_on)


async def test_redis_emptied_away_or_full_of_others_values_changes_nothing(shop: ShopUnderTest) -> None:
    redis = shop.inside.services.redis
    async with another_process(shop) as reader:
        for number, damage in enumerate(("flush", "text", "list", "old", "broken") * 2):
            assert await shows(reader, "Mug" if not number else f"Cup {number - 1}")
            match damage:
                case "flush":
                    await redis.flushdb()
                case "text":
                    await redis.set("view:product:MUG", "hello")
                case "list":
                    await redis.delete("view:product:MUG")
                    await redis.rpush("view:product:MUG", "hello")
                case "old":
                    await redis.set("view:product:MUG", b'1 {"revision":1}')
                case "broken":
                    await redis.set("view:product:MUG", b"99999999 {")
            reader.stale()
            assert await shows(reader, "Mug" if not number else f"Cup {number - 1}")
            await redis.delete("view:product:MUG")
            await shop.ask(ChangeProduct(id="MUG", title=f"Cup {number}"))
            await eventually(partial(shows, reader, f"Cup {number}"))


async def test_a_process_writes_so_many_bytes_to_redis_in_an_hour_and_no_more(shop: ShopUnderTest) -> None:
    """Carts are there, too: whoever reads every product must not push them out."""
    await shop.ask(ImportSkus(rows=tuple(row(number) for number in range(100))))
    redis, names = shop.inside.services.redis, [f"P{number:03}" for number in range(100)]
    async with another_process(shop, most_bytes=10_000) as reader:
        for _ in range(2):
            for name in names:
                assert await title(reader, name)
            kept = [len(value) for value in await redis.mget([f"view:product:{name}" for name in names]) if value]
            assert 8_000 < sum(kept) < 11_000
        assert 0 < await redis.ttl("view:product:P000") <= 3_960
        await shop.clock.advance(hours=1)
        for name in names:
            assert await title(reader, name)
        values = await redis.mget([f"view:product:{name}" for name in names])
        assert sum(len(value) for value in values if value) > 16_000


async def test_redis_away_costs_statements_and_nothing_else(shop: ShopUnderTest) -> None:
    async with Redis(port=1) as nowhere, another_process(shop, redis=nowhere) as reader:
        for number in range(5):
            await shop.ask(ChangeProduct(id="MUG", title=f"Cup {number}"))
            await eventually(partial(shows, reader, f"Cup {number}"))


async def test_a_picture_gives_a_view_another_revision_and_leaves_the_products(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    seen = await staff.get("/admin/api/products/MUG")
    first = await buyer.get("/products/MUG")
    await shop.publish(PicturesShown(product_id="MUG", version=2, images=(image(1), image(2))))
    second = await buyer.get("/products/MUG")
    await shop.publish(PicturesShown(product_id="MUG", version=1, images=()))  # Late, and so too late.
    await shop.publish(PicturesShown(product_id="NOBODY", version=1, images=(image(3),)))

    assert [each["id"] for each in second.good["images"]] == [image(1).id, image(2).id]
    assert first.headers["ETag"] != second.headers["ETag"]
    assert (await buyer.get("/products/MUG")).good == second.good
    changed = await staff.ask(
        "PATCH", "/admin/api/products/MUG", {"title": "Cup"}, headers={"If-Match": seen.headers["ETag"]}
    )
    assert changed.status == 200
    assert len((await buyer.get("/products/MUG")).good["images"]) == 2
    assert shop.published(ProductChanged)[-2].revision + 1 == shop.published(ProductChanged)[-1].revision


async def test_a_view_that_is_too_large_is_shown_all_the_same(
    shop: ShopUnderTest, buyer: Customer, statements: Counter[str]
) -> None:
    skus = tuple(
        SkuView(sku=f"BIG-{number}", title="x" * 150, price=Money(amount=100, currency=EUR), weight_g=1)
        for number in range(MOST_SKUS)
    )
    product = Product(id="BIG", slug="big", title="Big", category="", description="", skus=skus)
    await shop.ask(SetProduct(id="BIG", product=product, expected=0))

    assert len((await buyer.get("/products/big")).good["skus"]) == MOST_SKUS
    await shop.ask(ChangeProduct(id="BIG", title="Bigger"))
    assert (await buyer.get("/products/big")).good["title"] == "Bigger"
    await shop.settle()  # The search has read it.
    statements.clear()
    assert "BIG" in [each["id"] for each in (await buyer.get("/products")).good["items"]]
    assert not [sql for sql in statements if "catalog.skus" in sql]  # It is kept in the process.
    await shop.clock.at_rest()
    assert await shop.inside.services.redis.strlen("view:product:BIG") < 20  # A gravestone.


async def test_a_shop_that_is_older_than_views_gets_them_at_its_start(shop: ShopUnderTest, buyer: Customer) -> None:
    await shop.publish(PicturesShown(product_id="MUG", version=1, images=(image(1),)))
    shown = (await buyer.get("/products/MUG")).good
    await sql(shop, "delete from catalog.views")
    assert (await buyer.get("/products/MUG")).good == shown
    await shop.restart()

    async def are_written() -> bool:
        rows = await shop.inside.services.database.fetch("select product_id from catalog.views order by product_id")
        return [each["product_id"] for each in rows] == ["BOOK", "LAMP", "MUG"]

    await eventually(are_written)
    assert (await buyer.get("/products/MUG")).good == shown


async def test_it_comes_and_goes_to_the_second(shop: ShopUnderTest, buyer: Customer) -> None:
    soon = shop.clock.now() + timedelta(seconds=20)
    await shop.ask(ChangeProduct(id="MUG", publish_at=soon, unpublish_at=soon + timedelta(seconds=20)))

    async def is_shown() -> tuple[bool, bool]:
        listed = [each["id"] for each in (await buyer.get("/products")).good["items"]]
        return (await buyer.get("/products/mug")).status == 200, "MUG" in listed

    assert await is_shown() == (False, False)
    await shop.clock.advance(seconds=19.999)
    assert await is_shown() == (False, False)
    await shop.clock.advance(seconds=0.001)
    assert await is_shown() == (True, True)
    assert "s-maxage=20," in (await buyer.get("/products/mug")).headers["Cache-Control"]
    assert "s-maxage=20," in (await buyer.get("/products")).headers["Cache-Control"]
    await shop.clock.advance(seconds=19.999)
    assert await is_shown() == (True, True)
    assert "s-maxage=0," in (await buyer.get("/products/mug")).headers["Cache-Control"]
    await shop.clock.advance(seconds=0.001)
    assert await is_shown() == (False, False)


async def test_a_translation_is_shown_by_all_who_show_the_product(shop: ShopUnderTest) -> None:
    async def is_called(reader: ViewReader, wanted: str | None, name: str = "MUG") -> bool:
        view = await reader.find(name)
        return (msgspec.json.decode(view.in_language(["de"]).page_with({}))["title"] if view else None) == wanted

    before = await shop.ask(GetProduct(id="MUG"))
    async with another_process(shop) as other, another_process(shop, hears=False) as deaf:
        assert await is_called(other, "Mug")
        assert await is_called(deaf, "Mug")
        await shop.ask(Translate(id="MUG", locale="de", texts=ProductTexts(title="Becher", slug="becher")))

        await eventually(lambda: is_called(other, "Becher"))
        assert await shows(other, "Mug")  # To all others.
        assert await is_called(other, "Becher", "becher")
        await shop.clock.advance(seconds=10)
        assert await is_called(deaf, "Becher")
        assert await shop.ask(GetProduct(id="MUG")) == before  # A translator overtakes no editor.

        await shop.ask(DropTranslation(id="MUG", locale="de"))
        await eventually(lambda: is_called(other, "Mug"))
        assert await is_called(other, None, "becher")


async def test_a_bundle_s_page_follows_its_parts_wherever_it_is_shown(shop: ShopUnderTest, buyer: Customer) -> None:
    lines = (Line(sku="BOOK", quantity=3), Line(sku="MUG", quantity=2))
    made = SkuView(sku="SET", title="", price=Money(amount=4900, currency=EUR), weight_g=1, parts=lines)
    whole = Product(id="SET", slug="set", title="Set", category="Sets", description="", skus=(made,))
    assert isinstance(await shop.ask(SetProduct(id="SET", product=whole, expected=0)), Product)

    async def shown() -> tuple[int, int, list[str]]:
        page = (await buyer.get("/products/set")).good
        (sku,) = page["skus"]
        return page["available"], sku["weight_g"], [part["title"] for part in sku["parts"]]

    async def titles(reader: ViewReader) -> list[str]:
        view = await reader.find("SET")
        assert view is not None
        return [part["title"] for part in msgspec.json.decode(view.page_with({}))["skus"][0]["parts"]]

    assert await shown() == (5, 5 * 100, ["Book", "Mug"])
    async with another_process(shop) as other, another_process(shop, hears=False) as deaf:
        assert await titles(other) == await titles(deaf) == ["Book", "Mug"]

        await shop.ask(ChangeProduct(id="MUG", title="Beaker"))

        assert (await shown())[2] == ["Book", "Beaker"]

        async def has_heard() -> bool:
            return await titles(other) == ["Book", "Beaker"]

        assert await eventually(has_heard)
        await shop.clock.advance(seconds=10)
        assert await titles(deaf) == ["Book", "Beaker"]

    found = await shop.ask(GetProduct(id="BOOK"))
    assert isinstance(found, Product)
    await shop.ask(ChangeProduct(id="BOOK", skus=(structs.replace(found.skus[0], weight_g=150),)))
    assert (await shown())[1] == 3 * 150 + 2 * 100
    await shop.ask(ChangeProduct(id="BOOK", skus=(structs.replace(found.skus[0], is_on_sale=False),)))
    assert (await shown())[0] == 0
