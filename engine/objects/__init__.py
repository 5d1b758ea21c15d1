"""A store of objects: files under keys, too large for the database. One of two homes: a folder, or a bucket of S3.

Keys are paths with slashes, made by the shop itself and never by strangers. An object is written whole or not at all,
and never changed: another content has another key.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol


class DirectUpload(NamedTuple):
    """The request by which a client writes one object itself: a PUT of this address with these headers."""

    url: str
    headers: Mapping[str, str]


class Objects(Protocol):
    """The interface of both homes.

    Raises:
        Unavailable: From each method: the home does not answer, or is full; retry.
    """

    async def put(self, key: str, file: Path, content_type: str, *, is_immutable: bool = False) -> None:
        """Store a file under a key; safe to repeat. `is_immutable`: caches may keep it for a year."""
        ...

    async def fetch(self, key: str, file: Path) -> bool:
        """Copy an object into a file; False if there is none."""
        ...

    async def read(self, key: str, limit: int) -> bytes | None:
        """Read an object of up to `limit` bytes; None if there is none, or a larger one."""
        ...

    async def size(self, key: str) -> int | None:
        """Return an object's size in bytes; None if there is none."""
        ...

    async def remove(self, keys: Sequence[str]) -> None:
        """Delete objects; those that are not there count as deleted."""
        ...

    async def claim(self, key: str, owner: str) -> str:
        """Put an owner's name under a key if nothing is there; returns the name that is there, whoever was first.

        A folder is within a shop's own data: it has the owner that asks.
        """
        ...

    def keys(self, prefix: str) -> AsyncIterator[str]:
        """List the keys that begin with a prefix that ends with a slash, in order."""
        ...

    async def direct_upload(self, key: str, size: int, sha256: str, expires_s: int) -> DirectUpload | None:
        """Let a client write an object of exactly this size and SHA-256 (base64); None where only the shop can."""
        ...
