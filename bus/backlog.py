"""Waiting and parked messages, as people and the auditor list them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from engine.postgres import Database

_DEAD_LETTERS = """
select id, message_id, subscriber, type, key, body, attempts, error, parked_at
from bus.dead_letters where id > $1 and (subscriber = $3 or $3 = '') and (type = $4 or $4 = '') order by id limit $2"""
_OVERDUE = """
select subscriber, type, count(*)::int as count, min(coalesce(due, stored_at)) as oldest from bus.deliveries
where coalesce(due, stored_at) <= $1 group by subscriber, type order by oldest, subscriber, type"""
_COUNT = "select count(*)::int as count from bus.deliveries"
_WAITING_ABOUT = """
select distinct key from bus.deliveries where due is null and subscriber = any($1) and key = any($2)"""
# Of few rows: what is handled is deleted.
_WAITING_OF = """
select message_id, subscriber, type, body, attempts, stored_at, due from bus.deliveries
where key = $1 order by id limit 500"""
_LETTERS_ABOUT = """
select id, message_id, subscriber, type, key, body, attempts, error, parked_at
from bus.dead_letters where key = any($1) order by id limit 1000"""
_DEAD_BY_EDGE = "select subscriber, type, count(*)::int as count from bus.dead_letters group by subscriber, type"
_LETTERS_SINCE = """
select id, message_id, subscriber, type, key, body, attempts, error, parked_at
from bus.dead_letters where (parked_at, id) > ($1, $2) order by parked_at, id limit $3"""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one type that a subscriber should have handled by now."""

    subscriber: str
    type: str
    count: int
    oldest: datetime  # When the oldest was stored, or due.


class WaitingDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a subscriber has still to handle; at `due`, if it is a timer."""

    message_id: str
    subscriber: str
    type: str
    body: str
    attempts: int
    stored_at: datetime
    due: datetime | None


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that could not be handled."""

    id: int
    message_id: str
    subscriber: str
    type: str
    key: str
    body: str
    attempts: int
    error: str
    parked_at: datetime


class Backlog:
    """Lists waiting deliveries and dead letters. The rows are written by bus/outbox.py."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def dead_letters(
        self, after: int = 0, limit: int = 100, *, subscriber: str = "", type_name: str = ""
    ) -> list[DeadLetter]:
        """List parked messages, the oldest first, `limit` at a time; those of a subscriber or of a type alone."""
        rows = await self._database.fetch(_DEAD_LETTERS, after, limit, subscriber, type_name)
        return [DeadLetter(**dict(row)) for row in rows]

    async def count_dead(self) -> dict[tuple[str, str], int]:
        """Count parked messages by subscriber and type."""
        return {(row["subscriber"], row["type"]): row["count"] for row in await self._database.fetch(_DEAD_BY_EDGE)}

    async def dead_letters_since(self, since: datetime, after: int, limit: int) -> list[DeadLetter]:
        """List messages parked after that time and id, the oldest first."""
        return [DeadLetter(**dict(row)) for row in await self._database.fetch(_LETTERS_SINCE, since, after, limit)]

    async def dead_letters_about(self, keys: Sequence[str]) -> list[DeadLetter]:
        """List parked messages of these keys, the oldest first; at most 1,000."""
        return [DeadLetter(**dict(row)) for row in await self._database.fetch(_LETTERS_ABOUT, keys)]

    async def overdue(self, before: datetime) -> list[Overdue]:
        """List messages stored, or due, at that time or earlier that have not been handled."""
        return [Overdue(**dict(row)) for row in await self._database.fetch(_OVERDUE, before)]

    async def count(self) -> int:
        """Return the number of waiting deliveries, timers among them."""
        count: int = (await self._database.fetch(_COUNT))[0]["count"]
        return count

    async def waiting_about(self, subscribers: Sequence[str], keys: Sequence[str]) -> set[str]:
        """Return those of these keys with a message, but for timers, that one of the subscribers must still handle."""
        return {row["key"] for row in await self._database.fetch(_WAITING_ABOUT, subscribers, keys)}

    async def waiting_of(self, key: str) -> list[WaitingDelivery]:
        """List what waits under a key, timers included, the oldest first; at most 500."""
        return [WaitingDelivery(**dict(row)) for row in await self._database.fetch(_WAITING_OF, key)]
