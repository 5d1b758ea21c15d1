"""So much a period for each caller, also where several processes count."""

import pytest
from redis.asyncio import Redis

from gateway.limiter import Caller, Limiter, SharedAllowances
from gateway.rate_limit import RateLimit
from testkit import Servers

ADA, BOB = Caller("anyone", "192.0.2.1"), Caller("anyone", "192.0.2.2")


class Stopwatch:
    def __init__(self) -> None:
        self.s = 1000.0

    def __call__(self) -> float:
        return self.s


@pytest.fixture
def now() -> Stopwatch:
    return Stopwatch()


def limiter(now: Stopwatch, *, is_shared: bool = False) -> Limiter:
    return Limiter(RateLimit(10, 10.0), now, is_shared=is_shared)


def test_an_allowance_is_each_callers_own(now: Stopwatch) -> None:
    limit = limiter(now)

    assert [limit.take(ADA) for _ in range(10)] == [0.0] * 10
    assert limit.take(ADA) == pytest.approx(0.5)
    assert limit.take(BOB) == 0.0
    assert limit.take(Caller("signed", ADA.address)) == 0.0


def test_the_wait_is_long_enough_and_refusals_do_not_prolong_it(now: Stopwatch) -> None:
    limit = limiter(now)
    limit.take(ADA, 10)
    waits = [limit.take(ADA, 5) for _ in range(100)]

    now.s += waits[-1]

    assert waits == [waits[0]] * 100
    assert limit.take(ADA, 5) == 0.0


def test_who_goes_on_asking_waits_longer_and_a_period_longer_at_most(now: Stopwatch) -> None:
    limit = Limiter(RateLimit(10, 10.0), now, refused_cost=1)
    limit.take(ADA, 10)

    waits = [limit.take(ADA) for _ in range(100)]
    assert waits[:3] == pytest.approx([1.5, 2.5, 3.5])
    assert max(waits) == waits[-1] == pytest.approx(11.0, abs=0.6)
    assert limit.take(BOB) == 0.0

    now.s += waits[-1] - 0.1
    assert limit.wait_s(ADA) > 0.0
    now.s += 0.1
    assert limit.take(ADA) == 0.0


def test_the_penalty_is_this_process_s_own(now: Stopwatch) -> None:
    limit = Limiter(RateLimit(10, 10.0), now, is_shared=True, refused_cost=1)
    for _ in range(100):
        limit.take(ADA)

    assert limit.collect(10) == {ADA: pytest.approx(10.0)}


def test_what_costs_more_than_an_allowance_is_done_now_and_then(now: Stopwatch) -> None:
    limit = limiter(now)

    assert limit.take(ADA, 50) == 0.0
    assert limit.take(ADA, 50) > 0.0
    now.s += 50.0
    assert limit.take(ADA, 50) == 0.0


def test_a_charge_afterwards_counts_and_can_be_given_back(now: Stopwatch) -> None:
    limit = limiter(now)

    limit.charge(ADA, 30)
    assert limit.wait_s(ADA) == pytest.approx(20.5)
    limit.charge(ADA, -30)
    assert limit.wait_s(ADA) == 0.0


def test_lifted_it_refuses_nothing(now: Stopwatch) -> None:
    limit = Limiter(None, now)

    assert [limit.take(ADA, 1000) for _ in range(10)] == [0.0] * 10
    limit.charge(ADA, 1000)
    assert limit.wait_s(ADA) == 0.0


def test_callers_by_the_million_are_not_all_kept(now: Stopwatch) -> None:
    limit = limiter(now, is_shared=True)
    for number in range(250_000):
        limit.take(Caller("anyone", f"{number}"))

    assert len(limit) <= 100_000
    assert limit.take(Caller("anyone", "249999"), 10) > 0.0  # The last ones are known.


def test_those_who_are_quiet_again_are_forgotten_first(now: Stopwatch) -> None:
    limit = limiter(now)
    limit.take(ADA, 10)
    for number in range(99_999):
        limit.take(Caller("anyone", f"{number}"))
    now.s += 5.0  # The others' allowances are whole again.
    limit.take(Caller("anyone", "new"))

    assert len(limit) == 2
    assert limit.take(ADA, 10) > 0.0


async def test_processes_of_one_shop_add_up_what_a_caller_spends(servers: Servers, now: Stopwatch) -> None:
    redis = Redis.from_url(await servers.fresh_redis_url())
    here, there = limiter(now, is_shared=True), limiter(now, is_shared=True)
    here.take(ADA, 6)
    there.take(ADA, 6)

    for limit in (here, there, here):
        await SharedAllowances(redis, [limit]).share(limit)
        limit.take(BOB)  # So that there is something to share.
    here.charge(ADA, 0)
    await SharedAllowances(redis, [here]).share(here)

    assert here.wait_s(ADA) > 0.0
    assert there.wait_s(ADA) > 0.0
    there.charge(ADA, -12)
    await SharedAllowances(redis, [there]).share(there)
    assert int(await redis.exists("allowance:anyone:192.0.2.1")) == 0
    await redis.aclose()


async def test_without_redis_each_process_counts_for_itself(now: Stopwatch) -> None:
    redis = Redis.from_url("redis://127.0.0.1:1")
    limit = limiter(now, is_shared=True)
    limit.take(ADA, 10)

    await SharedAllowances(redis, [limit]).share(limit)

    assert limit.take(ADA) > 0.0
