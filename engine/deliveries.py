"""Deliveries: the engine's view of stored messages. A row is the right to handle one (bus/deliveries.py)."""

from collections.abc import Awaitable, Collection, Sequence
from typing import NamedTuple, Protocol

from engine.envelope import Envelope
from engine.transaction import OutboxEntry, Transaction


class ClaimedDeliveries(NamedTuple):
    """The deliveries that a transaction may handle, and those that must wait. All others were handled before."""

    mine: Collection[int]
    not_yet: Collection[int] = ()  # Another process handles these, or other deliveries of their key come first.


class Addressed(NamedTuple):
    """A published message on its way to one of its subscribers."""

    subscriber: str
    message_id: str
    entry: OutboxEntry

    @property
    def key(self) -> str:
        """The key of the message."""
        return self.entry.message.key

    @property
    def lane(self) -> tuple[str, str]:
        """Subscriber and key: messages of one lane are handled in order, unless the key is ""."""
        return self.subscriber, self.entry.message.key


class DeliveryStore(Protocol):
    """Stored messages, and those of them that are in a mailbox of this process."""

    @property
    def is_open(self) -> bool:
        """Whether this process handles events: not while it stops, and not in a command beside a running shop."""
        ...

    def claim(self, tx: Transaction, ids: Sequence[int]) -> Awaitable[ClaimedDeliveries]:
        """Delete these rows with this transaction, and return which were still there."""
        ...

    def address(self, outgoing: Sequence[OutboxEntry]) -> Sequence[Addressed]:
        """Address messages to all their subscribers, in order."""
        ...

    def find_waiting(self, tx: Transaction, lanes: Sequence[tuple[str, str]]) -> Awaitable[Collection[tuple[str, str]]]:
        """Return those of these subscribers and keys for which a row waits, whichever process handles it."""
        ...

    def store(self, tx: Transaction, addressed: Sequence[Addressed]) -> Awaitable[object]:
        """Store messages of a transaction, a row for each; return what `hand_over` needs."""
        ...

    def hand_over(self, stored: object) -> None:
        """Put stored messages into the mailboxes of this process. Called after the commit."""
        ...

    def on_rollback(self, stored: object) -> None:
        """Leave stored messages to a sweep: their commit failed, or its outcome is unknown."""
        ...

    def mark_left(self, ids: Sequence[int]) -> None:
        """Note that these deliveries have left the mailboxes of this process."""
        ...

    def defer(self, actor: str, ids: Sequence[int]) -> None:
        """Release deliveries that came before their time; a sweep brings them again, in their order."""
        ...

    async def note_failure(self, delivery_id: int) -> int:
        """Count one more failed try, so that a restart does not begin at 0; return the count, or 0 without a row."""
        ...

    async def park(self, actor: str, envelope: Envelope, error: Exception) -> None:
        """Move a message to the dead letters."""
        ...
