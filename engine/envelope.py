"""An envelope: a message on its way to one actor, and the lease it may come with."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from engine.handler import Handler
from engine.message import Message


class Lease(Protocol):
    """The right to handle a message of a queue outside, until it ends; then the queue hands the message out again."""

    receives: int  # How often it was handed out, this time included.
    on_lost: Callable[[], None] | None  # Called when the lease is lost, if not None.

    @property
    def is_lost(self) -> bool:
        """Whether another process may have the message by now: work on it must not commit."""
        ...

    def done(self) -> None:
        """Let the queue delete the message: it was handled, or is of no use."""
        ...

    def give_back(self, pause_s: float) -> None:
        """Return the message: the queue hands it out again, to any process, after this pause."""
        ...


class Envelope:
    """A message on its way to one actor, with what the engine must know about it."""

    __slots__ = (
        "attempts", "causation_id", "delivery_id", "enqueued_s", "expires_s", "handler", "id",
        "is_call_result", "is_timer", "key", "lease", "message", "reply", "trace", "unavailable_tries",
    )  # fmt: skip

    def __init__(
        self,
        message: Message,
        *,
        message_id: str,
        reply: asyncio.Future[object] | None = None,
        expires_s: float = 0.0,
        delivery_id: int = 0,
        attempts: int = 0,
        causation_id: str = "",
        trace: str = "",
        is_timer: bool = False,
        lease: Lease | None = None,
    ) -> None:
        self.message = message
        self.key = message.key
        self.id = message_id
        self.reply = reply  # None if nobody waits for an answer.
        self.expires_s = expires_s  # On the event loop's clock; 0 never.
        self.delivery_id = delivery_id  # The row that is the right to handle it; 0 if it came from memory alone.
        self.attempts = attempts  # Failed tries that were the message's own fault.
        self.unavailable_tries = 0  # Failed tries because a service was away.
        self.causation_id = causation_id  # The id of the message that led to this one.
        self.trace = trace  # The `traceparent` it belongs to, or "".
        self.is_timer = is_timer  # It was stored for a time that has come.
        self.lease = lease  # None unless it came from another process through a queue.
        self.is_call_result = False  # It holds what a call has done already, and must be recorded even unasked.
        self.enqueued_s = 0.0  # By `perf_counter`; set by the mailbox.
        self.handler: Handler  # Set by the mailbox.

    @property
    def is_refusable(self) -> bool:
        """Whether its asker can be refused without losing anything."""
        return self.reply is not None and not self.is_call_result

    @property
    def is_lost(self) -> bool:
        """Whether it came with a lease that has ended."""
        return self.lease is not None and self.lease.is_lost

    def is_abandoned(self, now_s: float) -> bool:
        """Whether it needs no handling: its asker has timed out, or its lease has moved to another process.

        The result of a call is recorded though nobody waits for it; but with its lease it is lost, and made again.
        """
        reply = self.reply
        nobody_waits = reply is not None and (reply.done() or self.expires_s <= now_s)
        return self.is_lost or (nobody_waits and not self.is_call_result)
