"""The sweeper: finds the deliveries that are not in memory, and hands them over in the order they were stored.

There are some after a crash, from another process, or because a mailbox was full. Timers that are due are found in the
same way. A sweep is nearly always one statement, which finds that nothing waits.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from asyncpg import PostgresError, Record

from bus.dispatcher import Dispatcher, Subscription
from bus.in_memory import InMemory
from bus.routes import Routes
from engine import telemetry
from engine.clock import FOREVER, LONG_AGO, Clock, Sleeper
from engine.crash import CrashPoint
from engine.envelope import Envelope
from engine.errors import BadInput, ShopFlowError
from engine.postgres import Database

_PAGE = 1000  # Rows of one read; the statements below name it too.

_LATE_S = 30.0  # Forwarded longer ago than this counts as lost, or stuck, in its queue: it is taken from the table.
_YOUNG_S = 1.0  # Younger rows are left to the process that stored them; sweeping them sent mails twice.
_EARLY_S = 0.1  # Until the predecessors of an early delivery are read; their holder may be about to commit.

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
# Into the index for each actor: selecting the distinct ones would read all that waits.
_AT_A_GLANCE = """
select (select min(due) from bus.deliveries where due is not null) as due,
    array(select name from unnest($1::text[]) as name
        where exists (select from bus.deliveries where due is null and subscriber = name)) as waiting"""


class Sweeper:
    """Reads the table at the start, when a timer is due, when it is woken, and every `sweep_s` seconds."""

    def __init__(
        self,
        database: Database,
        routes: Routes,
        clock: Clock,
        dispatcher: Dispatcher,
        in_memory: InMemory,
        sweep_s: float,
    ) -> None:
        self._database = database
        self._routes = routes
        self._clock = clock
        self._dispatcher = dispatcher
        self._in_memory = in_memory
        self._sweep_s = sweep_s
        self._sleeper = Sleeper(clock)
        self._next_due = FOREVER  # Of the timers that are stored.
        self._has_early: set[str] = set()  # Actors with a delivery that came before its predecessors.
        self.unreadable: set[int] = set()  # Ids of rows that can't be decoded here; each was logged once.
        self._log = telemetry.logger()

    def open(self) -> None:
        """Count the first sweep as work from now on, so that a test can wait for it."""
        self._clock.begin()

    def wake(self) -> None:
        """Sweep now, or again after the running sweep."""
        self._sleeper.wake()

    def expect_timer(self, due: datetime) -> None:
        """Sweep at that time, if not before: a timer was stored. Called after the commit."""
        if due < self._next_due:
            self._next_due = due
            self.wake()

    def find_predecessors(self, actor: str) -> None:
        """Sweep soon: a delivery of this actor arrived before others of its key."""
        if actor not in self._has_early:
            self._has_early.add(actor)
            self._clock.call_later(_EARLY_S, self.wake)

    async def run(self) -> None:
        """Sweep until cancelled."""
        try:
            try:
                await self._sweep()
            finally:
                self._clock.end()
            while True:
                await self._sleeper.until(self._next_due, within_s=self._sweep_s)
                await self._sweep()
        finally:
            self._sleeper.close()

    async def _sweep(self) -> None:
        self._next_due = FOREVER  # From here on `expect_timer` notes every timer that these statements may not see yet.
        if not self._dispatcher.is_open:
            return
        now = self._clock.now()
        try:
            glance = await self._find_all_waiting()
            next_due = glance["due"]
            if next_due is not None and next_due <= now:
                await self._find_due(now)
                next_due = (await self._database.fetch(_NEXT_DUE, now))[0]["due"]
            self._next_due = min(self._next_due, next_due or FOREVER)
        except (ShopFlowError, PostgresError) as error:  # It was cancelled, say. No error here may end the shop.
            self._log.warning("could not look for deliveries", error=str(error))  # The next sweep finds them.

    async def _find_all_waiting(self) -> Record:
        subscriptions = self._dispatcher.subscriptions
        (glance,) = await self._read(_AT_A_GLANCE, list(subscriptions))
        for name, subscription in subscriptions.items():
            # Also without a row, if it is behind: one that was just stored may rely on this read to bring it.
            if subscription.is_behind or name in glance["waiting"]:
                await self._find_waiting(subscription)
        return glance

    async def _find_waiting(self, subscription: Subscription) -> None:
        last = 0
        late, young = self._late(subscription), self._young(subscription)
        subscription.begin_catch_up()
        try:
            is_last = False
            while (
                not is_last
            ):  # A short page is the end: later rows were kept by the subscription, or are for the next.
                rows = await self._read(_WAITING, subscription.name, last, late, *young)
                if rows:
                    _SWEPT.reach(subscription.name)
                if subscription.is_outrun():
                    self.wake()
                    return
                if self._hand_over(rows):
                    return
                is_last = len(rows) < _PAGE
                last = rows[-1]["id"] if rows else last
            subscription.go_live()
        finally:
            subscription.end_catch_up()

    def _late(self, subscription: Subscription) -> datetime:
        """Return the time up to which forwarded deliveries are overdue: now, if some delivery arrived early."""
        now = self._clock.now()
        if subscription.name not in self._has_early:
            return now - timedelta(seconds=_LATE_S)
        self._has_early.discard(subscription.name)
        return now

    def _young(self, subscription: Subscription) -> tuple[datetime, datetime]:
        """Return the span in which rows were stored that are left to their process, by any clock that is near ours."""
        now = self._clock.now()
        if subscription.is_behind:
            return now, now  # None is left: a young row may be our own, or come before one that is.
        return now - timedelta(seconds=_YOUNG_S), now + timedelta(seconds=_YOUNG_S)

    async def _find_due(self, now: datetime) -> None:
        last: tuple[datetime, int] = (LONG_AGO, 0)
        willing = set(self._dispatcher.subscriptions)
        is_last = False
        while not is_last:
            rows = await self._read(_DUE, now, list(willing), *last)
            if rows:
                _DUE_FOUND.reach()
            willing -= self._hand_over(rows)
            is_last = len(rows) < _PAGE
            last = (rows[-1]["due"], rows[-1]["id"]) if rows else last

    async def _read(self, sql: str, *parameters: object) -> Sequence[Record]:
        self._in_memory.begin_read()
        return await self._database.fetch(sql, *parameters)

    def _hand_over(self, rows: Sequence[Record]) -> set[str]:
        """Hand over the rows that are not in memory. Return the actors whose mailbox is full; theirs are left."""
        full: set[str] = set()
        for row in rows:
            if row["subscriber"] not in full and not self._is_known(row["id"]) and not self._hand(row):
                full.add(row["subscriber"])
        return full

    def _is_known(self, delivery_id: int) -> bool:
        return self._in_memory.was_here(delivery_id) or delivery_id in self.unreadable

    def _hand(self, row: Record) -> bool:
        try:
            message = self._routes.decode(row["subscriber"], row["type"], row["body"])
        except BadInput as error:
            self._log.error("a stored message can't be read; it stays", delivery=row["id"], error=str(error))
            self.unreadable.add(row["id"])
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
        if not self._dispatcher.subscriptions[row["subscriber"]].hand(envelope):
            return False
        self._in_memory.enter((envelope.delivery_id,))
        return True
