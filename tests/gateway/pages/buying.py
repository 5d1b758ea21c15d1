"""A buyer in the browser, from the basket to an order that is paid."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from playwright.async_api import BrowserContext, ConsoleMessage, Locator, Page, Request, expect

from tests.gateway.pages.browser import TIMEOUT_MS

# The browser itself logs each answer that is not 2xx. A refusal is not an error of the page.
REFUSED: Final = re.compile(r"Failed to load resource: .* status of (402|404|409|422)")


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
class Buyer:
    email: str = "ann@example.com"
    name: str = "Ann Miller"
    line1: str = "Lindenweg 4"
    postal_code: str = "4051"
    city: str = "Basel"
    country: str = "CH"


ANN: Final = Buyer()


async def put(context: BrowserContext, base_url: str, sku: str, units: int = 1) -> None:
    """Put units into the basket, as the form of a product's page does."""
    form: dict[str, str | float | bool] = {"sku": sku, "add": str(units), "key": secrets.token_urlsafe(12)}
    answer = await context.request.post(
        f"{base_url}/basket/lines", form=form, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert answer.ok, await answer.text()


async def fill_in(page: Page, buyer: Buyer = ANN) -> None:
    """Fill the checkout in. The country comes first: its fields are shown then."""
    if await page.locator('[name="country"]').input_value() != buyer.country:
        await page.locator('[name="country"]').select_option(buyer.country)
        if await page.get_by_test_id("update-country").count():  # Without scripts it is a button.
            await page.get_by_test_id("update-country").click()
        await expect(page.locator('[name="country"]')).to_have_value(buyer.country)
        await page.wait_for_load_state("networkidle")
    for name in ("email", "name", "line1", "postal_code", "city"):
        await page.locator(f'[name="{name}"]').fill(getattr(buyer, name))


async def order(page: Page, base_url: str, sku: str = "TROWEL", units: int = 1) -> str:
    """Order, and leave it unpaid; gives the order's id."""
    await put(page.context, base_url, sku, units)
    await page.goto(f"{base_url}/checkout")
    await fill_in(page)
    await page.get_by_test_id("place-order").click()
    await see_status(page, "pending_payment")
    return page.url.rpartition("/order/")[2]


async def pay(page: Page, method: str = "pm_card_visa") -> None:
    await page.get_by_test_id(method).check()
    await page.get_by_test_id("pay").click()


def status(page: Page) -> Locator:
    return page.get_by_test_id("order-status")


async def see_status(page: Page, code: str) -> None:
    await expect(status(page)).to_have_attribute("data-status", code, timeout=TIMEOUT_MS)


async def see_event(page: Page, event: str) -> None:
    await expect(page.locator(f'[data-testid="timeline-item"][data-event="{event}"]').first).to_be_visible()
