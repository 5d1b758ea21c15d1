"""The checkout in a real browser: without scripts, by keyboard, on a phone, and when something changes in between."""

import re

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.gateway.pages.browser import ARGS, CHROMIUM, TIMEOUT_MS
from tests.gateway.pages.buying import ANN, Trouble, fill_in, order, pay, put, see_event, see_status, status
from tests.journeys.process import Program

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}  # Bytes a second.


async def test_all_of_it_works_without_scripts_up_to_the_payment(base_url: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        page = await (await browser.new_context(java_script_enabled=False, locale="en-DE")).new_page()
        page.set_default_timeout(TIMEOUT_MS)
        await page.goto(f"{base_url}/p/hand-trowel")
        await page.get_by_test_id("product").get_by_test_id("add").click()
        await page.goto(f"{base_url}/checkout")
        await expect(page.locator('[name="country"]')).to_have_value("DE")  # As the browser says.

        await fill_in(page)
        await page.locator('[value="express"]').check()
        await page.get_by_test_id("place-order").click()  # The sum that was shown is another one.
        await expect(page.get_by_test_id("problem")).to_be_visible()
        await expect(page.locator('[name="line1"]')).to_have_value(ANN.line1)
        await expect(page.get_by_test_id("shipping")).to_contain_text("9.90")
        await page.get_by_test_id("place-order").click()

        await expect(status(page)).to_have_attribute("data-status", "pending_payment")
        await expect(page.get_by_test_id("address")).to_contain_text("4051 Basel")
        assert "runs scripts" in await page.content() or "run scripts" in await page.content()
        await page.get_by_test_id("cancel-order").click()
        await page.get_by_test_id("cancel-sure").click()
        await expect(status(page)).to_have_attribute("data-status", "cancelled")
        await browser.close()


async def _tab_to(page: Page, test_id: str, most: int = 60) -> None:
    for _ in range(most):
        if await page.evaluate("document.activeElement?.dataset.testid") == test_id:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{test_id} is not reached by {most} tabs")


async def _tab_to_field(page: Page, name: str, most: int = 60) -> None:
    for _ in range(most):
        if await page.evaluate("document.activeElement?.name") == name:
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} is not reached by {most} tabs")


async def test_a_keyboard_is_enough(base_url: str, page: Page) -> None:
    await page.goto(f"{base_url}/p/hand-trowel")
    await _tab_to(page, "add")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("basket-count")).to_have_text("1")
    await page.goto(f"{base_url}/checkout")

    for name in ("email", "name", "line1", "city", "postal_code"):
        await _tab_to_field(page, name)
        await page.keyboard.type({"postal_code": "SW1A 1AA", "city": "London"}.get(name) or getattr(ANN, name))
    await _tab_to(page, "place-order")
    await page.keyboard.press("Enter")
    await see_status(page, "pending_payment")
    await _tab_to(page, "pm_card_visa")
    await _tab_to(page, "pay")
    await page.keyboard.press("Enter")

    await see_status(page, "paid")
    await see_event(page, "PaymentReceived")


async def test_it_fits_a_phone_and_a_slow_line(base_url: str, page: Page) -> None:
    trouble = Trouble()
    trouble.watch(page)
    await page.set_viewport_size({"width": 390, "height": 844})
    await (await page.context.new_cdp_session(page)).send("Network.emulateNetworkConditions", SLOW)

    await order(page, base_url)
    await pay(page)
    await see_status(page, "paid")

    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert trouble.errors == []
    assert len(trouble.hosts) <= 2  # The shop's own, and Stripe's.


async def test_the_sum_follows_the_way_of_travelling_and_stands_on_the_button(base_url: str, page: Page) -> None:
    await put(page.context, base_url, "TROWEL")
    await page.goto(f"{base_url}/checkout")
    await expect(page.get_by_test_id("place-order")).to_have_text("Order and pay €23.80")

    await page.locator('[value="express"]').check()

    await expect(page.get_by_test_id("place-order")).to_have_text("Order and pay €28.80")
    await expect(page.get_by_test_id("shipping")).to_have_text("€9.90")
    await expect(page.get_by_test_id("tax-note")).to_have_text("Prices include VAT.")
    await expect(page.get_by_test_id("legal").get_by_role("link")).to_have_text(["Terms"])


