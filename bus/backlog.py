"""Waiting and parked messages: how they are parked, and how people and the auditor list them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from bus.codec import encode
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.envelope import Envelope
from engine.postgres import Database

_PARKED = CrashPoint("before-park-commit", "A message is a dead letter in the transaction, which has not committed.")
_REDRIVEN = CrashPoint("after-redrive", "A dead letter is a delivery again; no mailbox knows of it.")
_COUNTED = CrashPoint("after-failure-noted", "The count of a message's tries is on disk; it is not held back yet.")

_NOTE_FAILURE = "update bus.deliveries set attempts = attempts + 1 where id = $1 returning attempts"
_PARK = """
with parked as (delete from bus.deliveries where id = $1)
insert into bus.dead_letters (message_id, subscriber, type, key, body, cause, trace, attempts, error, parked_at)
values ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""

_REDRIVE = """
with back as (delete from bus.dead_letters where id = any($1) returning *)
insert into bus.deliveries (message_id, subscriber, type, key, body, cause, trace, stored_at)
select message_id, subscriber, type, key, body, cause, trace, $2 from back order by id
returning id"""

_DEAD_LETTERS = """
select id, message_id, subscriber, type, key, body, attempts, error, parked_at
from bus.dead_letters where id > $1 order by id limit $2"""
_OVERDUE = """
select subscriber, type, count(*)::int as count, min(coalesce(due, stored_at)) as oldest from bus.deliveries
where coalesce(due, stored_at) <= $1 group by subscriber, type order by oldest, subscriber, type"""
_COUNT = "select count(*)::int as count from bus.deliveries"
_WAITING_ABOUT = """
select distinct key from bus.deliveries where due is null and subscriber = any($1) and key = any($2)"""
_LETTERS_ABOUT = """
select id, message_id, subscriber, type, key, body, attempts, error, parked_at
from bus.dead_letters where key = any($1) order by id limit 1000"""
_LETTERS_SINCE = """
select id, message_id, subscriber, type, key, body, attempts, error, parked_at
from bus.dead_letters where (parked_at, id) > ($1, $2) order by parked_at, id limit $3"""


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries of one type that a subscriber should have handled by now."""

    subscriber: str
    type: str
    count: int
    oldest: datetime  # When the oldest was stored, or due.


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
    """The bus's tables, as those see them who did not put anything there."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def dead_letters(self, after: int = 0, limit: int = 100) -> list[DeadLetter]:
        """List parked messages, the oldest first, `limit` at a time."""
        return [DeadLetter(**dict(row)) for row in await self._database.fetch(_DEAD_LETTERS, after, limit)]

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
        """How many deliveries wait, timers among them."""
        count: int = (await self._database.fetch(_COUNT))[0]["count"]
        return count

    async def waiting_about(self, subscribers: Sequence[str], keys: Sequence[str]) -> set[str]:
        """Find the keys with a message that one of these subscribers is to handle now. Timers do not count."""
        return {row["key"] for row in await self._database.fetch(_WAITING_ABOUT, subscribers, keys)}

    async def note_failure(self, delivery_id: int) -> int:
        """Count one more failed try, so that a restart does not start anew; gives the count, or 0 without a row."""
        async with self._database.transaction(self._clock.now()) as tx:
            attempts: int = await tx.value(_NOTE_FAILURE, delivery_id) or 0
        _COUNTED.reach()
        return attempts

    async def park(self, actor: str, envelope: Envelope, error: Exception) -> None:
        """Move a message to the dead letters."""
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute(
                _PARK, envelope.delivery_id, envelope.id, actor, type(envelope.message).__name__, envelope.key,
                encode(envelope.message), envelope.causation_id, envelope.trace, envelope.attempts, repr(error)[:2000],
                tx.now,
            )  # fmt: skip
            _PARKED.reach()

    async def redrive(self, ids: Sequence[int]) -> int:
        """Let parked messages be tried again as if new; says how many there were."""
        async with self._database.transaction(self._clock.now()) as tx:
            back = await tx.fetch(_REDRIVE, ids, tx.now)
        _REDRIVEN.reach()
        return len(back)
