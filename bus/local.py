"""The bus inside one process: a command goes from mailbox to mailbox without being encoded.

Actors of other processes are reached through a `RemoteBus`; the asker does not see the difference.
"""

import asyncio
import secrets
from itertools import count
from typing import Any, Protocol, TypeVar, cast

from bus.backlog import Backlog
from bus.deliveries import Deliveries
from bus.routes import Routes
from engine.actor import Actor
from engine.calls import CURRENT_CALL
from engine.cell import ActorCell
from engine.clock import Clock
from engine.envelope import Envelope
from engine.errors import DeadlineExceeded, Unavailable
from engine.flow import Flow
from engine.inline import Listener
from engine.message import Command, Event
from engine.postgres import Database
from engine.priority import Priority
from engine.settings import EngineSettings
from engine.supervisor import Supervisor
from engine.trace import TRACE
from engine.transaction import OutboxEntry

R = TypeVar("R")


class RemoteBus(Protocol):
    """The way to other processes (bus/sqs)."""

    async def ask(self, actor: str, command: Command[R], *, message_id: str, timeout_s: float) -> R:
        """Send a command and wait, as `LocalBus.ask` does."""
        ...

    def tell(self, actor: str, command: Command[Any], *, message_id: str) -> None:
        """Send a command, as `LocalBus.tell` does."""
        ...

    def forward(self, subscriber: str, envelope: Envelope) -> None:
        """Send a delivery to its subscriber, if that can be done now. Its row is stored in any case."""
        ...


class LocalBus:
    """Asks, tells and publishes among the actors of this process."""

    def __init__(
        self,
        *,
        routes: Routes,
        database: Database,
        clock: Clock,
        settings: EngineSettings,
        elsewhere: RemoteBus | None = None,
    ) -> None:
        self.routes = routes
        self._elsewhere = elsewhere
        self.supervisor = Supervisor(clock)
        self._priority = Priority()
        self._listeners: dict[str, Listener] = {}
        self.flow = Flow()
        self._prefix = secrets.token_hex(6)  # Distinguishes this start of this process from all others.
        self._numbers = count(1)
        self._database = database
        self._clock = clock
        self._settings = settings
        self._cells: dict[type[Command[Any]], ActorCell] = {}
        self.backlog = Backlog(database)
        self.deliveries = Deliveries(
            database,
            routes,
            clock,
            new_id=self._new_id,
            sweep_s=settings.shopflow_sweep_s,
        )

    def host(self, actor: Actor) -> None:
        """Take an actor into this process."""
        cell = ActorCell(
            actor,
            database=self._database,
            deliveries=self.deliveries,
            clock=self._clock,
            settings=self._settings,
            priority=self._priority,
            listeners=self._listeners,
            flow=self.flow,
        )
        self.supervisor.host(cell)

    def open(self) -> None:
        """Hand deliveries to the hosted actors from now on, and forward those of all others."""
        mailboxes = {name: cell.put for name, cell in self.supervisor.cells.items()}
        self.deliveries.open(mailboxes, self._elsewhere.forward if self._elsewhere is not None else None)

    async def ask(self, command: Command[R], *, timeout_s: float | None = None) -> R:
        """Send a command and wait for its answer. See engine.actor.Bus."""
        limit_s = timeout_s or self._settings.shopflow_ask_timeout_s
        cell = self._cell(type(command))
        if cell is None:
            return await self._ask_elsewhere(command, limit_s)
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[object] = loop.create_future()
        expires_s = loop.time() + limit_s
        envelope = Envelope(command, message_id=self._new_id(), reply=reply, expires_s=expires_s, trace=TRACE.get())
        cell.put(envelope)
        # A bare timer: asyncio.timeout, which may also cancel what it surrounds, would be a third of an ask's cost.
        timer = loop.call_at(expires_s, _give_up, reply, cell.name, limit_s)
        asker = CURRENT_CALL.get() or self._priority
        asker.ask_begins()
        try:
            return cast("R", await reply)
        finally:
            timer.cancel()
            asker.ask_ended()

    def tell(self, command: Command[Any]) -> None:
        """Send a command and do not wait. See engine.actor.Bus."""
        cell = self._cell(type(command))
        if cell is not None:
            cell.put(Envelope(command, message_id=self._new_id(), trace=TRACE.get()))
        else:
            elsewhere, name = self._way(type(command))
            elsewhere.tell(name, command, message_id=self._new_id())

    async def publish(self, *events: Event) -> None:
        """Store events outside of any turn, for tests and operations. Actors publish through their transaction."""
        stored = None
        try:
            async with self._database.transaction(self._clock.now()) as tx:
                addressed = self.deliveries.address([OutboxEntry(event) for event in events])
                stored = await self.deliveries.store(tx, addressed)
        except BaseException:
            if stored is not None:
                self.deliveries.on_rollback(stored)  # Or it has committed, and only the answer was lost.
            raise
        self.deliveries.hand_over(stored)
        self.flow.count(addressed, ())

    async def _ask_elsewhere(self, command: Command[R], limit_s: float) -> R:
        elsewhere, name = self._way(type(command))
        current = CURRENT_CALL.get()
        if current:
            current.ask_begins()
        try:
            return await elsewhere.ask(name, command, message_id=self._new_id(), timeout_s=limit_s)
        finally:
            if current:
                current.ask_ended()

    def _cell(self, command_type: type[Command[Any]]) -> ActorCell | None:
        """Return the actor that handles these commands, if this process hosts it."""
        cell = self._cells.get(command_type)
        if cell is None:
            cell = self.supervisor.cells.get(self.routes.owner(command_type))
            if cell is not None:
                self._cells[command_type] = cell
        return cell

    def _way(self, command_type: type[Command[Any]]) -> tuple[RemoteBus, str]:
        name = self.routes.owner(command_type)
        if self._elsewhere is None:
            raise Unavailable(name, "it is not hosted in this process")
        return self._elsewhere, name

    def _new_id(self) -> str:
        return f"{self._prefix}-{next(self._numbers)}"


def _give_up(reply: asyncio.Future[object], name: str, limit_s: float) -> None:
    if not reply.done():
        reply.set_exception(DeadlineExceeded(name, limit_s))
