"""A passkey is added and used by whoever was asked, for what was asked, once and in time; nothing else passes."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from engine.clock import ManualClock
from engine.passkeys import Passkey, Passkeys, Site, credential_id_of, site_of
from testkit import Servers
from tests.authenticator import Authenticator, bytes_of, text_of

SITE = Site("shop.example", "https://shop.example", "Shop")
USER = b"a member of staff"


@pytest.fixture
async def passkeys(servers: Servers, clock: ManualClock) -> AsyncIterator[Passkeys]:
    async with Redis.from_url(await servers.fresh_redis_url()) as redis:
        yield Passkeys(redis, clock, SITE)


async def options(passkeys: Passkeys, purpose: str = "add", subject: str = "ada") -> dict[str, Any]:
    return await passkeys.options_to_add(purpose, subject, user=USER, name="Ada", known=[])


async def added(passkeys: Passkeys, device: Authenticator) -> Passkey:
    passkey = await passkeys.added("add", "ada", device.create(await options(passkeys)))
    assert passkey is not None
    return passkey


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://shop.example", ("shop.example", "https://shop.example")),
        ("https://www.Shop.example", ("shop.example", "https://www.shop.example")),
        ("http://localhost:8000", ("localhost", "http://localhost:8000")),
        ("https://shop.example/under/here", ("shop.example", "https://shop.example")),
    ],
)
def test_a_site_is_the_host_of_its_address(url: str, expected: tuple[str, str]) -> None:
    assert site_of(url, "Shop")[:2] == expected


async def test_a_passkey_is_added_and_then_used(passkeys: Passkeys) -> None:
    device = Authenticator(SITE.origin)
    passkey = await added(passkeys, device)
    assert (passkey.credential_id, passkey.site_id) == (device.credential_id, SITE.id)
    assert device.user == USER

    answer = device.get(await passkeys.options_to_use("sign in"))

    assert credential_id_of(answer) == device.credential_id
    used = await passkeys.used("sign in", "", answer, passkey)
    assert used is not None
    assert used.sign_count == 1


async def test_options_ask_for_a_verified_user_and_keep_off_known_devices(passkeys: Passkeys) -> None:
    to_add = await passkeys.options_to_add("add", "ada", user=USER, name="Ada", known=[b"known"])
    assert to_add["authenticatorSelection"]["userVerification"] == "required"
    assert to_add["authenticatorSelection"]["residentKey"] == "required"
    assert [each["id"] for each in to_add["excludeCredentials"]] == ["a25vd24"]
    to_use = await passkeys.options_to_use("sign in")
    assert to_use["userVerification"] == "required"
    assert not to_use.get("allowCredentials")


async def test_an_answer_counts_once(passkeys: Passkeys) -> None:
    device = Authenticator(SITE.origin)
    answer = device.create(await options(passkeys))
    assert await passkeys.added("add", "ada", answer) is not None
    assert await passkeys.added("add", "ada", answer) is None
    passkey = await added(passkeys, device)
    answer = device.get(await passkeys.options_to_use("sign in"))
    assert await passkeys.used("sign in", "", answer, passkey) is not None
    assert await passkeys.used("sign in", "", answer, passkey) is None


async def test_an_answer_is_late_after_five_minutes(passkeys: Passkeys, clock: ManualClock) -> None:
    device = Authenticator(SITE.origin)
    answer = device.create(await options(passkeys))
    await clock.advance(minutes=5)
    assert await passkeys.added("add", "ada", answer) is None


async def test_a_challenge_is_for_one_purpose_and_one_subject(passkeys: Passkeys) -> None:
    device = Authenticator(SITE.origin)
    assert await passkeys.added("add", "bob", device.create(await options(passkeys))) is None
    assert await passkeys.added("confirm", "ada", device.create(await options(passkeys))) is None


async def test_a_challenge_that_was_never_made_is_refused(passkeys: Passkeys) -> None:
    device = Authenticator(SITE.origin)
    made_up = {**await options(passkeys), "challenge": "AAAA"}
    assert await passkeys.added("add", "ada", device.create(made_up)) is None


@pytest.mark.parametrize(
    "device",
    [
        Authenticator("https://shop.example.attacker.example"),
        Authenticator("http://shop.example"),
        Authenticator(SITE.origin, verifies_user=False),
    ],
)
async def test_another_origin_or_an_unverified_user_is_refused(passkeys: Passkeys, device: Authenticator) -> None:
    assert await passkeys.added("add", "ada", device.create(await options(passkeys))) is None


async def test_another_site_is_refused(passkeys: Passkeys) -> None:
    device = Authenticator(SITE.origin)
    wanted = await options(passkeys)
    wanted["rp"]["id"] = "other.example"
    assert await passkeys.added("add", "ada", device.create(wanted)) is None


async def test_another_key_a_cloned_one_and_no_passkey_at_all_are_refused(passkeys: Passkeys) -> None:
    device, other = Authenticator(SITE.origin), Authenticator(SITE.origin)
    passkey = await added(passkeys, device)

    async def used(by: Authenticator, known: Passkey | None) -> object:
        return await passkeys.used("sign in", "", by.get(await passkeys.options_to_use("sign in")), known)

    assert await used(other, passkey) is None
    other.credential_id = device.credential_id
    assert await used(other, passkey) is None
    assert await used(device, None) is None
    assert await used(device, passkey._replace(sign_count=9)) is None
    assert await used(device, passkey) is not None


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "attestationObject"]), value=_JSON)
async def test_an_altered_answer_is_refused_and_is_no_error(passkeys: Passkeys, path: str, value: object) -> None:
    answer = copy.deepcopy(Authenticator(SITE.origin).create(await options(passkeys)))
    place = answer if path in answer else answer["response"]
    if place[path] == value:
        return
    place[path] = value

    assert await passkeys.added("add", "ada", answer) is None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(where=st.integers(0, 60), bit=st.integers(0, 7), part=st.sampled_from(["authenticatorData", "signature"]))
async def test_a_flipped_bit_is_refused(passkeys: Passkeys, where: int, bit: int, part: str) -> None:
    device = Authenticator(SITE.origin)
    passkey = await added(passkeys, device)
    answer = device.get(await passkeys.options_to_use("sign in"))
    content = bytearray(bytes_of(answer["response"][part]))
    content[where % len(content)] ^= 1 << bit
    answer["response"][part] = text_of(bytes(content))

    assert await passkeys.used("sign in", "", answer, passkey) is None
