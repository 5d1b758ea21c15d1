"""Tries at an account's password: ten failures in a quarter of an hour, for all unknown devices together.

A device that has signed in to the account once is known by its cookie, and has ten of its own. So whoever fails on
purpose, from however many networks, keeps unknown devices away from the password, and nobody who was here before; and
codes and passkeys stay open to all. A sign-in gives back its own try and no other's: one elsewhere clears nothing.
A reset of the password clears all. Source: OWASP, "Slow Down Online Guessing Attacks with Device Cookies".

Each try is counted before it is checked, so that many at once are not more than the bound. Times are the shop's, in
Redis: a window that slides, so that no moment has twice the bound.

Rejected: docs/decisions/0048.
"""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Final, NamedTuple

from redis.asyncio import Redis

from engine.clock import Clock
from engine.services import redis_errors
from engine.vault import Vault

DEVICE_LASTS: Final = timedelta(days=365)
_WINDOW: Final = timedelta(minutes=15)
_LABEL: Final = "known devices"
_LONGEST: Final = 120  # Of a cookie.


class Try(NamedTuple):
    """A try that was counted. With a wait it must not be made."""

    bucket: str
    id: str
    wait_s: float


class Tries:
    """Counts tries, and knows devices."""

    def __init__(self, redis: Redis, clock: Clock, vault: Vault, most: int) -> None:
        self._redis = redis
        self._clock = clock
        self._vault = vault
        self._most = most  # 0 lifts the bound.

    async def begin(self, account: str, device: str) -> Try:
        """Count a try at an account from a device.

        Args:
            account: The index of its address, whether it exists or not.
            device: The device's cookie, "" if it has none.

        Raises:
            Unavailable: Redis is away.
        """
        known = self._is_known(account, device)
        bucket = f"tries:{account}:{device.partition('.')[0] if known else ''}"
        own, now = secrets.token_hex(8), self._clock.now().timestamp()
        if not self._most:
            return Try(bucket, own, 0.0)
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.zremrangebyscore(bucket, "-inf", now - _WINDOW.total_seconds())
                pipeline.zadd(bucket, {own: now})
                pipeline.zcard(bucket)
                pipeline.zrange(bucket, 0, 0, withscores=True)
                pipeline.expire(bucket, _WINDOW)
                _, _, counted, oldest, _ = await pipeline.execute()
        if counted <= self._most:
            return Try(bucket, own, 0.0)
        await self.give_back(Try(bucket, own, 0.0))
        return Try(bucket, own, max(1.0, oldest[0][1] + _WINDOW.total_seconds() - now))

    async def give_back(self, counted: Try) -> None:
        """Take a try back, of one who has signed in.

        Raises:
            Unavailable: Redis is away.
        """
        with redis_errors():
            await self._redis.zrem(counted.bucket, counted.id)

    async def clear(self, account: str) -> None:
        """Forget the failures of unknown devices at an account.

        Raises:
            Unavailable: Redis is away.
        """
        with redis_errors():
            await self._redis.delete(f"tries:{account}:")

    def device(self, account: str, known: str) -> str:
        """Return the cookie by which a device is known to an account; one that is known keeps it."""
        if self._is_known(account, known):
            return known
        name = secrets.token_urlsafe(16)
        return f"{name}.{_mark(self._vault.token_keys(_LABEL)[0], account, name)}"

    def _is_known(self, account: str, device: str) -> bool:
        name, _, mark = device[:_LONGEST].partition(".")
        right = [_mark(key, account, name) for key in self._vault.token_keys(_LABEL)]
        fits = [hmac.compare_digest(each.encode(), mark.encode()) for each in right]  # All of them, however many fit.
        return bool(name) and any(fits)


def _mark(key: bytes, account: str, name: str) -> str:
    return hmac.new(key, f"{account} {name}".encode(), hashlib.sha256).hexdigest()[:32]
