"""A changed recipe: all pictures are made again, behind the ordinary work, and are shown at every moment."""

from contextlib import suppress
from pathlib import Path

import pytest

from actors.media import remaking, worker
from actors.media.private import RecordRemake, RenderAgain
from bus.messages.media import ImageImproved, TakeDownImage
from testkit.shop_under_test import Killed, ShopUnderTest
from tests.actors.media.hostile import photo
from tests.actors.media.pictures import objects, of, upload
from tests.waiting import eventually


async def shown_keys(shop: ShopUnderTest) -> set[str]:
    """The keys that pages show now, each of which must be there."""
    keys = {each.key for image in await of(shop) for each in image.renditions}
    assert keys <= set(await objects(shop))
    return keys


async def all_remade(shop: ShopUnderTest) -> bool:
    await shop.settle()
    return all("/2/" in key for key in await shown_keys(shop))


async def test_a_start_makes_pictures_of_an_earlier_recipe_again(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = [await upload(shop, tmp_path, photo(size=(40, 40 + place))) for place in range(6)]
    await shop.settle()
    before = await shown_keys(shop)

    monkeypatch.setattr(worker, "RECIPE", 2)
    await shop.restart()
    await eventually(lambda: all_remade(shop))

    after = await shown_keys(shop)
    assert after == {key.replace(f"{key.split('/')[1]}/", f"{key.split('/')[1]}/2/") for key in before}
    assert before <= set(await objects(shop))  # Pages and mails of yesterday show them.
    assert sorted(each.id for each in shop.published(ImageImproved)) == sorted(images * 2)
    await shop.audit()
    await shop.clock.advance(days=30)
    await shop.settle()
    assert {key for key in await objects(shop) if key.startswith("i/")} == after
    await shop.audit()


@pytest.mark.parametrize(
    "point",
    [
        "after-commit@media.render_again",
        "before-call@media.remake",
        "half-remade",
        "remade",
        "after-call@media.remake",
        "before-commit@media.record_remake",
        "after-commit@media.record_remake",
    ],
)
async def test_a_kill_anywhere_shows_all_pictures_and_remakes_them(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    for place in range(2):
        await upload(shop, tmp_path, photo(size=(40, 40 + place)))
    await shop.settle()
    monkeypatch.setattr(worker, "RECIPE", 2)

    async with shop.kill_at(point):
        with suppress(Killed):
            await shop.ask(RenderAgain(recipe=2))
    await shown_keys(shop)
    await eventually(lambda: all_remade(shop))

    assert {each.format for image in await of(shop) for each in image.renditions} == {"avif", "webp", "jpeg"}
    await shop.audit()


async def test_a_picture_that_can_t_be_made_again_stays_as_it_is(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost, kept = [await upload(shop, tmp_path, photo(size=(40, 40 + place))) for place in range(2)]
    await shop.settle()
    await shop.inside.objects.remove([f"originals/{lost}"])
    monkeypatch.setattr(worker, "RECIPE", 2)

    for _ in range(2):
        await shop.ask(RenderAgain(recipe=2))
        await shop.settle()

    folders = {each.key.rpartition("/")[0] for image in await of(shop) for each in image.renditions}
    assert folders == {f"i/{lost}", f"i/{kept}/2"}


async def test_what_is_taken_down_meanwhile_is_gone(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.settle()
    monkeypatch.setattr(worker, "RECIPE", 2)

    await shop.ask(RenderAgain(recipe=2))
    await shop.ask(TakeDownImage(id=image))
    await shop.settle()

    assert await objects(shop) == []
    await shop.audit()


async def test_old_files_that_are_shown_again_stay(
    shop: ShopUnderTest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = await upload(shop, tmp_path, photo())
    await shop.settle()
    monkeypatch.setattr(worker, "RECIPE", 2)
    await shop.ask(RenderAgain(recipe=2))
    await shop.settle()
    monkeypatch.setattr(worker, "RECIPE", 1)  # An older version is back, and the picture was sent to it anew.
    await shop.ask(TakeDownImage(id=image))
    await shop.settle()
    await upload(shop, tmp_path, (tmp_path / image).read_bytes())

    await shop.clock.advance(days=31)
    await shop.settle()

    assert len(await shown_keys(shop)) == 3
    await shop.audit()


async def test_few_are_told_at_once_and_each_one_once(shop: ShopUnderTest) -> None:
    database, now = shop.inside.services.database, shop.clock.now()
    ids = [f"{number:032x}" for number in range(10)]
    async with database.transaction(now) as tx:
        await tx.execute(
            "insert into media.files (id, state, size, width, height, stored_at, unused_since) "
            "select id, 'ready', 9, 9, 9, $2, $2 from unnest($1::text[]) as n (id)",
            ids, now,
        )  # fmt: skip

        told = await remaking.take(tx, 2, 4)
        assert await remaking.take(tx, 2, 4) == []
        while len(told) < len(ids):
            await remaking.record(tx, RecordRemake(id=told[-4], recipe=2))
            (more,) = await remaking.take(tx, 2, 4)
            told.append(more)

    assert sorted(told) == ids
