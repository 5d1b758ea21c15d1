"""Pictures on a real shop: made, used, dropped, and never left in between."""

import asyncio
import errno
import shutil
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO

import pytest

from actors.media.making import Making
from bus.messages.audit import Audit, Repair
from bus.messages.catalog import RemoveProduct
from bus.messages.media import (
    REFUSALS,
    ArrangeImages,
    DescribeImage,
    DropImage,
    FinishImage,
    Image,
    ImageDropped,
    ImageImproved,
    ImageReady,
    ImageRefused,
    NoSuchImage,
    ProductImages,
    StoreImage,
    TakeDownImage,
    TooManyImages,
    image_hash,
    upload_key,
)
from engine.objects.folder import FolderObjects
from testkit.shop_under_test import Killed, ShopUnderTest
from tests.actors.media.hostile import photo
from tests.actors.media.pictures import objects, of, sent, upload


async def test_a_picture_is_made_and_then_improved(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, photo(size=(800, 600)), alt="A mug")

    made = await shop.ask(FinishImage(id=image))
    await shop.settle()
    (shown,) = await of(shop)

    assert isinstance(made, Image)
    assert {each.format for each in made.renditions} == {"webp", "jpeg"}
    assert (shown.alt, shown.state, shown.width, shown.height) == ("A mug", "ready", 800, 600)
    assert [(each.format, each.width) for each in shown.renditions] == [
        ("avif", 320), ("avif", 640), ("avif", 800), ("jpeg", 800), ("webp", 320), ("webp", 640), ("webp", 800),
    ]  # fmt: skip
    assert sorted(await objects(shop)) == sorted([f"originals/{image}", *(each.key for each in shown.renditions)])
    assert shop.published(ImageReady) == [ImageReady(id=image, product_ids=("MUG",))]
    assert shop.published(ImageImproved) == [ImageImproved(id=image, product_ids=("MUG",))]
    await shop.audit()


async def test_a_refused_picture_leaves_no_object(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, b"<svg onload='alert(1)'/>")

    refused = await shop.ask(FinishImage(id=image))
    await shop.settle()

    assert isinstance(refused, Image)
    assert (refused.state, refused.reason) == ("refused", "format")
    assert await objects(shop) == []
    assert shop.published(ImageRefused) == [ImageRefused(id=image, reason="format")]
    assert REFUSALS["format"]
    await shop.audit()


async def test_the_same_picture_is_stored_once(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, photo("PNG"))
    await shop.settle()
    before = await objects(shop)
    same = (tmp_path / image).read_bytes()

    assert [await upload(shop, tmp_path, same, "LAMP") for _ in range(2)] == [image, image]

    await shop.settle()
    assert [each.id for each in await of(shop, "LAMP")] == [image]
    assert await objects(shop) == before
    await shop.audit()


@pytest.mark.parametrize(
    "point",
    [
        "after-commit@media.add",
        "before-call@media.render",
        "original-kept",
        "renditions-stored",
        "upload-removed",
        "after-call@media.render",
        "before-commit@media.record",
        "after-commit@media.record",
        "after-call@media.improve",
    ],
)
async def test_a_kill_anywhere_leads_to_a_picture(shop: ShopUnderTest, tmp_path: Path, point: str) -> None:
    async with shop.kill_at(point):
        image = await upload(shop, tmp_path, photo())
    await shop.settle()

    (shown,) = await of(shop)
    assert (shown.id, shown.state) == (image, "ready")
    assert {each.format for each in shown.renditions} == {"avif", "webp", "jpeg"}
    assert not [key for key in await objects(shop) if key.startswith("incoming/")]
    await shop.audit()


