"""An order's page in a real browser: paid, refused, approved, late, called off, had again, and seen from elsewhere."""

import re

import pytest
from playwright.async_api import Page, Request, expect

from gateway.pages.storefront import order as order_pages
from testkit import ShopUnderTest
from tests.gateway.pages.browser import CHROMIUM
from tests.gateway.pages.buying import Trouble, fill_in, order, pay, put, see_event, see_status
from tests.journeys.process import Program, program
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")


async def work_in_the_warehouse(shop: Program, order_id: str) -> None:
    staff = await shop.staff()

    async def picked() -> bool:
        return (await shop.ask("POST", f"/admin/api/pick-lists/{order_id}/pick", **staff)).status == 200

    assert await eventually(picked)
    for step in ("pack", "ship"):
        assert (await shop.ask("POST", f"/admin/api/pick-lists/{order_id}/{step}", **staff)).status == 200


async def test_a_card_is_declined_and_another_is_taken(base_url: str, page: Page) -> None:
    trouble = Trouble()
    trouble.watch(page)
    await order(page, base_url)
    await expect(page.get_by_test_id("pay-deadline")).to_have_text(re.compile(r"Please pay by .*(30:00|29:\d\d) left"))

    await pay(page, "pm_card_chargeDeclined")
    await expect(page.get_by_test_id("payment-note")).to_contain_text("declined")
    await see_event(page, "PaymentDeclined")
    await page.reload()  # The order, and the way to pay it, are found again.
    await pay(page)

    await see_status(page, "paid")
    await expect(page.get_by_test_id("payment")).to_be_hidden()
    await see_event(page, "PaymentReceived")
    assert trouble.errors == []


@pytest.mark.parametrize(("decision", "status"), [("approve", "paid"), ("refuse", "pending_payment")])
async def test_a_bank_asks_for_approval(base_url: str, page: Page, decision: str, status: str) -> None:
    order_id = await order(page, base_url)
    await pay(page, "pm_card_authenticationRequired")
    await page.wait_for_url(lambda url: "/order/" not in url)

    await page.locator(f'[value="{decision}"]').click()

    await page.wait_for_url(f"{base_url}/order/{order_id}?bank=*")  # And not with all that the bank has added.
    await see_status(page, status)
    if decision == "refuse":
        await expect(page.get_by_test_id("bank")).to_contain_text("did not approve")
        await pay(page)
        await see_status(page, "paid")


async def test_an_order_is_followed_to_the_door_in_words(running: Program, page: Page) -> None:
    trouble = Trouble()
    trouble.watch(page)
    order_id = await order(page, running.url)
    await pay(page)
    await see_status(page, "paid")

    await work_in_the_warehouse(running, order_id)

    await see_status(page, "delivered")  # The websocket says so, step by step.
    items = page.get_by_test_id("timeline-item")
    await expect(items.first).to_have_attribute("data-event", "OrderDelivered")  # The newest first.
    await expect(items.last).to_have_attribute("data-event", "OrderCreated")
    assert "_" not in "".join(await items.all_inner_texts())  # Words for people, not for programs.
    await expect(page.get_by_test_id("tracking")).to_be_visible()
    await expect(page.get_by_test_id("cancel-order")).to_be_hidden()
    assert trouble.errors == []


async def test_two_windows_of_one_order_agree(base_url: str, page: Page) -> None:
    await order(page, base_url)
    other = await page.context.new_page()
    await other.goto(page.url)
    await see_status(other, "pending_payment")

    await pay(page)

    await see_status(other, "paid")
    await expect(other.get_by_test_id("payment")).to_be_hidden()


async def test_an_order_is_called_off_and_had_again(base_url: str, page: Page) -> None:
    await order(page, base_url)

    await page.get_by_test_id("cancel-order").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Cancel order")
    await page.get_by_test_id("cancel-sure").click()
    await see_status(page, "cancelled")
    await expect(page.get_by_test_id("order-hint")).to_have_text("You called it off. Nothing was charged.")
    await expect(page.get_by_test_id("payment")).to_be_hidden()
    await page.get_by_test_id("order-again").click()

    await expect(page).to_have_url(f"{base_url}/basket")
    await expect(page.locator('[data-testid="basket-line"][data-sku="TROWEL"]').first).to_be_visible()


