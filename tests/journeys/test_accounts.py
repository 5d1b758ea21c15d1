"""Accounts, as their customers have them: signing up and in, changing what proves who one is, leaving."""

import asyncio
from contextlib import suppress

import aiohttp
import anyio
import pytest

from actors.customer.actor import Customers
from bus.local import LocalBus
from bus.messages.customer import CustomerErased, LogInWithCode, SignedIn
from bus.routes import Routes
from testkit import ShopUnderTest
from tests.journeys.accounts import PASSWORD, Browser, Person, code_in, newest_mail, restore_in_redis, sessions_in_redis
from wiring.domains import ACTORS


@pytest.fixture
def ada(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Person:
    return Person(shop, http)


@pytest.fixture
def browser(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Browser:
    return Browser(shop, http)


async def test_somebody_registers_and_is_signed_in_with_the_code_of_the_mail(ada: Person) -> None:
    assert (await ada.register()).status == 202
    made = await ada.verify()

    assert made.status == 201
    assert made.json["customer"]["email"] == "ada@example.com"
    me = (await ada.me()).good
    assert (me["name"], me["has_password"], me["closes_at"]) == ("Ada Lovelace", True, None)
    assert (await ada.another_device().log_in()).status == 201


async def test_without_its_code_there_is_no_account(ada: Person) -> None:
    await ada.register()

    assert (await ada.log_in()).refusal == (401, "bad_credentials")
    assert (await ada.verify("000000" if ada.code() != "000000" else "111111")).refusal == (401, "bad_code")
    assert (await ada.me()).refusal == (401, "unauthorized")


async def test_a_code_is_used_once_and_tried_five_times_and_lasts_a_quarter_of_an_hour(ada: Person) -> None:
    await ada.register()
    code = ada.code()
    await ada.verify(code)
    assert (await ada.another_device().verify(code)).refusal == (401, "bad_code")
    wrong = "000000" if code != "000000" else "111111"

    await ada.ask_code()
    right = ada.code()
    for _ in range(5):
        assert (await ada.log_in_with_code(wrong if wrong != right else "222222")).status == 401
    assert (await ada.log_in_with_code(right)).refusal == (401, "bad_code")

    await ada.shop.clock.advance(minutes=1)
    await ada.ask_code()
    await ada.shop.clock.advance(minutes=15)
    assert (await ada.log_in_with_code(ada.code())).refusal == (401, "bad_code")
    await ada.ask_code()
    assert (await ada.log_in_with_code(ada.code())).status == 201


async def test_an_address_gets_one_mail_a_minute_for_a_purpose(ada: Person) -> None:
    await ada.register()
    code = ada.code()
    await ada.register()

    assert len(ada.shop.mails(ada.email)) == 1
    await ada.shop.clock.advance(minutes=1)
    await ada.register()
    assert len(ada.shop.mails(ada.email)) == 2
    assert (await ada.verify(code)).status == (401 if code != ada.code() else 201)
    assert (await ada.verify()).status == 201


async def test_a_password_that_is_tried_first_is_refused(ada: Person) -> None:
    assert (await ada.register(password="Summer2024!")).refusal == (422, "weak_password")
    assert (await ada.register(password="Ada@Example 77")).status == 202  # "ada" is too short to count.
    assert (await ada.register(email="lovelace@example.com", password="the lovelace way")).refusal == (
        422,
        "weak_password",
    )


async def test_a_session_is_a_cookie_that_no_script_reads(browser: Browser) -> None:
    await browser.register()
    made = await browser.verify()

    assert made.json["token"] is None
    (cookie,) = [each for each in made.headers.getall("Set-Cookie") if each.startswith("session=")]
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Max-Age=86400"} <= set(cookie.split("; "))
    assert (await browser.me()).good["email"] == "ada@example.com"


async def test_the_cookie_before_a_sign_in_proves_nothing_after_it(browser: Browser) -> None:
    await browser.register()
    await browser.verify()
    before = browser.cookies["session"]
    assert (await browser.log_in()).status == 201

    assert browser.cookies["session"] != before
    browser.cookies["session"], now = before, browser.cookies["session"]
    assert (await browser.me()).refusal == (401, "unauthorized")
    browser.cookies["session"] = now
    _ = (await browser.ask("DELETE", "/sessions")).good
    assert browser.cookies["session"] == ""
    browser.cookies["session"] = now
    assert (await browser.me()).refusal == (401, "unauthorized")


async def test_sessions_are_listed_and_ended(ada: Person) -> None:
    await ada.join()
    phone = ada.another_device()
    await phone.log_in()
    listed = (await ada.get("/me/sessions")).good["items"]
    assert [each["method"] for each in listed] == ["password", "code"] or len(listed) == 2
    other = next(each for each in listed if not each["current"])

    left = (await ada.ask("DELETE", f"/me/sessions/{other['id']}")).good["items"]
    assert [each["current"] for each in left] == [True]
    assert (await phone.me()).refusal == (401, "unauthorized")
    await phone.log_in()
    _ = (await ada.ask("DELETE", "/me/sessions")).good
    assert (await ada.me()).status == (await phone.me()).status == 401


async def test_a_session_ends_after_24_hours(ada: Person) -> None:
    await ada.join()
    await ada.shop.clock.advance(hours=23)
    assert (await ada.me()).status == 200
    await ada.shop.clock.advance(hours=1)
    assert (await ada.me()).status == 401


async def test_a_redis_that_comes_back_with_old_sessions_revives_nobody(ada: Person) -> None:
    await ada.join()
    phone = ada.another_device()
    await phone.log_in()
    kept = await sessions_in_redis(ada.shop)

    _ = (await phone.ask("DELETE", "/sessions")).good
    _ = (await ada.ask("DELETE", "/me/sessions")).good
    await restore_in_redis(ada.shop, kept)

    assert (await ada.me()).status == 401
    assert (await phone.me()).status == 401
    assert (await ada.log_in()).status == 201
    assert (await ada.me()).status == 200


async def test_one_session_that_was_ended_stays_so_in_an_old_redis(ada: Person) -> None:
    await ada.join()
    kept = await sessions_in_redis(ada.shop)
    _ = (await ada.ask("DELETE", "/sessions")).good
    await restore_in_redis(ada.shop, kept)

    assert (await ada.me()).status == 401


async def test_a_new_password_by_mail_ends_all_sessions(ada: Person) -> None:
    await ada.join()
    assert (await ada.ask("POST", "/password-resets", {"email": ada.email}, token="")).status == 202
    await ada.shop.settle()
    token = ada.mail_token()

    for _ in range(2):  # As scanners of mails do.
        assert (await ada.get(f"/account/reset?token={token}")).status in (200, 404)
        assert (await ada.get(f"/password-resets/{token}")).status in (404, 405)
    new = {"password": "another good one 7"}
    assert (await ada.ask("PUT", f"/password-resets/{token}", {"password": "12345678"})).refusal[1] == "weak_password"
    assert (await ada.ask("PUT", f"/password-resets/{token}", new, token="")).status == 200
    assert (await ada.ask("PUT", f"/password-resets/{token}", new, token="")).refusal == (401, "bad_code")
    await ada.shop.settle()
    assert "Your account has a new password" in newest_mail(ada.shop, ada.email)
    assert (await ada.me()).status == 401
    assert (await ada.log_in()).status == 401
    assert (await ada.log_in("another good one 7")).status == 201


async def test_a_password_is_changed_by_who_knows_it(ada: Person) -> None:
    await ada.join()
    phone = ada.another_device()
    await phone.log_in()
    new = {"password": "another good one 7"}

    assert (await ada.ask("PUT", "/me/password", new)).refusal == (401, "bad_credentials")
    assert (await ada.ask("PUT", "/me/password", {**new, "present": "wrong one"})).status == 401
    changed = await ada.ask("PUT", "/me/password", {**new, "present": PASSWORD})
    assert changed.status == 201
    assert (await ada.me()).status == 401  # It is another session.
    ada.token = changed.json["token"]
    assert (await ada.me()).status == 200
    assert (await phone.me()).status == 401


async def test_another_address_takes_its_code_and_the_old_one_gets_a_way_back(ada: Person) -> None:
    await ada.join()
    asked = await ada.ask("POST", "/me/email", {"email": "countess@example.com"})
    assert asked.status == 202
    await ada.shop.settle()
    code = code_in(ada.shop, "countess@example.com")
    confirmed = await ada.ask("POST", "/me/email/confirm", {"email": "countess@example.com", "code": code})
    assert confirmed.good["customer"]["email"] == "countess@example.com"
    await ada.shop.settle()
    undo = ada.mail_token()
    assert (await ada.me()).status == 401
    assert (await ada.log_in()).status == 401
    ada.email = "countess@example.com"
    assert (await ada.log_in()).status == 201

    for _ in range(2):
        assert (await ada.get(f"/email-undo?token={undo}")).status in (404, 405)
    assert (await ada.ask("POST", "/email-undo", {"token": undo}, token="")).status == 200
    assert (await ada.ask("POST", "/email-undo", {"token": undo}, token="")).refusal == (401, "bad_code")
    assert (await ada.me()).status == 401
    ada.email = "ada@example.com"
    assert (await ada.log_in()).status == 401  # The password is void.
    await ada.shop.clock.advance(minutes=2)
    await ada.ask_code()
    assert (await ada.log_in_with_code(ada.code())).status == 201


async def test_what_is_sensitive_takes_a_sign_in_of_the_last_minutes(ada: Person) -> None:
    await ada.join()
    await ada.shop.clock.advance(minutes=11)

    assert (await ada.ask("POST", "/me/email", {"email": "x@example.com"})).refusal == (403, "fresh_login_required")
    assert (await ada.log_in()).status == 201
    assert (await ada.ask("POST", "/me/email", {"email": "x@example.com"})).status == 202


async def test_an_address_that_has_an_account_is_nobody_elses(
    ada: Person, shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    await ada.join()
    eve = Person(shop, http, "eve@example.com")
    await eve.join()
    assert (await eve.ask("POST", "/me/email", {"email": ada.email})).status == 202
    await shop.settle()

    assert "It has one already" in newest_mail(shop, ada.email)
    assert not [mail for mail in shop.mails(ada.email) if "new address" in mail.subject.lower()]


async def test_an_account_is_closed_after_30_days_unless_its_customer_signs_in(ada: Person) -> None:
    await ada.join()
    assert (await ada.ask("DELETE", "/me", {"password": "wrong one"})).refusal == (401, "bad_credentials")
    closing = (await ada.ask("DELETE", "/me", {"password": PASSWORD})).good
    assert closing["closes_at"] is not None
    await ada.shop.settle()
    assert "will be closed" in newest_mail(ada.shop, ada.email)
    assert (await ada.me()).status == 401

    await ada.shop.clock.advance(days=29)
    assert (await ada.log_in()).good["reopened"] is True
    assert (await ada.me()).good["closes_at"] is None
    await ada.shop.clock.advance(days=2)
    await ada.log_in()
    _ = (await ada.ask("DELETE", "/me", {"password": PASSWORD})).good
    await ada.shop.clock.advance(days=31)
    await ada.shop.settle()

    assert (await ada.log_in()).status == 401
    await ada.register()
    assert (await ada.verify()).status == 201  # The address is free again.


async def test_addresses_are_saved_changed_and_removed(ada: Person) -> None:
    await ada.join()
    home = {"name": "Ada", "address": ada.delivery()["address"], "default": True}
    (first,) = (await ada.ask("POST", "/me/addresses", home)).good["items"]
    both = (await ada.ask("POST", "/me/addresses", {**home, "name": "Charles"})).good["items"]
    assert [(each["name"], each["default"]) for each in both] == [("Charles", True), ("Ada", False)]

    changed = (await ada.ask("PUT", f"/me/addresses/{first['id']}", {**home, "name": "Countess"})).good["items"]
    assert [each["name"] for each in changed] == ["Countess", "Charles"]
    left = (await ada.ask("DELETE", f"/me/addresses/{first['id']}")).good["items"]
    assert [each["name"] for each in left] == ["Charles"]
    assert (await ada.ask("DELETE", f"/me/addresses/{first['id']}")).status == 404
    for _ in range(19):
        _ = (await ada.ask("POST", "/me/addresses", home)).good
    assert (await ada.ask("POST", "/me/addresses", home)).refusal == (409, "too_many_addresses")


async def test_consents_are_only_added_to(ada: Person) -> None:
    await ada.join()
    said = {"purpose": "newsletter", "given": True, "text_version": "2026-11"}
    await ada.ask("POST", "/me/consents", said)
    listed = (await ada.ask("POST", "/me/consents", {**said, "given": False})).good["items"]

    assert [each["given"] for each in listed] == [False, True]
    assert (await ada.get("/me/consents")).good["items"] == listed


async def test_a_customer_changes_name_and_phone(ada: Person) -> None:
    await ada.join()
    changed = (await ada.ask("PATCH", "/me", {"name": "Countess", "phone": "+44 20 7946 0000"})).good

    assert (changed["name"], changed["phone"]) == ("Countess", "+44 20 7946 0000")
    assert (await ada.ask("PATCH", "/me", {"phone": ""})).good["phone"] == ""


async def test_a_code_whose_use_was_killed_is_still_to_be_used_and_only_once(ada: Person) -> None:
    await ada.register()
    code = ada.code()
    async with ada.shop.kill_at("customer-code-used"):
        with suppress(aiohttp.ClientError):
            await ada.ask("POST", "/customers/verify", {"email": ada.email, "code": code})

    assert (await ada.verify(code)).status == 201
    assert (await ada.verify(code)).status == 401


async def test_a_closing_that_was_killed_is_done_by_the_next_process(ada: Person) -> None:
    await ada.join()
    _ = (await ada.ask("DELETE", "/me", {"password": PASSWORD})).good
    async with ada.shop.kill_at("customer-closing"):
        await ada.shop.clock.advance(days=30)
    await ada.shop.settle()

    assert (await ada.log_in()).status == 401
    assert len(ada.shop.published(CustomerErased)) == 1


async def test_two_shops_on_one_database_use_a_code_once(ada: Person) -> None:
    """Two processes: their turns meet at the row."""
    await ada.join()
    await ada.shop.clock.advance(minutes=1)
    await ada.ask_code()
    code, index = ada.code(), ada.shop.inside.vault.email_index(ada.email).hex()
    inside = ada.shop.inside
    twin = LocalBus(
        routes=Routes(ACTORS), database=inside.services.database, clock=inside.clock, settings=inside.settings.engine
    )
    twin.host(Customers(database=inside.services.database, vault=inside.vault, clock=inside.clock))
    async with anyio.create_task_group() as tasks:
        twin.supervisor.start(tasks)
        ask = LogInWithCode(email_index=index, code=code)
        answers = await asyncio.gather(*(bus.ask(ask) for bus in (inside.bus, twin) for _ in range(4)))
        tasks.cancel_scope.cancel()

    assert sum(isinstance(each, SignedIn) for each in answers) == 1
