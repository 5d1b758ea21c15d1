"""People who work here: they join by a link, sign in with a second factor, and may what their role says."""

import aiohttp
import pytest

from bus.messages.staff import KEYS, ListTokens
from testkit import ShopUnderTest
from tests.journeys.people import Customer, Staff, all_is_well, sql, staff_token
from tests.journeys.staff_people import OTHER_PASSWORD, PASSWORD, Colleague, colleague, invited


@pytest.fixture
async def owner(shop: ShopUnderTest, http: aiohttp.ClientSession) -> Colleague:
    return await colleague(shop, http)


async def test_a_link_lets_a_person_in_once_and_codes_are_asked_for_then(
    shop: ShopUnderTest, http: aiohttp.ClientSession
) -> None:
    ada, late = Colleague(shop, http), Colleague(shop, http)
    ada.email = late.email = "ada@shop.example"
    link = await invited(shop, ada.email)
    read = (await ada.ask("POST", "/admin/api/invitations", {"token": link}, token="")).good
    assert read == {"email": ada.email, "name": "Ada Example", "role": "owner"}
    assert (await ada.accept(link, "password1")).refusal == (422, "password_refused")
    assert (await ada.accept(link, "ada@shop.example")).refusal == (422, "password_refused")

    assert (await ada.accept(link)).status == 201
    assert (await late.accept(link)).refusal == (404, "not_found")

    me = await ada.me()
    assert me["needs_second_factor"]
    assert me["keys"] == []
    assert (await ada.get("/admin/api/orders")).refusal == (401, "second_factor_required")
    await ada.set_up_codes()
    assert (await ada.me())["keys"] == list(KEYS)
    assert (await ada.get("/admin/api/orders")).status == 200
    assert (await ada.sign_in()).refusal == (401, "second_factor_required")
    assert (await ada.sign_in(totp=ada.code)).refusal == (401, "bad_credentials")  # It was used to set them up.
    assert (await ada.sign_in(totp=await ada.next_code())).status == 201
    await all_is_well(ada)


