"""The ways through the storefront: addresses that say where one is, several windows, options, and second thoughts."""

import random

import pytest
from playwright.async_api import Page, expect

from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.browsing import Complaints, add, card, line, offer, open_basket, open_product, search, visit
from tests.journeys.process import Program

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

MOST_REQUESTS = 12  # For the first page, without pictures: it were 38.
MOST_BYTES = 60_000  # As they travel, without pictures: it were 125,000.
ACTIONS = 1000
SHORT = 60  # Of them, while nobody asked for a long run.
WAYS = ("more-units", "more-units", "less", "less", "remove", "undo", "add")
GOODS = ("PENCIL-2B", "PENCIL-HB")
BASKET = """
() => ({
  count: document.getElementById("basket-count").textContent,
  subtotal: document.querySelector("[data-testid=basket-subtotal]")?.textContent ?? "",
  lines: [...document.querySelectorAll("[data-testid=basket-line]")].map((line) => [
    line.dataset.line, line.querySelector("[data-testid=quantity]").textContent]),
})
"""
# Do something in a window: with the button of this kind, else add this SKU; and wait for the shop's answer.
DO = """
async ([way, place, sku]) => {
  const all = [...document.querySelectorAll(`#basket-panel [data-testid="${way}"]`)];
  if (way === "add" || !all.length) {
    document.querySelector(`.offer input[value="${sku}"]`).checked = true;
    document.querySelector(".offer [data-testid=add]").click();
  } else all[place % all.length].click();
  await new Promise((done) => document.addEventListener("settled", done, { once: true }));
}
"""


# --- Addresses ---


