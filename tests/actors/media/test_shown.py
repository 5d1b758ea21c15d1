"""What a product shows: told whenever it changes, and so the same in its view as in the books of pictures."""

from collections.abc import Sequence
from pathlib import Path

from bus.messages.catalog import GetProduct, Product, RemoveProduct, SetProduct
from bus.messages.media import (
    ArrangeImages,
    DescribeImage,
    DropImage,
    Image,
    PicturesShown,
    RepairMedia,
    TakeDownImage,
)
from bus.messages.views import ReadViews
from engine.message import Command
from testkit.shop_under_test import ShopUnderTest
from tests.actors.media.hostile import photo
from tests.actors.media.pictures import of, upload
from tests.journeys.people import sql
from tests.waiting import eventually

ALL = ("MUG", "LAMP", "BOOK")


async def in_views(shop: ShopUnderTest) -> dict[str, Sequence[Image]]:
    views = (await shop.ask(ReadViews(names=ALL))).views
    return {view.product.id: view.images for view in views}


async def in_books(shop: ShopUnderTest) -> dict[str, Sequence[Image]]:
    return {name: tuple(each for each in await of(shop, name) if each.state == "ready") for name in ALL}


async def test_views_show_what_the_books_say_after_whatever_is_done(shop: ShopUnderTest, tmp_path: Path) -> None:
    mug = await shop.ask(GetProduct(id="MUG"))
    assert isinstance(mug, Product)
    first = await upload(shop, tmp_path, photo(size=(40, 30)), "MUG")
    second = await upload(shop, tmp_path, photo(size=(30, 40)), "MUG")
    await shop.settle()
    assert await in_views(shop) == await in_books(shop)
    assert [each.id for each in (await in_views(shop))["MUG"]] == [first, second]
    assert {each.format for each in (await in_views(shop))["MUG"][0].renditions} == {"avif", "jpeg", "webp"}

    deeds: list[Command[object]] = [
        ArrangeImages(product_id="MUG", ids=(second, first)),
        DescribeImage(product_id="MUG", id=first, alt="From above"),
        DropImage(product_id="MUG", id=second),
        RepairMedia(id=first),
        RemoveProduct(id="MUG"),
        SetProduct(id="MUG", product=mug, expected=0),
    ]
    for deed in deeds:
        told = len(shop.published(PicturesShown))
        await shop.ask(deed)
        await shop.settle()
        if isinstance(deed, RemoveProduct):
            assert "MUG" not in await in_views(shop)
            continue
        assert await in_views(shop) == await in_books(shop), deed
        assert isinstance(deed, SetProduct) or len(shop.published(PicturesShown)) > told, deed
    assert (await in_views(shop))["MUG"] == ()


async def test_a_picture_of_several_products_is_told_of_each(shop: ShopUnderTest, tmp_path: Path) -> None:
    content = photo(size=(40, 30))
    shared = await upload(shop, tmp_path, content, "MUG")
    await shop.settle()
    await upload(shop, tmp_path, content, "LAMP", alt="Ready already")
    await shop.settle()
    assert [each.alt for each in (await in_views(shop))["LAMP"]] == ["Ready already"]

    await shop.ask(TakeDownImage(id=shared))
    await shop.settle()

    assert await in_views(shop) == await in_books(shop) == {"MUG": (), "LAMP": (), "BOOK": ()}


async def test_pictures_that_were_never_told_of_are_told_at_the_start(shop: ShopUnderTest, tmp_path: Path) -> None:
    await upload(shop, tmp_path, photo(size=(40, 30)), "MUG")
    await shop.settle()
    shown = await in_views(shop)
    await sql(shop, "delete from media.shown")
    await sql(shop, "delete from catalog.pictures")
    assert (await in_views(shop))["MUG"] == ()

    await shop.restart()

    async def are_told() -> bool:
        return await in_views(shop) == shown

    await eventually(are_told)
