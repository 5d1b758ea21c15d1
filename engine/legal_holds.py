"""LegalHolds: persons who must not be forgotten yet, because a court or an authority wants to know of them.

They are machinery, as keys are (engine/vault.py): whoever is about to forget a person asks in the same transaction, so
a hold that was placed before is never overlooked.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from engine.sealing import Subject
from engine.transaction import Transaction

_LOCKED = """
select subject, reason, by_whom, at, until from vault.legal_holds
where subject = any($1) and (until is null or until > $2) order by subject for share"""
_PLACE = """
insert into vault.legal_holds (subject, reason, by_whom, at, until) values ($1, $2, $3, $4, $5)
on conflict (subject) do update set
    reason = excluded.reason, by_whom = excluded.by_whom, at = excluded.at, until = excluded.until"""
_RELEASE = "delete from vault.legal_holds where subject = $1 returning subject"
_LIST = """
select subject, reason, by_whom, at, until from vault.legal_holds where until is null or until > $1
order by at, subject limit $2"""


class StoredHold(NamedTuple):
    """A hold on one person, or on a guest's order."""

    subject: Subject
    reason: str
    by_whom: str
    at: datetime
    until: datetime | None  # None: until it is released.


async def holds_on(tx: Transaction, subjects: Collection[Subject]) -> dict[Subject, StoredHold]:
    """Return the holds that are in force now on any of these, and keep them from changing until the commit."""
    rows = await tx.fetch(_LOCKED, list(subjects), tx.now)
    return {row["subject"]: StoredHold(**dict(row)) for row in rows}


async def place(tx: Transaction, hold: StoredHold) -> None:
    """Place a hold, or another one in its place."""
    await tx.execute(_PLACE, *hold)


async def release(tx: Transaction, subject: Subject) -> bool:
    """Release a hold; False if there is none."""
    return bool(await tx.fetch(_RELEASE, subject))


async def in_force(tx: Transaction, limit: int) -> list[StoredHold]:
    """List the holds that are in force now, the oldest first."""
    return [StoredHold(**dict(row)) for row in await tx.fetch(_LIST, tx.now, limit)]
