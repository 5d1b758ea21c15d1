"""A buyer in the browser, from the home page to a full basket: what drives the pages, by their `data-testid`s."""

import re
from dataclasses import dataclass, field

from playwright.async_api import ConsoleMessage, Locator, Page, Request, expect

# The browser itself logs each answer that is not 2xx. A refusal is not an error of the page.
REFUSED = re.compile(
    r"Failed to load resource: .* status of (402|404|409)|Service Worker registration blocked by Playwright"
)


@dataclass
class Complaints:
    """Errors of a page, and the hosts that it spoke to."""

    errors: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", self._request)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not REFUSED.search(message.text):
            self.errors.append(message.text)

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        self.hosts.add(request.url.split("/")[2])


async def visit(page: Page, base_url: str, path: str = "/") -> None:
    """Open a page of the shop, until its numbers are live."""
    await page.goto(f"{base_url}{path}")
    await expect(page.get_by_test_id("live")).to_have_attribute("data-status", "live")


def card(page: Page, product: str) -> Locator:
    return page.locator(f'[data-testid="product-card"][data-product="{product}"]')


def offer(page: Page, sku: str) -> Locator:
    return page.locator(f'[data-testid="sku"][data-sku="{sku}"]')


def line(page: Page, sku: str) -> Locator:
    return page.locator(f'[data-testid="basket-line"][data-sku="{sku}"]')


async def search(page: Page, words: str, product: str) -> None:
    """Search, until this product is among what is shown."""
    await page.get_by_test_id("search").fill(words)
    await page.get_by_test_id("search").press("Enter")
    await expect(card(page, product)).to_be_visible()


async def open_product(page: Page, product: str) -> None:
    await card(page, product).get_by_test_id("product-link").click()
    await expect(page.get_by_test_id("product")).to_have_attribute("data-product", product)


async def choose(page: Page, sku: str) -> None:
    if await offer(page, sku).locator("input").count():
        await offer(page, sku).locator("input").check()


async def add(page: Page, sku: str) -> None:
    """Add one unit on the product's page."""
    await choose(page, sku)
    await page.locator(".offer").get_by_test_id("add").click()
    await expect(page.get_by_test_id("message")).to_contain_text("In your basket")


async def open_basket(page: Page) -> None:
    await page.get_by_test_id("basket-link").click()
    await expect(page.get_by_test_id("basket")).to_be_visible()


async def units_left(where: Locator) -> int:
    """Read a live count."""
    words = (await where.text_content() or "").strip()
    return {"Sold out": 0, "Last one": 1}.get(words) or int((re.findall(r"\d+", words) or ["0"])[0])


def in_words(units: int) -> str:
    """Write a live count as pages do."""
    few = {0: "Sold out", 1: "Last one"}
    return few.get(units) or (f"Only {units} left" if units <= 5 else f"{units} in stock")
