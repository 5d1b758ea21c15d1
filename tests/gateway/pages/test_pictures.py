"""Pictures on the page: the right file, the part that matters, that of the SKU, and a layout that never jumps."""

import io
from typing import Any

import aiohttp
import pytest
from PIL import Image
from playwright.async_api import Page, expect

from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.browsing import Complaints, card, offer, visit
from tests.journeys.process import Program
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

MOST_SHIFT = 0.01  # Of CLS: 0.1 counts as good. Source: web.dev, "Cumulative Layout Shift".
SIZES = [(1280, 900), (390, 844)]
OBSERVE = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) {
    const moved = each.sources.map(({ node }) => String(node?.outerHTML ?? node).slice(0, 120));
    if (!each.hadRecentInput) window.shifts.push([each.value, moved]);
  }
}).observe({ type: "layout-shift", buffered: true });
"""


IN_SIGHT = """
() => {
  const reel = document.querySelector(".reel").getBoundingClientRect();
  const near = (image) => Math.abs(image.getBoundingClientRect().left - reel.left);
  const image = [...document.querySelectorAll(".reel img")].sort((a, b) => near(a) - near(b))[0];
  return {
    alt: image.alt, src: image.currentSrc, position: getComputedStyle(image).objectPosition,
    loaded: image.complete && image.naturalWidth > 0,
  };
}
"""


def drawn(colour: str, size: tuple[int, int]) -> bytes:
    written = io.BytesIO()
    Image.new("RGB", size, colour).save(written, "JPEG")
    return written.getvalue()


async def send(running: Program, headers: dict[str, str], path: str, content: bytes, alt: str) -> str:
    """Send a picture; gives its id."""
    form = aiohttp.FormData({"alt": alt})
    form.add_field("file", content, filename="photo.jpg", content_type="image/jpeg")
    async with aiohttp.ClientSession() as http, http.post(running.url + path, data=form, headers=headers) as answer:
        assert answer.status == 201, await answer.text()
        return str((await answer.json())["id"])


@pytest.fixture(scope="module")
async def shirt(running: Program) -> dict[str, str]:
    return await offer_shirt(running)


async def offer_shirt(running: Program) -> dict[str, str]:
    """Make a product of two colours with a picture of each, wide and tall, and one of both; gives the pictures' ids."""
    headers = await running.staff()
    skus = [
        {"sku": f"SHIRT-{name}", "title": name.title(), "price": {"amount": 1900, "currency": "EUR"}, "weight_g": 200}
        for name in ("RED", "BLUE")
    ]
    body = {
        "id": "SHIRT",
        "slug": "shirt",
        "title": "Shirt",
        "category": "Test",
        "description": "Two colours.",
        "skus": skus,
    }
    assert (await running.ask("POST", "/admin/api/products", body, **headers)).status == 201
    for sku in skus:
        assert (await running.ask("PUT", f"/admin/api/stock/{sku['sku']}", {"on_hand": 5}, **headers)).status == 200
    images = "/admin/api/products/SHIRT/images"
    made = {
        "both": await send(running, headers, images, drawn("purple", (1200, 800)), "Both"),
        "red": await send(running, headers, images, drawn("red", (1600, 400)), "The red one"),
        "blue": await send(running, headers, images, drawn("blue", (400, 1000)), "The blue one"),
    }
    for name, focal in (("red", [1, 0.5]), ("blue", [0.5, 0])):
        change = {"skus": [f"SHIRT-{name.upper()}"], "focal": focal, "alts": {"en": f"A {name} shirt"}}
        assert (await running.ask("PATCH", f"{images}/{made[name]}", change, **headers)).status == 200
    return made


async def shift(page: Page) -> float:
    """What moved so far; at the end of this all pictures in sight are there."""
    await page.wait_for_load_state("networkidle")
    found: list[tuple[float, list[str]]] = await page.evaluate("window.shifts")
    total = sum(value for value, _ in found)
    assert total < MOST_SHIFT, found
    return total


