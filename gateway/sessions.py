"""Sessions: the proof that whoever sends a request has signed in. Kept in Redis, under the hash of their token.

A token is 32 random bytes, and nobody keeps it: Redis and its backups hold its hash. A session ends at a fixed time,
however much it is used, and for some kinds of people also when it was not used for a while. Each sign-in makes a new
token, so one that was known before proves nothing afterwards.

**Redis has sessions, PostgreSQL has the last word.** A session carries its holder's generation (`sessions_from`) at its
beginning. Whoever ends all sessions raises that number, in the transaction of the reason. So a Redis that was restored
from an old file, or that could not be reached, revives nobody. It is a number and not a time: two things may happen in
one moment, and a clock may be set back. What it is compared with is for the caller: see gateway/customers.py.

Rejected: docs/decisions/0046.
"""

import secrets
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Final, NamedTuple, cast

import msgspec
from redis.asyncio import Redis

from engine.clock import Clock
from engine.services import redis_errors
from engine.tokens import hash_of_token
from gateway.cookies import cookie_values

_TOKEN_BYTES: Final = 32
_LONGEST_TOKEN: Final = 80  # Of what is looked up; ours are shorter.
_A_MOMENT: Final = timedelta(seconds=1)
_SEEN_EVERY: Final = timedelta(minutes=1)  # How exactly the last use is known.


class Kind(NamedTuple):
    """A kind of people, and the bounds of their sessions."""

    name: str  # In Redis.
    mark: str  # Begins their tokens, so that only such tokens are looked up.
    cookie: str
    absolute: timedelta  # From the sign-in on.
    idle: timedelta | None = None  # Since the last use, if that ends a session.
    most: int = 20  # Of one person; one more ends the oldest.


