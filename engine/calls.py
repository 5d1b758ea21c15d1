"""Calls: work outside the database, many at once up to a bound, in order per key, never inside a transaction.

A call returns its answer, or a command of the same actor: its result becomes a message in the same place of the lane,
and a turn records it. That turn also deletes the delivery, so a crash in between repeats the call, and the service that
is called must recognise a repeat (an idempotency key, a Message-ID).
"""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from time import perf_counter

import structlog

from engine import telemetry
from engine.actor import Actor
from engine.crash import CrashPoint
from engine.envelope import Envelope
from engine.errors import DeadlineExceeded
from engine.flow import Flow
from engine.handler import Handler
from engine.mailbox import Mailbox
from engine.message import Command, Message
from engine.outcomes import Outcomes
from engine.priority import Priority
from engine.trace import TRACE
from engine.transaction import Transaction
from engine.work_count import WorkCount

_BEGUN = CrashPoint("before-call", "A call was taken from the mailbox; nobody outside has been asked.")
_LEARNED = CrashPoint("after-call", "What is outside has answered; no turn has recorded it.")


class Resolved(Command[None]):
    """Record that a call has handled an event, and nothing else."""


async def _settle(_actor: Actor, _tx: Transaction, _settled: Sequence[Resolved]) -> None:
    """Write nothing: the transaction itself deletes the deliveries."""


SETTLE = Handler(
    name="settle",
    function=_settle,
    message_types=(Resolved,),
    is_call=False,
    is_query=False,
    takes_many=True,
    takes_tx=True,
    takes_envelope=False,
    limit=1,
    timeout_s=0,
    tries=1,
)


class RunningCall:
    """A running call. While it awaits an ask, the clock does not count it as work.

    Otherwise a test clock could never reach rest while a checkout waits for Stripe's next retry.
    """

    def __init__(self, work: WorkCount) -> None:
        self._work = work
        self._asks = 0
        self._is_over = False

    def ask_begins(self) -> None:
        """Note an ask; with the first one, the call's own work is suspended."""
        self._asks += 1
        if self._asks == 1 and not self._is_over:
            self._work.end()

    def ask_ended(self) -> None:
        """Note that an ask was answered or has timed out; with the last one, the call's own work goes on."""
        self._asks -= 1
        if not self._asks and not self._is_over:
            self._work.begin()

    def end(self) -> None:
        """Count the work again that ends now. Asks may still be under way: of two at once one has failed, say."""
        self._is_over = True
        if self._asks:
            self._work.begin()


CURRENT_CALL: ContextVar[RunningCall | None] = ContextVar("current_call", default=None)


class Calls:
    """The loop that starts an actor's calls as places become free."""

    def __init__(self, actor: Actor, mailbox: Mailbox, outcomes: Outcomes, priority: Priority, flow: Flow) -> None:
        self._actor = actor
        self._mailbox = mailbox
        self._outcomes = outcomes
        self._priority = priority
        self._flow = flow

    async def run(self) -> None:
        """Start calls until cancelled."""
        mailbox = self._mailbox
        async with asyncio.TaskGroup() as tasks:  # Not anyio's, whose tasks would cost a tenth of a call more.
            while True:
                background_delay_s = self._priority.background_delay_s
                while (envelope := mailbox.take_call(background_delay_s)) is not None:
                    tasks.create_task(self._call(envelope))
                mailbox.call_ready.clear()
                await self._priority.wait(mailbox.call_ready, mailbox.call_is_due_s(background_delay_s))

    async def _call(self, envelope: Envelope) -> None:
        handler = envelope.handler
        begun_s, place = perf_counter(), self._place(handler)
        outcome = "done"
        running = RunningCall(self._mailbox.work)
        CURRENT_CALL.set(running)  # In this task's own context, as are the next two.
        TRACE.set(envelope.trace)
        structlog.contextvars.bind_contextvars(message_id=envelope.id, key=envelope.key)
        try:
            if self._flow.is_watched:
                self._flow.note_waits(self._actor.name, [envelope])
            if not self._outcomes.drop_abandoned([envelope]):
                outcome = "expired"
            else:
                _BEGUN.reach(place)
                try:
                    learned = await self._within_its_time(envelope)
                finally:
                    running.end()
                _LEARNED.reach(place)
                self._go_on(envelope, learned)
        except Exception as error:  # noqa: BLE001 - it ends a message's try, not the actor
            outcome = "failed"
            await self._outcomes.fail(envelope, error)
        finally:
            self._mailbox.call_ended(handler)
        telemetry.note_call(self._actor.name, handler.name, outcome, took_s=perf_counter() - begun_s)

    async def _within_its_time(self, envelope: Envelope) -> object:
        handler = envelope.handler
        arguments = (envelope.message, envelope) if handler.takes_envelope else (envelope.message,)
        try:
            async with asyncio.timeout(handler.timeout_s) as limit:
                if envelope.lease is not None:
                    envelope.lease.on_lost = lambda: limit.reschedule(asyncio.get_running_loop().time())
                return await handler.function(self._actor, *arguments)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise RuntimeError("a call was cancelled from within") from None  # By a library; this task itself goes on.
        except TimeoutError as late:
            raise DeadlineExceeded(self._place(handler), handler.timeout_s) from late
        finally:
            if envelope.lease is not None:
                envelope.lease.on_lost = None

    def _go_on(self, envelope: Envelope, learned: object) -> None:
        if isinstance(learned, Message) and self._mailbox.handles(type(learned)):
            self._mailbox.replace(envelope, learned)
        elif envelope.delivery_id:
            self._mailbox.replace(envelope, Resolved())
        else:
            self._outcomes.finish([envelope], [learned])

    def _place(self, handler: Handler) -> str:
        return f"{self._actor.name}.{handler.name}"
