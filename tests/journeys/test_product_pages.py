"""Pages of the catalogue, as browsers and CDNs ask for them: named, revalidated, kept for a while."""

import msgspec
import pytest

from testkit import ShopUnderTest
from tests.journeys.people import Answer, Customer, Staff
from tests.waiting import eventually

KEPT = "public, max-age=0, s-maxage=30, stale-while-revalidate=300, stale-if-error=86400"


async def known(buyer: Customer, path: str, etag: str) -> Answer:
    return await buyer.ask("GET", path, headers={"If-None-Match": etag})


async def test_a_page_is_named_and_not_sent_twice(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    first = await buyer.get("/products/mug")
    etag = first.headers["ETag"]

    assert (first.headers["Cache-Control"], first.headers["Vary"]) == (KEPT, "Accept-Encoding, Accept-Language")
    again = await known(buyer, "/products/mug", etag)
    assert (again.status, again.body, again.headers["ETag"]) == (304, b"", etag)
    assert (again.headers["Cache-Control"], again.headers["Vary"]) == (KEPT, first.headers["Vary"])
    assert (await known(buyer, "/products/MUG", etag.removeprefix("W/"))).status == 304
    revision = (await staff.get("/admin/api/products/MUG")).good["revision"]
    assert etag.startswith(f'W/"{revision}-')

    _ = (await staff.count("MUG", 7)).good  # Its stock is other.
    sold = await known(buyer, "/products/mug", etag)
    assert (sold.status, sold.json["available"]) == (200, 7)
    _ = (await staff.ask("PATCH", "/admin/api/products/MUG", {"title": "Cup"})).good
    renamed = await known(buyer, "/products/mug", sold.headers["ETag"])
    assert (renamed.status, renamed.json["title"]) == (200, "Cup")
    assert len({etag, sold.headers["ETag"], renamed.headers["ETag"]}) == 3


async def test_a_page_that_is_ready_is_that_of_the_route_word_for_word(
    buyer: Customer, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"/products/MUG", "/products/mug", "/products/LAMP", "/products/none", "/products/MUG/inventory"}
    for path in asked:
        await buyer.get(path)
    ready = {path: await buyer.get(path) for path in asked}
    assert (await buyer.ask("HEAD", "/products/mug")).headers["ETag"] == ready["/products/mug"].headers["ETag"]
    assert (await buyer.get("/products/mug?x=1")).refusal == (422, "invalid")
    monkeypatch.setattr("gateway.ready_pages._name", lambda _: "")

    for path in asked:
        routed = await buyer.get(path)
        assert routed.status == ready[path].status
        if "inventory" not in path:
            assert routed.body == ready[path].body
        assert {**routed.headers, "Date": ""} == {**ready[path].headers, "Date": ""}


async def test_a_list_and_a_search_are_kept_likewise(buyer: Customer, staff: Staff) -> None:
    for path in ("/products", "/products?q=mug", "/products?category=Test&limit=3"):
        first = await buyer.get(path)
        assert (first.headers["Cache-Control"], first.headers["Vary"]) == (KEPT, "Accept-Encoding, Accept-Language")
        assert (await known(buyer, path, first.headers["ETag"])).status == 304
    _ = (await staff.count("MUG", 3)).good
    changed = await known(buyer, path, first.headers["ETag"])
    assert {each["id"]: each["available"] for each in changed.good["items"]}["MUG"] == 3


async def test_what_is_somebodys_or_of_this_moment_is_kept_nowhere(buyer: Customer, staff: Staff) -> None:
    cart = await buyer.fill_cart(MUG=1)
    for asker, path in (
        (buyer, "/products/MUG/inventory"),
        (buyer, f"/carts/{cart}"),
        (staff, "/admin/api/products/MUG"),
        (staff, "/admin/api/products"),
    ):
        answer = await asker.get(path)
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert "public" not in answer.headers["Cache-Control"]
    assert (await buyer.get("/products/none")).headers["Cache-Control"] == "no-cache"


async def test_stock_on_pages_is_that_of_carts_and_of_live_levels(
    shop: ShopUnderTest, buyer: Customer, staff: Staff
) -> None:
    cart = await buyer.fill_cart(MUG=4)
    await shop.clock.at_rest()

    assert (await buyer.get("/products/MUG")).good["skus"][0]["available"] == 6
    (listed,) = (await buyer.get("/products?q=mug")).good["items"]
    assert (listed["available"], listed["skus"]) == (6, ["MUG"])
    _ = (await buyer.ask("DELETE", f"/carts/{cart}/lines/MUG")).good
    await shop.clock.at_rest()
    assert (await buyer.get("/products/MUG")).good["available"] == 10


async def test_a_removed_product_is_gone_everywhere_at_once(buyer: Customer, staff: Staff) -> None:
    etag = (await buyer.get("/products/mug")).headers["ETag"]
    assert (await staff.ask("DELETE", "/admin/api/products/MUG")).status == 204

    assert (await known(buyer, "/products/mug", etag)).refusal == (410, "gone")
    assert (await known(buyer, "/products/MUG", etag)).refusal == (404, "not_found")
    for path in ("/products", "/products?q=mug", "/products?sort=newest"):
        assert "MUG" not in [each["id"] for each in (await buyer.get(path)).good["items"]]


async def test_its_age_is_measured(shop: ShopUnderTest, buyer: Customer, staff: Staff) -> None:
    _ = (await buyer.get("/products/mug")).good
    _ = (await staff.ask("PATCH", "/admin/api/products/MUG", {"title": "Cup"})).good

    async def is_measured() -> bool:
        text = await metrics(shop)
        return any(line.startswith("shopflow_view_age_seconds_count") and not line.endswith(" 0.0") for line in text)

    await eventually(is_measured)
    read = [line for line in await metrics(shop) if line.startswith("shopflow_view_reads_total")]
    assert msgspec.json.decode(read[0].split()[-1].encode()) > 0


async def metrics(shop: ShopUnderTest) -> list[str]:
    from prometheus_client import generate_latest  # noqa: PLC0415 - as the operations port writes it

    return generate_latest().decode().splitlines()