async def test_a_list_is_in_the_address_and_back_leads_to_the_one_before(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    await search(page, "stoneware", "MUG")
    assert page.url.endswith("/search?q=stoneware")
    await page.get_by_test_id("departments").get_by_role("link", name="Garden").click()
    await expect(card(page, "TROWEL")).to_be_visible()
    await page.get_by_test_id("sort").select_option("-price")
    await page.wait_for_url("**/c/garden?sort=-price")

    await page.reload()
    await expect(card(page, "TROWEL")).to_be_visible()
    await expect(page.get_by_test_id("sort")).to_have_value("-price")
    await page.go_back()
    await expect(page.get_by_test_id("sort")).to_have_value("title")
    await page.go_back()

    await expect(page.get_by_test_id("search")).to_have_value("stoneware")
    await expect(card(page, "MUG")).to_be_visible()
    await expect(card(page, "TROWEL")).to_be_hidden()


async def test_the_first_visit_takes_little(base_url: str, page: Page) -> None:
    complaints = Complaints()
    complaints.watch(page)
    session = await page.context.new_cdp_session(page)
    travelled: dict[str, float] = {}
    await session.send("Network.enable")
    session.on("Network.loadingFinished", lambda each: travelled.update({each["requestId"]: each["encodedDataLength"]}))
    pictured = set[str]()
    session.on(
        "Network.responseReceived",
        lambda each: pictured.add(each["requestId"]) if "/media/" in each["response"]["url"] else None,
    )

    await visit(page, base_url)
    await page.wait_for_load_state("networkidle")

    pictures = [url for url in complaints.requests if "/media/" in url]
    others = [url for url in complaints.requests if url not in pictures]
    assert len(others) <= MOST_REQUESTS, others
    assert sum(size for name, size in travelled.items() if name not in pictured) <= MOST_BYTES
    assert len(pictures) == len(set(pictures)), pictures  # None in two sizes.


# --- Windows ---


async def test_windows_of_one_basket_agree_whatever_is_done_in_them(
    base_url: str, page: Page, request: pytest.FixtureRequest
) -> None:
    complaints = Complaints()
    complaints.watch(page)
    other = await page.context.new_page()
    windows, chance = (page, other), random.Random(24)
    for window in windows:
        await visit(window, base_url, "/p/cedar-pencils")
    await add(page, GOODS[0])
    for window in windows:
        await open_basket(window)

    for number in range(ACTIONS if request.config.getoption("--long") else SHORT):
        window = chance.choice(windows)
        way = chance.choice(WAYS)
        await window.evaluate(
            DO,
            [way, chance.randrange(9), chance.choice(GOODS)],
        )
        seen = await window.evaluate(BASKET)
        await page.wait_for_timeout(5)
        for each in windows:
            if await each.evaluate(BASKET) != seen:
                await each.wait_for_timeout(500)  # The other window is told, and may be slow.
                assert await each.evaluate(BASKET) == seen, (number, way)

    assert complaints.errors == []
    last = await page.evaluate(BASKET)
    await page.reload()
    assert await page.evaluate(BASKET) == last  # What they show is what the shop has.


async def test_quick_taps_in_two_windows_count_each(base_url: str, page: Page) -> None:
    other = await page.context.new_page()
    for window in (page, other):
        await visit(window, base_url, "/p/hand-trowel")
    await add(page, "TROWEL")
    for window in (page, other):
        await open_basket(window)
        await expect(line(window, "TROWEL").get_by_test_id("quantity")).to_have_text("1")

    for _ in range(3):
        for window in (page, other):
            await line(window, "TROWEL").get_by_test_id("more-units").click()

    for window in (page, other):
        await expect(line(window, "TROWEL").get_by_test_id("quantity")).to_have_text("7")
        await expect(window.get_by_test_id("basket-count")).to_have_text("7")


async def test_a_press_counts_though_the_other_window_changes_the_basket_meanwhile(base_url: str, page: Page) -> None:
    other = await page.context.new_page()
    for window in (page, other):
        await visit(window, base_url, "/p/cedar-pencils")
    await add(page, "PENCIL-2B")
    for window in (page, other):
        await open_basket(window)
    button = line(page, "PENCIL-2B").get_by_test_id("more-units")

    await button.hover()
    await page.mouse.down()
    await line(other, "PENCIL-2B").get_by_test_id("more-units").click()
    await expect(line(other, "PENCIL-2B").get_by_test_id("quantity")).to_have_text("2")
    await page.wait_for_timeout(300)  # So the news is there before the finger is gone.
    await page.mouse.up()

    for window in (page, other):
        await expect(line(window, "PENCIL-2B").get_by_test_id("quantity")).to_have_text("3")


# --- Products ---


async def test_options_are_groups_of_choices_and_what_is_not_to_be_had_is_shown(running: Program, page: Page) -> None:
    staff = await running.staff()
    made = [("RED", "S"), ("RED", "M"), ("BLUE", "M")]
    body = {
        "id": "VEST", "slug": "vest", "title": "Vest", "category": "Test", "description": "Warm.",
        "options": [{"name": "Colour", "values": ["Red", "Blue"]}, {"name": "Size", "values": ["S", "M"]}],
        "skus": [
            {"sku": f"VEST-{colour}-{size}", "price": {"amount": 1900, "currency": "EUR"}, "weight_g": 200,
             "options": [colour.title(), size]} for colour, size in made
        ],
    }  # fmt: skip
    answer = await running.ask("POST", "/admin/api/products", body, **staff)
    assert answer.status == 201, answer.body
    for colour, size in made:
        await running.ask("PUT", f"/admin/api/stock/VEST-{colour}-{size}", {"on_hand": 2}, **staff)

    await visit(page, running.url, "/p/vest")
    groups = page.get_by_test_id("option")
    await expect(groups).to_have_count(2)
    await expect(offer(page, "VEST-RED-S")).to_be_visible()
    await expect(offer(page, "VEST-BLUE-M")).to_be_hidden()
    await page.get_by_role("radio", name="Blue").check(force=True)

    await expect(offer(page, "VEST-BLUE-M")).to_be_visible()
    await expect(page.get_by_role("radio", name="M", exact=True)).to_be_checked()
    await expect(page.locator(".swatch.missing")).to_have_text("S")  # There is no blue one of that size.
    await page.locator(".offer").get_by_test_id("add").click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")
    await open_basket(page)
    await expect(line(page, "VEST-BLUE-M")).to_be_visible()


async def test_what_a_product_asks_for_is_typed_and_two_engravings_are_two_lines(running: Program, page: Page) -> None:
    staff = await running.staff()
    asked = [
        {"key": "text", "title": "Engraving", "required": True, "surcharge": {"amount": 500, "currency": "EUR"}},
        {"key": "font", "title": "Font", "kind": "choice", "choices": ["Serif", "<b>Script</b>"]},
    ]
    assert (await running.ask("PATCH", "/admin/api/products/TROWEL", {"inputs": asked}, **staff)).status == 200
    await visit(page, running.url)
    await search(page, "trowel", "TROWEL")
    await expect(card(page, "TROWEL").get_by_test_id("add")).to_have_count(0)  # It can't be added without looking.
    await open_product(page, "TROWEL")
    text, font = page.locator('.offer [name="input.text"]'), page.locator('.offer [name="input.font"]')
    button = page.locator(".offer").get_by_test_id("add")

    await button.click()
    assert await text.evaluate("field => field.matches(':invalid')")
    await text.fill("<i>Ada</i>")
    await font.select_option("<b>Script</b>")
    await button.click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")
    await text.fill("Bob")
    await button.click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("2")
    await open_basket(page)

    lines = line(page, "TROWEL")
    await expect(lines).to_have_count(2)
    await expect(lines.first.locator(".parts")).to_have_text(["Engraving: <i>Ada</i>", "Font: <b>Script</b>"])
    await lines.first.get_by_test_id("remove").click()
    await expect(lines).to_have_count(1)
    await page.get_by_test_id("undo").click()
    await expect(page.locator(".parts", has_text="<i>Ada</i>")).to_be_visible()
    assert (await running.ask("PATCH", "/admin/api/products/TROWEL", {"inputs": ()}, **staff)).status == 200


# --- The shop's own words, and bad weather ---


async def test_what_the_shop_says_of_itself_is_linked_and_what_is_missing_is_told_at_the_start(
    running: Program, base_url: str, page: Page
) -> None:
    (told,) = [line for line in running.lines if "the page owes its buyers what is not set yet: " in line]
    assert told.endswith(f": returns, privacy, contact ({base_url}/admin/settings)")
    await visit(page, base_url)
    links = page.get_by_test_id("notices").get_by_role("link")

    await expect(links).to_have_text(["Imprint", "Terms"])
    assert await links.nth(1).get_attribute("href") == "https://shop.example/terms"
    await links.nth(0).click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Imprint")
    await expect(page.get_by_test_id("notice")).to_have_text("Shop Ltd\nLindenweg 4")
    assert page.url == f"{base_url}/pages/imprint"


@pytest.mark.parametrize(
    "socket",
    [
        "class { constructor() { throw new DOMException('An insecure connection', 'SecurityError'); } }",
        "class extends EventTarget { readyState = 0; send() {} close() {} }",
    ],
    ids=["one that can't be made", "one that never opens"],
)
async def test_a_page_without_its_socket_sells_all_the_same(page: Page, base_url: str, socket: str) -> None:
    await page.add_init_script(f"window.WebSocket = {socket};")
    await page.goto(base_url)
    await search(page, "candle", "CANDLE")
    await card(page, "CANDLE").get_by_test_id("add").click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")
    await open_basket(page)
    await expect(line(page, "CANDLE")).to_be_visible()
    await expect(page.get_by_test_id("live")).not_to_have_attribute("data-status", "live")


async def test_a_page_that_can_not_be_had_offline_is_one_that_says_so(base_url: str, page: Page) -> None:
    for _ in range(2):
        await visit(page, base_url)
    await page.evaluate("navigator.serviceWorker.ready")
    await page.reload()
    await page.context.set_offline(True)

    await page.goto(f"{base_url}/search")

    await expect(page.get_by_role("heading", level=1)).to_have_text("You are offline.")
    await page.context.set_offline(False)
    await page.get_by_role("link", name="Try again").click()
    await expect(page.get_by_test_id("basket-link")).to_be_visible()