async def test_the_page_of_a_link_changes_nothing(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    link, ada = await invited(shop, "ada@shop.example"), Colleague(shop, http)
    for _ in range(2):
        page = await ada.ask("GET", "/admin/join", token="")
        assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert "admin/join.js" in page.body.decode()
    assert (await ada.accept(link)).status == 201


async def test_a_link_ends_after_three_days(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    link, ada = await invited(shop, "ada@shop.example"), Colleague(shop, http)
    await shop.clock.advance(days=3)
    assert (await ada.accept(link)).refusal == (404, "not_found")


async def test_wrong_and_unknown_are_answered_alike(owner: Colleague) -> None:
    body = {"email": owner.email, "password": OTHER_PASSWORD, "totp": "000000"}
    known = await owner.ask("POST", "/admin/api/sessions", body, token="")
    unknown = await owner.ask("POST", "/admin/api/sessions", {**body, "email": "eve@shop.example"}, token="")
    assert known.body == unknown.body
    assert known.refusal == unknown.refusal == (401, "bad_credentials")


async def test_a_recovery_code_opens_once(owner: Colleague) -> None:
    code = owner.codes[3]
    assert (await owner.sign_in(recovery_code=code.lower().replace("-", " "))).status == 201
    assert (await owner.sign_in(recovery_code=code)).refusal == (401, "bad_credentials")
    assert (await owner.sign_in(recovery_code=owner.codes[4])).status == 201


async def test_too_many_tries_have_to_wait_and_a_passkey_opens_meanwhile(owner: Colleague) -> None:
    await owner.add_passkey()
    tries = [(await owner.sign_in(OTHER_PASSWORD)).status for _ in range(12)]
    assert tries[:10] == [401] * 10
    assert tries[-1] == 429

    assert (await owner.sign_in(totp=owner.code)).status == 429
    assert (await owner.sign_in_by_passkey()).status == 201


async def test_a_passkey_is_password_and_second_factor_in_one(shop: ShopUnderTest, http: aiohttp.ClientSession) -> None:
    ada = Colleague(shop, http)
    ada.email = "ada@shop.example"
    assert (await ada.accept(await invited(shop, ada.email))).status == 201
    added = await ada.add_passkey("phone")
    assert len(added["recovery_codes"]) == 10
    assert (await ada.me())["keys"] == list(KEYS)

    assert (await ada.sign_in()).refusal == (401, "second_factor_required")
    assert (await ada.sign_in_by_passkey()).status == 201
    (kept,) = (await ada.get("/admin/api/me/passkeys")).good["items"]
    assert kept["label"] == "phone"
    assert kept["used_at"]
    removal = await ada.ask("DELETE", f"/admin/api/me/passkeys/{kept['id']}")
    assert removal.refusal == (422, "invalid")  # It is the only factor.


async def test_a_session_ends_when_it_rests_and_at_last(owner: Colleague) -> None:
    await owner.shop.clock.advance(minutes=29)
    assert (await owner.get("/admin/api/me")).status == 200
    await owner.shop.clock.advance(minutes=29)
    assert (await owner.get("/admin/api/me")).status == 200
    await owner.shop.clock.advance(minutes=30)
    assert (await owner.get("/admin/api/me")).refusal == (401, "unauthorized")

    await owner.refresh()
    for _ in range(30):
        await owner.shop.clock.advance(minutes=24)
        last = (await owner.get("/admin/api/me")).status
    assert last == 401


async def test_sessions_are_listed_and_ended(owner: Colleague) -> None:
    first = owner.token
    await owner.refresh()
    sessions = (await owner.get("/admin/api/me/sessions")).good["items"]
    assert [each["current"] for each in sessions] == [True, False]
    other = next(each["id"] for each in sessions if not each["current"])

    assert (await owner.ask("DELETE", f"/admin/api/me/sessions/{other}")).status == 204
    assert (await owner.get("/admin/api/me", token=first)).status == 401
    assert (await owner.ask("DELETE", "/admin/api/me/sessions")).status == 204
    assert (await owner.get("/admin/api/me")).status == 401


async def test_redis_restored_from_an_old_file_revives_nobody(owner: Colleague) -> None:
    redis, old = owner.shop.inside.services.redis, owner.token
    (key,) = [each async for each in redis.scan_iter("session:staff:*")]
    kept = await redis.get(key)
    assert isinstance(kept, bytes)
    assert (await owner.ask("DELETE", "/admin/api/me/sessions")).status == 204

    await redis.set(key, kept)

    assert (await owner.get("/admin/api/me", token=old)).status == 401


async def test_a_new_password_ends_all_sessions_but_its_own(owner: Colleague) -> None:
    first = owner.token
    await owner.refresh()
    change = {"password": PASSWORD, "new_password": OTHER_PASSWORD}
    assert (await owner.ask("PUT", "/admin/api/me/password", {**change, "password": "wrong"})).status == 401
    changed = (await owner.ask("PUT", "/admin/api/me/password", change)).good

    assert (await owner.get("/admin/api/me", token=first)).status == 401
    assert (await owner.get("/admin/api/me")).status == 401
    assert (await owner.get("/admin/api/me", token=changed["token"])).status == 200
    assert (await owner.sign_in(OTHER_PASSWORD, totp=await owner.next_code())).status == 201


async def test_a_cookie_is_for_our_own_pages(owner: Colleague) -> None:
    body = {"email": owner.email, "password": PASSWORD, "totp": await owner.next_code()}
    answer = await owner.ask("POST", "/admin/api/sessions", body, token="")
    assert answer.status == 201
    assert answer.json["token"] is None
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite" in cookie
    own = {"Cookie": cookie.partition(";")[0]}

    async def end(headers: dict[str, str], raw: bytes | None = None) -> int:
        sent = {**own, **headers}
        answer = await owner.ask("POST", "/admin/api/me/totp", token="", raw=raw, headers=sent)
        return answer.status

    assert (await owner.ask("GET", "/admin/api/me", token="", headers=own)).status == 200
    assert await end({"Sec-Fetch-Site": "cross-site"}) == 403
    assert await end({"Sec-Fetch-Site": "same-site"}) == 403
    assert await end({"Origin": "https://attacker.example"}) == 403
    assert await end({"Content-Type": "text/plain"}, b"{}") == 415
    assert await end({"Sec-Fetch-Site": "same-origin"}) == 201


async def test_roles_say_what_people_may(shop: ShopUnderTest, http: aiohttp.ClientSession, buyer: Customer) -> None:
    bought = await buyer.buy(MUG=1)
    packer = await colleague(shop, http, "warehouse")
    support = await colleague(shop, http, "support")

    assert (await packer.step(bought, "pick")).status == 200
    assert (await packer.refund(bought, 100)).refusal == (403, "forbidden")
    assert (await packer.refund(bought, 100)).json["key"] == "write_payments"
    assert (await support.step(bought, "pack")).refusal == (403, "forbidden")
    assert (await packer.get(f"/orders/{bought.order}")).good["buyer"] is None
    assert (await support.get(f"/orders/{bought.order}")).good["buyer"]["email"] == buyer.email
    assert (await packer.get(f"/admin/api/orders?q={bought.number}")).good["items"][0]["id"] == bought.order
    assert (await packer.get("/admin/api/orders?q=ada%40example.com")).refusal == (403, "forbidden")
    assert (await support.get("/admin/api/orders?q=ada%40example.com")).good["items"][0]["id"] == bought.order
    bare = Staff(shop, http, await staff_token(shop, keys=("read_stock",)))
    assert (await bare.get(f"/orders/{bought.order}")).refusal == (404, "not_found")
    assert (await bare.get("/admin/api/stock/MUG")).status == 200


async def test_prices_and_refunds_take_a_fresh_sign_in_of_a_person(
    owner: Colleague, buyer: Customer, staff: Staff
) -> None:
    bought = await buyer.buy(MUG=1)
    await owner.shop.clock.advance(minutes=5)
    sku = {"sku": "MUG", "price": {"amount": 500, "currency": "EUR"}, "weight_g": 300}

    assert (await owner.refund(bought, 100)).refusal == (403, "fresh_login_required")
    refused = await owner.ask("PATCH", "/admin/api/products/MUG", {"skus": [sku]})
    assert refused.refusal == (403, "fresh_login_required")
    assert (await owner.ask("PATCH", "/admin/api/products/MUG", {"description": "Blue."})).status == 200
    assert (await staff.ask("PATCH", "/admin/api/products/MUG", {"skus": [sku]})).status == 200  # A program.

    await owner.refresh()
    assert (await owner.refund(bought, 100)).status == 201
    assert (await owner.ask("PATCH", "/admin/api/products/MUG", {"skus": [sku]})).status == 200


async def test_nobody_gives_what_they_lack(shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Colleague) -> None:
    manager = await colleague(shop, http, "manager")
    ours = (await owner.me())["id"]

    async def role(role_id: str, *keys: str) -> tuple[int, str] | int:
        answer = await manager.ask("PUT", f"/admin/api/roles/{role_id}", {"title": "Ours", "keys": list(keys)})
        return answer.status if answer.status == 200 else answer.refusal

    assert await role("ours", "read_orders") == 200
    assert await role("ours", "write_settings") == (403, "lacks_rights")
    assert await role("owner", "read_orders") == (404, "not_found")
    token = {"label": "till", "keys": ["write_settings"]}
    assert (await manager.ask("POST", "/admin/api/tokens", token)).refusal == (403, "lacks_rights")
    body = {"email": "eve@shop.example", "name": "Eve", "role": "owner"}
    assert (await manager.ask("POST", "/admin/api/staff", body)).refusal == (403, "lacks_rights")
    assert (await manager.ask("PATCH", f"/admin/api/staff/{ours}", {"disabled": True})).refusal[0] == 403
    anew = await manager.ask("POST", f"/admin/api/staff/{ours}/invitation")
    assert anew.refusal == (403, "lacks_rights")  # The link would be the owner's account.
    assert (await manager.ask("PATCH", f"/admin/api/staff/{manager.id}", {"role": "owner"})).refusal[0] == 403


async def test_a_token_is_made_with_some_keys_listed_and_revoked(shop: ShopUnderTest, owner: Colleague) -> None:
    body = {"label": "till", "keys": ["read_stock", "write_stock"], "days": 1}
    made = (await owner.ask("POST", "/admin/api/tokens", body)).good
    till = Staff(shop, owner.http, made["token"])

    assert (await till.count("MUG", 7)).status == 200
    assert (await till.get("/admin/api/orders")).refusal == (403, "forbidden")
    assert (await till.get("/admin/api/me")).refusal == (403, "forbidden")
    listed = (await owner.get("/admin/api/tokens")).good["items"]
    assert made["about"] in listed
    assert made["token"] not in str(listed)
    assert (await owner.ask("DELETE", f"/admin/api/tokens/{made['about']['id']}")).status == 204
    assert (await till.get("/admin/api/stock/MUG")).refusal == (401, "unauthorized")
    assert [each.revoked_at for each in (await shop.ask(ListTokens())).tokens if each.label == "till"] != [None]


async def test_the_last_owner_stays(shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Colleague) -> None:
    own = f"/admin/api/staff/{owner.id}"
    assert (await owner.ask("PATCH", own, {"role": "manager"})).refusal == (409, "last_owner")
    assert (await owner.ask("PATCH", own, {"disabled": True})).refusal == (409, "last_owner")
    assert (await owner.ask("POST", f"{own}/invitation")).refusal == (409, "last_owner")

    other = await colleague(shop, http, "owner", "second@shop.example")

    assert (await owner.ask("PATCH", own, {"role": "manager"})).status == 200
    assert (await owner.get("/admin/api/me")).status == 401  # What one may has changed: sign in again.
    assert (await other.get("/admin/api/staff")).status == 200


async def test_a_disabled_person_is_out_at_once(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Colleague
) -> None:
    packer = await colleague(shop, http, "warehouse")
    assert (await owner.ask("PATCH", f"/admin/api/staff/{packer.id}", {"disabled": True})).status == 200

    assert (await packer.get("/admin/api/pick-lists")).refusal == (401, "unauthorized")
    assert (await packer.sign_in(totp=await packer.next_code())).refusal == (401, "bad_credentials")

    await owner.refresh()
    assert (await owner.ask("PATCH", f"/admin/api/staff/{packer.id}", {"disabled": False})).status == 200
    assert (await packer.sign_in(totp=await packer.next_code())).status == 201


async def test_a_disabled_invitation_lets_nobody_in(
    shop: ShopUnderTest, http: aiohttp.ClientSession, owner: Colleague
) -> None:
    body = {"email": "eve@shop.example", "name": "Eve", "role": "support"}
    invited_one = (await owner.ask("POST", "/admin/api/staff", body)).good
    assert (await owner.ask("POST", "/admin/api/staff", body)).refusal == (409, "person_exists")
    person = f"/admin/api/staff/{invited_one['person']['id']}"
    assert (await owner.ask("PATCH", person, {"disabled": True})).status == 200

    eve = Colleague(shop, http)
    assert (await eve.accept(invited_one["link"].partition("#")[2])).refusal == (404, "not_found")
    unknown = await owner.ask("POST", "/admin/api/staff", {**body, "email": "x@shop.example", "role": "king"})
    assert unknown.refusal == (422, "unknown_role")


async def test_every_change_is_an_act_before_it_is_made(
    shop: ShopUnderTest, owner: Colleague, staff: Staff, buyer: Customer
) -> None:
    bought = await buyer.buy(MUG=1)
    assert (await owner.refund(bought, 100)).status == 201
    assert (await staff.count("MUG", 0)).status == 409

    acts = (await owner.get("/admin/api/actions?limit=100")).good["items"]
    refund = [each for each in acts if "refunds" in each["about"]]
    assert [each["what"] for each in refund] == ["answered", "POST /admin/api/orders/{order_id}/refunds"]
    assert {each["by"] for each in refund} == {owner.id}
    assert {each["request_id"] for each in refund} == {refund[0]["request_id"]}
    assert refund[0]["after"] == "201"
    assert refund[1]["key"] == "write_payments"
    count = [each for each in acts if each["about"] == "/admin/api/stock/MUG"]
    assert [each["after"] for each in count] == ["409", ""]
    assert count[0]["by"].startswith("tok_")
    assert owner.email not in str(acts)
    assert [each["what"] for each in acts][-2:] == ["person joined", "person invited"]


async def test_an_act_that_was_altered_is_found(shop: ShopUnderTest, owner: Colleague, staff: Staff) -> None:
    assert await staff.findings() == []
    await sql(shop, "update staff.actions set by = 'stf_somebody' where id = 3")

    (finding,) = await staff.findings()

    assert finding["rule"] == "A1 acts of staff are a whole chain"
    assert finding["about"] == "3"
