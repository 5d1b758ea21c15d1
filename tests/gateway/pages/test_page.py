"""The storefront in a real browser: found, chosen and put into the basket, live, as a buyer would.

What drives the pages is in browsing.py. Chromium is the machine's own; where there is none the tests say so and are
skipped.
"""

import re

import pytest
from playwright.async_api import Page, expect

from tests.docs import examples
from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.browsing import (
    Complaints,
    add,
    card,
    choose,
    in_words,
    line,
    offer,
    open_basket,
    open_product,
    search,
    units_left,
    visit,
)
from tests.journeys.process import Program

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

MOST_MS_TO_COUNT = 50.0
COUNTS = """
() => new Promise((resolve) => {
  const badge = document.getElementById("basket-count");
  const began = performance.now();
  const seen = new MutationObserver(() => resolve(performance.now() - began));
  seen.observe(badge, { childList: true, characterData: true, subtree: true });
  document.querySelector(".offer [data-testid=add]").click();
})
"""


async def test_a_buyer_finds_chooses_and_keeps_it(base_url: str, page: Page) -> None:
    complaints = Complaints()
    complaints.watch(page)
    await visit(page, base_url)

    await search(page, "stoneware", "MUG")
    await expect(card(page, "MUG").locator("mark")).to_have_text("Stoneware")
    await open_product(page, "MUG")
    stock = offer(page, "MUG-BLUE").get_by_test_id("stock")
    before = await units_left(stock)
    await add(page, "MUG-BLUE")
    await expect(stock).to_have_text(in_words(before - 1))  # The websocket says so; nobody asked again.
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")

    await open_basket(page)
    await line(page, "MUG-BLUE").get_by_test_id("more-units").click()
    await expect(line(page, "MUG-BLUE").get_by_test_id("quantity")).to_have_text("2")
    await expect(page.get_by_test_id("hold")).to_have_text(re.compile(r"Held for you for \d+:\d\d$"))
    await expect(page.get_by_test_id("hold")).to_have_count(1)
    await expect(line(page, "MUG-BLUE").locator("img")).to_be_visible()
    await line(page, "MUG-BLUE").get_by_test_id("remove").click()
    await expect(page.get_by_test_id("basket-empty")).to_be_visible()
    await page.get_by_test_id("undo").click()
    await expect(line(page, "MUG-BLUE").get_by_test_id("quantity")).to_have_text("2")
    await page.get_by_test_id("close-basket").click()

    await page.goto(base_url)
    await expect(page.get_by_test_id("seen").locator('[data-product="MUG"]')).to_be_visible()
    assert complaints.errors == []
    assert complaints.hosts == {base_url.split("/")[2]}


async def test_what_another_buyer_takes_is_seen_to_go(base_url: str, page: Page) -> None:
    await visit(page, base_url, "/p/forest-honey")
    stock = offer(page, "HONEY-250").get_by_test_id("stock")
    before = await units_left(stock)
    other = await page.context.new_page()

    await visit(other, base_url, "/p/forest-honey")
    await add(other, "HONEY-250")

    await expect(stock).to_have_text(in_words(before - 1))


async def test_what_all_hold_says_when_it_comes_back(running: Program, base_url: str, page: Page) -> None:
    await visit(page, base_url, "/p/granite-mortar")
    stock = offer(page, "MORTAR").get_by_test_id("stock")
    staff = await running.staff()
    assert (await running.ask("PUT", "/admin/api/stock/MORTAR", {"on_hand": 1}, **staff)).status == 200
    await expect(stock).to_have_text("Last one")
    await running.cart_with("MORTAR")

    await expect(stock).to_have_text(re.compile("All in baskets, back in at most 1[45] min"))
    await expect(page.locator(".offer").get_by_test_id("add")).to_be_disabled()
    await page.reload()
    await expect(stock).to_have_text(re.compile("All in baskets, back in at most 1[45] min"))


async def test_adding_counts_at_once(base_url: str, page: Page) -> None:
    await visit(page, base_url, "/p/forest-honey")
    await choose(page, "HONEY-500")

    took = sorted([await page.evaluate(COUNTS) for _ in range(5)])

    assert took[2] <= MOST_MS_TO_COUNT, took
    await expect(page.get_by_test_id("basket-count")).to_have_text("5")


async def test_suggestions_are_chosen_by_keys(base_url: str, page: Page) -> None:
    await visit(page, base_url)
    field = page.get_by_role("combobox", name="Search the shop")
    await field.press_sequentially("mug")
    options = page.get_by_role("option")
    await expect(options.first).to_be_visible()
    await expect(field).to_have_attribute("aria-expanded", "true")

    await field.press("ArrowDown")
    await expect(options.first).to_have_attribute("aria-selected", "true")
    await field.press("ArrowUp")
    await expect(options.last).to_have_attribute("aria-selected", "true")
    await field.press("Escape")
    await expect(options.first).to_be_hidden()
    await expect(field).to_have_value("mug")

    await field.press_sequentially("s")
    await page.get_by_role("option", name="Stoneware Mug").click()
    await expect(page.get_by_test_id("product")).to_have_attribute("data-product", "MUG")
    assert page.url == f"{base_url}/p/stoneware-mug"


async def test_the_example_for_browsers_in_the_docs_shows_live_stock(running: Program, page: Page) -> None:
    staff = await running.staff()

    assert page.context.browser is not None
    lenient = await page.context.browser.new_context(bypass_csp=True)  # As a page of the owner's, with scripts in it.
    page = await lenient.new_page()
    await page.goto(f"{running.url}/static/live.js")  # To be replaced.
    await page.set_content(examples("live.md")["watch.html"])
    books = (await running.ask("GET", "/admin/api/stock/MUG-BLUE", **staff)).body
    for left in ("41", "40"):  # Beside what others have bought on this page.
        counted = {"on_hand": int(left) + books["assigned"] + books["held"]}
        assert (await running.ask("PUT", "/admin/api/stock/MUG-BLUE", counted, **staff)).status == 200
        await expect(page.locator("#left")).to_have_text(left)
