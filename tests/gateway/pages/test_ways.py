"""The ways through the page: addresses that say where one is, several windows, other devices, and second thoughts."""

import pytest
from playwright.async_api import Page, expect

from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.test_page import (
    Customer,
    add,
    card,
    check_out,
    close_product,
    line,
    open_basket,
    open_product,
    search,
    visit,
)
from tests.journeys.process import Program

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

MOST_REQUESTS = 20  # For the first page: it were 38.


# --- Addresses ---


async def test_a_search_is_in_the_address_and_back_leads_to_the_one_before(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    await search(page, "stoneware", "MUG")
    assert "?q=stoneware" in page.url
    await page.get_by_test_id("search").fill("")
    await page.get_by_test_id("categories").locator('[value="Garden"]').check()
    await expect(card(page, "TROWEL")).to_be_visible()
    await page.get_by_test_id("sort").select_option("-price")
    assert "category=Garden&sort=-price" in page.url

    await page.reload()
    await expect(card(page, "TROWEL")).to_be_visible()
    await expect(card(page, "MUG")).to_be_hidden()
    await expect(page.get_by_test_id("sort")).to_have_value("-price")
    for _ in range(2):
        await page.go_back()

    await expect(page.get_by_test_id("search")).to_have_value("stoneware")
    await expect(card(page, "MUG")).to_be_visible()
    await expect(card(page, "TROWEL")).to_be_hidden()


async def test_a_search_can_be_passed_on(base_url: str, page: Page) -> None:
    await page.goto(f"{base_url}/search?q=stoneware&sort=price")

    await expect(card(page, "MUG")).to_be_visible()
    await expect(page.get_by_test_id("product-card")).to_have_count(1)
    await expect(page.get_by_test_id("search")).to_have_value("stoneware")


async def test_a_product_that_is_opened_over_another_is_shown(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    await search(page, "stoneware", "MUG")
    await open_product(page, "MUG")

    await page.evaluate("location.hash = '#product/TROWEL'")

    await expect(page.get_by_test_id("product-dialog")).to_contain_text("Trowel")
    await expect(page.get_by_test_id("product-dialog")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_test_id("product-dialog")).to_contain_text("Stoneware Mug")
    assert page.url.endswith("#product/MUG")
    await close_product(page)
    assert page.url.endswith("?q=stoneware#/")


async def test_the_first_page_takes_few_requests(base_url: str, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    await visit(page, base_url)
    await page.wait_for_load_state("networkidle")

    pictures = [url for url in asked if "/media/" in url]
    assert len(asked) - len(pictures) <= MOST_REQUESTS, asked
    assert len(pictures) == len(set(pictures)), pictures  # None in two sizes.
    assert 0 < len(pictures) < await page.get_by_test_id("product-card").count(), "pictures out of sight wait"


# --- Windows and devices ---


async def test_windows_of_one_basket_agree_and_add_up(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    other = await page.context.new_page()
    await visit(other, base_url)
    for window in (page, other):
        await search(window, "stoneware", "MUG")
        await open_product(window, "MUG")

    await add(page, "MUG-BLUE")
    await expect(other.get_by_test_id("basket-count")).to_have_text("1")  # Nobody reloaded it.
    await add(other, "MUG-BLUE")

    for window in (page, other):
        await close_product(window)
        await open_basket(window)
        await expect(line(window, "MUG-BLUE").get_by_test_id("quantity")).to_have_value("2")
    await line(other, "MUG-BLUE").get_by_test_id("remove").click()
    await expect(line(page, "MUG-BLUE")).to_be_hidden()


async def test_quick_taps_count_each(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    await search(page, "trowel", "TROWEL")
    await card(page, "TROWEL").get_by_test_id("quick-add").click()
    await open_basket(page)

    for _ in range(4):
        await line(page, "TROWEL").get_by_test_id("more-of-it").click(no_wait_after=True)
    await line(page, "TROWEL").get_by_test_id("less").click(no_wait_after=True)

    await expect(line(page, "TROWEL").get_by_test_id("quantity")).to_have_value("4")
    await page.reload()
    await expect(line(page, "TROWEL").get_by_test_id("quantity")).to_have_value("4")


# --- The shop of itself, and pages without a socket ---


async def test_what_the_shop_says_of_itself_is_linked_and_what_is_missing_is_told_at_the_start(
    running: Program, base_url: str, page: Page
) -> None:
    (told,) = [line for line in running.lines if "the page owes its buyers what is not set yet: " in line]
    assert told.endswith(": SHOPFLOW_RETURNS, SHOPFLOW_PRIVACY")
    await visit(page, base_url)
    links = page.get_by_test_id("notices").get_by_role("link")

    await expect(links).to_have_text(["Imprint", "Terms"])
    assert await links.nth(1).get_attribute("href") == "https://shop.example/terms"
    await links.nth(0).click()

    await expect(page.get_by_test_id("legal-text")).to_have_text("Shop Ltd\nLindenweg 4")


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
    await search(page, "trowel", "TROWEL")
    await card(page, "TROWEL").get_by_test_id("quick-add").click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")
    await open_basket(page)
    await expect(line(page, "TROWEL")).to_be_visible()
    await expect(page.get_by_test_id("live")).not_to_have_attribute("data-status", "live")


async def test_what_a_product_asks_for_is_typed_and_two_engravings_are_two_lines(running: Program, page: Page) -> None:
    staff = {"Authorization": f"Bearer {(await running.good('token')).strip()}"}
    asked = [
        {"key": "text", "title": "Engraving", "required": True, "surcharge": {"amount": 500, "currency": "EUR"}},
        {"key": "font", "title": "Font", "kind": "choice", "choices": ["Serif", "<b>Script</b>"]},
    ]
    assert (await running.ask("PATCH", "/admin/api/products/TROWEL", {"inputs": asked}, **staff)).status == 200
    await visit(page, running.url)
    await search(page, "trowel", "TROWEL")
    await card(page, "TROWEL").get_by_test_id("quick-add").click()
    dialog = page.get_by_test_id("product-dialog")
    await expect(dialog).to_be_visible()  # It can't be added without looking.
    text, font = dialog.locator('[name="text"]'), dialog.locator('[name="font"]')

    await dialog.get_by_test_id("add").click()
    assert await text.evaluate("field => field.matches(':invalid')")
    await text.fill("<i>Ada</i>")
    await font.select_option("<b>Script</b>")
    await dialog.get_by_test_id("add").click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")
    await text.fill("Bob")
    await dialog.get_by_test_id("add").click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("2")
    await close_product(page)
    await open_basket(page)

    lines = line(page, "TROWEL")
    await expect(lines).to_have_count(2)
    told = lines.first.get_by_test_id("line-input")
    await expect(told).to_have_text(["Engraving: <i>Ada</i>", "Font: <b>Script</b>"])
    await lines.last.get_by_test_id("more-of-it").click()
    await expect(page.get_by_test_id("basket-count")).to_have_text("3")
    await lines.first.get_by_test_id("remove").click()
    await expect(lines).to_have_count(1)
    await expect(lines.get_by_test_id("quantity")).to_have_value("2")
    await page.get_by_test_id("to-checkout").click()
    await expect(page.get_by_test_id("summary")).to_contain_text("Engraving: Bob")
    await open_basket(page)
    await check_out(page, Customer())
    ordered = page.get_by_test_id("order-lines")
    await expect(ordered.get_by_test_id("line-input")).to_have_text(["Engraving: Bob", "Font: <b>Script</b>"])
    await page.get_by_test_id("cancel-order").click()
    await page.get_by_test_id("cancel-sure").click()
    await page.get_by_test_id("order-again").click()
    await expect(line(page, "TROWEL").get_by_test_id("line-input").first).to_have_text("Engraving: Bob")
    await expect(line(page, "TROWEL").get_by_test_id("quantity")).to_have_value("2")
    assert (await running.ask("PATCH", "/admin/api/products/TROWEL", {"inputs": ()}, **staff)).status == 200
