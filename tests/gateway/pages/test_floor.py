"""The warehouse's day in a real browser: a round with a scanner, sheets of paper, counts, and the flow."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.gateway.pages.browser import ARGS, CHROMIUM, TIMEOUT_MS
from tests.gateway.pages.browsing import Complaints
from tests.gateway.pages.floor import Paid, buy, session_of, sign_in, status_of
from tests.gateway.pages.test_readers import Way, faults, look
from tests.journeys.process import Program
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
async def packer(running: Program) -> str:
    """The session of somebody of the role warehouse."""
    return await session_of(running, "warehouse")


@pytest.fixture(scope="module")
async def owner(running: Program) -> str:
    return await session_of(running, "owner")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        made = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield made
        await made.close()


async def opened(
    browser: Browser, running: Program, session: str, *, phone: bool = False, scripts: bool = True
) -> Page:
    """A page of somebody who is signed in."""
    size = PHONE if phone else {"width": 1280, "height": 900}
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]},
        locale="en-GB",
        has_touch=phone,
        java_script_enabled=scripts,
    )
    await sign_in(context, running, session)
    page = await context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    return page


async def scan(page: Page, code: str) -> None:
    """A keyboard scanner: it types into whatever has the focus, and ends with Enter."""
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")


async def is_shipped(running: Program, session: str, order: Paid) -> None:
    async def shipped() -> bool:
        return await status_of(running, session, order) in ("shipped", "in_transit", "delivered")

    assert await eventually(shipped)


async def test_a_phone_takes_an_order_from_paid_to_shipped_by_scans_and_two_taps(
    running: Program, browser: Browser, packer: str
) -> None:
    order = await buy(running, packer, KNIFE=2, WHISK=1)
    page = await opened(browser, running, packer, phone=True)
    trouble = Complaints()
    trouble.watch(page)
    await page.goto(f"{running.url}/admin/pick")
    taps = 0

    await page.get_by_test_id("start").tap()
    taps += 1
    await expect(page.get_by_test_id("code")).to_be_focused()
    skus = [await stop.get_attribute("data-sku") for stop in await page.get_by_test_id("stop").all()]
    assert skus == sorted(skus, key=str)
    await scan(page, "LAMP-NONE")
    await expect(page.get_by_test_id("said")).to_have_attribute("data-kind", "wrong")
    await expect(page.get_by_test_id("said")).to_contain_text("is not on this round")
    for code in ("KNIFE", "KNIFE"):
        await scan(page, code)
        await expect(page.get_by_test_id("said")).to_have_attribute("data-kind", "right")
    await scan(page, "KNIFE")
    await expect(page.get_by_test_id("said")).to_contain_text("put it back")
    await page.reload()  # What was counted is still there.
    await expect(page.locator('[data-sku="KNIFE"]').get_by_test_id("done")).to_have_text("2")
    await scan(page, "whisk")
    await page.get_by_test_id("send").tap()
    taps += 1

    await is_shipped(running, packer, order)
    assert taps == 2
    await expect(page.get_by_test_id("parcel")).to_have_count(0)
    assert trouble.errors == []


async def test_a_list_in_other_hands_is_told_and_may_be_taken_over(
    running: Program, browser: Browser, packer: str, owner: str
) -> None:
    order = await buy(running, packer, KNIFE=1)
    first, second = await opened(browser, running, packer), await opened(browser, running, owner)
    job = f'[data-list="{order.id}"]'

    await first.goto(f"{running.url}/admin/pick")
    await second.goto(f"{running.url}/admin/pick")
    await first.locator(job).get_by_test_id("take").click()
    await expect(first.get_by_test_id("stop")).to_have_count(1)
    await second.locator(job).get_by_test_id("take").click()
    await expect(second.get_by_test_id("problem")).to_have_text("A colleague has this list in hand.")
    await expect(second.locator(job).get_by_test_id("taken")).to_contain_text("A colleague has it since")
    await second.locator(job).get_by_test_id("take").click()
    await expect(second.get_by_test_id("stop")).to_have_count(1)

    await first.get_by_test_id("picked").click()  # Their page is of before.
    await expect(first.get_by_test_id("problem")).to_have_text("A colleague has this list in hand.")
    await second.get_by_test_id("picked").click()
    await second.get_by_test_id("send").click()
    await is_shipped(running, packer, order)


async def test_without_scripts_forms_do_the_same(running: Program, browser: Browser, packer: str) -> None:
    order = await buy(running, packer, WHISK=1)
    page = await opened(browser, running, packer, phone=True, scripts=False)

    await page.goto(f"{running.url}/admin/pick")
    await page.get_by_test_id("start").click()
    await expect(page.get_by_test_id("one").first).to_be_hidden()
    await page.get_by_test_id("picked").click()
    await page.get_by_test_id("send").click()

    await is_shipped(running, packer, order)


async def test_sheets_have_bars_and_the_address_is_for_those_who_may_read_it(
    running: Program, browser: Browser, packer: str, owner: str
) -> None:
    orders = [await buy(running, packer, KNIFE=1), await buy(running, packer, WHISK=2)]
    query = "&".join(f"id={order.id}" for order in orders)
    page = await opened(browser, running, packer)

    for kind in ("list", "slip", "label"):
        await page.goto(f"{running.url}/admin/print?kind={kind}&{query}")
        await expect(page.get_by_test_id("sheet")).to_have_count(2)
        await expect(page.get_by_test_id("bars").first).to_have_attribute("aria-label", orders[0].number)
        text = await page.locator("body").inner_text()
        assert "Ann Miller" not in text
        assert "€" not in text
        assert orders[1].number in text
    sizes = await page.get_by_test_id("sheet").first.bounding_box()
    assert sizes is not None
    assert sizes["width"] / sizes["height"] == pytest.approx(100 / 150, rel=0.01)

    page = await opened(browser, running, owner)
    await page.goto(f"{running.url}/admin/print?kind=label&{query}")
    await expect(page.get_by_test_id("address").first).to_contain_text("Ann Miller")
    await expect(page.get_by_test_id("address").first).to_contain_text("4051 Basel")


async def test_counts_are_typed_and_a_conflict_shows_both(running: Program, browser: Browser, packer: str) -> None:
    page = await opened(browser, running, packer)
    trouble = Complaints()
    trouble.watch(page)
    await page.goto(f"{running.url}/admin/stock?q=B")
    row = page.locator('[data-sku="BASKET"]')
    other = page.locator('[data-sku="BEAR"]')
    before = int(await row.get_by_test_id("count").input_value())

    await row.get_by_test_id("count").fill(str(before + 7))
    signed = {"Authorization": f"Bearer {packer}"}
    moved = await running.ask("PUT", "/admin/api/stock/BASKET", {"received": 2}, **signed)
    await expect(row.locator("[data-free]")).to_have_text(str(moved.body["available"]))  # As it changes.
    await other.get_by_test_id("count").fill("33")
    await page.get_by_test_id("save").click()

    await expect(page.get_by_test_id("saved")).to_have_text("1 count is saved.")
    await expect(row.get_by_test_id("conflict")).to_contain_text(f"Now: {before + 2}.")
    await expect(row.get_by_test_id("count")).to_have_value(str(before + 7))
    await page.get_by_test_id("save").click()
    await expect(page.get_by_test_id("refused")).to_have_count(0)
    now = await running.ask("GET", "/admin/api/stock/BASKET", **signed)
    assert now.body["on_hand"] == before + 7
    await page.goto(f"{running.url}/admin/stock/BASKET")
    await expect(page.get_by_test_id("ledger")).to_contain_text("Counted")
    assert trouble.errors == []


async def test_the_flow_is_drawn_and_lights_the_way_of_an_order(
    running: Program, browser: Browser, packer: str, owner: str
) -> None:
    order = await buy(running, packer, KNIFE=1)
    page = await opened(browser, running, owner)
    trouble = Complaints()
    trouble.watch(page)
    await page.goto(f"{running.url}/admin/flow")
    await expect(page.get_by_test_id("flow-live")).to_have_attribute("data-status", "live")
    edge = page.locator('[data-edge="order OrderCreated warehouse"] [data-so-far]')
    await expect(edge).not_to_have_text("–")

    await page.get_by_test_id("follow").fill(order.number)
    await page.get_by_test_id("follow").press("Enter")
    await expect(page.get_by_test_id("way")).to_contain_text("Payment received")
    await expect(page.locator('.line.lit[data-from="payment"][data-to="order"]')).to_have_count(1)
    assert trouble.errors == []
    refused = await opened(browser, running, packer)
    answer = await refused.goto(f"{running.url}/admin/flow")
    assert answer is not None
    assert answer.status == 403


@pytest.mark.parametrize("way", ["light", "dark", "forced", "narrow"])
async def test_nothing_is_in_a_readers_way_on_the_floor(
    running: Program, browser: Browser, owner: str, packer: str, way: Way
) -> None:
    order = await buy(running, packer, BEAR=1)
    page = await opened(browser, running, packer)
    await page.goto(f"{running.url}/admin/pick")
    await page.locator(f'[data-list="{order.id}"]').get_by_test_id("take").click()
    await look(page, way)
    found = dict[str, list[str]]()
    for path in ("/admin/pick", "/admin/pick/round", "/admin/stock", "/admin/stock/BEAR"):
        await page.goto(running.url + path)
        found[path] = await faults(page)
        if way == "narrow" and not await page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            found[path].append("it is wider than the window")
    page = await opened(browser, running, owner)
    await look(page, way)
    for path in (f"/admin/flow?order={order.number}", "/admin/flow/email", f"/admin/print?kind=slip&id={order.id}"):
        await page.goto(running.url + path)
        found[path] = await faults(page)

    assert {path: each for path, each in found.items() if each} == {}