@pytest.mark.parametrize(
    ("settings", "declines", "hint"),
    [
        ({"SHOPFLOW_PAYMENT_WINDOW_S": "8"}, 0, "No payment came in time."),
        ({"SHOPFLOW_PAYMENT_DECLINES": "2"}, 2, "Too many attempts to pay were declined."),
    ],
    ids=["its time is over", "the last card is declined"],
)
async def test_an_order_that_ends_before_its_buyers_eyes_says_why(
    page: Page, settings: dict[str, str], declines: int, hint: str
) -> None:
    async with program(**settings) as shop:
        await shop.start()
        await order(page, shop.url)
        for _ in range(declines):
            await pay(page, "pm_card_chargeDeclined")
            await expect(page.get_by_test_id("pay")).to_be_enabled()

        await see_status(page, "cancelled")
        await expect(page.get_by_test_id("order-hint")).to_contain_text(hint)
        await expect(page.get_by_test_id("payment")).to_be_hidden()
        await expect(page.get_by_test_id("order-again")).to_be_visible()


async def test_a_mails_link_opens_the_order_on_another_device_and_no_page_shows_its_token(
    running: Program, base_url: str, page: Page
) -> None:
    order_id = await order(page, base_url)
    links = [found for mail in await running.mails() for found in re.findall(r"http\S+", mail["text"])]
    link = next(each for each in links if f"/{order_id}?token=" in each)
    token = link.partition("token=")[2]
    assert page.context.browser is not None
    device = await (await page.context.browser.new_context()).new_page()
    seen: list[str] = []

    def watch(request: Request) -> None:
        seen.extend([*([] if request.url == link else [request.url]), request.headers.get("referer", "")])

    device.on("request", watch)
    await device.goto(link)
    await see_status(device, "pending_payment")

    assert device.url == f"{base_url}/order/{order_id}"
    assert not [text for text in [*seen, await device.content()] if token in text]
    assert await device.evaluate("document.cookie") == ""
    await expect(device.get_by_test_id("address")).to_contain_text("Basel")
    await expect(device.get_by_test_id("address")).not_to_contain_text("Lindenweg")
    await pay(device)
    await see_status(page, "paid")
    await device.get_by_test_id("links").locator("summary").click()
    await device.get_by_test_id("withdraw-links").click()
    await expect(device.get_by_test_id("order-missing")).to_be_visible()
    await page.reload()
    await see_status(page, "paid")  # The browser it was ordered in needs no link.


FAKE_STRIPE = """
window.Stripe = (key, options) => ({
  elements: (given) => ({
    create: (kind) => ({
      mount: (place) => { document.querySelector(place).textContent = `${kind} of ${key.slice(0, 8)}`; },
      on: () => {},
    }),
  }),
  confirmPayment: async () => ({ paymentIntent: { status: "processing" } }),
});
"""


async def test_with_an_account_at_stripe_its_own_fields_are_shown_and_only_there(
    shop: ShopUnderTest, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_pages, "_STRIPE", shop.sandbox.http_url.rstrip("/"))
    trouble, asked = Trouble(), list[str]()
    trouble.watch(page)
    page.on("request", lambda request: asked.append(request.url))
    await page.route(
        "https://js.stripe.com/**", lambda route: route.fulfill(body=FAKE_STRIPE, content_type="text/javascript")
    )
    await put(page.context, shop.url, "MUG")
    await page.goto(f"{shop.url}/checkout")
    assert not [url for url in asked if "stripe.com" in url]
    await fill_in(page)
    await page.get_by_test_id("place-order").click()

    await expect(page.get_by_test_id("card")).to_contain_text("payment of pk_test_")
    await expect(page.get_by_test_id("wallets")).to_contain_text("expressCheckout")
    await page.get_by_test_id("pay").click()
    await expect(page.get_by_test_id("payment-note")).to_contain_text("Your bank has been asked")
    assert trouble.errors == []  # The policy lets the script in.
