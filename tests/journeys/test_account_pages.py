"""The pages of an account, as somebody without scripts uses them."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.html_validator import faults_of
from tests.journeys.accounts import PASSWORD, Person, code_in, newest_mail
from tests.journeys.people import Customer
from tests.journeys.reader import Reader

EMAIL = "ada@example.com"


@pytest.fixture
def reader(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Reader:
    return Reader(shop, http)


async def joined(shop: ShopUnderTest, reader: Reader) -> None:
    """From nobody to somebody with an account, signed in, by pages alone."""
    page = await reader.get("/account/register")
    page = await reader.submit(page, "register", "ask", name="Ada Lovelace", email=EMAIL, password=PASSWORD)
    await shop.settle()
    await reader.submit(page, "code-form", "enter", code=code_in(shop, EMAIL))


async def test_somebody_opens_an_account_signs_out_and_in(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)

    page = await reader.get("/account")
    assert (page.status, page.headings) == (200, ["Hello, Ada Lovelace"])
    left = await reader.submit(page, "/account/sign-out", "sign-out")
    assert left.path == "/"
    asked = await reader.get("/account/orders")
    assert asked.path == "/account/sign-in?next=%2Faccount%2Forders"
    back = await reader.submit(asked, "sign-in", "enter", email=EMAIL, password=PASSWORD)
    assert (back.path, back.headings) == ("/account/orders", ["Your orders"])


async def test_a_code_signs_in_and_a_wrong_one_is_asked_for_again(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    reader.cookies.clear()

    page = await reader.get("/account/sign-in")
    asked = await reader.submit(page, "sign-in", "send-code", email=EMAIL)
    await shop.settle()
    code = code_in(shop, EMAIL)
    wrong = await reader.submit(asked, "code-form", "enter", code="000000" if code != "000000" else "111111")
    assert (wrong.status, len(wrong.alerts)) == (401, 1)
    entered = await reader.submit(wrong, "code-form", "enter", code=code)

    assert (entered.status, entered.path) == (200, "/account")


async def test_a_password_that_is_easily_guessed_is_refused_with_the_reason(reader: Reader) -> None:
    page = await reader.get("/account/register")

    refused = await reader.submit(page, "register", "ask", name="Ada", email=EMAIL, password="short")

    assert refused.status == 422
    assert refused.alerts == ["A password has at least 8 characters."]
    assert ("email", EMAIL) in refused.form("register").fields


async def test_a_wrong_password_says_so_and_keeps_the_way_back(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    reader.cookies.clear()
    page = await reader.get("/account/privacy")

    refused = await reader.submit(page, "sign-in", "enter", email=EMAIL, password="not this one")

    assert (refused.status, len(refused.alerts)) == (401, 1)
    again = await reader.submit(refused, "sign-in", "enter", email=EMAIL, password=PASSWORD)
    assert again.path == "/account/privacy"


async def test_what_was_changed_is_said_to_be_saved(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    page = await reader.get("/account/details")
    assert "It is saved." not in page.text

    saved = await reader.submit(page, "details", name="Countess", phone="+41 61 555 01 02")

    assert "It is saved." in saved.text
    assert ("name", "Countess") in saved.form("details").fields


async def test_addresses_are_saved_changed_and_removed(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    page = await reader.get("/account/addresses")
    typed = {"name": "Ada", "line1": "Lindenweg 4", "postal_code": "405", "city": "Basel", "country": "CH"}

    refused = await reader.submit(page, "address-form", **typed)
    assert refused.status == 422
    assert ("line1", "Lindenweg 4") in refused.form("address-form").fields
    saved = await reader.submit(refused, "address-form", postal_code="4051")
    assert (saved.status, saved.path) == (200, "/account/addresses")
    change = next(link for link in saved.links if "change=" in link)
    changed = await reader.submit(await reader.get(change.partition("#")[0]), "address-form", city="Bern")
    assert "Bern" in changed.text
    assert "Basel" not in changed.text
    remove = next(form.action for form in changed.forms if form.action.endswith("/remove"))
    assert remove not in {form.action for form in (await reader.submit(changed, remove)).forms}


async def test_what_was_bought_as_a_guest_is_added(
    shop: ShopUnderTest, reader: Reader, http: aiohttp.ClientSession
) -> None:
    bought = await Customer(shop, http).order(MUG=1)  # With the same address.
    await joined(shop, reader)

    page = await reader.get("/account/orders")
    assert f"/order/{bought.order}" not in page.links
    added = await reader.submit(page, "claim")
    again = await reader.submit(added, "claim")

    assert (added.status, f"/order/{bought.order}" in added.links) == (200, True)
    assert "1 order was added." in added.text
    assert "There is no other order with your address." in again.text
    assert (await reader.get("/account/orders?claimed=%C2%B2")).status == 200


async def test_each_page_is_as_the_standard_has_it(
    shop: ShopUnderTest, reader: Reader, http: aiohttp.ClientSession, tmp_path: Path
) -> None:
    asked = [await reader.get(f"/account/{name}") for name in ("register", "sign-in", "forgot", "reset", "undo")]
    asked.append(await reader.submit(asked[0], "register", "ask", name="Ada", email=EMAIL, password="short"))
    await joined(shop, reader)
    bought = await Customer(shop, http).order(MUG=1)
    await reader.submit(await reader.get("/account/orders"), "claim")
    page = await reader.get("/account/addresses")
    typed = {"name": "Ada", "line1": "Lindenweg 4", "postal_code": "4051", "city": "Basel", "country": "CH"}
    asked.append(await reader.submit(page, "address-form", **typed))
    asked += [await reader.get(f"/account/{name}") for name in ("orders", "details", "safety", "privacy")]
    asked += [await reader.get(path) for path in ("/account", f"/order/{bought.order}")]
    asked.append(await reader.submit(await reader.get("/p/mug"), "/basket/lines", "add"))
    asked.append(await reader.get("/checkout"))

    pages = {f"{number}{page.path}": page.text for number, page in enumerate(asked)}
    assert all(len(page.headings) == 1 for page in asked), {page.path: page.headings for page in asked}
    assert faults_of(tmp_path, pages) == []


async def test_sessions_are_listed_and_ended(shop: ShopUnderTest, reader: Reader, http: aiohttp.ClientSession) -> None:
    await joined(shop, reader)
    other = Reader(shop, http)
    await other.submit(await other.get("/account/sign-in"), "sign-in", "enter", email=EMAIL, password=PASSWORD)

    page = await reader.get("/account/safety")
    end = next(
        form.action for form in page.forms if form.action.endswith("/end") and form.action != "/account/sessions/end"
    )
    await reader.submit(page, end)

    assert (await other.get("/account")).path.startswith("/account/sign-in")
    assert (await reader.get("/account")).path == "/account"


async def test_the_password_is_changed(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    page = await reader.get("/account/safety")

    refused = await reader.submit(page, "password-form", present="not this", password="another long sentence")
    assert (refused.status, len(refused.alerts)) == (401, 1)
    done = await reader.submit(page, "password-form", present=PASSWORD, password="another long sentence")

    assert (done.status, done.path) == (200, "/account/safety?done=password")


async def test_the_address_is_changed_with_a_code_that_was_sent_there(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    page = await reader.get("/account/safety")

    asked = await reader.submit(page, "email-form", email="ada@other.example")
    await shop.settle()
    done = await reader.submit(asked, "email-form", code=code_in(shop, "ada@other.example"))

    assert done.path == "/account/safety?done=email"
    assert "It is ada@other.example." in done.text


async def test_consents_are_given_and_withdrawn(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    page = await reader.get("/account/privacy")
    assert page.text.count("Not agreed") == 4

    given = await reader.submit(page, "/account/consents", "newsletter")
    assert given.text.count("Not agreed") == 3
    withdrawn = await reader.submit(given, "/account/consents", "newsletter")
    assert withdrawn.text.count("Not agreed") == 4


async def test_a_customer_gets_their_data_after_signing_in_once_more(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    await shop.clock.advance(minutes=11)

    asked = await reader.get("/account/export")
    assert asked.path.startswith("/account/sign-in?next=%2Faccount%2Fexport")
    url = f"{shop.url}/account/export"
    await reader.submit(asked, "sign-in", "enter", email=EMAIL, password=PASSWORD)
    cookie = "; ".join(f"{name}={value}" for name, value in reader.cookies.items())
    async with reader.http.get(url, headers={"Cookie": cookie, "Sec-Fetch-Site": "same-origin"}) as answer:
        names = ZipFile(BytesIO(await answer.read())).namelist()

    assert "index.html" in names


async def test_an_account_is_closed_and_kept_by_signing_in(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)

    closed = await reader.submit(await reader.get("/account/privacy"), "close", password=PASSWORD)
    assert closed.path == "/account/sign-in?closing=1"
    assert "Your account closes in 30 days, and you are signed out." in closed.text
    back = await reader.submit(closed, "sign-in", "enter", email=EMAIL, password=PASSWORD)

    assert back.headings == ["Hello, Ada Lovelace"]
    assert "This account closes" not in back.text


async def test_a_forgotten_password_is_set_anew_by_the_link_of_a_mail(shop: ShopUnderTest, reader: Reader) -> None:
    await joined(shop, reader)
    reader.cookies.clear()
    sent = await reader.submit(await reader.get("/account/forgot"), "/account/forgot", email=EMAIL)
    assert "has a link" in sent.text
    await shop.settle()
    token = newest_mail(shop, EMAIL).partition("#token=")[2].split()[0]

    page = await reader.get("/account/reset")  # Its script puts the token into the form.
    done = await reader.submit(page, "link-form", token=token, password="a wholly new sentence")

    assert "Your new password is set." in done.text
    entered = await reader.submit(
        await reader.get("/account/sign-in"), "sign-in", "enter", email=EMAIL, password="a wholly new sentence"
    )
    assert entered.path == "/account"


async def test_what_is_in_the_basket_stays_at_the_sign_in(
    shop: ShopUnderTest, reader: Reader, http: aiohttp.ClientSession
) -> None:
    await Person(shop, http).join()
    page = await reader.get("/p/mug")
    await reader.submit(page, "/basket/lines", "add")
    assert 'data-sku="MUG"' in (await reader.get("/basket")).text

    await reader.submit(await reader.get("/account/sign-in"), "sign-in", "enter", email=EMAIL, password=PASSWORD)

    assert 'data-sku="MUG"' in (await reader.get("/basket")).text


@pytest.mark.parametrize("path", ["/account/sign-in", "/account/code", "/account/register", "/account/close"])
async def test_a_form_of_another_site_has_no_effect(shop: ShopUnderTest, reader: Reader, path: str) -> None:
    await joined(shop, reader)
    headers = {
        "Sec-Fetch-Site": "cross-site",
        "Content-Type": "application/x-www-form-urlencoded",
        "Cookie": "; ".join(f"{name}={value}" for name, value in reader.cookies.items()),
    }

    async with reader.http.post(shop.url + path, data=b"email=x", headers=headers) as answer:
        assert answer.status == 403


@pytest.mark.parametrize("next_path", ["https://evil.example", "//evil.example", "/\\evil.example", "/a\r\nb"])
async def test_the_sign_in_leads_nowhere_else(shop: ShopUnderTest, reader: Reader, next_path: str) -> None:
    await joined(shop, reader)
    page = await reader.get("/account/sign-in")

    entered = await reader.submit(page, "sign-in", "enter", email=EMAIL, password=PASSWORD, next=next_path)

    assert entered.path == "/account"
