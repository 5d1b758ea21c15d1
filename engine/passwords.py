"""Passwords: hashed by argon2id in a pool of few threads, and refused when they are easily guessed.

A hash takes some 20 ms of a processor, on purpose. So its threads are as many as there are
processors, at most four, and few may wait for them: a flood of sign-ins costs a bounded part of the machine, and who
comes too late is told so at once.

No password, and nothing that is derived from one but its encoded hash, leaves this module.
Sources: RFC 9106; OWASP, "Password Storage" (19 MiB, two passes, one lane); NIST SP 800-63B, 5.1.1.2.

Rejected: docs/decisions/0045.
"""

import asyncio
import hashlib
import mmap
import os
import secrets
import unicodedata
from collections.abc import AsyncIterator, Callable, Collection, Container, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Annotated, Final, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from engine.common_passwords import is_common
from engine.errors import BadSetting, Unavailable
from engine.settings import Settings, meaning

T = TypeVar("T")

Weakness: TypeAlias = Literal["too_short", "too_long", "common", "about_you", "breached"]

SHORTEST: Final = 8
LONGEST: Final = 128  # Characters. Longer ones cost the same to hash, but are carried about.
_MOST_THREADS: Final = 4
_MOST_WAITING: Final = 64
_SHORTEST_PART: Final = 4  # Of a name or an address, which a password may not contain.
_PREFIX_BYTES: Final = 8  # Of a SHA-1: among 900 million breached ones, one in 20 billion others has the same.


class PasswordSettings(Settings, frozen=True, kw_only=True):
    """The cost of checking a password, and the passwords that are refused."""

    shopflow_argon2_kib: Annotated[
        Annotated[int, msgspec.Meta(ge=7 * 1024, le=1024 * 1024)],
        meaning("Memory that hashing a password takes, in KiB. Passwords are hashed anew when they are next used."),
    ] = 19 * 1024
    shopflow_argon2_passes: Annotated[
        Annotated[int, msgspec.Meta(ge=1, le=100)], meaning("Passes over that memory.")
    ] = 2
    shopflow_breached_passwords: Annotated[
        str,
        meaning("A file of breached passwords, which are refused: sorted first 8 bytes of their SHA-1. Empty: none."),
    ] = ""


class PasswordsBusy(Unavailable):
    """Too many passwords wait to be checked. Nothing was checked."""

    def __init__(self) -> None:
        super().__init__("passwords", "too many wait to be checked", retry_after_s=1.0)


class Verified(NamedTuple):
    """Whether a password fits, and its hash by today's settings if the kept one is by older ones."""

    fits: bool
    rehashed: str | None = None


def weakness(password: str, about: Collection[str] = ()) -> Weakness | None:
    """Return why a password is refused; None if it is not. Pure. What it is made of is left to its owner.

    Args:
        password: As it was typed.
        about: What others know of the owner: the address, the name.
    """
    text = _normal(password)
    if len(text) < SHORTEST:
        return "too_short"
    if len(text) > LONGEST:
        return "too_long"
    folded = text.casefold()
    if is_common(folded):
        return "common"
    if any(part in folded for part in _parts(about)):
        return "about_you"
    return None


