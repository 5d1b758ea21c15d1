"""What staff see of customers and erasures: by their keys, and nothing of who was forgotten."""

from urllib.parse import urlencode

import aiohttp
import pytest

from bus.messages.privacy import HoldPerson
from testkit import ShopUnderTest
from tests.journeys.accounts import Person
from tests.journeys.people import Staff, all_is_well, sql, staff_token
from tests.journeys.staff_people import colleague
from tests.waiting import eventually


@pytest.fixture
async def ada(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Person:
    person = Person(shop, http)
    await person.join()
    return person


async def customer_id(person: Person) -> str:
    return str((await person.get("/me")).good["id"])


async def test_staff_find_a_customer_by_the_address_and_read_what_the_account_holds(ada: Person, staff: Staff) -> None:
    who, bought = await customer_id(ada), await ada.order(MUG=1)
    home = {"name": "Ada", "address": ada.delivery()["address"], "default": True}
    assert (await ada.ask("POST", "/me/addresses", home)).status < 300

    found = (await staff.get(f"/admin/api/customers?q={ada.email.upper()}")).good["items"]
    assert [each["id"] for each in found] == [who]
    assert (await staff.get("/admin/api/customers?q=nobody@example.com")).good["items"] == []

    read = (await staff.get(f"/admin/api/customers/{who}")).good
    assert (read["customer"]["email"], read["orders"], read["sessions"]) == (ada.email, [bought.order], 1)
    assert [each["name"] for each in read["addresses"]] == ["Ada"]
    assert (await staff.get("/admin/api/customers/cus_nobody")).status == 404


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("lovelace", True), ("love", True), ("ADA lov", True), ("ada@exam", False), ("lov ada@example.com", True),
        ("lovelace@example.com", False), ("lov smith", False), ("a", False), ("4567", True), ("+49 30 1234567", False),
        ("ada lovelace ada love lov", True),
    ],
)  # fmt: skip
async def test_staff_find_a_customer_by_beginnings_of_what_they_are_called(
    ada: Person, staff: Staff, words: str, is_found: bool
) -> None:
    assert (await ada.ask("PATCH", "/me", {"phone": "+49 30 1234567"})).status == 200
    found = (await staff.get(f"/admin/api/customers?{urlencode({'q': words})}")).good["items"]

    assert [each["email"] for each in found] == [ada.email] * is_found


async def test_what_a_customer_was_called_before_finds_nobody(ada: Person, staff: Staff) -> None:
    assert (await ada.ask("PATCH", "/me", {"name": "Grace Hopper"})).status == 200

    assert len((await staff.get("/admin/api/customers?q=hopper")).good["items"]) == 1
    assert (await staff.get("/admin/api/customers?q=lovelace")).good["items"] == []


async def test_accounts_of_before_are_found_after_the_next_start(
    shop: ShopUnderTest, ada: Person, staff: Staff
) -> None:
    await sql(shop, "update customer.customers set tokens = null")
    assert (await staff.get("/admin/api/customers?q=lovelace")).good["items"] == []

    await shop.restart()

    async def found() -> bool:
        return bool((await staff.get("/admin/api/customers?q=lovelace")).good["items"])

    assert await eventually(found)


async def test_pages_of_those_who_are_found_follow_each_other(
    shop: ShopUnderTest, http: aiohttp.ClientSession, staff: Staff
) -> None:
    for number in range(5):
        await Person(shop, http, f"ada{number}@example.com").join()
        await shop.clock.advance(seconds=1)
    seen, cursor = list[str](), ""
    for _ in range(3):
        page = (await staff.get(f"/admin/api/customers?{urlencode({'q': 'ada', 'limit': 2, 'cursor': cursor})}")).good
        seen += [each["email"] for each in page["items"]]
        cursor = page["next"]

    assert seen == [f"ada{number}@example.com" for number in reversed(range(5))]
    assert cursor is None


async def test_customers_are_listed_page_by_page(
    shop: ShopUnderTest, http: aiohttp.ClientSession, staff: Staff
) -> None:
    for number in range(3):
        person = Person(shop, http)
        person.email = f"ada{number}@example.com"
        await person.join()
        await shop.clock.advance(minutes=5)

    emails: list[str] = []
    path = "/admin/api/customers?limit=2"
    page = (await staff.get(path)).good
    emails += [each["email"] for each in page["items"]]
    last = (await staff.get(f"{path}&cursor={page['next']}")).good
    emails += [each["email"] for each in last["items"]]

    assert emails == [f"ada{number}@example.com" for number in (2, 1, 0)]
    assert last["next"] is None


async def test_without_the_key_nobody_sees_a_customer(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    who = await customer_id(ada)
    clerk = Staff(shop, http, await staff_token(shop, keys=["read_orders", "write_orders", "read_customers"]))
    blind = Staff(shop, http, await staff_token(shop, keys=["read_orders", "write_customers"]))

    for path in ("/admin/api/customers", f"/admin/api/customers/{who}", "/admin/api/erasures"):
        assert (await blind.get(path)).refusal == (403, "forbidden")
    assert (await clerk.ask("POST", f"/admin/api/customers/{who}/erase")).refusal == (403, "forbidden")


async def test_staff_forget_a_customer_who_asks_for_it(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession, staff: Staff
) -> None:
    who = await customer_id(ada)
    owner = await colleague(shop, http)

    assert (await owner.ask("POST", f"/admin/api/customers/{who}/erase")).status == 202
    assert (await ada.get("/me")).status == 401
    await shop.settle()

    assert (await staff.get(f"/admin/api/customers?q={ada.email}")).good["items"] == []
    assert (await staff.get(f"/admin/api/customers/{who}")).status == 404
    listed = (await staff.get("/admin/api/erasures")).good
    assert (listed["verified"], listed["items"][0]["state"]) == (True, "proven")
    await all_is_well(staff)


async def test_erasing_takes_a_fresh_sign_in(ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    who = await customer_id(ada)
    owner = await colleague(shop, http)
    await shop.clock.advance(minutes=6)

    refused = await owner.ask("POST", f"/admin/api/customers/{who}/erase")

    assert refused.refusal == (403, "fresh_login_required")


async def test_whoever_a_court_asks_for_is_not_forgotten(ada: Person, shop: ShopUnderTest, staff: Staff) -> None:
    who = await customer_id(ada)
    await shop.ask(HoldPerson(subject=who, reason="file 7", by="command line"))

    assert (await staff.ask("POST", f"/admin/api/customers/{who}/erase")).refusal == (409, "on_hold")
    assert (await ada.get("/me")).status == 200
