"""A delivery row is one subscriber's right to handle one message.

It is stored with the state the message speaks of, and deleted with the effect the subscriber makes of it: a crash
leaves it to be handled later, a repeat finds it gone. One table is outbox and inbox at once. A row with a `due` time
is a durable timer. The price is two row writes for each subscriber.

After a commit the rows are handed over in memory, so the usual way has no polling in it. What memory does not know
(after a crash, from another process, or because a mailbox was full) is found by a sweep. Until it was found, what is
new for the same actor waits behind it, or it would overtake older messages of its key.

Where the subscriber is in another process, the row's message travels there through a queue (bus/sqs), and the row
stays what it is: the queue may lose, repeat, delay and shuffle, and the effect is still made once and in order. What
the queue took is marked as forwarded; what it did not bring in time is found here by whoever hosts the subscriber.

Rejected: docs/decisions/0001.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence, Sized
from datetime import datetime, timedelta

from asyncpg import PostgresError, Record

from bus.in_memory import InMemory
from bus.outbox import Outbox, StoredBatch
from bus.routes import Routes
from engine import telemetry
from engine.clock import FOREVER, LONG_AGO, Clock, Sleeper
from engine.crash import CrashPoint
from engine.deliveries import ClaimedDeliveries
from engine.envelope import Envelope
from engine.errors import BadInput, Overloaded, ShopFlowError
from engine.postgres import Database
from engine.transaction import OutboxEntry, Transaction

_PAGE = 1000  # Rows that one look brings; the statements below say so too.
_MOST_MEANWHILE = 1000  # Kept in memory while a sweep reads what is older. If more come, it begins anew.

_LATE_S = 30.0  # What a queue took so long ago has missed its way, or waits behind too much: it is in the table, too.
_YOUNG_S = 1.0  # What was stored so lately is in the hands of who stored it, and would be mailed twice.
_OUT_OF_TURN_S = 0.1  # Until it is looked for what comes before something: who has that in hand may be nearly done.

_SWEPT = CrashPoint("after-sweep", "A sweep has found deliveries; no mailbox knows of them.")
_DUE_FOUND = CrashPoint("during-timer", "A timer that is due was found; its actor does not know.")

_WAITING = """
select id, message_id, subscriber, type, body, cause, trace, attempts, due from bus.deliveries
where due is null and subscriber = $1 and id > $2 and (forwarded_at is null or forwarded_at <= $3)
    and not (stored_at > $4 and stored_at < $5)
