"""Receiving: long polls, and the way of each message into its mailbox."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

import anyio

from bus.deliveries import Deliveries
from bus.routes import Routes
from bus.sqs.batches import BACKOFF
from bus.sqs.client import Sqs
from bus.sqs.leases import MessageLease, MessageLeases
from bus.sqs.metrics import RECEIVED, UNREADABLE
from bus.sqs.sealed_bodies import SealedBodies
from bus.sqs.wire import WireMessage, from_message
from engine import telemetry
from engine.cell import ActorCell
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.envelope import Envelope
from engine.errors import BadInput, Overloaded, ShopFlowError, Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

_POLLS = 4  # At once, while each brings ten messages.
_MOST_LEASES = 1024  # Leases of one queue: two full turns of its actor. Each is renewed three times in ten seconds.
_TOGETHER = 40  # Messages that go into the mailbox at once while more are coming, so that turns are few ...
_TOGETHER_S = 0.01  # ... and how long the first of them waits for the others.
_UNREADABLE_S = 60.0  # Until an unreadable message is handed out again: a newer version may be deployed by then.

_RECEIVED = CrashPoint("after-receive", "Messages were received; no mailbox knows of them.")


class Poller:
    """Asks a queue for messages, as many as there is room for."""

    def __init__(
        self,
        sqs: Sqs,
        queue: str,
        take: Callable[[Sequence["MessageTypeDef"]], Awaitable[None]],
        room: Callable[[], int],
    ) -> None:
        self._sqs = sqs
        self._queue = queue
        self._take = take
        self._room = room
        self._polls = 0
        self._is_open = True
        self._failures = 0
        self._busy = asyncio.Event()
        self._changed = asyncio.Event()  # There may be room again, or the last poll has ended.
        self._log = telemetry.logger(queue=queue)

    async def run(self) -> None:
        """Poll until stopped."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._always)
            for _ in range(_POLLS - 1):
                tasks.start_soon(self._while_busy)

    def notify(self) -> None:
        """Report that the mailbox may have room again."""
        self._changed.set()

    def close(self) -> None:
        """Begin no more polls."""
        self._is_open = False

    async def closed(self) -> None:
        """Wait for the polls that are under way: messages of an interrupted poll would stay invisible for a while."""
        while self._polls:
            self._changed.clear()
            await self._changed.wait()

    async def _always(self) -> None:
        while True:
            await self._has_room()
            await self._poll(self._sqs.settings.sqs_wait_s)

    async def _while_busy(self) -> None:
        while True:
            await self._busy.wait()
            await self._has_room()
            await self._poll(0)

    async def _has_room(self) -> None:
        while not self._is_open or self._room() < 10 * (self._polls + 1):
            self._changed.clear()
            await self._changed.wait()

    async def _poll(self, wait_s: int) -> None:
        self._polls += 1
        try:
            messages = await self._sqs.receive(self._queue, wait_s, self._sqs.settings.sqs_visibility_s)
            RECEIVED.labels(self._queue).inc(len(messages))
            self._failures = 0
            await self._take(messages)
            (self._busy.set if len(messages) == 10 else self._busy.clear)()
        except Unavailable as away:
            self._failures += 1
            if self._failures == 1:
                self._log.warning("can't receive", error=str(away))
            await anyio.sleep(BACKOFF.pause_s(self._failures))
        finally:
            self._polls -= 1
            self._changed.set()


