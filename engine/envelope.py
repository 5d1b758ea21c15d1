"""An envelope: a message on its way to one actor, and the lease it may come with."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from engine.handler import Handler
from engine.message import Message


class Lease(Protocol):
    """A message's loan from a queue outside, where it comes to light again for others when the loan ends."""

    receives: int  # How often it was handed out, this time included.
    on_lost: Callable[[], None] | None  # Called when it is lost, if anybody wants to know at once.

    @property
    def is_lost(self) -> bool:
        """Whether somebody else may have it by now: what is not done yet must not be."""
        ...

    def done(self) -> None:
        """It was handled, or is of no use: the queue may forget it."""
        ...

    def give_back(self, pause_s: float) -> None:
        """Let the queue hand it out again, to whomever, after this pause."""
        ...


class Envelope:
    """A message on its way to one actor, with what the engine must know about it."""

    __slots__ = (
        "answer", "attempts", "cause", "delivery_id", "expires_s",
        "handler", "id", "is_timer", "key", "learned", "lease", "message", "put_s", "trace", "waits",
    )  # fmt: skip

    def __init__(
        self,
        message: Message,
        *,
        message_id: str,
        answer: asyncio.Future[object] | None = None,
        expires_s: float = 0.0,
        delivery_id: int = 0,
        attempts: int = 0,
        cause: str = "",
        trace: str = "",
        is_timer: bool = False,
        lease: Lease | None = None,
    ) -> None:
        self.message = message
        self.key = message.key
        self.id = message_id
        self.answer = answer  # Somebody waits for it, if not None.
        self.expires_s = expires_s  # On the event loop's clock; 0 never.
        self.delivery_id = delivery_id  # The row that is the right to handle it; 0 if it came from memory alone.
        self.attempts = attempts  # How often it failed by itself.
        self.waits = 0  # How often what it needs was away.
        self.cause = cause  # The id of the message that led to this one.
        self.trace = trace  # The `traceparent` it belongs to, or "".
        self.is_timer = is_timer  # It was stored for a time that has come.
        self.lease = lease  # It came from another process through a queue, if not None.
        self.learned = False  # It tells what a call has done already, and must be recorded whoever still waits.
        self.put_s = 0.0
        self.handler: Handler

    @property
    def is_refusable(self) -> bool:
        """Whether nothing is lost if somebody is told "not now"."""
        return self.answer is not None and not self.learned

    @property
    def is_lost(self) -> bool:
        """Whether it was lent to this process, and is so no more."""
        return self.lease is not None and self.lease.is_lost

    def is_abandoned(self, now_s: float) -> bool:
        """Whether there is no need to begin: who asked waits no more, or somebody else has it by now."""
        if self.learned:
            return False
        answer = self.answer
        return self.is_lost or (answer is not None and (answer.done() or self.expires_s <= now_s))
