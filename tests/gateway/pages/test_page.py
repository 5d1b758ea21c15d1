"""The shop's page in a real browser: found, held, bought, paid and followed, as a customer would.

What drives the page is in helpers that take a Playwright page, and find things by `data-testid`, which stays when words
and looks change. Chromium is the machine's own; where there is none the tests say so and are skipped.
"""

import re
from dataclasses import dataclass, field

import pytest
from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

from tests.docs import examples
from tests.gateway.pages.browser import CHROMIUM, TIMEOUT_MS
from tests.journeys.process import Program
from tests.waiting import eventually

# The browser itself logs each answer that is not 2xx. A refusal is not an error of the page.
REFUSED = re.compile(r"Failed to load resource: .* status of (402|404|409)")

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")


@dataclass
class Trouble:
    """What a page complained of, and whom it spoke to."""

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not REFUSED.search(message.text):
            self.errors.append(message.text)

    def _request(self, request: Request) -> None:
        self.hosts.add(request.url.split("/")[2])


@dataclass(frozen=True)
class Customer:
    email: str = "ann@example.com"
    name: str = "Ann Miller"
    line1: str = "Lindenweg 4"
    postal_code: str = "4051"
    city: str = "Basel"
    country: str = "CH"


# --- Driving the page ---


async def visit(page: Page, base_url: str) -> None:
    """Open the shop, until its numbers are live."""
    await page.goto(f"{base_url}/")
    await expect(page.get_by_test_id("live")).to_have_attribute("data-status", "live")
    await expect(page.get_by_test_id("product-card").first).to_be_visible()


def card(page: Page, product: str) -> Locator:
    return page.locator(f'[data-testid="product-card"][data-product="{product}"]')


def offer(page: Page, sku: str) -> Locator:
    return page.locator(f'[data-testid="sku"][data-sku="{sku}"]')


def line(page: Page, sku: str) -> Locator:
    return page.locator(f'[data-testid="basket-line"][data-sku="{sku}"]')


async def search(page: Page, words: str, product: str) -> None:
    """Search, until this product is among the few that are shown."""
    await page.get_by_test_id("search").fill(words)
    await expect(page.get_by_test_id("product-card").nth(9)).to_be_hidden()
    await expect(card(page, product)).to_be_visible()


async def open_product(page: Page, product: str) -> None:
    await card(page, product).get_by_test_id("product-link").click()
    await expect(page.get_by_test_id("product-dialog")).to_be_visible()


async def add(page: Page, sku: str) -> None:
    """Add one unit in the open product's dialog."""
    await offer(page, sku).get_by_test_id("add").click()
    await expect(page.get_by_test_id("message")).to_contain_text("in your basket")


async def close_product(page: Page) -> None:
    await page.get_by_test_id("product-dialog").get_by_test_id("close").click()
    await expect(page.get_by_test_id("product-dialog")).to_be_hidden()


async def open_basket(page: Page) -> None:
    await page.get_by_test_id("basket-link").click()
    await expect(page.get_by_test_id("basket")).to_be_visible()


async def check_out(page: Page, customer: Customer) -> None:
    """From the open basket to an order that waits for its payment."""
    await page.get_by_test_id("to-checkout").click()
    form = page.get_by_test_id("checkout-form")
    for name in ("email", "name", "line1", "postal_code", "city"):
        await form.locator(f'[name="{name}"]').fill(getattr(customer, name))
    await form.locator('[name="country"]').select_option(customer.country)
    await form.locator('[name="shipping_method"][value="standard"]').check()
    await page.get_by_test_id("place-order").dblclick()  # As impatient people do: it is one order all the same.
    await expect(page.get_by_test_id("order-status")).to_have_attribute("data-status", "pending_payment")


async def pay(page: Page, method: str) -> None:
    await page.get_by_test_id("payment").locator(f'input[value="{method}"]').check()
    await page.get_by_test_id("pay").click()


async def see_status(page: Page, status: str) -> None:
    await expect(page.get_by_test_id("order-status")).to_have_attribute("data-status", status, timeout=TIMEOUT_MS)


async def see_event(page: Page, event: str) -> None:
    await expect(page.locator(f'[data-testid="timeline-item"][data-event="{event}"]')).to_be_visible()


async def work_in_the_warehouse(shop: Program, order_id: str) -> None:
    staff = await shop.staff()

    async def picked() -> bool:
        return (await shop.ask("POST", f"/admin/api/pick-lists/{order_id}/pick", **staff)).status == 200

    assert await eventually(picked)
    for step in ("pack", "ship"):
        assert (await shop.ask("POST", f"/admin/api/pick-lists/{order_id}/{step}", **staff)).status == 200


async def units_left(where: Locator) -> int:
    """Read a live count."""
    words = (await where.text_content() or "").strip()
    if words == "sold out":
        return 0
    return 1 if words == "last one" else int(words.removesuffix(" left"))


# --- The story ---


async def test_a_customer_buys_in_the_browser(base_url: str, page: Page) -> None:
    trouble = Trouble()
    trouble.watch(page)
    await visit(page, base_url)

    await search(page, "stoneware", "MUG")
    await open_product(page, "MUG")
    stock = offer(page, "MUG-BLUE").get_by_test_id("sku-stock")
    before = await units_left(stock)
    await add(page, "MUG-BLUE")
    await expect(stock).to_have_text(f"{before - 1} left")  # The websocket says so; nobody asked again.
    await close_product(page)

    await open_basket(page)
    await line(page, "MUG-BLUE").get_by_test_id("more-of-it").click()
    await expect(line(page, "MUG-BLUE").get_by_test_id("quantity")).to_have_value("2")
    await expect(line(page, "MUG-BLUE").get_by_test_id("countdown")).to_have_text(re.compile(r"\d\d:\d\d$"))
    await expect(page.get_by_test_id("basket-count")).to_have_text("2")

    await check_out(page, Customer())
    await pay(page, "pm_card_chargeDeclined")
    await expect(page.get_by_test_id("payment-note")).to_contain_text("declined")
    await page.reload()  # The order, and the way to pay it, are found again.
    await pay(page, "pm_card_visa")
    await expect(page.get_by_test_id("payment")).to_be_hidden()
    await see_event(page, "OrderCreated")
    await see_event(page, "PaymentReceived")

    await expect(page.get_by_test_id("basket-count")).to_have_text("0")
    assert trouble.errors == []
    assert len(trouble.hosts) <= 2  # The shop's own, and Stripe's.


async def test_what_another_customer_takes_is_seen_to_go(base_url: str, page: Page) -> None:
    other = await page.context.new_page()
    await visit(page, base_url)
    await visit(other, base_url)
    await search(page, "honey", "HONEY")
    await expect(card(page, "HONEY")).to_have_attribute("data-sku", re.compile("HONEY-250"))
    before = await units_left(card(page, "HONEY").get_by_test_id("stock"))

    await search(other, "honey", "HONEY")
    await open_product(other, "HONEY")
    await add(other, "HONEY-250")

    await expect(card(page, "HONEY").get_by_test_id("stock")).to_have_text(f"{before - 1} left")


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