class Inbox:
    """The messages that other processes send to one actor of this process."""

    def __init__(
        self,
        sqs: Sqs,
        cell: ActorCell,
        *,
        routes: Routes,
        deliveries: Deliveries,
        clock: Clock,
        reply: Callable[[WireMessage, object], None],
        bodies: SealedBodies,
    ) -> None:
        self._bodies = bodies
        queue = sqs.queue_of(cell.name)
        self.poller = Poller(sqs, queue, self._take, self._room)
        self.leases = MessageLeases(sqs, queue, self.poller.notify)
        self._queue = queue
        self._sqs = sqs
        self._cell = cell
        self._routes = routes
        self._deliveries = deliveries
        self._clock = clock
        self._reply = reply
        self._is_open = True
        self._gathered: list[tuple[MessageTypeDef, MessageLease]] = []
        self._is_gathering = False
        self._logged: set[str] = set()  # Types that can't be read: each is logged once.
        self._log = telemetry.logger(queue=queue)

    async def run(self) -> None:
        """Receive until cancelled."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.leases.run)
            tasks.start_soon(self.poller.run)

    def close(self) -> None:
        """Receive nothing more, and return messages that were not begun, to another process or to the next start."""
        self._is_open = False
        self.poller.close()
        started = self._cell.mailbox.in_hand
        for lease in list(self.leases.live):
            if lease.envelope not in started:
                lease.give_back(0)
        self._cell.mailbox.wake()

    def give_back_all(self) -> None:
        """Return all messages, also those that were begun: no actor of this process works any more."""
        for lease in list(self.leases.live):
            lease.give_back(0)

    def _room(self) -> int:
        mailbox = self._cell.mailbox
        return min(mailbox.limit - mailbox.size, _MOST_LEASES - len(self.leases.live))

    async def _take(self, messages: Sequence["MessageTypeDef"]) -> None:
        if messages:
            _RECEIVED.reach(self._queue)
        self._gathered += [(message, self._begin(message)) for message in messages]
        if len(messages) == 10 and len(self._gathered) < _TOGETHER:
            if self._is_gathering:
                return  # An earlier poll waits for more, and takes these along.
            self._is_gathering = True
            await anyio.sleep(_TOGETHER_S)
            self._is_gathering = False
        gathered, self._gathered = self._gathered, []
        for message, lease in gathered:
            await self._take_one(message, lease)

    async def _take_one(self, message: "MessageTypeDef", lease: MessageLease) -> None:
        if not self._is_open:
            lease.give_back(0)
            return
        try:
            await self._read(message, lease)
        except BadInput as error:
            self._keep_for_later(message, lease, error)
        except Unavailable as error:
            self._log.info("a message goes back", error=str(error))
            lease.give_back(error.retry_after_s or 1.0)

    def _begin(self, message: "MessageTypeDef") -> MessageLease:
        return self.leases.begin(message["ReceiptHandle"], int(message["Attributes"]["ApproximateReceiveCount"]))

    async def _read(self, message: "MessageTypeDef", lease: MessageLease) -> None:
        letter = from_message(message, self._sqs.settings.sqs_prefix)
        lease.stored_in = letter.stored_in
        if letter.expires_at is not None and letter.expires_at <= self._clock.now():
            telemetry.EXPIRED.labels(self._cell.name).inc()
            lease.done()
            return
        body = await self._sqs.fetch(letter.stored_in) if letter.stored_in else letter.body
        envelope = Envelope(
            self._routes.decode(self._cell.name, letter.type, self._bodies.open(body, letter.id)),
            message_id=letter.id,
            delivery_id=letter.delivery_id,
            causation_id=letter.cause,
            trace=letter.trace,
            lease=lease,
        )
        lease.envelope = envelope
        if letter.delivery_id:
            self._put_delivery(envelope, lease)
        else:
            self._put_command(letter, envelope)

    def _put_delivery(self, envelope: Envelope, lease: MessageLease) -> None:
        if not self._deliveries.mark_received(envelope.delivery_id):
            lease.done()  # A sweep has brought it already.
            return
        try:
            self._cell.put(envelope)
        except Overloaded:
            self._deliveries.mark_left([envelope.delivery_id])
            raise

    def _put_command(self, letter: WireMessage, envelope: Envelope) -> None:
        if letter.expires_at is not None:
            loop = asyncio.get_running_loop()
            envelope.expires_s = loop.time() + (letter.expires_at - self._clock.now()).total_seconds()
            envelope.reply = loop.create_future()
            envelope.reply.add_done_callback(lambda answer: self._reply(letter, answer.exception() or answer.result()))
        try:
            self._cell.put(envelope)
        except ShopFlowError as error:
            if envelope.reply is None:
                raise
            envelope.reply.set_exception(error)
            assert envelope.lease is not None
            envelope.lease.done()

    def _keep_for_later(self, message: "MessageTypeDef", lease: MessageLease, error: BadInput) -> None:
        """Return an unreadable message, and log it: a process of another version may be able to read it."""
        UNREADABLE.labels(self._queue).inc()
        kind = message["MessageAttributes"].get("type", {"DataType": "String"}).get("StringValue", "")
        if kind not in self._logged:
            self._logged.add(kind)
            self._log.error("a message can't be read; it stays in the queue", error=str(error))
        lease.give_back(_UNREADABLE_S)
