"""What machines read of the shop: its sitemap and its feed, as XML that any reader takes."""

import xml.etree.ElementTree as ET

import pytest

from tests.journeys.people import Customer, Staff
from tests.journeys.test_search import body_of

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
GOOGLE = "{http://base.google.com/ns/1.0}"


async def locations(buyer: Customer, path: str) -> list[str]:
    answer = await buyer.get(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/xml")
    root = ET.fromstring(answer.body)
    return [str(each.text) for each in root.iter(f"{SITEMAP}loc")]


async def add(staff: Staff, name: str, **fields: object) -> None:
    body = {**body_of(name, f"Title {name}"), **fields}
    _ = (await staff.ask("POST", "/admin/api/products", body)).good


async def test_a_sitemap_has_every_product_that_is_seen_once(
    staff: Staff, buyer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await locations(buyer, "/sitemap.xml")
    for name in ("A", "B", "C", "D", "E"):
        await add(staff, name)
    await add(staff, "DRAFT", status="draft")

    whole = await locations(buyer, "/sitemap.xml")
    assert sorted(whole) == sorted([*before, *(f"{staff.shop.url}/p/{name.lower()}" for name in "ABCDE")])
    others = [address for address in whole if "/p/" not in address]
    assert whole[: len(others)] == others
    assert f"{staff.shop.url}/" in others
    for most in (len(others) + 1, len(others) + 2, len(whole) - 1, len(whole), len(whole) + 1):
        monkeypatch.setattr("gateway.api.catalog.feeds._MOST", most)
        files = await locations(buyer, "/sitemap.xml")
        if most < len(whole):
            parts = [await locations(buyer, file.removeprefix(staff.shop.url)) for file in files]
            assert all(len(part) <= most for part in parts)
            files = [address for part in parts for address in part]
        assert files == whole
    assert (await buyer.get("/sitemap.xml?cursor=what")).refusal == (422, "invalid")


@pytest.fixture
def all_are_walking(monkeypatch: pytest.MonkeyPatch) -> None:
    """No further feed may be written. Comes before the shop."""
    monkeypatch.setattr("gateway.context.MOST_FEEDS", 0)


@pytest.mark.usefixtures("all_are_walking")
async def test_no_more_than_some_walk_through_all_goods_at_once(buyer: Customer) -> None:
    assert (await buyer.get("/feeds/products.xml")).refusal == (503, "busy")
    assert (await buyer.get("/sitemap.xml")).refusal == (503, "busy")


async def test_the_feed_has_every_sku_on_sale_with_its_price_and_stock(staff: Staff, buyer: Customer) -> None:
    odd = "Tea & <cups>\x0b ]]>"
    await add(staff, "ODD", description=odd, brand="Acme")
    sku = {"sku": "BOTH-1", "price": {"amount": 5, "currency": "EUR"}, "weight_g": 10, "barcode": "4006381333931"}
    await add(staff, "BOTH", skus=[sku, {**sku, "sku": "BOTH-2", "barcode": None, "on_sale": False}])
    _ = (await staff.ask("PUT", "/admin/api/stock/BOTH-1", {"on_hand": 3})).good
    await add(staff, "DRAFT", status="draft")

    answer = await buyer.get("/feeds/products.xml")

    root = ET.fromstring(answer.body)
    items = {
        str(each.findtext(f"{GOOGLE}id")): {field.tag.removeprefix(GOOGLE): field.text for field in each}
        for each in root.iter("item")
    }
    assert {"ODD-1", "BOTH-1", "MUG", "BOOK"} <= items.keys()
    assert not {"BOTH-2", "DRAFT-1"} & items.keys()
    assert items["ODD-1"]["description"] == odd.replace("\x0b", "")
    assert (items["ODD-1"]["availability"], items["ODD-1"]["brand"]) == ("out_of_stock", "Acme")
    assert (items["BOTH-1"]["price"], items["BOTH-1"]["availability"]) == ("0.05 EUR", "in_stock")
    assert (items["BOTH-1"]["gtin"], items["BOTH-1"]["item_group_id"]) == ("4006381333931", "BOTH")
    assert items["MUG"]["link"] == f"{staff.shop.url}/p/mug"