async def test_a_country_has_its_own_fields_and_what_was_typed_stays(base_url: str, page: Page) -> None:
    await put(page.context, base_url, "TROWEL")
    await page.goto(f"{base_url}/checkout")
    await page.locator('[name="line1"]').fill("1 Main St")

    await page.locator('[name="country"]').select_option("US")

    region = page.locator('select[name="region"]')
    await expect(region.locator('[value="IL"]')).to_have_text("Illinois")
    await expect(page.locator("label[for=postal_code]")).to_have_text("ZIP code")
    await expect(page.locator('[name="line1"]')).to_have_value("1 Main St")


async def test_what_is_wrong_is_told_at_its_field(base_url: str, page: Page) -> None:
    await put(page.context, base_url, "TROWEL")
    await page.goto(f"{base_url}/checkout")
    await page.locator("#checkout").evaluate("form => { form.noValidate = true }")
    await page.get_by_test_id("place-order").click()

    await expect(page.get_by_test_id("fault-email")).to_have_text("Please fill this in.")
    await expect(page.get_by_test_id("fault-line1")).to_be_visible()
    assert await page.evaluate("document.activeElement.name") == "email"

    await fill_in(page)
    await page.locator('[name="postal_code"]').fill("12")
    await page.get_by_test_id("place-order").click()
    await expect(page.get_by_test_id("fault-postal_code")).to_be_visible()
    described = await page.locator('[name="postal_code"]').get_attribute("aria-describedby")
    assert described == "fault-postal_code"
    await expect(page.locator('[name="email"]')).to_have_value(ANN.email)


async def test_however_often_it_is_sent_it_is_one_order(running: Program, base_url: str, page: Page) -> None:
    await put(page.context, base_url, "TROWEL")
    await page.goto(f"{base_url}/checkout")
    await fill_in(page)
    await page.get_by_test_id("place-order").dblclick()  # As impatient people do.
    await see_status(page, "pending_payment")
    first = page.url

    await page.go_back()
    if await page.get_by_test_id("place-order").count():  # As the browser had kept it.
        await fill_in(page)
        await page.get_by_test_id("place-order").click()
        await see_status(page, "pending_payment")
        assert page.url == first
    await expect(page.get_by_test_id("basket-count")).to_have_text("0")


async def test_a_changed_price_is_shown_before_anything_is_ordered(running: Program, base_url: str, page: Page) -> None:
    staff = await running.staff()
    await put(page.context, base_url, "TROWEL")
    await page.goto(f"{base_url}/checkout")
    await fill_in(page)

    async def price(amount: int) -> None:
        sku = {"sku": "TROWEL", "title": "One size", "weight_g": 300, "price": {"amount": amount, "currency": "EUR"}}
        answer = await running.ask("PATCH", "/admin/api/products/TROWEL", {"skus": [sku]}, **staff)
        assert answer.status == 200, answer.body

    await price(1990)
    await page.get_by_test_id("place-order").click()

    await expect(page.get_by_test_id("problem")).to_contain_text("A price has changed")
    await expect(page.get_by_test_id("place-order")).to_have_text("Order and pay €24.80")
    await expect(page.locator('[name="city"]')).to_have_value(ANN.city)
    await page.get_by_test_id("place-order").click()
    await see_status(page, "pending_payment")
    await expect(page.get_by_test_id("total")).to_have_text("€24.80")
    await price(1890)


async def test_an_empty_basket_has_no_checkout(base_url: str, page: Page) -> None:
    await page.goto(f"{base_url}/checkout")

    await expect(page).to_have_url(re.compile("/basket$"))
