"""The owner's screens of goods, as somebody without scripts uses them: made, changed, refused, removed."""

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.reader import Page, Reader
from tests.journeys.staff_people import Colleague, colleague


@pytest.fixture
async def owner(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Colleague:
    return await colleague(shop, http)


@pytest.fixture
def reader(shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Colleague) -> Reader:
    return as_reader(shop, http, owner)


def as_reader(shop: ShopUnderTest, http: aiohttp.ClientSession, person: Colleague) -> Reader:
    reader = Reader(shop, http)
    reader.cookies["staff"] = person.token
    return reader


# --- Collections ---


async def new_collection(reader: Reader, title: str = "For the lake") -> Page:
    page = await reader.get("/admin/collections")
    return await reader.submit(page, "new-collection", "add-collection", title=title)


async def add_by_hand(reader: Reader, page: Page, product_id: str) -> Page:
    found = await reader.submit(page, "find-products", "find-product", q=product_id)
    return await reader.submit(found, "choices", f"add-{product_id}")


async def test_a_collection_is_made_ordered_and_removed(reader: Reader, owner: Colleague) -> None:
    page = await new_collection(reader)
    assert (page.status, page.headings) == (200, ["For the lake"])
    assert 'data-testid="empty"' in page.text
    for product_id in ("MUG", "LAMP", "BOOK"):
        page = await add_by_hand(reader, page, product_id)

    page = await reader.submit(page, "members", "save-members", **{"place.BOOK": "1", "drop": "LAMP"})

    path = page.path.partition("?")[0].removeprefix("/admin/collections/")
    assert (await owner.get(f"/admin/api/collections/{path}")).good["items"] == ["BOOK", "MUG"]
    preview = page.text[page.text.index('data-testid="preview"') :]
    assert preview.index('data-product="BOOK"') < preview.index('data-product="MUG"')

    gone = await reader.submit(page, "collection", "remove-collection")

    assert (gone.path, "For the lake" in gone.text) == ("/admin/collections", False)
    assert (await owner.get("/products/MUG")).status == 200


async def test_a_collections_search_is_set_and_one_that_cannot_be_read_is_shown_again(
    reader: Reader, owner: Colleague
) -> None:
    page = await new_collection(reader)

    saved = await reader.submit(
        page, "collection", "save-collection", q="mug", price_to="99,50", description="Warm\r\nthings", sort="price"
    )

    path = saved.path.partition("?")[0].removeprefix("/admin/collections/")
    kept = (await owner.get(f"/admin/api/collections/{path}")).good
    assert (kept["rule"]["q"], kept["rule"]["price_to"], kept["rule"]["sort"]) == ("mug", 9950, "price")
    assert kept["description"] == "Warm\nthings"
    assert dict(saved.form("collection").fields)["price_to"] == "99.50"

    for field, typed in (("price_to", "cheap"), ("filters", "brand"), ("filters", "no_such: thing")):
        refused = await reader.submit(saved, "collection", "save-collection", title="Warm", **{field: typed})
        assert (refused.status, len(refused.alerts)) == (422, 1), field
        fields = dict(refused.form("collection").fields)
        assert (fields["title"], fields[field]) == ("Warm", typed)
    assert "no_such" in refused.alerts[0]
    assert (await owner.get(f"/admin/api/collections/{path}")).good == kept


async def test_an_address_of_another_collection_is_refused_with_its_name(reader: Reader) -> None:
    _ = await new_collection(reader)

    refused = await new_collection(reader)

    assert refused.status == 409
    assert "for-the-lake" in refused.alerts[0]
    assert dict(refused.form("new-collection").fields)["title"] == "For the lake"


async def test_what_buyers_do_not_see_yet_has_no_preview(reader: Reader) -> None:
    page = await new_collection(reader)

    later = await reader.submit(page, "collection", "save-collection", publish_at="2999-01-01T00:00")

    assert 'data-testid="hidden"' in later.text
    assert "Hidden" in (await reader.get("/admin/collections")).text


async def test_who_may_not_write_content_changes_no_collection(
    shop: ShopUnderTest, http: aiohttp.ClientSession, reader: Reader
) -> None:
    page = await new_collection(reader)
    stranger = as_reader(shop, http, await colleague(shop, http, "support"))

    seen = await stranger.get("/admin/collections")
    sent = await stranger.submit(page, "collection", "remove-collection")

    assert (seen.status, sent.status) == (403, 403)
    assert "For the lake" in (await reader.get("/admin/collections")).text
