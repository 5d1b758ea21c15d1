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
class OutboxEntry:
    """A message that a transaction sends: delivered after its commit, or at `due`."""

    message: Event | Command[Any]
    due: datetime | None = None
    cause: str = ""  # The id of the message that led to it, if there was only one.
    trace: str = ""
    publisher: str = ""  # The actor that sends it.


class Transaction:
    """A transaction, and the time at which it happens. Messages that are published here are stored with it."""

    __slots__ = ("_connection", "callbacks", "causation_id", "now", "outgoing", "publisher", "trace")

    def __init__(self, connection: "Connection", now: datetime) -> None:
        self._connection = connection
        self.causation_id = ""  # The id of the message it handles, if there is only one.
        self.trace = ""  # And that message's trace.
        self.publisher = ""  # The actor whose turn it is.
        self.now = now
        self.outgoing: list[OutboxEntry] = []
        self.callbacks: list[Callable[[], None]] = []

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Record]:
        """Return all rows."""
        with translated():
            return await self._connection.fetch(sql, *parameters)

    async def row(self, sql: str, *parameters: object) -> Record | None:
        """Return the first row, if there is one."""
        with translated():
            return await self._connection.fetchrow(sql, *parameters)

    async def value(self, sql: str, *parameters: object) -> Any:  # noqa: ANN401 - as SQL gives it
        """Return the first column of the first row; None without rows."""
        with translated():
            return await self._connection.fetchval(sql, *parameters)

    async def execute(self, sql: str, *parameters: object) -> None:
        """Run a statement for its effect."""
        with translated():
            await self._connection.execute(sql, *parameters)

    def publish(self, *events: Event) -> None:
        """Store events with this transaction; every subscriber gets them after the commit."""
        self.outgoing.extend(self._entry(event) for event in events)

    def send(self, command: Command[Any]) -> None:
        """Store a command with this transaction; its actor handles it after the commit. Its answer is discarded."""
        assert not command.names_persons, "what is stored carries ids, and no persons"
        self.outgoing.append(self._entry(command))

    def schedule(self, command: Command[Any], due: datetime) -> None:
        """Store a durable timer: the actor that handles `command` gets it at `due`, or soon after."""
        assert not command.names_persons, "what is stored carries ids, and no persons"
        self.outgoing.append(self._entry(command, due))

    def _entry(self, message: Event | Command[Any], due: datetime | None = None) -> OutboxEntry:
        return OutboxEntry(message, due, self.causation_id, self.trace, self.publisher)

    def take_outgoing(self) -> Sequence[OutboxEntry]:
        """Return what was sent since the last call."""
        taken, self.outgoing = self.outgoing, []
        return taken

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call after the commit. A hint only: a crash in between loses it."""
        self.callbacks.append(callback)
