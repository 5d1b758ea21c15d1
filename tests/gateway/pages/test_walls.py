"""Walls around the pages: what a form must not reach, who may send one, what a browser may keep, and what it costs."""

import re
from collections.abc import AsyncIterator
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import aiohttp
import pytest

from gateway.api.costs import COSTS
from gateway.app import handlers
from gateway.limits import cost_of
from gateway.pages.forms import own_path, see
from testkit import ShopUnderTest
from tests.journeys.accounts import Browser
from tests.journeys.people import Answer, new_key
from tests.journeys.staff_people import colleague

PAGES = [each for each in handlers() if each.fn.__module__.startswith("gateway.pages")]
FORM = {
    "email": "ada@example.com", "name": "Ada Lovelace", "line1": "Lindenweg 4", "city": "Basel", "postal_code": "4051",
    "country": "CH", "shipping_method": "standard",
}  # fmt: skip


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def ada(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Browser:
    return Browser(shop, http)


async def send(browser: Browser, path: str, site: str = "same-origin", **fields: str) -> Answer:
    """Send a page's form, as the browser that it is; a redirect is shown, not followed."""
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items() if value)
    headers = {
        "Cookie": cookies, "Sec-Fetch-Site": site, "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    raw = urlencode(fields).encode()
    answer = await super(Browser, browser).ask("POST", path, raw=raw, headers=headers, follow=False)
    for header in answer.headers.getall("Set-Cookie", []):
        browser.cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    return answer


# --- Who may send a form ---


async def test_no_page_of_another_site_sends_a_form(ada: Browser) -> None:
    paths = [path for each in PAGES if "POST" in each.http_methods for path in each.paths]

    answers = {path: await send(ada, re.sub(r"\{[^}]*\}", "1", path), site="cross-site") for path in paths}

    assert len(paths) > 50
    assert {path: answer.status for path, answer in answers.items() if answer.status != 403} == {}


# --- What a form must not reach ---


@pytest.mark.parametrize("typed", ["", "a/b", "..", ".", "../../me", "a\0b"])
async def test_what_a_form_names_fills_one_segment_of_a_path(ada: Browser, typed: str) -> None:
    _ = await ada.join()

    answer = await send(ada, "/basket/lines", sku=typed, add="1")

    assert answer.status in (404, 422)


@pytest.mark.parametrize("what", ["", "session", "session .", "session x/y", "passkey"])
async def test_to_end_no_session_is_not_to_end_all(shop: ShopUnderTest, ada: Browser, what: str) -> None:
    owner = await colleague(shop, ada.http)
    ada.cookies["staff"] = owner.token

    answer = await send(ada, "/admin/account/end", what=what)

    assert (answer.status, answer.headers["Location"]) == (303, "/admin/account")
    assert (await owner.me())["email"] == owner.email


@pytest.mark.parametrize(
    "fields", [{"do": "revoke"}, {"do": "remove-role"}, {"do": "role", "id": "a/b"}, {"do": "role-of ."}]
)
async def test_a_step_without_a_name_is_refused_in_words(
    shop: ShopUnderTest, ada: Browser, fields: dict[str, str]
) -> None:
    ada.cookies["staff"] = (await colleague(shop, ada.http)).token

    answer = await send(ada, "/admin/staff", **fields)

    assert answer.status == 404
    assert 'role="alert"' in answer.body.decode()


@pytest.mark.parametrize(
    "path",
    [
        "/admin/products/price",
        "/admin/money/settle",
        "/admin/settings/back",
        "/admin/letters/9999999999999999999999/redrive",
        "/admin/collections/none",
        "/admin/attributes",
        "/admin/types",
        "/admin/products/none/inputs",
    ],
)
async def test_a_form_that_names_nothing_is_no_bug(shop: ShopUnderTest, ada: Browser, path: str) -> None:
    ada.cookies["staff"] = (await colleague(shop, ada.http)).token

    answer = await send(ada, path, id="", price="1", item="", key=new_key())

    assert answer.status in (404, 422)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("key", ["€", "a;b", "a b", 'a"b', "a\r\nb"])
async def test_the_key_of_a_form_is_one_that_a_shop_makes(ada: Browser, key: str) -> None:
    _ = await send(ada, "/basket/lines", sku="MUG", add="1")

    answer = await send(ada, "/checkout", key=key, **FORM)

    assert answer.status == 422
    assert "ordered" not in ada.cookies


@pytest.mark.parametrize("query", ["f.shape=round", "cursor=zzz", "f.=1", "from=9&to=1", "q=mug&f.color=%ED%A0%80"])
async def test_an_old_address_of_a_list_shows_what_there_is(ada: Browser, query: str) -> None:
    assert (await ada.get(f"/search?{query}")).status == 200


# --- Where a form leads ---


@pytest.mark.parametrize(
    "elsewhere", ["//e.example", "/\\e.example", "https://e.example", "/\t/e.example", "/a\r\nX: y"]
)
def test_a_way_back_stays_in_the_shop(elsewhere: str) -> None:
    assert own_path(elsewhere) == "/"


def test_a_way_back_may_have_letters_of_any_language() -> None:
    assert (
        see(own_path("/c/küche-€?q=ö&x=%20#é")).headers["Location"] == "/c/k%C3%BCche-%E2%82%AC?q=%C3%B6&x=%20#%C3%A9"
    )


# --- What a browser keeps ---


async def test_who_signs_out_leaves_no_basket_behind(ada: Browser) -> None:
    _ = await send(ada, "/basket/lines", sku="MUG", add="1")
    _ = await ada.register()
    _ = await send(ada, "/account/register/verify", email=ada.email, code=ada.code())
    cart = ada.cookies["cart"]

    _ = await send(ada, "/account/sign-out")

    assert cart
    assert ada.cookies["cart"] == ""


async def test_a_basket_that_is_nobodys_stays(ada: Browser) -> None:
    _ = await send(ada, "/basket/lines", sku="MUG", add="1")
    cart = ada.cookies["cart"]

    _ = await send(ada, "/account/sign-out")

    assert ada.cookies["cart"] == cart


async def test_a_browser_keeps_no_page_with_an_address(ada: Browser) -> None:
    _ = await send(ada, "/basket/lines", sku="MUG", add="1")

    answer = await ada.get("/checkout")

    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_answer_with_a_secret_is_not_kept_for_whoever_repeats_the_form(
    shop: ShopUnderTest, ada: Browser
) -> None:
    owner = await colleague(shop, ada.http)
    form = urlencode({"do": "token", "label": "till", "key": "read_orders"}).encode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
        "Idempotency-Key": "till-1",
    }
    by_owner = headers | {"Cookie": f"staff={owner.token}"}

    made = await super(Browser, ada).ask("POST", "/admin/staff", raw=form, headers=by_owner, follow=False)
    again = await super(Browser, ada).ask("POST", "/admin/staff", raw=form, headers=headers, follow=False)

    assert made.status == 200
    assert b"sf_" in made.body
    assert (again.status, again.headers["Location"]) == (303, "/admin/sign-in?next=%2Fadmin")


