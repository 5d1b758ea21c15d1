"""Allowances of callers: so much per period for each, kept in memory.

Where several processes serve one shop, each knows its own callers at once, and all callers once a second
(`SharedAllowances`): so a request costs no round trip, and a caller who spreads over N processes gets N times the
allowance for a second, not for good.

Rejected: counting in Redis for each request (5 round trips of a purchase, a twentieth of its time); counting per
process only (each new process would be a new allowance).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, NamedTuple, cast

import anyio
from redis.asyncio import Redis

from engine.errors import Unavailable
from engine.services import redis_errors
from gateway.rate_limit import RateLimit

_MOST_CALLERS: Final = 100_000  # Kept; the longest known go first, which gives them a new allowance.
_SHARED_EVERY_S: Final = 1.0
_SHARED_AT_ONCE: Final = 1_000

# KEYS: a caller each. ARGV: the seconds of TAT that each has spent here since the last time. Answers the seconds that
# each TAT is ahead of now, in milliseconds of Redis's own clock: processes need not agree about the time.
_ADD = """
local time = redis.call('time')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ahead = {}
for i, key in ipairs(KEYS) do
    local tat = math.max(tonumber(redis.call('get', key) or '0'), now) + math.floor(ARGV[i] * 1000)
    if tat > now then
        redis.call('set', key, string.format('%.0f', tat), 'px', tat - now)
    else
        redis.call('del', key)
    end
    ahead[i] = math.max(tat - now, 0)
end
return ahead
"""


class Caller(NamedTuple):
    """A client address in one lane. Lanes have allowances of their own: one used up leaves the others."""

    lane: str
    address: str


class Limiter:
    """The allowances of all callers.

    Args:
        limit: The allowance; None lifts it.
        now: A clock in seconds that is never set.
        is_shared: Whether `SharedAllowances` collects what is spent.
        refused_cost: The cost of being refused. Whoever goes on asking is served only after a pause, of at most a
            period more.
    """

    def __init__(
        self, limit: RateLimit | None, now: Callable[[], float], *, is_shared: bool = False, refused_cost: int = 0
    ) -> None:
        self._limit = limit
        self._now = now
        self._refused_cost = refused_cost
        self._tats_s: dict[Caller, float] = {}
        self._spent_s: dict[Caller, float] | None = {} if is_shared else None

    def __len__(self) -> int:
        return len(self._tats_s)

    def take(self, caller: Caller, cost: int = 1) -> float:
        """Charge a caller; return 0.0, or the seconds to wait if that is too much: then only being refused is charged.

        A caller whose allowance is whole may always take, also what costs more than all of it.
        """
        if self._limit is None:
            return 0.0
        now, tat_s = self._now(), self._tats_s.get(caller, 0.0)
        new_s = self._limit.charge(tat_s, now, cost)
        if tat_s > now and (wait_s := self._limit.wait_s(new_s, now)):
            # Not shared: added up over processes it would have no bound.
            self._tats_s[caller] = later_s = self._limit.penalize(tat_s, now, self._refused_cost)
            return wait_s + later_s - tat_s
        self._keep(caller, new_s, cost, now)
        return 0.0

    def wait_s(self, caller: Caller) -> float:
        """Return the seconds until a caller may take again; 0.0 if at once."""
        if self._limit is None:
            return 0.0
        now, tat_s = self._now(), self._tats_s.get(caller, 0.0)
        return self._limit.wait_s(self._limit.charge(tat_s, now), now) if tat_s > now else 0.0

    def charge(self, caller: Caller, cost: int) -> None:
        """Charge a caller afterwards, allowed or not; a negative cost gives back."""
        if self._limit is not None:
            now = self._now()
            self._keep(caller, self._limit.charge(self._tats_s.get(caller, 0.0), now, cost), cost, now)

    def collect(self, most: int) -> dict[Caller, float]:
        """Return what callers have spent since the last time, in seconds of TAT; at most so many callers."""
        if not self._spent_s:
            return {}
        callers = list(self._spent_s)[:most]
        return {caller: self._spent_s.pop(caller) for caller in callers}

    def correct(self, caller: Caller, ahead_s: float) -> None:
        """Take over how far a caller's TAT is ahead of now in all processes together."""
        self._tats_s[caller] = max(self._tats_s.get(caller, 0.0), self._now() + ahead_s)

    def _keep(self, caller: Caller, tat_s: float, cost: int, now: float) -> None:
        if caller not in self._tats_s and len(self._tats_s) >= _MOST_CALLERS:
            self._forget(now)
        self._tats_s[caller] = tat_s
        if self._spent_s is not None and self._limit is not None:
            self._spent_s[caller] = self._spent_s.get(caller, 0.0) + self._limit.spent_s(cost)

    def _forget(self, now: float) -> None:
        """Forget those whose allowance is whole, and if nearly all are in use, a tenth of them."""
        kept = {caller: tat_s for caller, tat_s in self._tats_s.items() if tat_s > now}
        for caller in list(kept)[: len(kept) - 9 * _MOST_CALLERS // 10]:
            del kept[caller]
        self._tats_s = kept
        if self._spent_s:
            self._spent_s = {caller: spent_s for caller, spent_s in self._spent_s.items() if caller in kept}


class SharedAllowances:
    """Adds up in Redis what callers spend in each process."""

    def __init__(self, redis: Redis, limiters: Sequence[Limiter]) -> None:
        self._redis = redis
        self._limiters = limiters

    async def run(self) -> None:
        """Share once a second. Ends by being cancelled. While Redis is away, each process counts for itself."""
        while True:
            await anyio.sleep(_SHARED_EVERY_S)
            for limiter in self._limiters:
                await self.share(limiter)

    async def share(self, limiter: Limiter) -> None:
        """Add what was spent here, and learn what was spent elsewhere."""
        spent = limiter.collect(_SHARED_AT_ONCE)
        if not spent:
            return
        keys = [f"allowance:{caller.lane}:{caller.address}" for caller in spent]
        try:
            with redis_errors():
                asked = self._redis.eval(_ADD, len(keys), *keys, *(f"{spent_s:.6f}" for spent_s in spent.values()))
                ahead_ms = await cast("Awaitable[list[int]]", asked)
        except Unavailable:
            return
        for caller, ms in zip(spent, ahead_ms, strict=True):
            limiter.correct(caller, ms / 1000)
