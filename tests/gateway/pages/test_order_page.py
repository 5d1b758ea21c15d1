"""The checkout and an order's page over HTTP: keys to orders, forms, and what changes in between."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.accounts import Browser
from tests.journeys.people import Answer, Customer, Purchase, Staff, new_key, staff_token

FORM = {
    "email": "ada@example.com", "name": "Ada Lovelace", "line1": "Lindenweg 4", "city": "Basel", "postal_code": "4051",
    "country": "CH", "shipping_method": "standard",
}  # fmt: skip


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


@pytest.fixture
def buyer(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Customer:
    return Customer(shop, http)


async def see(buyer: Customer, path: str, **cookies: str) -> Answer:
    """Ask for a page as a browser does, with these cookies; redirects are shown."""
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return await buyer.ask("GET", path, headers={"Cookie": header, "Accept": "text/html"}, follow=False)


async def send(buyer: Customer, path: str, site: str = "same-origin", **given: object) -> Answer:
    """Send a page's form; `order` and `cart` are cookies."""
    cookies = "; ".join(
        f"{name}={given.pop(name)}" for name in ("order", "cart", "ordered", "session") if name in given
    )
    headers = {
        "Cookie": cookies, "Sec-Fetch-Site": site, "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    return await buyer.ask("POST", path, raw=urlencode(given).encode(), headers=headers, follow=False)


def cookies_of(answer: Answer) -> SimpleCookie:
    found = SimpleCookie()
    for each in answer.headers.getall("Set-Cookie", []):
        found.load(each)
    return found


def link_token(shop: ShopUnderTest, bought: Purchase) -> str:
    found = re.findall(rf"/order/{bought.order}\?token=(\S+)", "\n".join(mail.text for mail in shop.mails()))
    return str(found[-1])


# --- The key to an order ---


async def test_a_links_token_goes_into_a_cookie_at_once(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    token, path = link_token(shop, bought), f"/order/{bought.order}"

    answer = await see(buyer, f"{path}?token={token}")

    assert (answer.status, answer.headers["Location"], answer.body) == (303, path, b"")
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = cookies_of(answer)["order"]
    assert (cookie.value, cookie["path"], cookie["httponly"], cookie["samesite"]) == (token, path, True, "lax")
    page = await see(buyer, path, order=token)
    assert page.status == 200
    assert bought.number in page.body.decode()
    assert token not in page.body.decode()
    assert page.headers["Cache-Control"] == "no-store"


async def test_a_better_key_is_kept_and_a_bad_one_is_not_taken(shop: ShopUnderTest, buyer: Customer) -> None:
    bought, path = await buyer.order(MUG=1), ""
    path = f"/order/{bought.order}"

    own = await see(buyer, f"{path}?token={link_token(shop, bought)}", order=bought.token)
    bad = await see(buyer, f"{path}?token=ol_guess")
    odd = await see(buyer, f"{path}?token=%0d%0aSet-Cookie:x")

    assert [answer.status for answer in (own, bad, odd)] == [303, 303, 303]
    assert not [answer for answer in (own, bad, odd) if "Set-Cookie" in answer.headers]


async def test_without_a_key_there_is_no_such_order_and_ways_in_are_told(buyer: Customer) -> None:
    bought, other = await buyer.order(MUG=1), await buyer.order(MUG=1)

    for path in (
        f"/order/{bought.order}",
        f"/order/{bought.order}/receipt",
        f"/order/{bought.order}/cancel",
        "/order/x",
    ):
        for key in ("", "guess", other.token):
            answer = await see(buyer, path, order=key)
            assert answer.status == 404
            assert "newest mail" in answer.body.decode()
            assert bought.number not in answer.body.decode()


async def test_what_the_bank_adds_is_taken_off_the_address(buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    query = f"payment_intent={bought.intent}&payment_intent_client_secret={bought.client_secret}"

    answer = await see(buyer, f"/order/{bought.order}?{query}&redirect_status=failed", order=bought.token)

    assert (answer.status, answer.headers["Location"]) == (303, f"/order/{bought.order}?bank=refused")


# --- The API behind it ---


async def test_an_unpaid_orders_payment_is_read_by_its_buyer_alone(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    path = f"/orders/{bought.order}/payment"

    for token in (bought.token, link_token(shop, bought)):
        payment = (await buyer.get(path, token=token)).good
        assert (payment["intent"], payment["client_secret"]) == (bought.intent, bought.client_secret)
        assert payment["amount"]["amount"] == bought.total
    assert (await buyer.get(path)).refusal == (404, "not_found")

    await buyer.pay(bought)
    assert (await buyer.get(path, token=bought.token)).refusal == (409, "not_payable")


async def test_a_called_off_order_has_nothing_to_pay(buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    await buyer.cancel(bought)

    assert (await buyer.get(f"/orders/{bought.order}/payment", token=bought.token)).refusal == (409, "not_payable")


async def test_a_watching_token_opens_the_news_of_its_order_and_nothing_else(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought, other = await buyer.order(MUG=1), await buyer.order(MUG=1)
    html = (await see(buyer, f"/order/{bought.order}", order=bought.token)).body.decode()
    found = re.search(r'data-watch="(ow_[^"]+)"', html)
    assert found

    async def hears(order: str, token: str) -> str:
        async with buyer.http.ws_connect(f"{shop.url}/live") as socket:
            await socket.send_json({"op": "watch_order", "order_id": order, "token": token})
            return str((await socket.receive_json(timeout=10))["op"])

    assert await hears(bought.order, found[1]) == "order"
    assert await hears(other.order, found[1]) == "error"
    assert await hears(bought.order, found[1][:-2] + "AA") == "error"
    assert (await buyer.get(f"/orders/{bought.order}", token=found[1])).status == 404
    assert found[1] not in html.replace(found[0], "")
    assert bought.token not in html


# --- Second thoughts ---


async def test_looking_has_no_effect_and_forms_of_others_have_none(buyer: Customer) -> None:
    bought = await buyer.buy(MUG=1)
    asks = await see(buyer, f"/order/{bought.order}/cancel", order=bought.token)

    foreign = await send(buyer, f"/order/{bought.order}/cancel", "cross-site", order=bought.token, key=new_key())

    assert asks.status == 200
    assert "Keep it" in asks.body.decode()
    assert foreign.status == 403
    assert await buyer.status(bought) == "paid"


async def test_an_order_is_called_off_once_and_says_so_when_it_is_too_late(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    bought, key = await buyer.buy(MUG=1), new_key()

    for _ in range(2):
        answer = await send(buyer, f"/order/{bought.order}/cancel", order=bought.token, key=key)
        assert (answer.status, answer.headers["Location"]) == (303, f"/order/{bought.order}")
    await shop.settle()
    page = (await see(buyer, f"/order/{bought.order}", order=bought.token)).body.decode()

    assert "You called it off." in page
    assert "went back to you" in page
    late = await send(buyer, f"/order/{bought.order}/cancel", order=bought.token, key=new_key())
    assert late.status in (303, 409)


async def test_a_german_reads_amounts_and_details_as_in_german(
    shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer
) -> None:
    bought, staff = await buyer.buy(MUG=1), Staff(shop, http, await staff_token(shop))
    assert (await staff.refund(bought, 450)).status == 201
    await shop.settle()

    page = (await see(buyer, f"/order/{bought.order}?lang=de", order=bought.token)).body.decode()

    details = [each.replace("\N{NO-BREAK SPACE}", " ") for each in re.findall(r'<p class="detail">([^<]*)</p>', page)]
    paid = f"{bought.total / 100:.2f}".replace(".", ",")
    assert details == ["4,50 €", f"{paid} €"]


async def test_links_are_withdrawn_by_a_form(shop: ShopUnderTest, buyer: Customer) -> None:
    bought = await buyer.order(MUG=1)
    link = link_token(shop, bought)

    assert (await send(buyer, f"/order/{bought.order}/links", order=link, key=new_key())).status == 303

    assert (await see(buyer, f"/order/{bought.order}", order=link)).status == 404
    assert (await see(buyer, f"/order/{bought.order}", order=bought.token)).status == 200


async def test_the_same_again_is_put_into_the_basket_once(buyer: Customer) -> None:
    bought, key = await buyer.order(MUG=2, LAMP=1), new_key()
    await buyer.cancel(bought)

    first = await send(buyer, f"/order/{bought.order}/again", order=bought.token, key=key)
    cart = cookies_of(first)["cart"].value
    again = await send(buyer, f"/order/{bought.order}/again", order=bought.token, key=key, cart=cart)

    assert (first.status, first.headers["Location"], again.status) == (303, "/basket", 303)
    lines = {line["sku"]: line["quantity"] for line in (await buyer.get(f"/carts/{cart}")).good["lines"]}
    assert lines == {"MUG": 2, "LAMP": 1}


async def test_the_same_again_joins_a_basket_and_says_what_is_not_there(buyer: Customer) -> None:
    bought = await buyer.buy(MUG=3, LAMP=1)  # The last lamp.
    left = await buyer.available("MUG")
    cart = await buyer.fill_cart(BOOK=1, MUG=left - 2)

    answer = await send(buyer, f"/order/{bought.order}/again", order=bought.token, key=new_key(), cart=cart)

    assert answer.status == 200
    told = re.search(r"Not to be had at the moment: ([^<]*)\.", answer.body.decode())
    order = (await buyer.get(f"/orders/{bought.order}", token=bought.token)).good
    assert told is not None
    assert sorted(told[1].split(", ")) == sorted(line["title"] for line in order["lines"])
    lines = {line["sku"]: line["quantity"] for line in (await buyer.get(f"/carts/{cart}")).good["lines"]}
    assert lines == {"BOOK": 1, "MUG": left}


# --- The checkout ---


async def test_the_checkout_orders_and_gives_the_browser_its_key(buyer: Customer) -> None:
    cart, key = await buyer.fill_cart(MUG=1), new_key()

    made = await send(buyer, "/checkout", cart=cart, key=key, **FORM)

    assert made.status == 303
    order_id = made.headers["Location"].removeprefix("/order/")
    cookies = cookies_of(made)
    assert cookies["cart"].value == ""
    assert (await see(buyer, made.headers["Location"], order=cookies["order"].value)).status == 200
    again = await send(buyer, "/checkout", cart=cart, key=key, **FORM)  # A reload.
    later = await send(buyer, "/checkout", ordered=cookies["ordered"].value, key=key, **FORM)  # From the history.
    assert [answer.headers["Location"] for answer in (again, later)] == [f"/order/{order_id}"] * 2


async def test_goods_that_went_to_others_are_told_and_what_was_typed_stays(
    shop: ShopUnderTest, buyer: Customer
) -> None:
    left = await buyer.available("MUG")
    cart = await buyer.fill_cart(MUG=1)
    shop.clock.jump(timedelta(minutes=11))
    await shop.settle()
    await buyer.fill_cart(MUG=left)

    answer = await send(buyer, "/checkout", cart=cart, key=new_key(), **FORM)

    page = answer.body.decode()
    assert answer.status == 409
    assert "There is not so much left." in page
    assert 'value="Lindenweg 4"' in page
    assert 'href="/basket"' in page


async def test_another_total_is_asked_about_and_nothing_was_ordered(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1)

    answer = await send(buyer, "/checkout", cart=cart, key=new_key(), expected_total=1, **FORM)

    assert answer.status == 409
    assert "A price has changed." in answer.body.decode()
    assert (await buyer.get(f"/carts/{cart}")).good["lines"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"email": "nonsense@"}, "email"), ({"postal_code": "1"}, "postal_code"), ({"phone": "x"}, "phone"),
        ({"line1": "4242 4242 4242 4242"}, "line1"), ({"name": ""}, "name"),
        ({"shipping_method": "swim"}, "shipping_method"),
    ],
)  # fmt: skip
async def test_what_is_refused_is_told_at_its_field(buyer: Customer, changes: dict[str, str], field: str) -> None:
    cart = await buyer.fill_cart(MUG=1)

    answer = await send(buyer, "/checkout", cart=cart, key=new_key(), **(FORM | changes))

    page = answer.body.decode()
    assert answer.status == 422
    assert f'id="fault-{field}"' in page
    assert page.count('class="fault"') == 1
    assert page.count("<h1") == 1


async def test_a_form_that_only_looks_orders_nothing(buyer: Customer) -> None:
    cart = await buyer.fill_cart(MUG=1)

    page = await send(buyer, "/checkout", cart=cart, key=new_key(), do="update", **(FORM | {"country": "US"}))

    assert page.status == 200
    assert "Illinois" in page.body.decode()
    assert (await buyer.get(f"/carts/{cart}")).good["lines"]
    assert (await see(buyer, "/checkout")).headers["Location"] == "/basket"
    assert (await send(buyer, "/checkout", key=new_key(), **FORM)).headers["Location"] == "/basket"
    foreign = await send(buyer, "/checkout", "cross-site", cart=cart, key=new_key(), **FORM)
    assert foreign.status == 403


async def test_a_customer_finds_their_name_and_addresses_and_opens_their_orders_by_their_session(
    shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    ada = Browser(shop, http)
    await ada.join()
    home = {"line1": "Lindenweg 4", "city": "Basel", "postal_code": "4051", "country": "CH"}
    far = {"line1": "1 Main St", "city": "Chicago", "region": "IL", "postal_code": "60601", "country": "US"}
    for name, address, default in (("Ada", home, True), ("Charles", far, False)):
        body = {"name": name, "address": address, "default": default}
        saved = (await ada.ask("POST", "/me/addresses", body)).good["items"]
    cart = await ada.fill_cart(MUG=1)
    session = ada.cookies["session"]

    page = (await see(ada_by_cookie(shop, http), "/checkout", cart=cart, session=session)).body.decode()
    assert 'value="ada@example.com"' in page
    assert 'value="Lindenweg 4"' in page
    chosen = next(each["id"] for each in saved if each["name"] == "Charles")
    other = await send(
        ada_by_cookie(shop, http), "/checkout", cart=cart, session=session, key=new_key(), use=chosen, **FORM
    )
    assert 'value="1 Main St"' in other.body.decode()
    assert '<option value="IL" selected>' in other.body.decode()

    made = await send(ada_by_cookie(shop, http), "/checkout", cart=cart, session=session, key=new_key(), **FORM)
    await shop.settle()
    order = await see(ada_by_cookie(shop, http), made.headers["Location"], session=session)
    assert order.status == 200
    assert "Lindenweg 4" in order.body.decode()
    assert 'data-testid="payment"' in order.body.decode()
    assert session not in order.body.decode()


def ada_by_cookie(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Customer:
    """Her browser, whose cookies the test writes itself."""
    return Customer(shop, http)