async def test_a_line_is_put_back_with_all_that_was_typed(ada: Browser) -> None:
    _ = await send(ada, "/basket/lines", sku="MUG", add="1")
    engraved = "For Ada " * 60

    removed = await send(ada, "/basket/lines", **{"sku": "MUG", "quantity": "0", "input.text": engraved})
    page = await ada.get(removed.headers["Location"])

    assert engraved.strip() in page.body.decode()


async def test_what_no_product_asks_for_makes_no_endless_address(ada: Browser) -> None:
    _ = await send(ada, "/basket/lines", sku="MUG", add="1")
    typed = {f"input.{number}": "x" * 3000 for number in range(15)}

    removed = await send(ada, "/basket/lines", sku="MUG", quantity="0", **typed)

    assert len(removed.headers["Location"]) < 10_000


# --- What it costs ---

# What a page asks of the API at most, besides what each page does; sub-requests are not charged.
ASKS = {
    ("POST", "/account/sign-in"): [("POST", "/sessions")],
    ("POST", "/account/code"): [("POST", "/login-codes")],
    ("POST", "/account/code/enter"): [("POST", "/sessions/code")],
    ("POST", "/account/register"): [("POST", "/customers")],
    ("POST", "/account/register/verify"): [("POST", "/customers/verify")],
    ("POST", "/account/forgot"): [("POST", "/password-resets")],
    ("POST", "/account/reset"): [("PUT", "/password-resets/x")],
    ("POST", "/account/password"): [("PUT", "/me/password")],
    ("POST", "/account/email"): [("POST", "/me/email")],
    ("GET", "/account/export"): [("GET", "/me/export")],
    ("POST", "/checkout"): [("POST", "/carts/x/checkout")],
    ("POST", "/basket/lines"): [("POST", "/carts"), ("PUT", "/carts/x/lines/x")],
    ("POST", "/order/x/cancel"): [("POST", "/orders/x/cancel")],
    ("POST", "/order/x/again"): [("POST", "/orders/x/reorder")],
    ("GET", "/order/x/receipt"): [("GET", "/orders/x")],
    ("GET", "/checkout"): [("POST", "/carts/x/quote"), ("GET", "/me")],
    ("GET", "/basket"): [("GET", "/carts/x"), ("GET", "/product-lookup")],
    ("GET", "/search"): [("GET", "/products"), ("GET", "/products")],
    ("GET", "/seen"): [("GET", "/product-lookup")],
}


@pytest.mark.parametrize("page", ASKS, ids=" ".join)
def test_a_page_costs_no_less_than_what_it_asks_the_api(page: tuple[str, str]) -> None:
    assert cost_of(COSTS, *page).units >= sum(cost_of(COSTS, *each).units for each in ASKS[page])