class Session(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A session, as it is kept."""

    id: str  # Public: it opens nothing.
    subject: str  # Whose it is.
    generation: int  # Their `sessions_from` at the sign-in.
    since: datetime
    seen: datetime
    ends_at: datetime
    method: str  # How they proved who they are: password, code, passkey.
    device: str  # What they signed in with, in a few words.
    network: str


class Begun(NamedTuple):
    """A new session, and its token: it is shown once."""

    token: str
    session: Session
    ended: tuple[str, ...] = ()  # Hashes of the tokens of sessions that ended for it.


class Sessions:
    """The sessions of one kind of people."""

    def __init__(self, redis: Redis, clock: Clock, kind: Kind, *, is_https: bool) -> None:
        self._redis = redis
        self._clock = clock
        self.kind = kind
        self._is_https = is_https

    async def begin(
        self, subject: str, generation: int, *, method: str, device: str = "", network: str = "", instead_of: str = ""
    ) -> Begun:
        """Begin a session. `instead_of` is the token that the same browser had, which ends.

        Raises:
            Unavailable: Redis is away. No session has begun.
        """
        now, token = self._clock.now(), self.kind.mark + secrets.token_urlsafe(_TOKEN_BYTES)
        session = Session(
            id=secrets.token_hex(8),
            subject=subject,
            generation=generation,
            since=now,
            seen=now,
            ends_at=now + self.kind.absolute,
            method=method,
            device=device,
            network=network,
        )
        former = await self._read(instead_of) if instead_of else None
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                if former is not None:
                    self._remove(pipeline, former, _hash(instead_of))
                pipeline.set(self._key(_hash(token)), msgspec.msgpack.encode(session), ex=self.kind.absolute)
                pipeline.hset(self._list(subject), session.id, _hash(token))
                pipeline.expire(self._list(subject), self.kind.absolute)
                await pipeline.execute()
        ended = await self._end_oldest(subject)
        return Begun(token, session, ((_hash(instead_of),) if former else ()) + ended)

    async def read(self, token: str, *, is_use: bool = True) -> Session | None:
        """Return the session of a token, and note that it was used; None if there is none, or it has ended.

        Args:
            token: As it was shown.
            is_use: Whether somebody uses it; a look-up that repeats itself is no use.

        Raises:
            Unavailable: Redis is away.
        """
        session = await self._read(token)
        if session is None:
            return None
        now = self._clock.now()
        if is_use and now - session.seen >= _SEEN_EVERY:
            session = msgspec.structs.replace(session, seen=now)
            with redis_errors():  # Only where it still is: it may have been ended meanwhile.
                await self._redis.set(
                    self._key(_hash(token)),
                    msgspec.msgpack.encode(session),
                    ex=max(session.ends_at - now, _A_MOMENT),
                    xx=True,
                )
        return session

    async def of(self, subject: str) -> list[Session]:
        """Return the sessions of a person, the newest first.

        Raises:
            Unavailable: Redis is away.
        """
        hashes = await self._hashes(subject)
        if not hashes:
            return []
        with redis_errors():
            kept = await self._redis.mget([self._key(each) for each in hashes.values()])
        found = {id_: _decode(each) for id_, each in zip(hashes, kept, strict=True)}
        if gone := [id_ for id_, each in found.items() if each is None or not self._lives(each)]:
            await self._forget(subject, {id_: hashes[id_] for id_ in gone})
        living = [each for each in found.values() if each is not None and self._lives(each)]
        return sorted(living, key=lambda each: (each.since, each.id), reverse=True)

    async def end(self, subject: str, session_id: str) -> tuple[str, ...]:
        """End one session of a person by its id; return the hash of its token, nothing if it is none of theirs.

        Raises:
            Unavailable: Redis is away.
        """
        hashes = await self._hashes(subject)
        return await self._forget(subject, {id_: each for id_, each in hashes.items() if id_ == session_id})

    async def end_all(self, subject: str, *, but: str = "") -> tuple[str, ...]:
        """End all sessions of a person, but for the one with this id; return the hashes of their tokens.

        Raises:
            Unavailable: Redis is away.
        """
        hashes = await self._hashes(subject)
        return await self._forget(subject, {id_: each for id_, each in hashes.items() if id_ != but})

    def cookie(self, token: str) -> str:
        """Write the cookie of a session, for Set-Cookie. Scripts can't read it, other sites' forms don't send it."""
        most = int(self.kind.absolute.total_seconds())
        return f"{self.cookie_name}={token}; Path=/; Max-Age={most}; HttpOnly; SameSite=Lax{self._secure}"

    def no_cookie(self) -> str:
        """Write the cookie that removes the one of a session."""
        return f"{self.cookie_name}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax{self._secure}"

    @property
    def cookie_name(self) -> str:
        """The name of the cookie. With the prefix no other host of the domain, and no plain page, can set it."""
        return f"__Host-{self.kind.cookie}" if self._is_https else self.kind.cookie

    def token_of(self, cookies: str, bearer: str) -> str:
        """Return the token that a request shows, "" if none of this kind.

        Args:
            cookies: Its Cookie header.
            bearer: The token of its Authorization header.
        """
        if bearer:
            return bearer if bearer.startswith(self.kind.mark) else ""
        found = cookie_values(cookies).get(self.cookie_name, "")
        return found if found.startswith(self.kind.mark) else ""

    @property
    def _secure(self) -> str:
        return "; Secure" if self._is_https else ""

    async def _read(self, token: str) -> Session | None:
        if not token.startswith(self.kind.mark) or len(token) > _LONGEST_TOKEN:
            return None
        with redis_errors():
            session = _decode(await self._redis.get(self._key(_hash(token))))
        return session if session is not None and self._lives(session) else None

    def _lives(self, session: Session) -> bool:
        """Whether a session has not ended. By our clock: Redis only cleans up."""
        now, idle = self._clock.now(), self.kind.idle
        return now < session.ends_at and (idle is None or now - session.seen < idle)

    async def _end_oldest(self, subject: str) -> tuple[str, ...]:
        sessions = await self.of(subject)
        ended = [await self.end(subject, session.id) for session in sessions[self.kind.most :]]
        return tuple(each for some in ended for each in some)

    async def _hashes(self, subject: str) -> dict[str, str]:
        """Return the hashes of a person's tokens, by the ids of their sessions."""
        with redis_errors():
            kept = await cast("Awaitable[dict[bytes, bytes]]", self._redis.hgetall(self._list(subject)))
        return {id_.decode(): each.decode() for id_, each in kept.items()}

    async def _forget(self, subject: str, hashes: dict[str, str]) -> tuple[str, ...]:
        if not hashes:
            return ()
        with redis_errors():
            async with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(*map(self._key, hashes.values()))
                pipeline.hdel(self._list(subject), *hashes)
                await pipeline.execute()
        return tuple(hashes.values())

    def _remove(self, pipeline: Redis, session: Session, hashed: str) -> None:
        pipeline.delete(self._key(hashed))
        pipeline.hdel(self._list(session.subject), session.id)

    def _key(self, hashed: str) -> str:
        return f"session:{self.kind.name}:{hashed}"

    def _list(self, subject: str) -> str:
        return f"sessions:{self.kind.name}:{subject}"


def _decode(kept: bytes | str | None) -> Session | None:
    """Read a kept session. One that an older version has written, in another shape, is none."""
    if not isinstance(kept, bytes):
        return None
    try:
        return msgspec.msgpack.decode(kept, type=Session)
    except msgspec.MsgspecError:
        return None


def _hash(token: str) -> str:
    """Hash a token, as names in Redis and what is published have it."""
    return hash_of_token(token).hex()