class BreachedPasswords:
    """A file of sorted SHA-1 prefixes, searched where it lies: it takes no memory of its own.

    Raises:
        BadSetting: It can't be read, or is no such file.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._prefixes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise BadSetting(f"SHOPFLOW_BREACHED_PASSWORDS: can't read {path}: {error}") from error
        self._count, left_over = divmod(len(self._prefixes), _PREFIX_BYTES)
        if left_over:
            raise BadSetting(f"SHOPFLOW_BREACHED_PASSWORDS: {path} is not made of 8-byte prefixes")

    def __contains__(self, password: object) -> bool:
        """Whether it was breached. Interpolates: hashes are spread evenly, so a few looks are enough."""
        wanted = int.from_bytes(prefix_of(str(password)))
        low, high, below, above = 0, self._count, 0, 1 << (8 * _PREFIX_BYTES)
        while low < high:
            share = (wanted - below) * (high - low) // max(1, above - below)
            middle = min(max(low + share, low), high - 1)
            found = self._at(middle)
            if found == wanted:
                return True
            if found < wanted:
                low, below = middle + 1, found
            else:
                high, above = middle, found
        return False

    def close(self) -> None:
        """Let go of the file."""
        self._prefixes.close()

    def _at(self, place: int) -> int:
        return int.from_bytes(self._prefixes[place * _PREFIX_BYTES : (place + 1) * _PREFIX_BYTES])


def prefix_of(password: str) -> bytes:
    """Return what the file of breached passwords holds of one."""
    return hashlib.sha1(_normal(password).encode(), usedforsecurity=False).digest()[:_PREFIX_BYTES]


class Passwords:
    """Hashes and checks passwords, as many at once as there are processors. Made by `open_passwords`."""

    def __init__(self, settings: PasswordSettings, pool: ThreadPoolExecutor, breached: Container[str] | None) -> None:
        self._pool = pool
        self._hasher = PasswordHasher(
            time_cost=settings.shopflow_argon2_passes, memory_cost=settings.shopflow_argon2_kib, parallelism=1
        )
        self._breached = breached
        self._dummy = self._hasher.hash(secrets.token_urlsafe(24))  # Nobody's.
        self._asked = 0
        self._most = _threads() + _MOST_WAITING

    async def weakness(self, password: str, about: Collection[str] = ()) -> Weakness | None:
        """Return why a password is refused: as `weakness` above, and by the file of breached ones.

        Raises:
            PasswordsBusy: Too many wait.
        """
        if (found := weakness(password, about)) or self._breached is None:
            return found
        return "breached" if await self._do(lambda: password in (self._breached or ())) else None

    async def hash(self, password: str) -> str:
        """Hash a password; the answer holds its salt and its parameters.

        Raises:
            PasswordsBusy: Too many wait.
        """
        return await self._do(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, password: str, encoded: str | None) -> Verified:
        """Compare a password with a kept hash. Without one it takes the same time, and never fits.

        Raises:
            PasswordsBusy: Too many wait.
        """
        return await self._do(lambda: self._verify(password, encoded))

    def _verify(self, password: str, encoded: str | None) -> Verified:
        if len(password) > LONGEST:
            password, encoded = "", None
        try:
            self._hasher.verify(encoded or self._dummy, _normal(password))
        except (Argon2Error, InvalidHashError):
            return Verified(fits=False)
        if encoded is None:
            return Verified(fits=False)
        is_old = self._hasher.check_needs_rehash(encoded)
        return Verified(fits=True, rehashed=self._hasher.hash(_normal(password)) if is_old else None)

    async def _do(self, work: Callable[[], T]) -> T:
        if self._asked >= self._most:
            raise PasswordsBusy
        self._asked += 1
        loop = asyncio.get_running_loop()
        done = self._pool.submit(work)
        done.add_done_callback(lambda _done: self._finished(loop))  # Also of one whose asker has left.
        return await asyncio.wrap_future(done)

    def _finished(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # The loop has ended.
            loop.call_soon_threadsafe(self._count_down)

    def _count_down(self) -> None:
        self._asked -= 1


@asynccontextmanager
async def open_passwords(settings: PasswordSettings) -> AsyncIterator[Passwords]:
    """Open the pool that hashes; its threads end with the block.

    Raises:
        BadSetting: The file of breached passwords can't be used.
    """
    path = settings.shopflow_breached_passwords
    breached = BreachedPasswords(Path(path)) if path else None
    pool = ThreadPoolExecutor(_threads(), thread_name_prefix="passwords")
    try:
        yield Passwords(settings, pool, breached)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        if breached is not None:
            breached.close()


def _threads() -> int:
    """Count the threads: as many as there are processors for us; more hash no faster."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, _MOST_THREADS)


def _normal(password: str) -> str:
    """Write a password one way, however a keyboard composed it. Source: RFC 8265, 4.2.2."""
    return unicodedata.normalize("NFC", password)


def _parts(about: Collection[str]) -> Iterator[str]:
    """The words of a name, and the part of an address before the @."""
    for each in about:
        for part in _normal(each).casefold().partition("@")[0].split():
            if len(part) >= _SHORTEST_PART:
                yield part
