"""Pictures: sent by staff, shown with their product, served to everybody, and gone when they must be."""

import errno
import io
import re
import shutil
from typing import IO, Any

import aiohttp
import pytest
from PIL import Image

from bus.messages.media import MOST_BYTES
from testkit import ShopUnderTest
from tests.actors.media.hostile import SECRET, Hostile, hostile_files, photo, where_it_was_taken
from tests.journeys.people import Json, Staff, all_is_well

IMAGES = "/admin/api/products/MUG/images"
UNWANTED = (SECRET, b"Exif", b"GPS", b"xmp", b"ICC_PROFILE")
HARD = {"script.svg", "bomb.png", "moving.webp", "cut.jpg", "dot.png"}


async def send(
    staff: Staff, content: bytes, path: str = IMAGES, *, method: str = "POST", **fields: str
) -> tuple[int, Json]:
    form = aiohttp.FormData(fields)
    form.add_field("file", io.BytesIO(content), filename="photo.jpg", content_type="image/jpeg")
    headers = {"Authorization": f"Bearer {staff.token}"}
    async with staff.http.request(method, f"{staff.shop.url}{path}", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


def addresses(picture: Json) -> list[str]:
    found = [part.split()[0] for source in picture["sources"] for part in source["srcset"].split(",")]
    return [*found, picture["src"]]


async def test_a_sent_picture_is_shown_with_its_product(staff: Staff) -> None:
    status, sent = await send(staff, photo(size=(800, 500), exif=where_it_was_taken(6)), alt="A mug, from above")
    await staff.shop.settle()
    product = (await staff.get("/products/MUG")).good
    (listed,) = [each for each in (await staff.get("/products")).good["items"] if each["id"] == "MUG"]

    assert status == 201
    assert (sent["state"], sent["alt"], sent["width"], sent["height"]) == ("ready", "A mug, from above", 500, 800)
    assert product["image"] == listed["image"] == product["images"][0]
    shown = product["image"]
    assert set(shown) == {
        "id", "alt", "alts", "focal", "width", "height", "placeholder", "colour", "sources", "src",
    }  # fmt: skip
    assert [source["type"] for source in shown["sources"]] == ["image/avif", "image/webp"]
    assert [re.findall(r" (\d+)w", source["srcset"]) for source in shown["sources"]] == [["320", "500"]] * 2
    assert shown["placeholder"].startswith("data:image/webp;base64,")
    await all_is_well(staff)


async def test_a_draft_has_its_pictures_before_buyers_see_it(staff: Staff) -> None:
    _ = (await staff.ask("PATCH", "/admin/api/products/MUG", {"status": "draft"})).good

    status, _ = await send(staff, photo(size=(200, 100)))

    assert status == 201
    assert len((await staff.get(IMAGES)).good["items"]) == 1
    assert (await staff.get("/products/MUG")).status == 404


async def test_its_addresses_never_change_and_tell_nothing(staff: Staff) -> None:
    await send(staff, photo(size=(400, 300), exif=where_it_was_taken(1), comment=SECRET))
    await staff.shop.settle()
    shown = (await staff.get("/products/MUG")).good["image"]

    for address in addresses(shown):
        async with staff.http.get(f"{staff.shop.url}{address}") as answer:
            content, headers = await answer.read(), answer.headers
            assert answer.status == 200
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == "default-src 'none'"
        assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert headers["Content-Disposition"] == "inline"
        assert headers["Content-Type"] == Image.open(io.BytesIO(content)).get_format_mimetype()
        assert not [word for word in UNWANTED if word in content]
        async with staff.http.head(f"{staff.shop.url}{address}") as head:
            assert (head.status, head.headers["Cache-Control"]) == (200, headers["Cache-Control"])
        async with staff.http.get(f"{staff.shop.url}{address}", headers={"If-None-Match": headers["ETag"]}) as again:
            assert again.status == 304


@pytest.mark.parametrize("hostile", [each for each in hostile_files() if each.name in HARD], ids=lambda each: each.name)
async def test_what_is_no_picture_is_refused_with_a_sentence(staff: Staff, hostile: Hostile) -> None:
    status, refused = await send(staff, hostile.content)

    assert (status, refused["code"], refused["reason"]) == (422, "image_refused", hostile.outcome)
    assert (await staff.get(IMAGES)).good["items"] == []
    await all_is_well(staff)


async def test_bad_forms_are_refused(staff: Staff) -> None:
    for fields in ({"alt": "x" * 501}, {"alt": "two\nlines"}):
        status, refused = await send(staff, photo(), **fields)
        assert (status, refused["field"]) == (422, "alt")
    assert (await send(staff, b""))[0] == 422
    assert (await send(staff, bytes(MOST_BYTES + 100_000)))[0] == 413
    assert (await send(staff, photo(), "/admin/api/products/NONE/images"))[0] == 404
    assert (await staff.ask("POST", IMAGES, {"file": "no form"})).status == 422
    async with staff.http.post(f"{staff.shop.url}{IMAGES}", data={"file": "text"}) as stranger:
        assert stranger.status == 401


async def test_pictures_are_ordered_described_and_dropped(staff: Staff) -> None:
    ids = [(await send(staff, photo(size=(40, 40 + place))))[1]["id"] for place in range(3)]

    ordered = (await staff.ask("PUT", IMAGES, {"ids": [ids[2], ids[0]]})).good
    described = (await staff.ask("PATCH", f"{IMAGES}/{ids[2]}", {"alt": "First"})).good
    dropped = await staff.ask("DELETE", f"{IMAGES}/{ids[0]}")

    assert [each["id"] for each in ordered["items"]] == [ids[2], ids[0], ids[1]]
    assert described["alt"] == "First"
    assert dropped.status == 204
    shown = (await staff.get("/products/MUG")).good["images"]
    assert [(each["id"], each["alt"]) for each in shown] == [(ids[2], "First"), (ids[1], "")]
    for missing in (ids[0], "0" * 32, "..%2f"):
        assert (await staff.ask("DELETE", f"{IMAGES}/{missing}")).status == 404
    assert (await staff.ask("PUT", IMAGES, {"ids": [ids[0]]})).refusal == (404, "not_found")


async def test_a_picture_says_what_matters_and_what_it_shows(staff: Staff) -> None:
    first, second = [(await send(staff, photo(size=(40, 40 + place)), alt="A mug"))[1]["id"] for place in range(2)]
    words = {"de": "Eine Tasse", "pt-BR": "Uma caneca"}

    sent = await staff.ask("PATCH", f"{IMAGES}/{second}", {"alts": words, "focal": [0.25, 1], "skus": ["MUG"]})
    later = (await staff.ask("PATCH", f"{IMAGES}/{second}", {"alt": "A tall mug", "focal": None})).good

    product = (await staff.get("/products/MUG")).good
    assert later == sent.good | {"alt": "A tall mug"}
    assert (later["alts"], later["focal"], later["skus"]) == (words, [0.25, 1], ["MUG"])
    assert [(each["alt"], each["alts"], each["focal"]) for each in product["images"]] == [
        ("A mug", {}, [0.5, 0.5]), ("A tall mug", words, [0.25, 1]),
    ]  # fmt: skip
    assert [each["images"] for each in product["skus"]] == [[second]]
    emptied = (await staff.ask("PATCH", f"{IMAGES}/{second}", {"alts": {}, "skus": []})).good
    assert (emptied["alts"], emptied["skus"], emptied["alt"]) == ({}, [], "A tall mug")
    assert [each["images"] for each in (await staff.get("/products/MUG")).good["skus"]] == [[]]
    assert first != second


async def test_a_picture_follows_the_name_of_its_sku(staff: Staff) -> None:
    image = (await send(staff, photo()))[1]["id"]
    await staff.ask("PATCH", f"{IMAGES}/{image}", {"skus": ["MUG"]})

    renamed = await staff.ask("PATCH", "/admin/api/products/MUG/skus/MUG", {"sku": "CUP"})

    assert renamed.status == 200, renamed.json
    shown = (await staff.get("/products/MUG")).good
    assert [(each["sku"], each["images"]) for each in shown["skus"]] == [("CUP", [image])]
    assert (await staff.get(IMAGES)).good["items"][0]["skus"] == ["CUP"]


async def test_bad_descriptions_are_refused(staff: Staff) -> None:
    image = (await send(staff, photo()))[1]["id"]
    await staff.shop.settle()  # All of its formats are there.
    before = (await staff.get(IMAGES)).good

    for change in (
        {"focal": [0.5]}, {"focal": [0.5, 1.01]}, {"focal": [-0.1, 0]}, {"focal": ["a", 0]}, {"focal": 0.5},
        {"alts": {"german": "x" * 501}}, {"alts": {"de": "two\nlines"}}, {"alts": {"a b": "x"}}, {"alts": ["de"]},
        {"alts": {f"x{chr(97 + place)}": "y" for place in range(21)}}, {"skus": ["a b"]}, {"skus": "MUG"},
        {"alt": "x" * 501}, {"colour": "red"},
    ):  # fmt: skip
        assert (await staff.ask("PATCH", f"{IMAGES}/{image}", change)).status == 422, change
    strange = await staff.ask("PATCH", f"{IMAGES}/{image}", {"skus": ["LAMP"]})

    assert strange.refusal == (404, "unknown_sku")
    assert (await staff.get(IMAGES)).good == before


async def test_a_full_disk_refuses_a_picture_for_now(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: IO[bytes], target: IO[bytes]) -> None:
        target.write(source.read(10))
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(shutil, "copyfileobj", full)
        status, refused = await send(staff, photo())

    assert (status, refused["code"]) == (503, "unavailable")
    assert (await staff.get(IMAGES)).good["items"] == []
    assert not [path for path in staff.shop.inside.settings.engine.shopflow_data.rglob("*") if ".part" in path.name]
    assert (await send(staff, photo()))[0] == 201
    await all_is_well(staff)


async def test_what_is_taken_down_is_served_no_more(staff: Staff) -> None:
    _, sent = await send(staff, photo())
    address = f"{staff.shop.url}{sent['src']}"
    async with staff.http.get(address) as before:
        assert before.status == 200

    assert (await staff.ask("DELETE", f"/admin/api/images/{sent['id']}")).status == 204
    await staff.shop.settle()

    async with staff.http.get(address) as after:
        assert (after.status, after.headers["Cache-Control"]) == (404, "no-store")
    assert (await staff.get("/products/MUG")).good["images"] == []


@pytest.mark.parametrize(
    "path",
    [
        "i/{id}/",
        "i/{id}/320.svg",
        "i/{id}/../../originals/{id}",
        "originals/{id}",
        "i/{id}/%2e%2e",
        "i/{id}/x.webp",
        "incoming/x",
    ],
)
async def test_nothing_else_of_the_store_is_served(staff: Staff, path: str) -> None:
    _, sent = await send(staff, photo())

    async with staff.http.get(f"{staff.shop.url}/media/{path.format(id=sent['id'])}") as answer:
        assert answer.status == 404


async def test_addresses_name_the_cdn_where_there_is_one(shop: ShopUnderTest) -> None:
    settings: Any = shop.inside.settings.edge
    assert settings.media_url == "/media"
    assert type(settings)(shopflow_media_url="https://img.example/shop/").media_url == "https://img.example/shop"


async def test_a_shop_without_a_bucket_says_so(staff: Staff) -> None:
    body = {"product_id": "MUG", "size": 9, "sha256": "0" * 64}

    assert (await staff.ask("POST", "/admin/api/uploads", body)).refusal == (409, "no_bucket")
