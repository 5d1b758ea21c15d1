"""The storefront for everybody: axe-core finds nothing on any page, in any of the ways that people look at it.

Source of the rules: axe-core's, of WCAG 2.2 A and AA and of good practice. Four ways: light, dark, forced colours, and
a window that is a quarter as wide, which is what 400 % makes of it.
"""

from typing import Any, Literal

import pytest
from playwright.async_api import Page, expect

from tests.gateway.pages.browser import AXE, CHROMIUM
from tests.gateway.pages.browsing import add, visit

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

PAGES = ("/", "/search", "/search?q=mug", "/search?q=xqzzyw", "/c/kitchen", "/p/stoneware-mug", "/basket")
MORE = ("/pages/imprint", "/p/none", "/offline", "/search?in_stock=true&f.category=Lamps", "/seen?ids=MUG,LAMP")
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
NARROW = {"width": 320, "height": 256}
TURNED = "addEventListener('DOMContentLoaded', () => { document.documentElement.dir = 'rtl'; });"
# Whether the brand is at the right and the basket left of it, and nothing stands beside the window.
MIRRORED = """() => {
  const at = (name) => document.querySelector(name).getBoundingClientRect();
  return {
    brand: at(".brand").right > innerWidth - 48,
    basket: at("#basket-link").left < at(".brand").left,
    fits: document.documentElement.scrollWidth <= innerWidth,
    heading: getComputedStyle(document.querySelector("h1")).direction === "rtl",
  };
}"""
Way = Literal["light", "dark", "forced", "narrow"]


async def faults(page: Page) -> list[str]:
    """Return axe's findings, each with the first places."""
    await page.evaluate(AXE.read_text())  # So the page's policy need not allow it.
    found: dict[str, Any] = await page.evaluate("(rules) => axe.run(document, rules)", RULES)
    return [
        f"{each['id']}: {each['help']}: {[node['html'][:200] for node in each['nodes'][:3]]}"
        for each in found["violations"]
    ]


async def look(page: Page, way: Way) -> None:
    await page.emulate_media(
        color_scheme="dark" if way == "dark" else "light",
        forced_colors="active" if way == "forced" else "none",
        reduced_motion="reduce",
    )
    if way == "narrow":
        await page.set_viewport_size({"width": NARROW["width"], "height": NARROW["height"]})


@pytest.mark.parametrize("way", ["light", "dark", "forced", "narrow"])
async def test_nothing_is_in_a_readers_way(base_url: str, page: Page, way: Way) -> None:
    await look(page, way)
    await visit(page, base_url, "/p/stoneware-mug")
    await add(page, "MUG-SAND")
    found = dict[str, list[str]]()
    for path in (*PAGES, *MORE):
        await page.goto(base_url + path)
        found[path] = await faults(page)
        if way == "narrow" and not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[path].append("it is wider than the window")

    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("way", ["light", "dark", "forced", "narrow"])
async def test_nothing_is_in_the_way_of_what_opens(base_url: str, page: Page, way: Way) -> None:
    await look(page, way)
    found = dict[str, list[str]]()
    await visit(page, base_url, "/p/stoneware-mug")
    await add(page, "MUG-SAND")
    await page.get_by_test_id("basket-link").click()
    found["the drawer"] = await faults(page)
    await page.get_by_test_id("remove").click()
    await expect(page.get_by_test_id("undo")).to_be_visible()
    found["the empty drawer"] = await faults(page)
    await page.get_by_test_id("close-basket").click()
    await page.locator("[data-zoom]").first.click()
    found["a large picture"] = await faults(page)
    await page.keyboard.press("Escape")
    await page.get_by_test_id("search").fill("mug")
    await expect(page.get_by_test_id("suggestion").first).to_be_visible()
    found["suggestions"] = await faults(page)
    await visit(page, base_url, "/search")
    await page.get_by_test_id("facets-open").click()
    found["filters"] = await faults(page)

    assert {place: each for place, each in found.items() if each} == {}


@pytest.mark.parametrize("width", [390, 1280])
async def test_from_right_to_left_all_is_mirrored_and_nothing_is_beside_the_window(
    base_url: str, page: Page, width: int
) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    await page.add_init_script(TURNED)
    found = dict[str, object]()
    for path in PAGES:
        await page.goto(base_url + path)
        seen = await page.evaluate(MIRRORED)
        if not all(seen.values()):
            found[path] = seen
    assert found == {}