order by id limit 1000"""
_DUE = """
select id, message_id, subscriber, type, body, cause, trace, attempts, due from bus.deliveries
where due <= $1 and subscriber = any($2) and (due, id) > ($3, $4) order by due, id limit 1000"""
_NEXT_DUE = "select min(due) as due from bus.deliveries where due > $1"
# Nearly always nothing waits, and this one statement is the whole look. (Into the index for each actor: asking for the
# distinct ones would read all that waits.)
_AT_A_GLANCE = """
select (select min(due) from bus.deliveries where due is not null) as due,
    array(select name from unnest($1::text[]) as name
        where exists (select from bus.deliveries where due is null and subscriber = name)) as waiting"""


class Deliveries:
    """Stores messages, hands them over, and finds those that memory does not know."""

    def __init__(
        self,
        database: Database,
        routes: Routes,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        sweep_s: float,
    ) -> None:
        """Make the store of one process. See the module for the design.

        Args:
            database: Where the rows are.
            routes: Who gets what.
            clock: The time.
            new_id: Makes the ids of messages.
            sweep_s: How often to look for what memory does not know.
        """
        self._database = database
        self._routes = routes
        self._clock = clock
        self._sweep_s = sweep_s
        self._in_memory = InMemory()
        self._outbox = Outbox(database, routes, clock, self._in_memory, new_id)
        self._put: Mapping[str, Callable[[Envelope], None]] = {}
        self._forward: Callable[[str, Envelope], None] | None = None
        self._out_of_turn: set[str] = set()  # Actors that were given something before what comes first.
        self._unreadable: set[int] = set()  # Told once.
        self._behind: set[str] = set()  # Actors with rows that memory does not know: nothing new may overtake them.
        self._meanwhile: dict[str, deque[Envelope]] = {}  # Came while a sweep was reading what is older.
        self._sleeper = Sleeper(clock)
        self._next_due = FOREVER
        self._open = False
        self._log = telemetry.logger()

    def open(
        self,
        mailboxes: Mapping[str, Callable[[Envelope], None]],
        forward: Callable[[str, Envelope], None] | None = None,
    ) -> None:
        """From now on hand deliveries to these actors, and forward those of all others."""
        self._put = mailboxes
        self._forward = forward
        self._behind = set(mailboxes)
        self._open = True
        self._clock.begin()  # The first sweep is work, so that a test can wait for it.

    def close(self) -> None:
        """Hand over nothing more: what is stored stays stored."""
        self._open = False

    # Not async: a coroutine around the outbox's own would be one more for each turn.

    def store(self, tx: Transaction, outgoing: Sequence[OutboxEntry]) -> Awaitable[StoredBatch]:
        """Store what a transaction published, a row for each subscriber."""
        return self._outbox.store(tx, outgoing)

    def claim(self, tx: Transaction, ids: Sequence[int]) -> Awaitable[ClaimedDeliveries]:
        """Delete these rows with this transaction, and return which were still there."""
        return self._outbox.claim(tx, ids, list(self._unreadable))

    def on_rollback(self, stored: object) -> None:
        """The commit failed, or nobody knows: should the rows be there, a sweep finds them."""
        assert isinstance(stored, StoredBatch)
        self._behind.update(subscriber for subscriber, _ in stored.envelopes if subscriber in self._put)
        self.mark_left([envelope.delivery_id for _, envelope in stored.envelopes])
        self._sleeper.wake()

    def hand_over(self, stored: object) -> None:
        """After the commit: put what was stored into the mailboxes of this process."""
        assert isinstance(stored, StoredBatch)
        for subscriber, envelope in stored.envelopes:
            give = self._keep_meanwhile if subscriber in self._behind else self._hand
            if not give(subscriber, envelope):
                self._in_memory.release((envelope.delivery_id,))
                if self._forward is not None and subscriber not in self._put:
                    self._forward(subscriber, envelope)
        if stored.next_due < self._next_due:
            self._next_due = stored.next_due
            self._sleeper.wake()

    def mark_received(self, delivery_id: int) -> bool:
        """Note that a queue has brought a delivery. Return False if it is in memory already."""
        return self._in_memory.receive(delivery_id)

    async def mark_forwarded(self, ids: Sequence[int]) -> None:
        """Note that a queue has taken these deliveries."""
        await self._outbox.mark_forwarded(ids)

    def defer(self, actor: str, ids: Sequence[int]) -> None:
        """Let go of messages that arrived early; a sweep brings their predecessors, and then them."""
        self.mark_left(ids)
        self._behind.add(actor)
        if actor not in self._out_of_turn:
            self._out_of_turn.add(actor)
            self._clock.call_later(_OUT_OF_TURN_S, self._sleeper.wake)

    def mark_left(self, ids: Sequence[int]) -> None:
        """Note that messages are no longer in a mailbox of this process."""
        if self._in_memory.leave(ids):
            self._sleeper.wake()

    async def note_failure(self, delivery_id: int) -> int:
        """Count one more failed try, so that a restart does not begin at 0; return the count, or 0 without a row."""
        return await self._outbox.note_failure(delivery_id)

    async def park(self, actor: str, envelope: Envelope, error: Exception) -> None:
        """Move a message to the dead letters."""
        await self._outbox.park(actor, envelope, error)

    async def redrive(self, ids: Sequence[int]) -> int:
        """Retry parked messages as if they were new; return how many there were."""
        back = await self._outbox.redrive(ids)
        self._behind.update(self._put)  # Just stored, and in nobody's hands.
        self._next_due = self._clock.now()  # Look at once.
        self._sleeper.wake()
        return back

    async def run(self) -> None:
        """Sweep at the start, when a timer is due, and now and then. Ends by being cancelled."""
        try:
            try:
                await self._look_everywhere()
            finally:
                self._clock.end()
            while True:
                await self._sleeper.until(self._next_due, within_s=self._sweep_s)
                await self._look_everywhere()
        finally:
            self._sleeper.close()

    async def _look_everywhere(self) -> None:
        if not self._open:
            return
        now = self._clock.now()
        self._next_due = FOREVER  # From here on `hand_over` notes every timer that these statements may not see yet.
        try:
            (glance,) = await self._look(_AT_A_GLANCE, list(self._put))
            for subscriber in self._put:
                # Also without a row, if it is behind: one that was just stored may count on this look to bring it.
                if subscriber in self._behind or subscriber in glance["waiting"]:
                    await self._find_waiting(subscriber)
            next_due = glance["due"]
            if next_due is not None and next_due <= now:
                await self._find_due(now)
                next_due = (await self._database.fetch(_NEXT_DUE, now))[0]["due"]
            self._next_due = min(self._next_due, next_due or FOREVER)
        except (ShopFlowError, PostgresError) as error:  # It was called off, say. Nothing here may end the shop.
            self._log.warning("could not look for deliveries", error=str(error))  # The next sweep looks again.

    async def _find_waiting(self, subscriber: str) -> None:
        last = 0
        late, young = self._late(subscriber), self._young(subscriber)
        meanwhile = self._meanwhile[subscriber] = deque()
        try:
            is_last = False
            while not is_last:  # A short page is the end: what comes after it is in `meanwhile`, or for the next sweep.
                rows = await self._look(_WAITING, subscriber, last, late, *young)
                if rows:
                    _SWEPT.reach(subscriber)
                if self._is_outrun(meanwhile) or self._take_in(rows):
                    return
                is_last = len(rows) < _PAGE
                last = rows[-1]["id"] if rows else last
            self._behind.discard(subscriber)
            while meanwhile and self._hand(subscriber, meanwhile[0]):
                meanwhile.popleft()
        finally:
            del self._meanwhile[subscriber]
            self._in_memory.release(envelope.delivery_id for envelope in meanwhile)

    def _late(self, subscriber: str) -> datetime:
        """Return the time up to which forwarded messages are overdue: now, if some message arrived early."""
        now = self._clock.now()
        if subscriber not in self._out_of_turn:
            return now - timedelta(seconds=_LATE_S)
        self._out_of_turn.discard(subscriber)
        return now

    def _young(self, subscriber: str) -> tuple[datetime, datetime]:
        """Between these times somebody else stored what they are about to handle. By any clock that is near ours."""
        now = self._clock.now()
        if subscriber in self._behind:
            return now, now  # None of it is left to others: it may be ours, or come before what is.
        return now - timedelta(seconds=_YOUNG_S), now + timedelta(seconds=_YOUNG_S)

    def _is_outrun(self, meanwhile: Sized) -> bool:
        """Whether more came than is kept: then all of it is rows only, and to be read in one order."""
        if len(meanwhile) <= _MOST_MEANWHILE:
            return False
        self._sleeper.wake()
        return True

    def _keep_meanwhile(self, subscriber: str, envelope: Envelope) -> bool:
        """Let it wait for the sweep that is reading what is older; False if none is, then it is a row for the next."""
        meanwhile = self._meanwhile.get(subscriber)
        if meanwhile is None or len(meanwhile) > _MOST_MEANWHILE:
            return False
        meanwhile.append(envelope)
        return True

    async def _find_due(self, now: datetime) -> None:
        last: tuple[datetime, int] = (LONG_AGO, 0)
        willing = set(self._put)
        is_last = False
        while not is_last:
            rows = await self._look(_DUE, now, list(willing), *last)
            if rows:
                _DUE_FOUND.reach()
            willing -= self._take_in(rows)
            is_last = len(rows) < _PAGE
            last = (rows[-1]["due"], rows[-1]["id"]) if rows else last

    async def _look(self, sql: str, *parameters: object) -> Sequence[Record]:
        self._in_memory.begin_read()
        return await self._database.fetch(sql, *parameters)

    def _take_in(self, rows: Sequence[Record]) -> set[str]:
        """Hand over what memory does not know yet; says whose mailbox is full, and leaves them theirs."""
        full: set[str] = set()
        for row in rows:
            if row["subscriber"] not in full and not self._is_known(row["id"]) and not self._hand_row(row):
                full.add(row["subscriber"])
        return full

    def _is_known(self, delivery_id: int) -> bool:
        return self._in_memory.was_here(delivery_id) or delivery_id in self._unreadable

    def _hand_row(self, row: Record) -> bool:
        try:
            message = self._routes.decode(row["subscriber"], row["type"], row["body"])
        except BadInput as error:
            self._log.error("a stored message can't be read; it stays", delivery=row["id"], error=str(error))
            self._unreadable.add(row["id"])
            return True
        envelope = Envelope(
            message,
            message_id=row["message_id"],
            delivery_id=row["id"],
            attempts=row["attempts"],
            causation_id=row["cause"],
            trace=row["trace"],
            is_timer=row["due"] is not None,
        )
        return self._hand(row["subscriber"], envelope)

    def _hand(self, subscriber: str, envelope: Envelope) -> bool:
        put = self._put.get(subscriber)
        if put is None or not self._open:
            return False  # Another process hosts it, or this one is stopping: the row is there.
        try:
            put(envelope)
        except Overloaded:
            self._in_memory.refuse()
            self._behind.add(subscriber)
            return False  # The row is there; a sweep brings it when there is room.
        self._in_memory.enter((envelope.delivery_id,))
        return True
