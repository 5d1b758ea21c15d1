"""What customers buy: signed in, as guests who claim it, and watched live until their session ends."""

import asyncio

import aiohttp
import msgspec
import pytest

from testkit import ShopUnderTest
from tests.journeys.accounts import Browser, Person
from tests.journeys.people import Answer, Customer, Purchase, new_key


@pytest.fixture
async def ada(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Person:
    person = Person(shop, http)
    await person.join()
    return person


@pytest.fixture
async def eve(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Person:
    person = Person(shop, http, "eve@example.com")
    await person.join()
    return person


@pytest.fixture
async def guest(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Customer:
    return Customer(shop, http)


async def numbers(person: Person) -> list[str]:
    return [each["number"] for each in (await person.get("/me/orders")).good["items"]]


async def test_what_is_bought_while_signed_in_is_in_the_account(ada: Person, eve: Person) -> None:
    first, second = await ada.order(MUG=1), await ada.order(BOOK=2)

    assert await numbers(ada) == [second.number, first.number]
    assert await numbers(eve) == []
    assert (await ada.get(f"/orders/{first.order}")).good["number"] == first.number
    assert (await eve.get(f"/orders/{first.order}")).refusal == (404, "not_found")
    page = (await ada.get("/me/orders?limit=1")).good
    assert [each["number"] for each in page["items"]] == [second.number]
    rest = (await ada.get(f"/me/orders?limit=1&cursor={page['next']}")).good
    assert ([each["number"] for each in rest["items"]], rest["next"]) == ([first.number], None)


async def test_a_guests_order_is_claimed_with_its_token_and_its_address(
    ada: Person, eve: Person, guest: Customer
) -> None:
    bought = await guest.order(MUG=1)  # With ada's address.

    assert (await claim(eve, bought, bought.token)).refusal == (409, "not_claimable")
    assert (await claim(ada, bought, "wrong")).refusal == (404, "not_found")
    assert await numbers(ada) == []
    assert (await claim(ada, bought, bought.token)).good["number"] == bought.number
    assert (await claim(ada, bought, bought.token)).good["number"] == bought.number
    assert await numbers(ada) == [bought.number]
    assert (await claim(guest, bought, bought.token, token="")).refusal == (401, "unauthorized")


async def claim(person: Customer, bought: Purchase, shown: str, token: str | None = None) -> Answer:
    return await person.ask("POST", f"/orders/{bought.order}/claim", {"access_token": shown}, token=token)


async def test_all_orders_of_the_proven_address_are_claimed_at_once_and_none_of_others(
    ada: Person, eve: Person, guest: Customer
) -> None:
    first, second = await guest.order(MUG=1), await guest.order(BOOK=1)  # With ada's address.
    _ = await ada.order(MUG=1)
    begun = await numbers(ada)

    claimed = (await ada.ask("POST", "/me/orders/claim")).good

    orders = [(await guest.get(f"/orders/{each.order}", token=each.token)).good for each in (first, second)]
    times = sorted(order["created_at"] for order in orders)
    assert claimed == {"count": 2, "oldest": times[0], "newest": times[1]}
    assert sorted(await numbers(ada)) == sorted([*begun, first.number, second.number])
    nothing = {"count": 0, "oldest": None, "newest": None}
    assert (await ada.ask("POST", "/me/orders/claim")).good == nothing
    assert (await eve.ask("POST", "/me/orders/claim")).good == nothing
    assert (await ada.get(f"/orders/{first.order}")).good["number"] == first.number
    assert (await guest.ask("POST", "/me/orders/claim", token="")).refusal == (401, "unauthorized")


async def test_an_order_that_is_in_another_account_stays_there(ada: Person, eve: Person) -> None:
    bought = await eve.order(MUG=1)  # Signed in, and with ada's address.

    claimed = (await ada.ask("POST", "/me/orders/claim")).good

    assert (claimed["count"], await numbers(ada), await numbers(eve)) == (0, [], [bought.number])


async def test_an_account_with_the_address_of_a_guest_does_not_have_the_guests_orders(
    ada: Person, guest: Customer
) -> None:
    bought = await guest.order(MUG=1)

    assert await numbers(ada) == []
    assert (await ada.get(f"/orders/{bought.order}")).status == 404


async def test_a_browser_opens_and_cancels_its_customers_orders_by_its_cookie(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    bought = await ada.order(MUG=1)
    browser = Browser(shop, http)
    await browser.log_in()

    assert (await browser.get(f"/orders/{bought.order}")).good["number"] == bought.number
    foreign = {"Sec-Fetch-Site": "cross-site"}
    refused = await browser.ask("POST", f"/orders/{bought.order}/cancel", headers=foreign)
    assert refused.refusal == (403, "foreign_origin")
    assert (await browser.ask("POST", f"/orders/{bought.order}/cancel")).good["status"] == "cancelled"


async def test_sockets_end_with_their_session_and_no_others(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    bought = await ada.order(MUG=1)
    phone = ada.another_device()
    await phone.log_in()
    browser = Browser(shop, http)
    await browser.log_in()
    watching = {"op": "watch_order", "order_id": bought.order}
    cookie = {"Cookie": f"session={browser.cookies['session']}"}
    async with (
        http.ws_connect(f"{shop.url}/live") as by_token,
        http.ws_connect(f"{shop.url}/live") as by_phone,
        http.ws_connect(f"{shop.url}/live", headers=cookie) as by_cookie,
        http.ws_connect(f"{shop.url}/live") as guest,
    ):
        await by_token.send_json({**watching, "token": ada.token})
        await by_phone.send_json({**watching, "token": phone.token})
        await by_cookie.send_json(watching)
        await guest.send_json({**watching, "token": bought.token})
        for each in (by_token, by_phone, by_cookie, guest):
            assert msgspec.json.decode((await each.receive(timeout=5)).data)["op"] == "order"

        _ = (await phone.ask("DELETE", "/sessions")).good
        assert (await by_phone.receive(timeout=2)).data == 1008
        _ = (await ada.ask("DELETE", "/me/sessions")).good
        assert (await by_token.receive(timeout=2)).data == 1008
        assert (await by_cookie.receive(timeout=2)).data == 1008
        with pytest.raises(asyncio.TimeoutError):
            await guest.receive(timeout=0.2)


async def test_a_purchase_with_a_page_of_another_site_behind_it_is_refused(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    browser = Browser(shop, http)
    await browser.log_in()
    cart = await ada.fill_cart(MUG=1)

    for headers in ({"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = await browser.ask(
            "POST", f"/carts/{cart}/checkout", browser.delivery(), headers={**headers, "Idempotency-Key": new_key()}
        )
        assert refused.refusal == (403, "foreign_origin")
