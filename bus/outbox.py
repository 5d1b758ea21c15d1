"""The rows of deliveries: stored, claimed, forwarded, parked and redriven. See bus/deliveries.py for the design."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

import msgspec

from bus.codec import encode
from bus.in_memory import InMemory
from bus.routes import Routes
from engine.clock import FOREVER, Clock
from engine.crash import CrashPoint
from engine.deliveries import Addressed, ClaimedDeliveries
from engine.envelope import Envelope
from engine.postgres import Database
from engine.transaction import OutboxEntry, Transaction

_PARKED = CrashPoint("before-park-commit", "A message is a dead letter in the transaction, which has not committed.")
_REDRIVEN = CrashPoint("after-redrive", "A dead letter is a delivery again; no mailbox knows of it.")
_COUNTED = CrashPoint("after-failure-noted", "The count of a message's tries is on disk; it is not held back yet.")

# In the order of their ids, so that one key's messages are stored in the order they were published.
_STORE = """
insert into bus.deliveries (message_id, subscriber, type, key, body, cause, trace, stored_at, due)
select message_id, subscriber, type, key, body, cause, trace, $8, due
from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $9::timestamptz[])
    with ordinality as row (message_id, subscriber, type, key, body, cause, trace, due, place)
order by place
returning id"""

# For a few lanes at most: each is one look into an index.
_LANES_WITH_ROWS = """
select subscriber, key from unnest($1::text[], $2::text[]) as lane (subscriber, key) where exists (
    select from bus.deliveries as it
    where it.due is null and it.subscriber = lane.subscriber and it.key = lane.key and it.id <> all($3))"""

# Claims, for each key, only as many rows as come first of all that wait: another process may host the same actor, or
# may have stored messages that no mailbox here has. Timers and messages without a key are exempt. Rows that another
# process has locked are skipped: it is handling them. The lock is taken in one order, so that two turns never wait in a
# circle. $2: ids of unreadable rows, which hold up no others.
_CLAIM = """
with mine as materialized (
    select id, subscriber, key, due from bus.deliveries where id = any($1) order by id for update skip locked),
lanes as (
    select subscriber, key, due is null and key <> '' as is_lane, array_agg(id order by id) as ids
    from mine group by subscriber, key, is_lane)
delete from bus.deliveries where id = any(array(
    select mine from lanes cross join lateral unnest(ids, case when is_lane then array(
        select id from bus.deliveries as it
        where it.due is null and it.subscriber = lanes.subscriber and it.key = lanes.key and it.id <> all($2)
        order by id limit cardinality(ids)) else ids end) as place (mine, first) where mine = first))
returning id"""
_STILL_THERE = "select id from bus.deliveries where id = any($1)"

# Skipping rows that are being handled: they are about to go.
_FORWARDED = """
update bus.deliveries set forwarded_at = $2 where id in (
    select id from bus.deliveries where id = any($1) order by id for update skip locked)"""

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


class StoredBatch(msgspec.Struct, frozen=True):
    """Stored messages that are due at once, to be handed over after the commit."""

    envelopes: Sequence[tuple[str, Envelope]]
    next_due: datetime = FOREVER


class Outbox:
    """Writes the rows, each in one statement."""

    def __init__(
        self,
        database: Database,
        routes: Routes,
        clock: Clock,
        in_memory: InMemory,
        new_id: Callable[[], str],
    ) -> None:
        self._database = database
        self._routes = routes
        self._clock = clock
        self._in_memory = in_memory
        self._new_id = new_id

    def address(self, outgoing: Sequence[OutboxEntry]) -> Sequence[Addressed]:
        """Address messages to all their subscribers, in order. A message has one id for all of them."""
        return [
            Addressed(subscriber, message_id, entry)
            for entry in outgoing
            for message_id in (self._new_id(),)
            for subscriber in self._routes.subscribers(type(entry.message))
        ]

    async def find_waiting(
        self, tx: Transaction, lanes: Sequence[tuple[str, str]], unreadable: Sequence[int]
    ) -> Collection[tuple[str, str]]:
        """Return those of these subscribers and keys for which a row waits. Unreadable rows hold up no others."""
        subscribers, keys = zip(*lanes, strict=True)
        rows = await tx.fetch(_LANES_WITH_ROWS, subscribers, keys, unreadable)
        return {(row["subscriber"], row["key"]) for row in rows}

    async def store(self, tx: Transaction, addressed: Sequence[Addressed]) -> StoredBatch:
        """Store messages of a transaction, a row for each. Those that are due at once enter memory."""
        if not addressed:
            return StoredBatch(())
        entries = [item.entry for item in addressed]
        bodies = {id(entry): encode(entry.message) for entry in {id(entry): entry for entry in entries}.values()}
        records = await tx.fetch(
            _STORE,
            [item.message_id for item in addressed],
            [item.subscriber for item in addressed],
            [type(entry.message).__name__ for entry in entries],
            [entry.message.key for entry in entries],
            [bodies[id(entry)] for entry in entries],
            [entry.cause for entry in entries],
            [entry.trace for entry in entries],
            tx.now,
            [entry.due for entry in entries],
        )
        ready = [
            (item.subscriber, _envelope(item, record["id"]))
            for record, item in zip(records, addressed, strict=True)
            if item.entry.due is None
        ]
        self._in_memory.enter(envelope.delivery_id for _, envelope in ready)
        return StoredBatch(ready, min((entry.due for entry in entries if entry.due is not None), default=FOREVER))

    async def claim(self, tx: Transaction, ids: Sequence[int], unreadable: Sequence[int]) -> ClaimedDeliveries:
        """Delete these rows with this transaction, and return which were still there."""
        mine = {row["id"] for row in await tx.fetch(_CLAIM, ids, unreadable)}
        left = [delivery_id for delivery_id in ids if delivery_id not in mine]
        return ClaimedDeliveries(mine, {row["id"] for row in await tx.fetch(_STILL_THERE, left)} if left else ())

    async def mark_forwarded(self, ids: Sequence[int]) -> None:
        """Note that a queue has taken these deliveries."""
        async with self._database.transaction(self._clock.now()) as tx:
            await tx.execute(_FORWARDED, ids, tx.now)

    async def note_failure(self, delivery_id: int) -> int:
        """Count one more failed try, so that a restart does not begin at 0; return the count, or 0 without a row."""
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
        """Store dead letters again as if they were new; return how many there were."""
        async with self._database.transaction(self._clock.now()) as tx:
            back = await tx.fetch(_REDRIVE, ids, tx.now)
        _REDRIVEN.reach()
        return len(back)


def _envelope(item: Addressed, delivery_id: int) -> Envelope:
    return Envelope(
        item.entry.message,
        message_id=item.message_id,
        delivery_id=delivery_id,
        causation_id=item.entry.cause,
        trace=item.entry.trace,
    )
