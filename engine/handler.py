"""A handler: one method of an actor class, as its annotations describe it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from engine.message import Message


@dataclass(frozen=True, slots=True, eq=False)
class Handler:
    """A method of an actor class, and how to call it."""

    name: str
    function: Callable[..., Awaitable[Any]]  # Any: its arguments and answer are checked when the class is made.
    message_types: tuple[type[Message], ...]
    is_call: bool
    is_query: bool  # Its messages change nothing.
    takes_many: bool
    takes_tx: bool
    takes_envelope: bool
    limit: int  # Calls at once.
    timeout_s: float  # For one call.
    tries: int  # Of a call that is asked for, while the service it needs is away.
