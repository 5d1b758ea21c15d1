"""Filters on the page: they count, narrow the list, stand in the address, and can be taken back."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.browsing import Complaints, card, open_product, search, visit
from tests.journeys.process import Program
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

MATERIALS = {"MUG": "Clay & glaze", "TEAPOT": "Clay & glaze", "CARAFE": "Glass", "TROWEL": "Steel"}


async def describe_goods(shop: Program) -> None:
    """Give some of the goods a material, and all of these another weight."""
    staff = await shop.staff()
    material = {"key": "material", "title": "Material", "kind": "text", "filterable": True}
    size = {"key": "volume", "title": "Volume", "kind": "number", "unit": "l", "filterable": True}
    for attribute in (material, size):
        assert (await shop.ask("POST", "/admin/api/attributes", attribute, **staff)).status == 201
    goods = (await shop.ask("GET", "/products?limit=20")).body["items"]
    for place, name in enumerate({**MATERIALS, **dict.fromkeys(item["id"] for item in goods)}):
        values = {"volume": place / 4} | ({"material": MATERIALS[name]} if name in MATERIALS else {})
        changed = await shop.ask("PATCH", f"/admin/api/products/{name}", {"attributes": values}, **staff)
        assert changed.status == 200, changed.body

    async def is_indexed() -> bool:
        facets = (await shop.ask("GET", "/products?q=teapot")).body["facets"]
        return {"material", "volume"} <= {facet["name"] for facet in facets}

    assert await eventually(is_indexed)


def value(page: Page, words: str) -> Locator:
    return page.get_by_test_id("facets").get_by_label(words)


async def test_a_list_is_filtered_counted_passed_on_and_cleared(running: Program, base_url: str, page: Page) -> None:
    await describe_goods(running)
    complaints = Complaints()
    complaints.watch(page)
    await visit(page, base_url, "/search")
    await page.get_by_test_id("facets-open").click()

    await value(page, "Clay & glaze 2").check()
    await expect(page.get_by_test_id("product-card")).to_have_count(2)
    await value(page, "Glass 1").check()  # It is still counted: any of a facet's values fits.
    await expect(page.get_by_test_id("product-card")).to_have_count(3)
    await expect(value(page, "Glass 1")).to_be_focused()
    await expect(page.get_by_test_id("facets-count")).to_have_text("2")
    assert "f.material=Clay+%26+glaze&f.material=Glass" in page.url

    await page.get_by_test_id("price-from").fill("14.50")
    await page.get_by_test_id("price-to").fill("14,50")
    await expect(page.get_by_test_id("product-card")).to_have_count(1)
    assert "from=14.50&to=14%2C50" in page.url

    await page.reload()
    await expect(page.get_by_test_id("product-card")).to_have_count(1)
    await expect(card(page, "MUG")).to_be_visible()
    await page.get_by_test_id("chips").get_by_role("link", name="Glass").click()
    await expect(page.get_by_test_id("facets-count")).to_have_text("1")
    await page.go_back()
    await expect(page.get_by_test_id("facets-count")).to_have_text("2")
    await page.get_by_test_id("clear-filters").click()
    await expect(page.get_by_test_id("product-card").nth(9)).to_be_visible()
    await expect(page.get_by_test_id("clear-filters")).to_be_hidden()
    assert "f." not in page.url.partition("?")[2]
    assert complaints.errors == []


async def test_filters_work_by_their_button_where_no_script_runs(base_url: str, page: Page) -> None:
    assert page.context.browser is not None
    plain = await page.context.browser.new_context(java_script_enabled=False)
    page = await plain.new_page()
    await page.goto(f"{base_url}/search?q=cup")
    await page.get_by_test_id("facets-open").click()
    await page.get_by_test_id("facets").locator('[name="f.category"]').first.check()
    await page.get_by_test_id("sort").select_option("price")

    await page.get_by_role("button", name="Show").click()

    assert "q=cup" in page.url
    assert "f.category=" in page.url
    await expect(page.get_by_test_id("chips").get_by_role("link").first).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_filters_fit_on_phones_and_desks(base_url: str, page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    await visit(page, base_url, "/search")
    await page.get_by_test_id("facets-open").click()

    await expect(page.get_by_test_id("facet").first).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_a_product_leads_to_what_is_like_it(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    await search(page, "stoneware", "MUG")
    await open_product(page, "MUG")
    first = page.get_by_test_id("related").get_by_test_id("product-link").first
    title = await first.text_content()

    await first.click()

    await expect(page.get_by_role("heading", level=1)).to_have_text(title or "")
