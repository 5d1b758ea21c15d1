"""The transport: messages between this process and all others, over SQS."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar, cast

import anyio
import msgspec

from bus.codec import encode
from bus.deliveries import Deliveries
from bus.routes import Routes
from bus.sqs.batches import Batches
from bus.sqs.client import MissingQueue, NoQueue, Sqs, aws_errors
from bus.sqs.inbox import Inbox, Poller
from bus.sqs.membership import Membership
from bus.sqs.metrics import SENT
from bus.sqs.sealed_bodies import SealedBodies
from bus.sqs.wire import WireMessage, answer_body, from_message, read_answer
from engine import telemetry
from engine.cell import ActorCell
from engine.clock import Clock
from engine.crash import CrashPoint
from engine.envelope import Envelope
from engine.errors import BadInput, DeadlineExceeded, Overloaded, ShopFlowError, Unavailable
from engine.message import Command, Message, reply_type
from engine.postgres import Database
from engine.trace import TRACE

if TYPE_CHECKING:
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

R = TypeVar("R")

_ROOM = 10_000  # Answers need no room: each settles a future, and those that nobody awaits are discarded.
_FLUSH_S = 2.0  # For the last answers and deletions, after the last poll, when the process stops.
_REPLIES_KEPT_S = 300  # Longer than any ask waits.

_SENT = CrashPoint("after-forward", "A queue has taken messages; their rows do not say so yet.")


class PendingSend(NamedTuple):
    """A letter, and the future of its answer, if the sender waits for one."""

    letter: WireMessage
    answer: "asyncio.Future[Any] | None" = None

    def is_over(self, now: datetime) -> bool:
        """Return whether its asker has gone or its time is over."""
        letter = self.letter
        return (self.answer is not None and self.answer.done()) or (
            letter.expires_at is not None and letter.expires_at <= now
        )

    def refuse(self, error: Exception) -> None:
        """Report an error to the asker, if there is one."""
        if self.answer is not None:
            _fail(self.answer, error)


class SqsTransport:
    """The bus between processes: sends as `bus.local.RemoteBus` describes, and receives."""

    def __init__(self, sqs: Sqs, routes: Routes, clock: Clock, bodies: SealedBodies) -> None:
        self._bodies = bodies
        self._personal = {kind.__name__ for kind in routes.message_types() if kind.names_persons}
        self.name = secrets.token_hex(6)
        self._sqs = sqs
        self._routes = routes
        self._clock = clock
        self._replies = sqs.replies_of(self.name)
        self._outboxes: dict[str, Batches[PendingSend]] = {}
        self._inboxes: list[Inbox] = []
        self._asked: dict[str, tuple[asyncio.Future[Any], msgspec.json.Decoder[Any]]] = {}
        self._poller = Poller(sqs, self._replies, self._take_answers, lambda: _ROOM)
        self._read_answers = Batches(self._forget_answers)
        self._marks = Batches(self._mark, size=1000, under_way=1, limit=100_000)
        self._unstarted: list[Batches[PendingSend]] = []
        self._wake = asyncio.Event()
        self._deliveries: Deliveries
        self._log = telemetry.logger(part="transport")

    # --- To others ---

    async def ask(self, actor: str, command: Command[R], *, message_id: str, timeout_s: float) -> R:
        """Send a command to another process and wait for its answer. See engine.actor.Bus."""
        outbox = self._outbox(self._sqs.queue_of(actor))
        if outbox.is_away:
            raise Unavailable("SQS", "it was away a moment ago", retry_after_s=1.0)
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        expires_at = self._clock.now() + timedelta(seconds=timeout_s)
        letter = self._letter(command, message_id, reply_to=self._replies, expires_at=expires_at)
        self._asked[message_id] = answer, _decoder(type(command))
        try:
            if not outbox.put(PendingSend(letter, answer)):
                raise Overloaded(actor)
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise DeadlineExceeded(actor, timeout_s) from None
        finally:
            del self._asked[message_id]

    def tell(self, actor: str, command: Command[Any], *, message_id: str) -> None:
        """Send a command to another process and do not wait. See engine.actor.Bus."""
        if not self._outbox(self._sqs.queue_of(actor)).put(PendingSend(self._letter(command, message_id))):
            raise Overloaded(actor)

    def forward(self, subscriber: str, envelope: Envelope) -> None:
        """Send a delivery to its subscriber. If there is no room, a sweep in the process that hosts it finds it."""
        letter = self._letter(
            envelope.message,
            envelope.id,
            cause=envelope.causation_id,
            trace=envelope.trace,
            delivery_id=envelope.delivery_id,
        )
        self._outbox(self._sqs.queue_of(subscriber)).put(PendingSend(letter))

    def _letter(self, message: Message, message_id: str, **rest: Any) -> WireMessage:  # noqa: ANN401 - its own fields
        kind, body = type(message), encode(message)
        return WireMessage(
            **{"trace": TRACE.get()} | rest,
            id=message_id,
            type=kind.__name__,
            key=message.key,
            body=self._bodies.seal(body, message_id) if kind.names_persons else body,
        )

    def _outbox(self, queue: str) -> Batches[PendingSend]:
        outbox = self._outboxes.get(queue)
        if outbox is None:
            outbox = Batches(
                partial(self._send, queue), group=lambda each: each.letter.group, weight=lambda each: each.letter.weight
            )
            self._outboxes[queue] = outbox
            self._unstarted.append(outbox)
            self._wake.set()
        return outbox

    async def _start_outboxes(self) -> None:
        """Start outboxes. They are made elsewhere, perhaps in a callback, which can't start tasks."""
        async with anyio.create_task_group() as tasks:
            while True:
                while self._unstarted:
                    tasks.start_soon(self._unstarted.pop().run)
                self._wake.clear()
                await self._wake.wait()

    async def _send(self, queue: str, batch: Sequence[PendingSend]) -> Sequence[PendingSend]:
        live = [each for each in batch if not each.is_over(self._clock.now())]
        try:
            live = [light for each in live if (light := await self._lightened(queue, each)) is not None]
            failed = await self._sqs.send(queue, [each.letter for each in live]) if live else {}
        except Unavailable as away:
            if isinstance(away, NoQueue) and live[0].letter.type == "answer":
                return ()  # The asker's process has gone, and its queue with it.
            for each in live:  # Askers get the error and may ask again; all other letters are sent later.
                each.refuse(away.copy())
            raise
        SENT.labels(queue).inc(len(live) - len(failed))
        _SENT.reach(queue)
        for place, each in enumerate(live):
            if each.letter.delivery_id and place not in failed:
                self._marks.put(each.letter.delivery_id)
        for place, error in failed.items():
            if error["SenderFault"]:
                self._drop(queue, live[place], BadInput(f"SQS refuses it: {error.get('Message', error['Code'])}"))
        return [live[place] for place, error in failed.items() if not error["SenderFault"]]

    async def _lightened(self, queue: str, outgoing: PendingSend) -> PendingSend | None:
        """Move the body to S3, if it is too large; return None if that is refused."""
        letter = outgoing.letter
        if len(letter.body.encode()) <= self._sqs.settings.sqs_body_limit:
            return outgoing
        name = f"{self._sqs.settings.sqs_prefix}/{letter.type}/{letter.deduplication_id}"
        try:
            await self._sqs.store(name, letter.body)
        except BadInput as error:
            self._drop(queue, outgoing, error)
            return None
        return outgoing._replace(letter=msgspec.structs.replace(letter, body="{}", stored_in=name))

    def _drop(self, queue: str, outgoing: PendingSend, error: BadInput) -> None:
        """Drop a message that can't be sent. If it is a delivery, a sweep in the subscriber's process finds its row."""
        self._log.error("can't send a message", queue=queue, message_id=outgoing.letter.id, error=str(error))
        outgoing.refuse(error)

    async def _mark(self, ids: Sequence[int]) -> Sequence[int]:
        await self._deliveries.mark_forwarded(ids)
        return ()

    # --- From others ---

    def _reply(self, asked: WireMessage, result: object) -> None:
        body = answer_body(result)
        if asked.type in self._personal:
            body = self._bodies.seal(body, asked.id)
        letter = WireMessage(id=asked.id, type="answer", body=body, expires_at=asked.expires_at)
        self._outbox(asked.reply_to).put(PendingSend(letter))

    async def _take_answers(self, messages: Sequence["MessageTypeDef"]) -> None:
        for message in messages:
            self._read_answers.put(message["ReceiptHandle"])
            try:
                await self._take_answer(from_message(message, self._sqs.settings.sqs_prefix))
            except (BadInput, Unavailable) as error:  # The ask times out, and may be repeated.
                self._log.warning("an answer can't be had", error=str(error))

    async def _take_answer(self, letter: WireMessage) -> None:
        body = letter.body
        if letter.stored_in:
            body = await self._sqs.fetch(letter.stored_in)
            await self._sqs.remove([letter.stored_in])
        if letter.id in self._asked:  # Otherwise its asker has timed out.
            _settle(*self._asked[letter.id], self._bodies.open(body, letter.id))

    async def _forget_answers(self, receipts: Sequence[str]) -> Sequence[str]:
        await self._sqs.delete(self._replies, receipts)
        return ()

    # --- The life of it ---

    @asynccontextmanager
    async def open(
        self, cells: Collection[ActorCell], deliveries: Deliveries, database: Database
    ) -> AsyncIterator[None]:
        """Receive for these actors and send for all while the block lasts; then return the messages that are left.

        Raises:
            MissingQueue: The queue of one of them was never made.
        """
        self._deliveries = deliveries
        for cell in cells:
            await self._find(self._sqs.queue_of(cell.name))
        with aws_errors("SQS"):
            await self._sqs.client.create_queue(
                QueueName=self._replies, Attributes={"MessageRetentionPeriod": str(_REPLIES_KEPT_S)}
            )
        self._inboxes = [
            Inbox(
                self._sqs,
                cell,
                routes=self._routes,
                deliveries=deliveries,
                clock=self._clock,
                reply=self._reply,
                bodies=self._bodies,
            )
            for cell in cells
        ]
        membership = Membership(database, self._clock, self.name, [cell.name for cell in cells], self._remove_replies)
        async with anyio.create_task_group() as tasks:
            for work in (
                membership.run,
                self._start_outboxes,
                self._poller.run,
                self._read_answers.run,
                self._marks.run,
            ):
                tasks.start_soon(work)
            for inbox in self._inboxes:
                tasks.start_soon(inbox.run)
            try:
                yield
            finally:
                within_s = self._sqs.settings.sqs_wait_s + _FLUSH_S
                with anyio.CancelScope(shield=True), anyio.move_on_after(within_s):
                    await self._flush()
                    await self._remove_replies(self.name)
                    with suppress(ShopFlowError):  # Otherwise other processes notice that this one is gone.
                        await membership.leave()
                tasks.cancel_scope.cancel()

    async def _find(self, queue: str) -> None:
        try:
            await self._sqs.url(queue)
        except NoQueue:
            raise MissingQueue(queue) from None

    def close(self) -> None:
        """Receive nothing more for the actors of this process, and return messages that were not begun."""
        for inbox in self._inboxes:
            inbox.close()

    async def _flush(self) -> None:
        """Report to the queues what was handled here. Other messages go to other processes, or to the next start."""
        for inbox in self._inboxes:
            inbox.close()
            inbox.give_back_all()
        self._poller.close()
        async with anyio.create_task_group() as tasks:
            for poller in (self._poller, *(inbox.poller for inbox in self._inboxes)):
                tasks.start_soon(poller.closed)
            for outbox in self._outboxes.values():
                tasks.start_soon(outbox.empty)
        for inbox in self._inboxes:
            await inbox.leases.settled()
        await self._marks.empty()

    async def _remove_replies(self, process: str) -> None:
        queue = self._sqs.replies_of(process)
        try:
            with aws_errors("SQS"):
                await self._sqs.client.delete_queue(QueueUrl=await self._sqs.url(queue))
        except Unavailable as error:
            self._log.info("a queue of answers stays", queue=queue, error=str(error))


@cache
def _decoder(command: type[Command[Any]]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("type[Any]", reply_type(command)))


def _settle(answer: asyncio.Future[Any], decoder: msgspec.json.Decoder[Any], body: str) -> None:
    try:
        result = read_answer(body, decoder)
    except msgspec.DecodeError as error:
        result = BadInput(f"an answer can't be read; its sender may be of another version: {error}")
    if isinstance(result, Exception):
        _fail(answer, result)
    elif not answer.done():
        answer.set_result(result)


def _fail(answer: asyncio.Future[Any], error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)
