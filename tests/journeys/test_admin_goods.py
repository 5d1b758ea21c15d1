"""The owner's screens, as each role has them: who may see one sees it, and nobody else; forms do what they say."""

from urllib.parse import urlencode

import aiohttp
import pytest

from actors.staff.rules import FIXED
from gateway.pages.admin import PARTS
from testkit import ShopUnderTest
from tests.journeys.people import Answer
from tests.journeys.staff_people import Colleague, colleague

OURS = (
    "/admin/products", "/admin/categories", "/admin/collections", "/admin/attributes", "/admin/types",
    "/admin/search-words", "/admin/imports", "/admin/start", "/admin/settings", "/admin/staff", "/admin/account",
)  # fmt: skip
SCREENS = {screen.path: screen for part in PARTS for screen in part.screens if screen.path in OURS}


async def see(person: Colleague, path: str, token: str | None = None) -> Answer:
    return await person.ask("GET", path, token=token, headers={"Accept": "text/html"}, follow=False)


async def send(person: Colleague, path: str, **fields: object) -> Answer:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": person.shop.url}
    raw = urlencode(fields, doseq=True).encode()
    return await person.ask("POST", path, raw=raw, headers=headers, follow=False)


@pytest.mark.parametrize("role", sorted(FIXED))
async def test_each_role_sees_the_screens_of_its_keys(
    shop: ShopUnderTest, http: aiohttp.ClientSession, role: str
) -> None:
    person = await colleague(shop, http, role)
    keys = (await person.me())["keys"]

    seen = {path: (await see(person, path)).status for path in OURS}

    assert set(SCREENS) == set(OURS)
    assert seen == {path: 200 if each.key is None or each.key in keys else 403 for path, each in SCREENS.items()}


async def test_whoever_is_not_signed_in_is_asked_to(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    nobody = Colleague(shop, http)
    for path in (*OURS, "/admin/products/MUG", "/admin/products/new"):
        answer = await see(nobody, path)
        if path == "/admin/account" or answer.status == 303:
            assert answer.headers["Location"].startswith("/admin/sign-in?next=%2Fadmin%2F")
        assert answer.status == 303, path


async def test_a_price_and_many_at_once(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    owner = await colleague(shop, http)
    product = (await owner.get("/admin/api/products/MUG")).good

    done = await send(owner, "/admin/products/price", id="MUG", price="12,30", revision=product["revision"])
    late = await send(owner, "/admin/products/price", id="MUG", price="9", revision=product["revision"])
    hidden = await send(owner, "/admin/products/bulk", id=["MUG", "NOWHERE"], do="hide")

    assert (done.status, late.status, hidden.status) == (303, 412, 404)
    assert "NOWHERE" in hidden.body.decode()
    now = (await owner.get("/admin/api/products/MUG")).good
    assert (now["price"]["amount"], now["status"]) == (1230, "draft")


async def test_a_new_product_needs_a_title_a_price_and_a_weight(
    shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    owner = await colleague(shop, http)
    fields = {"title": "Tea Pot", "price": "24.50", "weight_g": 800, "new_category": "Kitchen"}

    refused = await send(owner, "/admin/products/new", **{**fields, "weight_g": ""})
    made = await send(owner, "/admin/products/new", **fields, options="Size: S, L")

    assert refused.status == 422
    assert 'value="Tea Pot"' in refused.body.decode()
    assert made.headers["Location"] == "/admin/products/TEA-POT#pictures"
    product = (await owner.get("/admin/api/products/TEA-POT")).good
    assert [sku["sku"] for sku in product["skus"]] == ["TEA-POT-L", "TEA-POT-S"]  # In the order of their names.
    assert (product["slug"], product["status"]) == ("tea-pot", "draft")
    seen = {"was": '{"options": "Size: S, L"}', "revision": product["revision"]}
    options = await send(owner, "/admin/products/TEA-POT/options", options="Size: L, XL", **seen)
    assert options.status == 303
    product = (await owner.get("/admin/api/products/TEA-POT")).good
    assert [sku["sku"] for sku in product["skus"]] == ["TEA-POT-L", "TEA-POT-XL"]


async def test_of_two_editors_of_options_the_second_sees_both(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    owner = await colleague(shop, http)
    await send(owner, "/admin/products/new", title="Tea Pot", price="24.50", weight_g=800, options="Size: S, L")
    path = "/admin/products/TEA-POT/options"
    seen = {
        "was": '{"options": "Size: S, L"}',
        "revision": (await owner.get("/admin/api/products/TEA-POT")).good["revision"],
    }

    first = await send(owner, path, options="Size: S, L, XL", **seen)
    second = await send(owner, path, options="Size: S, M", **seen)
    page = second.body.decode()
    again = await send(owner, path, options="Size: S, M", theirs="options", **seen)

    assert (first.status, second.status, again.status) == (303, 412, 303)
    assert "Size: S, M</textarea>" in page
    assert "<q>Size: S, L, XL</q>" in page
    names = [sku["sku"] for sku in (await owner.get("/admin/api/products/TEA-POT")).good["skus"]]
    assert names == ["TEA-POT-L", "TEA-POT-S", "TEA-POT-XL"]  # Nothing was written over.


async def test_what_is_missing_to_sell_is_computed(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    owner = await colleague(shop, http)
    before = (await see(owner, "/admin/start")).body.decode()
    _ = await owner.ask("PUT", "/admin/api/branding", {"imprint": "a", "terms": "b", "returns": "c", "privacy": "d",
        "contact": "e"}, headers={"If-Match": '"0"'})  # fmt: skip

    after = (await see(owner, "/admin/start")).body.decode()

    assert 'data-step="notices" data-done="no"' in before
    assert 'data-step="notices" data-done="yes"' in after
    assert 'data-step="shipping" data-done="yes"' in after
    assert 'data-step="payment" data-done="no"' in after


async def test_settings_show_no_secret(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    owner = await colleague(shop, http)

    shown = {each["name"]: each for each in (await owner.get("/admin/api/settings")).good["items"]}

    secrets = {name: each["value"] for name, each in shown.items() if "SECRET" in name or name.endswith("_KEY")}
    assert set(secrets.values()) <= {"", "(secret)"} | {shown["STRIPE_PUBLISHABLE_KEY"]["value"]}
    assert shown["SHOPFLOW_PORT"]["meaning"] == "Port to listen at. 0: any free one."


async def test_search_words_are_lines(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    owner = await colleague(shop, http)

    saved = await send(owner, "/admin/search-words", do="synonyms", lines="sofa, couch\r\ntea > mug, kettle")
    wrong = await send(owner, "/admin/search-words", do="synonyms", lines="alone")

    assert (saved.status, wrong.status) == (303, 422)
    assert (await owner.get("/admin/api/search/synonyms")).good["items"] == [
        {"words": ["sofa", "couch"], "is_one_way": False},
        {"words": ["tea", "mug", "kettle"], "is_one_way": True},
    ]
    page = (await see(owner, "/admin/search-words")).body.decode()
    assert "tea &gt; mug, kettle" in page


async def test_people_are_invited_and_roles_made(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    owner = await colleague(shop, http)

    role = await send(owner, "/admin/staff", do="role", id="shelf", title="Shelves", key=["read_stock", "write_stock"])
    invited = await send(owner, "/admin/staff", do="invite", email="bo@shop.example", name="Bo", role="shelf")

    assert (role.status, invited.status) == (303, 200)
    assert "/admin/join#inv_" in invited.body.decode()
    assert "/admin/join#inv_" not in (await see(owner, "/admin/staff")).body.decode()
