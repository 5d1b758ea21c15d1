"""The rights of a person, as they have them: an account from its making to its end, and nothing of it afterwards."""

import io
import zipfile
from datetime import timedelta
from typing import Final

import aiohttp
import msgspec
import pytest

from bus.messages.privacy import ListErasures
from testkit import ShopUnderTest
from tests.actors.privacy.people import rows
from tests.journeys.accounts import Person
from tests.journeys.people import Json, Staff, all_is_well, forget_answers, staff_token

CANARIES: Final = (
    "ada@example.com",
    "Ada Lovelace",
    "Ada Buyer",
    "1 Harbour Street",
    "12 Canary Row",
    "+4940123",
    "Mrs Canary",
)
CLEAR: Final = """
select table_schema || '.' || table_name as name from information_schema.tables
where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'"""


@pytest.fixture
def ada(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Person:
    return Person(shop, http)


async def written_down(shop: ShopUnderTest) -> str:
    """All that PostgreSQL and Redis have, as text."""
    parts = []
    for table in await rows(shop, CLEAR):
        parts += [str(row[0]) for row in await rows(shop, f"select t::text from {table['name']} t")]
    redis = shop.inside.services.redis
    for key in await redis.keys("*"):
        parts.append(f"{key!r} {await redis.dump(key)!r}")
    return "\n".join(parts)


async def canaries_in(shop: ShopUnderTest) -> list[str]:
    text = await written_down(shop)
    return [canary for canary in CANARIES if canary in text]


async def exported(ada: Person) -> tuple[dict[str, list[Json]], str]:
    """The JSON of an export by its parts, and its page."""
    answer = await ada.get("/me/export")
    assert answer.status == 200, answer
    assert answer.headers["Content-Type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        assert {"schema.json", "index.html"} < names
        parts = {
            name.removesuffix(".json"): msgspec.json.decode(archive.read(name))
            for name in names
            if name[-5:] == ".json"
        }
        return parts, archive.read("index.html").decode()


async def test_a_person_from_the_first_code_to_the_receipt(shop: ShopUnderTest, ada: Person) -> None:
    staff = Staff(shop, ada.http, await staff_token(shop, valid_for=timedelta(days=90)))
    await ada.join()
    address = {"line1": "12 Canary Row", "city": "Kiel", "postal_code": "24103", "country": "DE"}
    _ = (await ada.ask("POST", "/me/addresses", {"name": "Ada Lovelace", "phone": "+4940123", "address": address})).good
    _ = (await ada.ask("POST", "/me/consents", {"purpose": "newsletter", "given": True, "text_version": "3"})).good
    guest = Person(shop, ada.http)
    bought = await guest.buy(MUG=2)
    _ = (await ada.ask("POST", f"/orders/{bought.order}/claim", {"access_token": bought.token})).good
    number = await staff.send_off(bought)
    await shop.sandbox.carrier.advance(number, "delivered", "left with Mrs Canary")
    await shop.settle()

    parts, page = await exported(ada)
    assert set(parts) == {"account", "sessions", "orders", "payments", "parcels", "mails", "schema"}
    assert [each["kind"] for each in parts["account"]] == ["AccountRecord", "AddressRecord", "ConsentRecord"]
    assert parts["orders"][0]["invoice_address"]["line1"] == "1 Harbour Street"
    assert [canary for canary in CANARIES if canary not in page] == []
    assert await canaries_in(shop) == []

    before = (await staff.get(f"/orders/{bought.order}")).good
    _ = (await ada.ask("DELETE", "/me", {"password": ada.password})).good
    assert (await ada.me()).status == 401
    await shop.clock.advance(days=29)
    assert (await ada.log_in()).status == 201  # They change their mind.
    await shop.clock.advance(days=2)
    assert (await ada.log_in()).status == 201
    _ = (await ada.ask("DELETE", "/me", {"password": ada.password})).good
    await shop.clock.advance(days=30, seconds=1)
    await shop.settle()

    assert (await ada.log_in()).refusal == (401, "bad_credentials")
    after = (await staff.get(f"/orders/{bought.order}")).good
    assert {name: after[name] for name in ("total", "tax", "number")} == {
        name: before[name] for name in ("total", "tax", "number")
    }
    assert (after["buyer"]["email"], after["buyer"]["phone"]) == ("", "")
    assert after["buyer"]["address"]["country"] == "DE"
    assert after["buyer"]["name"] == "Ada Buyer"  # The invoice's, for as long as tax law wants it.
    assert "Mrs Canary" not in str(after)
    found = await shop.ask(ListErasures())
    assert (len(found.receipts), found.under_way, found.broken_at) == (1, (), None)
    assert await canaries_in(shop) == []
    await forget_answers(shop, ago=timedelta(hours=49))
    await all_is_well(staff)


async def test_an_export_needs_a_sign_in_of_just_now(ada: Person) -> None:
    assert (await ada.get("/me/export")).refusal == (401, "unauthorized")
    await ada.join()
    await ada.shop.clock.advance(minutes=11)

    assert (await ada.get("/me/export")).refusal == (403, "fresh_login_required")


async def test_an_export_is_of_nobody_else(shop: ShopUnderTest, ada: Person) -> None:
    await ada.join()
    other = Person(shop, ada.http, "eve@example.com")
    await other.join()
    await other.buy(MUG=1)

    parts, page = await exported(ada)

    assert not parts["orders"]
    assert "eve@example.com" not in page


async def test_the_page_of_an_export_runs_nothing_that_somebody_wrote(ada: Person) -> None:
    await ada.register(name="<script>alert(1)</script>")
    await ada.verify()
    _ = (await ada.ask("PATCH", "/me", {"name": "<script>alert(1)</script>"})).good

    _, page = await exported(ada)

    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_who_comes_back_after_the_end_is_somebody_new(shop: ShopUnderTest, ada: Person) -> None:
    first = await ada.join()
    _ = (await ada.ask("DELETE", "/me", {"password": ada.password})).good
    await shop.clock.advance(days=30, seconds=1)
    await shop.settle()

    again = await ada.join()

    assert again["customer"]["id"] != first["customer"]["id"]
    parts, _ = await exported(ada)
    assert [each["kind"] for each in parts["account"]] == ["AccountRecord"]
