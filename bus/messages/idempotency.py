"""Idempotency keys: a request is claimed, done once, and its answer is kept."""

from datetime import datetime

from bus.messages.base import OrderId
from engine.message import Command, Reply


class Claimed(Reply):
    """The caller may do the request. `token` is the same for every try of a request, `at` differs for each try."""

    token: str
    at: datetime
    began_at: datetime  # When the first try was made.
    is_first: bool  # Whether this is the first try.


class Kept(Reply):
    """The answer of a request that was done before, encrypted."""

    status: int
    content: bytes


class InProgress(Reply):
    """A request with the same key is in progress."""


class Mismatch(Reply):
    """The key was used with another body."""


class ClaimKey(Command[Claimed | Kept | InProgress | Mismatch]):
    """Claim a request, to do it."""

    key: str
    body_hash: str


class KeepAnswer(Command[None]):
    """Keep the answer of a request that was done."""

    key: str
    status: int
    content: bytes
    made: OrderId = ""  # The order that was placed, if one was.


class GiveBackKey(Command[None]):
    """Free the key of a request that was refused without effect, unless another try has taken over."""

    key: str
    at: datetime


class EndLease(Command[None]):
    """End the lease of a request that failed, perhaps halfway: the next try may go on at once, as after a crash."""

    key: str
    at: datetime