async def large(page: Page, name: str) -> dict[str, Any]:
    """The picture of the product's page that is in sight, once it is this one and loaded."""

    async def shown() -> dict[str, Any]:
        found: dict[str, Any] = await page.evaluate(IN_SIGHT)
        return found

    async def is_there() -> bool:
        found = await shown()
        return found["loaded"] and name in found["src"]

    assert await eventually(is_there), await shown()
    return await shown()


@pytest.mark.parametrize("size", SIZES, ids=["desk", "phone"])
async def test_nothing_jumps(base_url: str, page: Page, shirt: dict[str, str], size: tuple[int, int]) -> None:
    complaints = Complaints()
    complaints.watch(page)
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await page.add_init_script(OBSERVE)

    for path in ("/", "/search"):
        await visit(page, base_url, path)
        await shift(page)
        for _ in range(4):
            await page.mouse.wheel(0, size[1])
            await shift(page)
    await page.goto(f"{base_url}/p/shirt")
    await large(page, shirt["both"])
    await shift(page)

    assert complaints.errors == []


async def test_the_first_row_comes_first_and_the_rest_waits(base_url: str, page: Page) -> None:
    await visit(page, base_url, "/search")

    found: list[list[str]] = await page.eval_on_selector_all(
        ".grid img", "(all) => all.map((image) => [image.loading, image.fetchPriority])"
    )

    assert found[:4] == [["auto", "high"]] * 4 or found[:4] == [["eager", "high"]] * 4
    assert found[4:] == [["lazy", "auto"]] * (len(found) - 4)


async def test_a_picture_is_asked_for_once_in_the_width_that_fits(
    base_url: str, page: Page, shirt: dict[str, str], running: Program
) -> None:
    async def improved() -> bool:
        images = (await running.ask("GET", "/products/SHIRT")).body["images"]
        return all([each["type"] for each in image["sources"]] == ["image/avif", "image/webp"] for image in images)

    assert await eventually(improved, within_s=30)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await page.goto(f"{base_url}/p/shirt")
    shown = await large(page, shirt["both"])

    assert shown["src"].endswith(f"/i/{shirt['both']}/640.avif")  # The column is 38rem wide.
    pictures = [url for url in asked if "/media/" in url]
    assert len(pictures) == len(set(pictures))


async def test_a_sku_that_is_chosen_shows_its_picture(base_url: str, page: Page, shirt: dict[str, str]) -> None:
    await page.goto(f"{base_url}/p/shirt")
    await large(page, shirt["both"])

    await offer(page, "SHIRT-RED").locator("input").check()
    red = await large(page, shirt["red"])
    await offer(page, "SHIRT-BLUE").locator("input").check()
    blue = await large(page, shirt["blue"])
    await page.get_by_test_id("small-picture").first.click()
    both = await large(page, shirt["both"])

    assert (red["alt"], red["position"]) == ("A red shirt", "100% 50%")
    assert (blue["alt"], blue["position"]) == ("A blue shirt", "50% 0%")
    assert (both["alt"], both["position"]) == ("Both", "50% 50%")
    await expect(page.get_by_test_id("small-picture").first).to_have_attribute("aria-current", "true")


async def test_a_picture_is_shown_large_and_turned_over_by_keys(
    base_url: str, page: Page, shirt: dict[str, str]
) -> None:
    await page.goto(f"{base_url}/p/shirt")
    await page.get_by_role("link", name="Both, large").click()
    zoom = page.get_by_test_id("zoom")
    await expect(zoom.locator("img")).to_have_attribute("alt", "Both")

    await page.keyboard.press("ArrowRight")
    await expect(zoom.locator("img")).to_have_attribute("alt", "A red shirt")
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    await expect(zoom.locator("img")).to_have_attribute("alt", "A blue shirt")
    await page.keyboard.press("Escape")

    await expect(zoom).to_have_count(0)
    await large(page, shirt["blue"])


async def test_a_card_shows_the_products_first_picture(base_url: str, page: Page, shirt: dict[str, str]) -> None:
    await page.goto(f"{base_url}/search?q=shirt")
    source = await card(page, "SHIRT").locator("img").get_attribute("src")
    assert shirt["both"] in (source or "")
