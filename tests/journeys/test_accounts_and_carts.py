"""The cart at a sign-in: what was in both is in one, and the units move with it."""

from contextlib import suppress

import aiohttp
import pytest

from testkit import ShopUnderTest
from tests.journeys.accounts import Person
from tests.journeys.people import Json, Staff, all_is_well, new_key


@pytest.fixture
async def ada(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Person:
    person = Person(shop, http)
    await person.join()
    return person


def lines(cart: Json) -> dict[str, tuple[int, int]]:
    """Units wanted and held, by SKU."""
    return {each["sku"]: (each["quantity"], each["held"]) for each in cart["lines"]}


async def test_the_cart_of_a_browser_becomes_its_customers(ada: Person) -> None:
    cart = await ada.fill_cart(MUG=3)

    signed_in = (await ada.log_in(cart_id=cart)).good

    assert (signed_in["cart"]["id"], lines(signed_in["cart"])) == (cart, {"MUG": (3, 3)})
    assert (await ada.me()).good["cart_id"] == cart
    assert (await ada.another_device().log_in()).good["cart"]["id"] == cart


async def test_two_carts_become_one_and_their_holds_too(ada: Person, staff: Staff) -> None:
    first = await ada.fill_cart(MUG=2, LAMP=1)
    await ada.log_in(cart_id=first)
    second = await ada.fill_cart(MUG=3, BOOK=1)

    signed_in = (await ada.log_in(cart_id=second)).good

    assert lines(signed_in["cart"]) == {"MUG": (3, 3), "LAMP": (1, 1), "BOOK": (1, 1)}
    assert signed_in["cart"]["id"] == first
    changes = {each["id"]: (each["own"], each["guest"], each["quantity"]) for each in signed_in["cart_changes"]}
    assert changes == {"MUG": (2, 3, 3), "LAMP": (1, 0, 1), "BOOK": (0, 1, 1)}
    assert [await ada.available(sku) for sku in ("MUG", "LAMP", "BOOK")] == [7, 0, 99]
    assert (await ada.get(f"/carts/{second}")).good["id"] == first
    changed = (await ada.put(second, "MUG", 5)).good
    assert (changed["id"], lines(changed)["MUG"]) == (first, (5, 5))
    bought = await ada.place(second, key=new_key())
    assert await ada.pay(bought) == 200
    await all_is_well(staff)


async def test_a_sign_in_never_fails_because_of_a_cart(ada: Person, staff: Staff) -> None:
    cart = await ada.fill_cart(MUG=9)
    await ada.log_in(cart_id=cart)
    await ada.shop.clock.advance(minutes=11)
    others = await ada.fill_cart(MUG=8)
    guest = await ada.fill_cart(BOOK=1)

    signed_in = (await ada.log_in(cart_id=guest)).good

    assert lines(signed_in["cart"]) == {"MUG": (9, 0), "BOOK": (1, 1)}  # The mugs are another's now.
    assert lines((await ada.get(f"/carts/{others}")).good) == {"MUG": (8, 8)}
    assert (await ada.log_in(cart_id="cart_unknown")).good["cart"]["id"] == cart
    await all_is_well(staff)


async def test_a_cart_that_is_anothers_is_not_taken(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    cart = await ada.fill_cart(MUG=3)
    await ada.log_in(cart_id=cart)
    eve = Person(shop, http, "eve@example.com")
    await eve.join()
    own = await eve.fill_cart(BOOK=1)
    await eve.log_in(cart_id=own)

    signed_in = (await eve.log_in(cart_id=cart)).good  # On the computer where ada had signed in.

    assert (signed_in["cart"]["id"], lines(signed_in["cart"])) == (own, {"BOOK": (1, 1)})
    assert lines((await ada.get(f"/carts/{cart}")).good) == {"MUG": (3, 3)}


@pytest.mark.parametrize("point", ["carts-merging", "carts-merged"])
async def test_a_merge_that_was_killed_is_done_at_the_next_sign_in(ada: Person, staff: Staff, point: str) -> None:
    first = await ada.fill_cart(MUG=2)
    await ada.log_in(cart_id=first)
    second = await ada.fill_cart(MUG=3, BOOK=1)

    async with ada.shop.kill_at(point):
        with suppress(aiohttp.ClientError):
            await ada.ask(
                "POST", "/sessions?token=1", {"email": ada.email, "password": ada.password, "cart_id": second}
            )
    signed_in = (await ada.log_in(cart_id=second)).good

    assert lines(signed_in["cart"]) == {"MUG": (3, 3), "BOOK": (1, 1)}
    assert [await ada.available(sku) for sku in ("MUG", "BOOK")] == [7, 99]
    await all_is_well(staff)
