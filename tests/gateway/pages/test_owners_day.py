"""An owner's first day, in a browser alone: from the link that the start prints to a product that buyers find."""

import asyncio
import base64
import re

import pyotp
import pytest
from playwright.async_api import Page, expect

from tests.actors.media.hostile import photo
from tests.gateway.pages.browser import CHROMIUM
from tests.journeys.process import Program

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it")

PASSWORD = "a heron by the lake"
SHEET = (
    "product_id,slug,title,category,description,sku,sku_title,price,currency,weight_g,on_hand\n"
    "OAR,oar,Oar,Boats,An oar of ash.,OAR,Oar,39.00,EUR,900,4\n"
)
DROP = """
async ([selector, files]) => {
  const data = new DataTransfer();
  for (const [name, content] of files) {
    const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
    data.items.add(new File([bytes], name, { type: "image/jpeg" }));
  }
  const drop = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(selector).dispatchEvent(drop);
}"""


async def join(page: Page, running: Program) -> str:
    """Become the owner by the printed link, with codes by time; gives their secret."""
    (link,) = [re.findall(r"http\S+", line)[-1] for line in running.lines if "no owner yet" in line]
    await page.goto(link)
    await page.locator('[name="password"]').fill(PASSWORD)
    await page.get_by_test_id("accept").click()
    await page.get_by_test_id("begin-codes").click()
    secret = await page.get_by_test_id("secret").inner_text()
    await page.locator('[name="code"]').fill(pyotp.TOTP(secret).now())
    await page.get_by_test_id("confirm-code").click()
    await expect(page.get_by_test_id("codes").get_by_role("listitem")).not_to_have_count(0)
    return secret


async def name_the_shop(page: Page) -> None:
    await page.goto(re.sub(r"(https?://[^/]+).*", r"\1/admin/start", page.url))
    await expect(page.get_by_test_id("steps").get_by_role("listitem").first).to_be_visible()
    await page.locator('[data-step="looks"] a').click()
    brand = page.get_by_test_id("brand")
    await brand.locator('[name="name"]').fill("Heron Boats")
    await brand.locator('[name="accent"]').fill("#22308f")
    await brand.locator('[name="imprint"]').fill("Heron Ltd\n\nLake Road 4")
    await page.get_by_test_id("save-brand").click()
    await expect(page.get_by_test_id("saved")).to_be_visible()
    file = {"name": "logo.jpg", "mimeType": "image/jpeg", "buffer": photo(size=(200, 200))}
    await page.get_by_test_id("logo-file").set_input_files(file)  # type: ignore[arg-type] # As its documentation has it.
    await page.get_by_test_id("set-logo").click()
    await expect(page.get_by_test_id("logo")).to_be_visible()


async def add_a_product(page: Page, base_url: str) -> None:
    await page.goto(f"{base_url}/admin/products")
    await page.get_by_test_id("new-product").click()
    form = page.get_by_test_id("new-product-form")
    await form.locator('[name="title"]').fill("Rowing boat")
    await form.locator('[name="price"]').fill("1490,00")
    await form.locator('[name="weight_g"]').fill("29000")
    await form.locator('[name="new_category"]').fill("Boats")
    await form.locator('[name="options"]').fill("Colour: Red, Blue\nLength: 3 m, 4 m")
    await page.get_by_test_id("create").click()
    await expect(page.get_by_test_id("state")).to_have_text("Draft")
    await expect(page.get_by_test_id("skus").locator("tbody tr")).to_have_count(4)
    pictures = [(f"{number}.jpg", photo(size=(300 + number, 200))) for number in range(3)]
    files = [[name, base64.b64encode(content).decode()] for name, content in pictures]
    await page.evaluate(DROP, ["[data-drop]", files])
    await expect(page.get_by_test_id("pictures").locator("li")).to_have_count(3)
    await page.get_by_test_id("publish").click()
    await expect(page.get_by_test_id("state")).to_have_text("On sale")


@pytest.mark.timeout(240)  # A whole day, in one browser.
async def test_an_owners_first_day_needs_nothing_but_a_browser(running: Program, base_url: str, page: Page) -> None:
    troubles = list[str]()
    page.on("pageerror", lambda error: troubles.append(str(error)))
    await join(page, running)
    await name_the_shop(page)
    method = page.get_by_test_id("method").first
    await method.locator('[name="price"]').fill("6.50")
    await method.get_by_test_id("save-method").click()
    await expect(page.get_by_test_id("method").first.locator('[name="price"]')).to_have_value("6.50")

    await add_a_product(page, base_url)

    await page.get_by_test_id("see").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Rowing boat")
    await expect(page.get_by_test_id("product").locator(".reel [data-image]")).to_have_count(3)
    await expect(page.get_by_test_id("notices").get_by_role("link", name="Imprint")).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--accent')") == "#22308f"
    await expect(page).to_have_title("Rowing boat · Heron Boats")
    await found_in_the_shop(page, base_url)
    await two_editors(page, base_url)
    await import_and_undo(page, base_url)
    assert troubles == []


async def found_in_the_shop(page: Page, base_url: str) -> None:
    """Whatever time the index takes to hear of it."""
    async with asyncio.timeout(20):
        await page.goto(f"{base_url}/search?q=rowing")
        while not await page.locator("[data-product]").count():
            await page.reload()


async def two_editors(page: Page, base_url: str) -> None:
    """Both change the title of one product, one of them the brand, too: nothing is lost."""
    other = await page.context.new_page()
    for each in (page, other):
        await each.goto(f"{base_url}/admin/products/MUG")
    await other.get_by_test_id("details").locator('[name="title"]').fill("Big mug")
    await other.get_by_test_id("save-details").click()
    await expect(other.get_by_test_id("saved")).to_be_visible()
    mine = page.get_by_test_id("details")
    await mine.locator('[name="title"]').fill("Blue mug")
    await mine.locator('[name="brand"]').fill("Heron")

    await page.get_by_test_id("save-details").click()

    await expect(page.get_by_test_id("problem")).to_be_visible()
    await expect(page.get_by_test_id("theirs")).to_contain_text("Big mug")
    await expect(page.get_by_test_id("details").locator('[name="title"]')).to_have_value("Blue mug")
    await page.get_by_test_id("theirs").get_by_role("checkbox").check()
    await page.get_by_test_id("save-details").click()
    await expect(page.get_by_test_id("saved")).to_be_visible()
    details = page.get_by_test_id("details")
    await expect(details.locator('[name="title"]')).to_have_value("Big mug")
    await expect(details.locator('[name="brand"]')).to_have_value("Heron")
    await other.close()


async def import_and_undo(page: Page, base_url: str) -> None:
    async def send(button: str) -> None:
        await page.goto(f"{base_url}/admin/imports")
        file = {"name": "boats.csv", "mimeType": "text/csv", "buffer": SHEET.encode()}
        await page.get_by_test_id("file").set_input_files(file)  # type: ignore[arg-type] # As above.
        await page.get_by_test_id(button).click()
        await expect(page.get_by_test_id("import-state")).to_have_attribute("data-state", "done")
        await expect(page.get_by_test_id("added")).to_have_text("1")

    await send("preview")
    await expect(page.locator('[data-testid^="preview"]')).to_contain_text("OAR")
    assert (await page.goto(f"{base_url}/p/OAR")).status == 404  # type: ignore[union-attr] # It answers.
    await send("run")
    await page.get_by_test_id("undo").click()
    await expect(page.get_by_test_id("import-state")).to_have_attribute("data-state", "undone")
