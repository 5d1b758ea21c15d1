"""The transaction that a turn gets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import asyncpg
from asyncpg import Record

from engine.message import Command, Event
from engine.postgres_errors import translated

if TYPE_CHECKING:
    Connection = asyncpg.Connection[Record]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message that a transaction wants to be heard after its commit, or at `due`."""

    message: Event | Command[Any]
    due: datetime | None = None


class Transaction:
    """One transaction, with the time it happens at. What is published here is stored with it."""

    __slots__ = ("_connection", "callbacks", "causation_id", "now", "outgoing", "trace")

    def __init__(self, connection: "Connection", now: datetime) -> None:
        self._connection = connection
        self.causation_id = ""  # The id of the message it handles, if it is a single one.
        self.trace = ""  # And that message's trace.
        self.now = now
        self.outgoing: list[Outgoing] = []
        self.callbacks: list[Callable[[], None]] = []

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        """All rows."""
        with translated():
            return await self._connection.fetch(sql, *parameters)

    async def row(self, sql: str, *parameters: object) -> Record | None:
        """The first row, if there is one."""
        with translated():
            return await self._connection.fetchrow(sql, *parameters)

    async def value(self, sql: str, *parameters: object) -> Any:  # noqa: ANN401 - as SQL gives it
        """The first column of the first row; None without rows."""
        with translated():
            return await self._connection.fetchval(sql, *parameters)

    async def execute(self, sql: str, *parameters: object) -> None:
        """Run a statement for its effect."""
        with translated():
            await self._connection.execute(sql, *parameters)

    def publish(self, *events: Event) -> None:
        """Store these events with this transaction; every subscriber hears them after the commit."""
        self.outgoing.extend(Outgoing(event) for event in events)

    def send(self, command: Command[Any]) -> None:
        """Store a command with this transaction; its actor handles it after the commit. Nobody gets its answer."""
        self.outgoing.append(Outgoing(command))

    def schedule(self, command: Command[Any], due: datetime) -> None:
        """Store a durable timer: the actor that handles `command` gets it at `due`, or soon after."""
        self.outgoing.append(Outgoing(command, due))

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call when this has been committed. A hint only: a crash in between loses it."""
        self.callbacks.append(callback)
