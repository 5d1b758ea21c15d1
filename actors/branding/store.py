"""The SQL of the shop's identity."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from asyncpg import Record

from bus.messages.branding import MOST_KEPT, Brand, Branding, BrandingRevision
from engine.transaction import Transaction

# One row of a table of its own is the lock: of two who set it at once, the second sees what the first has set.
_LOCK: Final = "select 1 from branding.one where id for update"
_NOW: Final = "select revision, brand from branding.revisions order by revision desc limit 1"
_AT: Final = "select revision, brand from branding.revisions where revision = $1"
_HISTORY: Final = "select revision, at, by, brand from branding.revisions order by revision desc limit $1"
_ADD: Final = "insert into branding.revisions (revision, at, by, brand) values ($1, $2, $3, $4)"
_FORGET: Final = "delete from branding.revisions where revision <= $1"


async def lock(tx: Transaction) -> Branding:
    """Return the identity, which nobody else changes until the transaction ends."""
    await tx.execute(_LOCK)
    return await read(tx)


async def read(tx: Transaction) -> Branding:
    """Return the identity."""
    return _branding(await tx.fetch(_NOW)) or Branding(revision=0, brand=Brand())


async def at(tx: Transaction, revision: int) -> Brand | None:
    """Return the identity as it was; None if that is not kept."""
    found = _branding(await tx.fetch(_AT, revision))
    return found.brand if found else None


async def history(tx: Transaction) -> Sequence[BrandingRevision]:
    """Return the revisions, the last first."""
    rows = await tx.fetch(_HISTORY, MOST_KEPT)
    return [BrandingRevision(**{**dict(row), "brand": _read(row["brand"])}) for row in rows]


async def add(tx: Transaction, branding: Branding, by: str, now: datetime) -> None:
    """Keep a revision, and forget what is too old to go back to."""
    await tx.execute(_ADD, branding.revision, now, by, msgspec.json.encode(branding.brand).decode())
    await tx.execute(_FORGET, branding.revision - MOST_KEPT)


def _branding(rows: Sequence[Record]) -> Branding | None:
    return next((Branding(revision=row["revision"], brand=_read(row["brand"])) for row in rows), None)


def _read(brand: str) -> Brand:
    return msgspec.json.decode(brand, type=Brand)
