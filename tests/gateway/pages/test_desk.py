"""The desk of the admin portal in a browser, by mouse and by keys; and everybody can use it."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import aiohttp
import pyotp
import pytest
from playwright.async_api import Page, async_playwright, expect

from testkit.people import DELIVERY, payment_form
from tests.gateway.pages.browser import ARGS, AXE, CHROMIUM, TIMEOUT_MS
from tests.journeys.people import new_key
from tests.journeys.process import Program, program
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

EMAIL, PASSWORD = "ada@shop.example", "a heron by the lake"
FRESH_S = 15.0  # Long enough to set up a second factor, short enough to wait for its end.
SCREENS = [
    "",
    "/orders",
    "/orders?status=paid&q=SF-1",
    "/money",
    "/letters",
    "/audit",
    "/acts",
    "/customers",
    "/erasures",
]
LOOKS: Mapping[str, Mapping[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced": {"forced_colors": "active"},
    "zoomed": {"viewport": {"width": 320, "height": 256}},  # 1280 by 1024 at 400 %. Source: WCAG 2.2, 1.4.10.
}
GOODS = ["/collections", "/collections/lake?q=a", "/attributes?key=material", "/types?id=rugs", "/products/MUG"]
RUN_AXE = """() => axe.run(document, {resultTypes: ["violations"]}).then((found) =>
    found.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.target.join(" ")).join(", ")}`))"""


class Owner:
    """The owner, who has a second factor, and codes for when the phone is away."""

    def __init__(self, running: Program, token: str, codes: list[str], sku: str) -> None:
        self.running = running
        self.token = token  # Of a session that is not fresh any more when most tests begin.
        self.codes = codes
        self.sku = sku  # Of which there is plenty.

    async def sign_in(self, page: Page) -> None:
        """Fill the form that asks who it is. Each code counts once."""
        await page.get_by_label("E-mail").fill(EMAIL)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_label("Code of your app").fill(self.codes.pop())
        await page.get_by_test_id("enter").click()

    async def buy(self, name: str = "Ada Lovelace") -> str:
        """Have somebody buy something, and pay; gives the order's id."""
        asks = self.running.ask
        cart = await self.running.cart_with(self.sku)
        body = {**DELIVERY, "name": name}
        placed = (await asks("POST", f"/carts/{cart}/checkout", body, Idempotency_Key=new_key())).body
        config, secret = (await asks("GET", "/config")).body, placed["payment"]["client_secret"]
        form = payment_form(config["stripe"]["publishable_key"], secret, "pm_card_visa")
        await _post_form(
            f"{config['stripe']['api_base']}/v1/payment_intents/{secret.split('_secret')[0]}/confirm", form
        )
        order_id, token = placed["order"]["id"], placed["access_token"]

        async def is_paid() -> bool:
            read = await asks("GET", f"/orders/{order_id}", Authorization=f"Bearer {token}")
            return bool(read.body["status"] == "paid")

        await eventually(is_paid)
        return str(order_id)

    async def arrange(self) -> None:
        """Have a collection, attributes and a kind of product, of which the mug is. Prices ask for a fresh sign-in."""
        kind = {"title": "Rugs", "attributes": [{"key": "material", "required": True}, {"key": "width"}]}
        lake = {"slug": "lake", "title": "For the lake", "items": ["MUG", "NONE"], "rule": {"q": "lamp"}}
        asked = {"title": "Engraving", "surcharge": {"amount": 450, "currency": "EUR"}, "key": "engraving"}
        for path, body in (
            ("attributes/material", {"title": "Material", "kind": "choice", "choices": ["wool", "silk"]}),
            ("attributes/width", {"title": "Width", "kind": "number", "unit": "cm", "of_sku": True}),
            ("types/rugs", kind),
            ("collections/lake", lake),
        ):
            await self._ask("PUT", path, body)
        await self._ask("PATCH", "products/MUG", {"type_id": "rugs", "inputs": [asked]})

    async def _ask(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        answer = await self.running.ask(method, f"/admin/api/{path}", body, Authorization=f"Bearer {self.token}")
        assert answer.status == 200, answer.body

    async def is_stale(self) -> bool:
        """Whether the sign-in is fresh no more."""
        me = await self.running.ask("GET", "/admin/api/me", Authorization=f"Bearer {self.token}")
        return not me.body["fresh"]


async def _post_form(url: str, form: Mapping[str, str]) -> None:
    async with aiohttp.ClientSession() as http, http.post(url, data=form) as answer:
        assert answer.status == 200, await answer.text()


@pytest.fixture(scope="module")
async def owner() -> AsyncIterator[Owner]:
    settings = {
        "SHOPFLOW_ADMIN_EMAIL": EMAIL,
        "SHOPFLOW_ADMIN_PASSWORD": PASSWORD,
        "SHOPFLOW_STAFF_FRESH_S": str(FRESH_S),
    }
    async with program(**settings) as running:
        await running.start()
        body = {"email": EMAIL, "password": PASSWORD}
        token = (await running.ask("POST", "/admin/api/sessions?token=true", body)).body["token"]
        shown = {"Authorization": f"Bearer {token}"}
        secret = (await running.ask("POST", "/admin/api/me/totp", **shown)).body["secret"]
        code = {"code": pyotp.TOTP(secret).now()}
        codes = (await running.ask("PUT", "/admin/api/me/totp", code, **shown)).body["recovery_codes"]
        goods = (await running.ask("GET", "/products?limit=50")).body["items"]
        plenty = max((each for each in goods if not each["has_inputs"]), key=lambda each: each["available"])
        owner = Owner(running, token, list(codes), plenty["skus"][0])
        await owner.arrange()
        yield owner


@pytest.fixture
async def page(owner: Owner) -> AsyncIterator[Page]:
    """A browser of the owner, signed in."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        context = await browser.new_context(
            viewport={"width": 1280, "height": 900}, locale="en-GB", base_url=owner.running.url
        )
        await context.add_cookies([{"name": "staff", "value": owner.token, "url": owner.running.url}])
        page = await context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        await page.goto("/admin")
        await expect(page.get_by_role("heading", level=1)).to_have_text("Today")
        yield page
        owner.token = next(each["value"] for each in await context.cookies() if each["name"] == "staff")
        await browser.close()


async def test_money_goes_back_after_a_fresh_sign_in(owner: Owner, page: Page) -> None:
    order_id = await owner.buy()
    await page.goto(f"/admin/orders/{order_id}")
    await eventually(owner.is_stale, within_s=2 * FRESH_S)  # Whoever has gone for a coffee is asked once more.

    await page.get_by_text("Give money back").click()
    await page.get_by_label("Amount in EUR").fill("4.50")
    await page.get_by_label("Why").select_option(label="It was paid twice")
    await page.get_by_test_id("do-refund").click()

    await expect(page.get_by_test_id("again")).to_contain_text("What you have typed is kept")
    await owner.sign_in(page)
    await expect(page.get_by_label("Amount in EUR")).to_have_value("4.50")
    await page.get_by_test_id("do-refund").click()

    async def is_refunded() -> bool:
        """The bank's answer comes a moment later."""
        await page.reload()
        return await page.get_by_test_id("refunded").count() == 1

    await eventually(is_refunded)
    await expect(page.get_by_test_id("refunded")).to_have_text("€4.50")


async def test_several_orders_are_cancelled(owner: Owner, page: Page) -> None:
    for _ in range(2):
        await owner.buy("Grace Hopper")
    await page.goto("/admin/orders?q=Grace+Hopper")
    await expect(page.get_by_test_id("bulk")).to_be_hidden()
    for line in await page.locator("tbody tr").all():
        await line.get_by_role("checkbox").check()
    await page.get_by_test_id("bulk-cancel").click()

    await page.get_by_test_id("yes").click()
    if await page.get_by_test_id("again").count():
        await owner.sign_in(page)
        await page.get_by_test_id("yes").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("2 of 2 done")
    await page.get_by_test_id("back").click()
    await expect(page.locator("tbody tr", has_text="Cancelled")).to_have_count(2)


async def test_an_address_is_corrected_and_a_mail_goes_out_again(owner: Owner, page: Page) -> None:
    order_id = await owner.buy()
    await page.goto(f"/admin/orders/{order_id}")
    await page.get_by_text("Correct it").click()
    await page.get_by_label("Street").fill("Neue Gasse 9")
    await page.get_by_test_id("do-correct").click()
    await expect(page.get_by_test_id("buyer")).to_contain_text("Neue Gasse 9")

    before = len(await owner.running.mails())
    await page.get_by_test_id("mail").first.click()
    frame = page.frame_locator("[data-testid=mail-frame]")
    await expect(frame.get_by_role("heading")).to_be_visible()
    await page.get_by_test_id("resend").click()
    await expect(page).to_have_url(re.compile(f"/admin/orders/{order_id}$"))

    async def has_gone_out() -> bool:
        return len(await owner.running.mails()) > before

    await eventually(has_gone_out)


async def test_new_orders_are_offered_and_move_no_line(owner: Owner, page: Page) -> None:
    await owner.buy()
    await page.goto("/admin/orders")
    await expect(page.get_by_test_id("live")).to_have_attribute("data-status", "live")
    first = await page.locator("tbody tr").first.get_attribute("data-order")

    order_id = await owner.buy()

    await expect(page.get_by_test_id("order-news")).to_be_visible()
    assert await page.locator("tbody tr").first.get_attribute("data-order") == first
    await page.get_by_test_id("order-news").click()
    await expect(page.locator("tbody tr").first).to_have_attribute("data-order", order_id)


async def test_the_desk_works_by_keys_alone(owner: Owner, page: Page) -> None:
    order_id = await owner.buy()
    await page.keyboard.press("g")
    await page.keyboard.press("o")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Orders")
    await page.keyboard.press("j")
    await page.keyboard.press("x")
    await expect(page.get_by_test_id("bulk")).to_be_visible()
    await page.keyboard.press("x")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile(f"/admin/orders/{order_id}$"))
    await page.keyboard.press("?")
    await expect(page.get_by_test_id("keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await page.keyboard.press("Control+k")
    await page.keyboard.type("dead let")
    await expect(page.get_by_test_id("palette").get_by_role("link")).to_have_count(1)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Dead letters")


async def test_a_filter_is_in_the_address_and_can_be_taken_out(owner: Owner, page: Page) -> None:
    await owner.buy()
    await page.goto("/admin/orders")
    await page.get_by_label("State").select_option(label="Delivered")
    await expect(page.get_by_test_id("nothing")).to_be_visible()
    assert "status=delivered" in page.url
    await page.get_by_test_id("chip").click()
    await expect(page.locator("tbody tr").first).to_be_visible()
    assert "status" not in page.url


@pytest.mark.parametrize("look", LOOKS)
async def test_everybody_can_use_it(owner: Owner, page: Page, look: str) -> None:
    order_id = await owner.buy()
    how = dict(LOOKS[look])
    if viewport := how.pop("viewport", None):
        await page.set_viewport_size(viewport)
    await page.emulate_media(**how)
    found = dict[str, list[str]]()
    own = [f"/orders/{order_id}", f"/orders/{order_id}/refund-lines?l0=1", f"/orders/cancel?id={order_id}+SF-1"]
    for path in [*SCREENS, *GOODS, *own, "/find?q=SF"]:
        await page.goto(f"/admin{path}")
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, "scrolls sideways")
        await page.evaluate(AXE.read_text())
        found[path] = await page.evaluate(RUN_AXE)
    assert {path: each for path, each in found.items() if each} == {}
