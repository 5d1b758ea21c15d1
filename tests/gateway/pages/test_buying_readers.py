"""The checkout and an order's page for everybody: axe-core finds nothing, in any way that people look at them."""

import pytest
from playwright.async_api import Page, expect

from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.buying import fill_in, pay, put, see_status
from tests.gateway.pages.test_readers import Way, faults, look

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["light", "dark", "forced", "narrow"])
async def test_nothing_is_in_a_buyers_way(base_url: str, page: Page, way: Way) -> None:
    found = dict[str, list[str]]()

    async def see(place: str) -> None:
        found[place] = await faults(page)
        if not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[place].append("it is wider than the window")

    await look(page, way)
    await put(page.context, base_url, "TROWEL")
    await page.goto(f"{base_url}/checkout")
    await see("the checkout")
    await page.locator("#checkout").evaluate("form => { form.noValidate = true }")
    await page.get_by_test_id("place-order").click()
    await expect(page.get_by_test_id("fault-email")).to_be_visible()
    await see("the checkout with faults")
    await fill_in(page)
    await page.get_by_test_id("place-order").click()
    await see_status(page, "pending_payment")
    await see("an order to pay")
    await pay(page)
    await see_status(page, "paid")
    home = page.url
    await page.reload()
    await see("an order that is paid")
    for place in ("receipt", "cancel"):
        await page.goto(f"{home}/{place}")
        await see(place)
    await page.goto(f"{base_url}/order/ord_none")
    await see("an order that does not open")

    assert {place: each for place, each in found.items() if each} == {}
