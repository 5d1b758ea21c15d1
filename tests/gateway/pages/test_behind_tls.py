"""The shop's page behind a proxy that speaks TLS: it works, live included, and without its socket it works, too."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.gateway.pages.browser import ARGS, CHROMIUM, TIMEOUT_MS
from tests.gateway.pages.browsing import (
    Complaints,
    add,
    card,
    in_words,
    line,
    open_basket,
    open_product,
    search,
    units_left,
    visit,
)
from tests.gateway.pages.tls_proxy import TlsProxy, tls_proxy
from tests.journeys.process import Program, program

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: set CHROMIUM to one, or install it"),
]


@asynccontextmanager
async def shop_behind(proxy: TlsProxy, *, is_told: bool) -> AsyncIterator[Program]:
    """A shop that the proxy passes on to, and that is told its public address, or is not."""
    public = {"SHOPFLOW_PUBLIC_URL": f"https://localhost:{proxy.port}"} if is_told else {}
    async with program(**public) as shop:
        await shop.start()
        proxy.shop_port = shop.port
        yield shop


@asynccontextmanager
async def browser() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        # No browser takes a worker from behind a certificate that it does not trust, whatever it is told to ignore.
        context = await chromium.new_context(ignore_https_errors=True, service_workers="block", locale="en-GB")
        page = await context.new_page()
        page.set_default_timeout(TIMEOUT_MS)
        yield page
        await chromium.close()


@pytest.mark.parametrize("is_told", [True, False], ids=["told its address", "not told"])
async def test_stock_is_live_through_tls(tmp_path: Path, is_told: bool) -> None:
    async with tls_proxy(tmp_path) as proxy, shop_behind(proxy, is_told=is_told) as shop, browser() as page:
        complaints = Complaints()
        complaints.watch(page)
        await visit(page, f"https://localhost:{proxy.port}")
        await search(page, "honey", "HONEY")
        before = await units_left(card(page, "HONEY").get_by_test_id("stock"))

        cart = (await shop.ask("POST", "/carts")).body["id"]
        await shop.ask("PUT", f"/carts/{cart}/lines/HONEY-250", {"quantity": 1})

        await expect(card(page, "HONEY").get_by_test_id("stock")).to_have_text(in_words(before - 1))
        assert complaints.errors == []
        assert complaints.hosts == {f"localhost:{proxy.port}"}


async def test_a_page_whose_socket_is_refused_sells_all_the_same(tmp_path: Path) -> None:
    async with (
        tls_proxy(tmp_path, passes_sockets=False) as proxy,
        shop_behind(proxy, is_told=True),
        browser() as page,
    ):
        await page.goto(f"https://localhost:{proxy.port}/")
        await search(page, "honey", "HONEY")
        await open_product(page, "HONEY")
        await add(page, "HONEY-250")
        await open_basket(page)
        await expect(line(page, "HONEY-250")).to_be_visible()

        await expect(page.get_by_test_id("live")).to_have_attribute("data-status", "reconnecting")
        assert proxy.refused


async def test_browsers_keep_to_tls_once_the_public_address_has_it(tmp_path: Path) -> None:
    async with tls_proxy(tmp_path) as proxy, shop_behind(proxy, is_told=True):
        url = f"https://localhost:{proxy.port}"
        async with aiohttp.ClientSession() as http, http.get(f"{url}/config", ssl=False) as answer:
            assert "max-age" in answer.headers["Strict-Transport-Security"]
            assert (await answer.json())["live_url"] == f"wss://localhost:{proxy.port}/live"
