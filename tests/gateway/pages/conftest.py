"""The real program under the page, with the sample catalogue."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright

from tests.gateway.pages.browser import ARGS, CHROMIUM, TIMEOUT_MS
from tests.journeys.process import Program, program

NOTICES = {
    "SHOPFLOW_IMPRINT": "Shop Ltd\nLindenweg 4",
    "SHOPFLOW_TERMS": "https://shop.example/terms",
    "SHOPFLOW_TAX_NOTE": "Prices include VAT.",
}


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Program]:
    async with program(SHOPFLOW_CARRIER_PACE_S="0.1", SHOPFLOW_CART_HOLD_S="900", **NOTICES) as made:
        await made.start()
        yield made


@pytest.fixture
def base_url(running: Program) -> str:
    return running.url


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    """A fresh visitor, with nothing kept from others."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = await browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        page = await context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        yield page
        await browser.close()
