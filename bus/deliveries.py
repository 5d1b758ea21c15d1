"""A delivery row is one subscriber's right to handle one message.

It is stored with the state the message speaks of, and deleted with the effect the subscriber makes of it: a crash
leaves it to be handled later, a repeat finds it gone. One table is outbox and inbox at once. A row with a `due` time
is a durable timer. The price is two row writes for each subscriber.

After a commit the rows are handed over in memory, so the usual way has no polling in it. A sweep finds the rows that
are not in memory: after a crash, from another process, or because a mailbox was full.

Where the subscriber is in another process, the row's message travels there through a queue (bus/sqs), and the row
stays what it is: the queue may lose, repeat, delay and shuffle, and the effect is still made once and in order. A
message that the queue took is marked as forwarded. If the queue does not bring it in time, the sweeper of a process
that hosts the subscriber finds its row.

Four parts, each with its own state:

    outbox      writes the rows
    in_memory   which deliveries a mailbox of this process has, or is about to get
    dispatcher  hands stored deliveries over, and knows which actors are behind
    sweeper     finds the rows that are not in memory

Three rules tie them together, and are kept here. A delivery is in memory from before its commit until it has left its
mailbox, so that no sweep brings it again. An actor that falls behind, for whatever reason, is soon swept for. After a
commit the sweeper knows when the next timer is due.

Rejected: docs/decisions/0001.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from bus.dispatcher import Dispatcher
from bus.in_memory import InMemory
from bus.outbox import Outbox, StoredBatch
from bus.routes import Routes
from bus.sweeper import Sweeper
from engine.clock import Clock
from engine.deliveries import Addressed, ClaimedDeliveries
from engine.envelope import Envelope
from engine.postgres import Database
from engine.transaction import OutboxEntry, Transaction


class Deliveries:
    """The stored messages of one process. See engine.deliveries.DeliveryStore."""

    def __init__(
        self,
        database: Database,
        routes: Routes,
        clock: Clock,
        *,
        new_id: Callable[[], str],
        sweep_s: float,
    ) -> None:
        """Make the store of one process.

        Args:
            database: Where the rows are.
            routes: Who gets what.
            clock: The time.
            new_id: Makes the ids of messages.
            sweep_s: The longest pause between two sweeps.
        """
        self._in_memory = InMemory()
        self._outbox = Outbox(database, routes, clock, self._in_memory, new_id)
        self._dispatcher = Dispatcher(self._in_memory)
        self._sweeper = Sweeper(database, routes, clock, self._dispatcher, self._in_memory, sweep_s)

    def open(
        self,
        mailboxes: Mapping[str, Callable[[Envelope], None]],
        forward: Callable[[str, Envelope], None] | None = None,
    ) -> None:
        """Hand deliveries to these actors from now on, and forward those of all others."""
        self._dispatcher.open(mailboxes, forward)
        self._sweeper.open()

    @property
    def is_open(self) -> bool:
        """Whether this process handles events: not while it stops, and not in a command beside a running shop."""
        return self._dispatcher.is_open

    async def run(self) -> None:
        """Sweep until cancelled."""
        await self._sweeper.run()

    def close(self) -> None:
        """Hand over nothing more: what is stored stays stored."""
        self._dispatcher.close()

    # --- A turn. `claim` and `store` are not async: it would await another coroutine around the outbox's own. ---

    def claim(self, tx: Transaction, ids: Sequence[int]) -> Awaitable[ClaimedDeliveries]:
        """Delete these rows with this transaction, and return which were still there."""
        return self._outbox.claim(tx, ids, list(self._sweeper.unreadable))

    def address(self, outgoing: Sequence[OutboxEntry]) -> Sequence[Addressed]:
        """Address messages to all their subscribers, in order."""
        return self._outbox.address(outgoing)

    def find_waiting(self, tx: Transaction, lanes: Sequence[tuple[str, str]]) -> Awaitable[Collection[tuple[str, str]]]:
        """Return those of these subscribers and keys for which a row waits, whichever process handles it."""
        return self._outbox.find_waiting(tx, lanes, list(self._sweeper.unreadable))

    def store(self, tx: Transaction, addressed: Sequence[Addressed]) -> Awaitable[StoredBatch]:
        """Store messages of a transaction, a row for each."""
        return self._outbox.store(tx, addressed)

    def hand_over(self, stored: object) -> None:
        """Put stored messages into the mailboxes of this process. Called after the commit."""
        assert isinstance(stored, StoredBatch)
        self._dispatcher.hand_over(stored.envelopes)
        self._sweeper.expect_timer(stored.next_due)

    def on_rollback(self, stored: object) -> None:
        """Leave stored messages to a sweep: their commit failed, or its outcome is unknown."""
        assert isinstance(stored, StoredBatch)
        self._dispatcher.fall_behind(subscriber for subscriber, _ in stored.envelopes)
        self.mark_left([envelope.delivery_id for _, envelope in stored.envelopes])
        self._sweeper.wake()

    # --- What becomes of a delivery ---

    def mark_left(self, ids: Sequence[int]) -> None:
        """Note that these deliveries have left the mailboxes of this process."""
        if self._in_memory.leave(ids):
            self._sweeper.wake()

    def defer(self, actor: str, ids: Sequence[int]) -> None:
        """Release deliveries that came before their time; a sweep brings them again, in their order."""
        self.mark_left(ids)
        self._dispatcher.fall_behind((actor,))
        self._sweeper.find_predecessors(actor)

    async def note_failure(self, delivery_id: int) -> int:
        """Count one more failed try, so that a restart does not begin at 0; return the count, or 0 without a row."""
        return await self._outbox.note_failure(delivery_id)

    async def park(self, actor: str, envelope: Envelope, error: Exception) -> None:
        """Move a message to the dead letters."""
        await self._outbox.park(actor, envelope, error)

    async def redrive(self, ids: Sequence[int]) -> int:
        """Retry parked messages as if they were new; return how many there were."""
        back = await self._outbox.redrive(ids)
        self._dispatcher.fall_behind(self._dispatcher.subscriptions)
        self._sweeper.wake()
        return back

    # --- Queues between processes ---

    def mark_received(self, delivery_id: int) -> bool:
        """Note that a queue has brought a delivery. Return False if it is in memory already."""
        return self._in_memory.receive(delivery_id)

    async def mark_forwarded(self, ids: Sequence[int]) -> None:
        """Note that a queue has taken these deliveries."""
        await self._outbox.mark_forwarded(ids)
