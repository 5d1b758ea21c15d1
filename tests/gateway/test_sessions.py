"""Sessions: what is kept of them, when they end, and whose token opens what."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import pytest
from redis.asyncio import Redis

from engine.clock import ManualClock
from engine.errors import Unavailable
from gateway.cookies import cookie_values
from gateway.sessions import Kind, Sessions
from testkit import Servers

DAY: Final = timedelta(hours=24)
KIND: Final = Kind(name="customer", mark="cs_", cookie="session", absolute=DAY, most=3)
IDLE: Final = KIND._replace(name="staff", mark="ss_", cookie="staff", idle=timedelta(minutes=30))


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Redis]:
    client = Redis.from_url(await servers.fresh_redis_url())
    yield client
    await client.aclose()


@pytest.fixture
def sessions(redis: Redis, clock: ManualClock) -> Sessions:
    return Sessions(redis, clock, KIND, is_https=True)


async def test_a_token_opens_the_session_that_it_was_made_for(sessions: Sessions) -> None:
    ada = await sessions.begin("cus_ada", 7, method="password", device="Firefox on Linux", network="192.0.2.0/24")
    eve = await sessions.begin("cus_eve", 1, method="code")

    assert await sessions.read(ada.token) == ada.session
    assert (ada.session.subject, ada.session.generation) == ("cus_ada", 7)
    assert await sessions.read(eve.token) == eve.session
    assert await sessions.read(ada.token + "x") is None
    assert await sessions.read("cs_") is None
    assert await sessions.read("cs_" + "x" * 10_000) is None


async def test_redis_knows_no_token(sessions: Sessions, redis: Redis) -> None:
    begun = await sessions.begin("cus_ada", 1, method="password")

    everything = str([(key, await redis.dump(key)) for key in await redis.keys("*")])
    assert "cus_ada" in everything
    assert begun.token.removeprefix("cs_") not in everything


async def test_a_session_ends_at_its_time_however_much_it_is_used(sessions: Sessions, clock: ManualClock) -> None:
    begun = await sessions.begin("cus_ada", 1, method="password")
    for _ in range(23):
        await clock.advance(hours=1)
        assert await sessions.read(begun.token) is not None
    await clock.advance(hours=1)

    assert await sessions.read(begun.token) is None
    assert await sessions.of("cus_ada") == []


async def test_an_idle_session_ends_where_that_is_the_rule(redis: Redis, clock: ManualClock) -> None:
    sessions = Sessions(redis, clock, IDLE, is_https=True)
    begun = await sessions.begin("stf_ada", 1, method="password")
    for _ in range(4):
        await clock.advance(minutes=29)
        assert await sessions.read(begun.token) is not None
    await clock.advance(minutes=30)

    assert await sessions.read(begun.token) is None


async def test_sessions_are_listed_and_ended_one_by_one_or_all(sessions: Sessions, clock: ManualClock) -> None:
    first = await sessions.begin("cus_ada", 1, method="password")
    await clock.advance(minutes=1)
    second = await sessions.begin("cus_ada", 1, method="code")
    other = await sessions.begin("cus_eve", 1, method="code")

    assert [each.id for each in await sessions.of("cus_ada")] == [second.session.id, first.session.id]
    assert not await sessions.end("cus_eve", first.session.id)
    assert await sessions.end("cus_ada", first.session.id)
    assert await sessions.read(first.token) is None
    await sessions.end_all("cus_ada", but=second.session.id)
    assert await sessions.read(second.token) == second.session
    await sessions.end_all("cus_ada")
    assert await sessions.read(second.token) is None
    assert await sessions.read(other.token) == other.session


async def test_a_new_sign_in_ends_the_token_that_the_browser_had(sessions: Sessions) -> None:
    before = await sessions.begin("cus_ada", 1, method="password")
    after = await sessions.begin("cus_ada", 1, method="password", instead_of=before.token)

    assert await sessions.read(before.token) is None
    assert await sessions.of("cus_ada") == [after.session]


async def test_one_more_than_there_may_be_ends_the_oldest(sessions: Sessions, clock: ManualClock) -> None:
    begun = []
    for _ in range(4):
        begun.append(await sessions.begin("cus_ada", 1, method="password"))
        await clock.advance(seconds=1)

    assert await sessions.read(begun[0].token) is None
    assert [each.id for each in await sessions.of("cus_ada")] == [each.session.id for each in reversed(begun[1:])]


async def test_a_session_that_is_used_while_it_is_ended_stays_ended(sessions: Sessions, clock: ManualClock) -> None:
    begun = await sessions.begin("cus_ada", 1, method="password")
    await clock.advance(minutes=5)
    assert (await sessions.read(begun.token) or begun.session).seen == clock.now()
    await sessions.end_all("cus_ada")

    assert await sessions.read(begun.token) is None


async def test_another_kind_of_people_has_other_tokens(sessions: Sessions, redis: Redis, clock: ManualClock) -> None:
    staff = Sessions(redis, clock, IDLE, is_https=True)
    begun = await sessions.begin("cus_ada", 1, method="password")

    assert await staff.read(begun.token) is None
    assert await staff.read("ss_" + begun.token.removeprefix("cs_")) is None
    assert staff.token_of(f"__Host-session={begun.token}", begun.token) == ""


async def test_without_redis_nobody_is_let_in(clock: ManualClock) -> None:
    redis = Redis.from_url("redis://127.0.0.1:1")
    sessions = Sessions(redis, clock, KIND, is_https=True)
    with pytest.raises(Unavailable):
        await sessions.read("cs_x")
    with pytest.raises(Unavailable):
        await sessions.begin("cus_ada", 1, method="password")
    await redis.aclose()


async def test_a_cookie_is_for_this_host_and_no_script(sessions: Sessions, redis: Redis, clock: ManualClock) -> None:
    plain = Sessions(redis, clock, KIND, is_https=False)

    assert sessions.cookie("cs_x") == ("__Host-session=cs_x; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax; Secure")
    assert plain.cookie("cs_x") == "session=cs_x; Path=/; Max-Age=86400; HttpOnly; SameSite=Lax"
    assert plain.no_cookie() == "session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    assert sessions.token_of("a=b; __Host-session=cs_x", "") == "cs_x"
    assert sessions.token_of("session=cs_x", "") == ""
    assert sessions.token_of("__Host-session=cs_x", "ol_link") == ""  # Whoever shows a token means it.
    assert sessions.token_of("__Host-session=cs_x; __Host-session=cs_y", "") == ""


def test_cookies_are_read_whatever_they_are() -> None:
    assert cookie_values("a=1;b=2; c=x=y") == {"a": "1", "b": "2", "c": "x=y"}
    assert cookie_values("") == {}
    assert cookie_values(";;;=;x") == {"": ""}
