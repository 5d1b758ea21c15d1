"""Pictures of a shop with a bucket, by S3's own protocol: sent through the shop or past it, and served all the same."""

import hashlib
from collections.abc import AsyncIterator, Iterator

import aiohttp
import msgspec
import pytest
from yarl import URL

from actors.media.rules import OWNER
from engine.objects.s3 import open_s3
from testkit.fixtures import in_its_own_task
from testkit.ministack import CREDENTIALS, answers, ministack
from testkit.real_servers import Servers
from testkit.shop_under_test import ShopUnderTest, open_shop_under_test
from tests.actors.media.hostile import photo
from tests.journeys.people import Json, Staff, all_is_well
from tests.journeys.test_pictures import IMAGES, addresses, send
from tests.sqs import settings_of
from wiring.domains import ShopSettings

pytestmark = pytest.mark.slow
UPLOADS = "/admin/api/uploads"


@pytest.fixture(scope="module")
def stand_in_url() -> Iterator[str]:
    with ministack() as url:
        yield url


@pytest.fixture
async def shop(servers: Servers, stand_in_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ShopUnderTest]:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    await answers(stand_in_url)
    sqs = msgspec.structs.replace(settings_of(stand_in_url), sqs_prefix="", s3_bucket="pictures")
    async with open_s3("pictures", region="us-east-1", endpoint_url=stand_in_url) as objects:
        await objects.make_bucket()

    def with_bucket(settings: ShopSettings) -> ShopSettings:
        return msgspec.structs.replace(settings, sqs=sqs)

    async with in_its_own_task(open_shop_under_test(servers, change=with_bucket)) as opened:
        yield opened
        async for key in opened.inside.objects.keys(""):
            await opened.inside.objects.remove([key])


async def announce(staff: Staff, content: bytes, **changes: object) -> Json:
    body = {"product_id": "MUG", "size": len(content), "sha256": hashlib.sha256(content).hexdigest(), "alt": "A mug"}
    return (await staff.ask("POST", UPLOADS, body | changes)).good


async def put(http: aiohttp.ClientSession, upload: Json, content: bytes) -> int:
    headers = {name: value for name, value in upload["headers"].items() if name != "Content-Length"}
    async with http.put(URL(upload["url"], encoded=True), data=content, headers=headers) as answer:
        return answer.status


async def complete(staff: Staff, upload: Json) -> tuple[int, Json]:
    answer = await staff.ask("POST", f"{UPLOADS}/{upload['id']}/complete")
    return answer.status, answer.json


async def test_a_picture_sent_through_the_shop_lies_in_the_bucket(staff: Staff) -> None:
    _, sent = await send(staff, photo(size=(400, 300)))
    await staff.shop.settle()

    shown = (await staff.get("/products/MUG")).good["image"]
    keys = [key async for key in staff.shop.inside.objects.keys("i/")]

    assert sorted(f"/media/{key}" for key in keys) == sorted(addresses(shown))
    for address in addresses(shown):
        async with staff.http.get(f"{staff.shop.url}{address}") as answer:
            assert answer.status == 200
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    await all_is_well(staff)
    assert (await staff.ask("DELETE", f"/admin/api/images/{sent['id']}")).status == 204
    await staff.shop.settle()
    assert [key async for key in staff.shop.inside.objects.keys("")] == [OWNER]


async def test_a_picture_goes_straight_to_the_bucket(staff: Staff) -> None:
    content = photo(size=(300, 200))
    upload = await announce(staff, content)
    assert (await complete(staff, upload))[1]["code"] == "upload_missing"

    assert await put(staff.http, upload, content) == 200
    first, second = await complete(staff, upload), await complete(staff, upload)
    await staff.shop.settle()

    assert first[0] == second[0] == 200
    assert (first[1]["state"], first[1]["alt"], first[1]["id"]) == ("ready", "A mug", second[1]["id"])
    assert [each["id"] for each in (await staff.get("/products/MUG")).good["images"]] == [first[1]["id"]]
    assert [key async for key in staff.shop.inside.objects.keys("incoming/")] == []
    await all_is_well(staff)


async def test_nothing_else_is_taken_under_its_name(staff: Staff) -> None:
    upload = await announce(staff, photo())

    assert await put(staff.http, upload, b"another thing") == 403
    assert (await complete(staff, upload))[1]["code"] == "upload_missing"


async def test_what_is_no_picture_is_refused_after_it_was_sent(staff: Staff) -> None:
    upload = await announce(staff, b"<svg/>")
    assert await put(staff.http, upload, b"<svg/>") == 200

    status, refused = await complete(staff, upload)

    assert (status, refused["reason"]) == (422, "format")
    assert (await staff.get(IMAGES)).good["items"] == []
    await all_is_well(staff)


async def test_an_upload_that_nobody_completes_is_forgotten(staff: Staff) -> None:
    content = photo()
    upload = await announce(staff, content)
    assert await put(staff.http, upload, content) == 200

    await staff.shop.clock.advance(minutes=71)

    assert [key async for key in staff.shop.inside.objects.keys("incoming/")] == []
    assert (await complete(staff, upload))[0] == 404


async def test_announcements_are_bounded(staff: Staff) -> None:
    for changes in ({"size": 0}, {"size": 21 << 20}, {"sha256": "x"}, {"alt": "two\nlines"}):
        body = {"product_id": "MUG", "size": 9, "sha256": "0" * 64} | changes
        assert (await staff.ask("POST", UPLOADS, body)).status == 422
    for _ in range(200):
        await announce(staff, b"x")
    body = {"product_id": "MUG", "size": 9, "sha256": "0" * 64}
    assert (await staff.ask("POST", UPLOADS, body)).refusal == (409, "too_many_uploads")