@pytest.mark.parametrize(
    "point",
    [
        "after-commit@media.add",
        "before-call@media.render",
        "after-call@media.render",
        "before-commit@media.record",
        "after-commit@media.record",
        "before-call@media.remove_upload",
    ],
)
async def test_a_kill_anywhere_leads_to_a_refusal_of_what_is_no_picture(
    shop: ShopUnderTest, tmp_path: Path, point: str
) -> None:
    async with shop.kill_at(point):
        image = await upload(shop, tmp_path, b"<svg/>")
    await shop.settle()

    (shown,) = await of(shop)
    assert (shown.id, shown.state, shown.reason) == (image, "refused", "format")
    assert await objects(shop) == []
    await shop.audit()


@pytest.mark.parametrize(
    "point",
    [
        "before-commit@media.take_down",
        "after-commit@media.take_down",
        "before-call@media.remove_objects",
        "after-call@media.remove_objects",
    ],
)
async def test_a_kill_anywhere_leaves_nothing_of_what_is_taken_down(
    shop: ShopUnderTest, tmp_path: Path, point: str
) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.settle()

    async with shop.kill_at(point):
        for _ in range(2):
            with suppress(Killed):
                await shop.ask(TakeDownImage(id=image))
                break
    await shop.settle()

    assert (await of(shop), await objects(shop)) == ((), [])
    await shop.audit()


@pytest.mark.parametrize(
    "point",
    [
        "before-commit@media.forget",
        "after-commit@media.forget",
        "before-call@media.remove_objects",
    ],
)
async def test_a_kill_anywhere_leaves_nothing_of_a_removed_product(
    shop: ShopUnderTest, tmp_path: Path, point: str
) -> None:
    await upload(shop, tmp_path, photo())
    await shop.settle()

    await shop.ask(RemoveProduct(id="MUG"))
    await shop.settle()

    async with shop.kill_at(point):
        await shop.clock.advance(days=30)
    await shop.settle()
    await shop.clock.advance(days=30)
    await shop.settle()

    assert (await of(shop), await objects(shop)) == ((), [])
    await shop.audit()


