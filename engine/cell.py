"""A cell: one hosted actor with its mailbox, and the two loops that work on it.

Turns run one after the other, calls side by side. The outcome of each message is decided in engine/outcomes.py.
"""

import anyio

from engine import telemetry
from engine.actor import Actor
from engine.availability import Availability
from engine.backoff import Backoff
from engine.calls import SETTLE, Calls
from engine.clock import Clock
from engine.deliveries import DeliveryStore
from engine.envelope import Envelope
from engine.errors import Overloaded
from engine.flow import Flow
from engine.inline import Listener
from engine.mailbox import Mailbox
from engine.outcomes import Outcomes
from engine.postgres import Database
from engine.priority import Priority
from engine.settings import EngineSettings
from engine.turns import Turns


class ActorCell:
    """Hosts one actor: its mailbox, and the loops that take its turns and start its calls."""

    def __init__(
        self,
        actor: Actor,
        *,
        database: Database,
        deliveries: DeliveryStore,
        clock: Clock,
        settings: EngineSettings,
        priority: Priority,
        listeners: dict[str, Listener],
        flow: Flow,
    ) -> None:
        self.actor = actor
        self.name = actor.name
        self.log = telemetry.logger(actor=actor.name)
        self.mailbox = Mailbox(actor.name, (*actor.handlers, SETTLE), settings.shopflow_mailbox_limit, clock)
        backoff = Backoff(settings.shopflow_backoff_first_s, settings.shopflow_backoff_max_s, jitter=0.5)
        self.outcomes = Outcomes(
            actor.name,
            mailbox=self.mailbox,
            deliveries=deliveries,
            clock=clock,
            backoff=backoff,
            settings=settings,
            flow=flow,
        )
        self.availability = Availability(self.mailbox, self.outcomes, clock, backoff)
        self.calls = Calls(actor, self.mailbox, self.outcomes, priority, flow)
        self.turns = Turns(
            actor,
            self.mailbox,
            self.outcomes,
            self.availability,
            database=database,
            deliveries=deliveries,
            clock=clock,
            priority=priority,
            limit=settings.shopflow_turn_limit,
            listeners=listeners,
            inline_s=settings.shopflow_inline_s,
            flow=flow,
        )
        telemetry.MAILBOX.labels(actor.name).set_function(lambda: self.mailbox.size)

    def put(self, envelope: Envelope) -> None:
        """Take a message in.

        Raises:
            Overloaded: The mailbox is full.
            Unavailable: It asks for a turn, and PostgreSQL did not answer a moment ago.
        """
        self.availability.check(envelope)
        try:
            self.mailbox.put(envelope)
        except Overloaded:
            telemetry.OVERLOADED.labels(self.name).inc()
            raise

    async def run(self) -> None:
        """Work until cancelled. An error raised here is a crash, which the supervisor handles; so is an early end."""
        self.availability.came_back()
        await self.actor.start()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.turns.run)
            tasks.start_soon(self.calls.run)
            tasks.start_soon(self.actor.run)
