"""The pictures that a shop on trial begins with."""

from pathlib import Path

import aiohttp
import msgspec
import pytest
from PIL import Image

from bus.messages.media import AdoptImage, ListImages, Look, NoSuchImage, TakeDownImage
from cli import goods
from cli.sample_pictures import PICTURES, SamplePicture, import_pictures
from engine.errors import BadInput
from testkit import ShopUnderTest
from tools.pictures.draw import goods as drawings


def titles() -> dict[str, str]:
    return goods.product_titles(goods.SAMPLE)


def listed() -> dict[str, SamplePicture]:
    return msgspec.json.decode((PICTURES / "list.json").read_bytes(), type=dict[str, SamplePicture])


def test_each_product_has_one_and_all_are_small() -> None:
    files = {file.stem: file for file in PICTURES.glob("*.webp")}

    assert files.keys() == listed().keys() == titles().keys() == {product for product, _, _ in drawings()}
    assert sum(file.stat().st_size for file in files.values()) < 500_000
    for product, file in files.items():
        with Image.open(file) as picture:
            assert (picture.size, picture.info.keys() & {"exif", "xmp"}) == (
                (listed()[product].width, listed()[product].height),
                set(),
            )


async def test_a_shop_shows_them_from_its_first_start(shop: ShopUnderTest) -> None:
    await goods.import_file(shop.inside, goods.SAMPLE)
    for _ in range(2):
        await import_pictures(shop.inside.bus, shop.inside.objects, titles())

    await shop.audit()
    found = (await shop.ask(ListImages(product_ids=tuple(titles())))).products
    assert {each.product_id: [image.alt for image in each.images] for each in found} == {
        product: [title] for product, title in titles().items()
    }
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{shop.url}/products?limit=100") as answer:
            items = (await answer.json())["items"]
        assert {item["id"] for item in items if item["image"]} == titles().keys()
        async with http.get(f"{shop.url}{items[0]['image']['src']}") as answer:
            assert (answer.status, answer.content_type) == (200, "image/webp")


async def test_only_what_it_says_it_is_is_adopted(shop: ShopUnderTest, tmp_path: Path) -> None:
    file = tmp_path / "other"
    file.write_bytes(b"another thing")
    await shop.inside.objects.put("incoming/other", file, "image/webp")
    look = Look(width=800, height=600, colour="#ffffff", placeholder="")

    with pytest.raises(BadInput):
        await shop.ask(AdoptImage(id="0" * 32, product_id="MUG", upload="incoming/other", size=13, alt="", look=look))

    assert await shop.ask(TakeDownImage(id="0" * 32)) == NoSuchImage(id="0" * 32)