async def test_a_full_disk_leaves_a_picture_waiting_and_says_why(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, copy = await sent(shop, tmp_path, photo()), shutil.copyfileobj

    def half(source: IO[bytes], target: IO[bytes]) -> None:
        target.write(source.read(100))
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", half)
    await shop.ask(ask)
    await shop.settle()

    (waiting,) = await of(shop)
    assert (waiting.state, waiting.waits_for, waiting.reason) == ("waiting", "no_room", None)
    assert await objects(shop) == [ask.upload]
    assert not list(shop.inside.settings.engine.shopflow_data.rglob("*.part"))

    monkeypatch.setattr(shutil, "copyfileobj", copy)
    await shop.clock.advance(minutes=10)
    await shop.settle()

    (ready,) = await of(shop)
    assert (ready.state, ready.waits_for) == ("ready", None)
    await shop.audit()


async def test_two_processes_make_the_same_picture_in_one_folder(tmp_path: Path) -> None:
    content, named = photo(size=(400, 300)), image_hash()
    named.update(content)
    (tmp_path / "photo").write_bytes(content)
    homes = [FolderObjects(tmp_path / "media") for _ in range(2)]
    await homes[0].put("incoming/1", tmp_path / "photo", "image/jpeg")

    made = await asyncio.gather(*(Making(home).first(named.hexdigest(), "incoming/1") for home in homes))

    assert made[0] == made[1]
    files = [path for path in (tmp_path / "media").rglob("*") if path.is_file()]
    there = {path.relative_to(tmp_path / "media").as_posix() for path in files}
    assert there == {f"originals/{named.hexdigest()}", *(each.key for each in made[0].renditions)}


async def test_an_unused_picture_goes_after_thirty_days(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.settle()
    await shop.ask(DropImage(product_id="MUG", id=image))

    await shop.clock.advance(days=29)
    assert await objects(shop)
    await shop.clock.advance(days=1)
    await shop.settle()

    assert await objects(shop) == []
    assert shop.published(ImageDropped) == [ImageDropped(id=image)]
    await shop.audit()


async def test_a_picture_that_is_used_again_stays(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.ask(DropImage(product_id="MUG", id=image))
    await shop.clock.advance(days=20)
    await upload(shop, tmp_path, (tmp_path / image).read_bytes(), "LAMP")

    await shop.clock.advance(days=20)
    await shop.settle()

    assert [each.state for each in await of(shop, "LAMP")] == ["ready"]
    await shop.audit()


async def test_a_removed_product_uses_no_picture(shop: ShopUnderTest, tmp_path: Path) -> None:
    await upload(shop, tmp_path, photo())
    await shop.settle()

    await shop.ask(RemoveProduct(id="MUG"))
    await shop.settle()

    assert await of(shop) == ()
    await shop.clock.advance(days=30)
    await shop.settle()
    assert await objects(shop) == []


async def test_what_is_taken_down_is_gone_at_once_and_may_come_again(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.settle()

    await shop.ask(TakeDownImage(id=image))
    await shop.settle()

    assert (await of(shop), await objects(shop)) == ((), [])
    assert await shop.ask(TakeDownImage(id=image)) == NoSuchImage(id=image)
    await upload(shop, tmp_path, (tmp_path / image).read_bytes())
    await shop.settle()
    assert [each.state for each in await of(shop)] == ["ready"]
    await shop.audit()


async def test_pictures_are_arranged_and_described(shop: ShopUnderTest, tmp_path: Path) -> None:
    first, second, third = [await upload(shop, tmp_path, photo(size=(20, 20 + place))) for place in range(3)]

    arranged = await shop.ask(ArrangeImages(product_id="MUG", ids=(third, first)))
    described = await shop.ask(DescribeImage(product_id="MUG", id=third, alt="From above"))

    assert isinstance(arranged, ProductImages)
    assert [each.id for each in arranged.images] == [third, first, second]
    assert isinstance(described, Image)
    assert described.alt == "From above"
    assert await shop.ask(ArrangeImages(product_id="MUG", ids=("0" * 32,))) == NoSuchImage(id="0" * 32)
    assert await shop.ask(DescribeImage(product_id="LAMP", id=third, alt="")) == NoSuchImage(id=third)


async def test_a_product_has_thirty_pictures_at_most(shop: ShopUnderTest, tmp_path: Path) -> None:
    asks = [StoreImage(product_id="MUG", id=f"{nr:032x}", upload=f"incoming/{nr}", size=9) for nr in range(31)]
    answers = await asyncio.gather(*(shop.ask(ask) for ask in asks))

    assert [type(answer) for answer in answers] == [Image] * 30 + [TooManyImages]
    await shop.settle()
    assert {each.reason for each in await of(shop)} == {"lost"}  # None was uploaded.


async def test_the_audit_finds_what_is_missing_and_what_is_too_much(shop: ShopUnderTest, tmp_path: Path) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.settle()
    keys = await objects(shop)
    await shop.inside.objects.remove([next(key for key in keys if key.startswith("i/"))])
    await shop.inside.objects.put(f"i/{'0' * 32}/320.webp", tmp_path / image, "image/webp")

    found = (await shop.ask(Audit(), timeout_s=60)).findings
    await shop.ask(Repair(), timeout_s=60)
    await shop.settle()

    assert {(each.check, each.about) for each in found} == {
        ("object_has_image", "0" * 32), ("image_has_objects", image),
    }  # fmt: skip
    assert sorted(await objects(shop)) == sorted(keys)
    await shop.audit()


async def test_what_a_crash_has_left_of_an_upload_is_deleted_at_a_start(shop: ShopUnderTest, tmp_path: Path) -> None:
    file = tmp_path / "left"
    file.write_bytes(b"sent, and never named in a message")
    left, under_way = upload_key(shop.clock.now()), upload_key(shop.clock.now() + timedelta(hours=20))
    for key in (left, under_way):
        await shop.inside.objects.put(key, file, "image/jpeg")

    await shop.restart()
    assert sorted(await objects(shop)) == sorted([left, under_way])
    await shop.clock.advance(hours=25)
    await shop.restart()
    await shop.settle()

    assert await objects(shop) == [under_way]
