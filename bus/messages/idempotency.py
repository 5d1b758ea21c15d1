"""Idempotency keys: a request is claimed, done once, and its answer is kept."""

from datetime import datetime

from bus.messages.base import OrderId
from engine.message import Command, Reply


class Claimed(Reply):
    """The request is the asker's. `token` is the same for every try of it, `at` tells this try from others."""

    token: str
    at: datetime
    began_at: datetime  # When the first try was made.
    is_first: bool  # Which is this one.


class Kept(Reply):
    """The request was done before; this is its answer, encrypted."""

    status: int
    content: bytes


class InProgress(Reply):
    """A twin of the request is being done."""


class Mismatch(Reply):
    """The key was used with another body."""


class ClaimKey(Command[Claimed | Kept | InProgress | Mismatch]):
    """Ask to do a request."""

    key: str
    body_hash: str


class KeepAnswer(Command[None]):
    """The request was done, and this is its answer."""

    key: str
    status: int
    content: bytes
    made: OrderId = ""  # The order that was placed, if one was.


class GiveBackKey(Command[None]):
    """The request was refused, and nothing happened: its key is free, unless another try has taken over."""

    key: str
    at: datetime


class EndLease(Command[None]):
    """The request failed, perhaps halfway: the next try may go on at once, as after a crash."""

    key: str
    at: datetime
