"""The queues themselves, as people create, list and search them."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from bus.sqs.client import NoQueue, Sqs, aws_errors
from bus.sqs.wire import from_message
from engine.errors import BadInput

if TYPE_CHECKING:
    from types_aiobotocore_sqs.literals import QueueAttributeNameType
    from types_aiobotocore_sqs.type_defs import MessageTypeDef

_KEPT_S = 1_209_600  # Fourteen days, the longest there is.
_LIST_S = 5  # For so long a parked message that is being listed is hidden from others.
_MOST_LISTED = 1000

# Unencrypted requests are denied. The rights of each process decide which others are allowed (docs/scaling.md).
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "OnlyEncrypted",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "sqs:*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of an actor's queue. SQS's counts are approximate."""

    actor: str
    queue: str
    is_there: bool
    waiting: int = 0
    in_flight: int = 0
    parked: int = 0


class ParkedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was handed out too often and never handled."""

    actor: str
    id: str
    type: str
    key: str
    body: str
    receives: int
    sent_at: datetime


class Queues:
    """All the queues of a shop."""

    def __init__(self, sqs: Sqs, actors: Iterable[str]) -> None:
        self._sqs = sqs
        self._actors = tuple(sorted(actors))

    async def create(self) -> AsyncIterator[str]:
        """Make missing queues and correct the others; yield each name. May be repeated."""
        await self._sqs.make_bucket()
        for actor in self._actors:
            parked = await self._make(self._sqs.parked_of(actor), {})
            queue = self._sqs.queue_of(actor)
            target = (await self._read(parked, ("QueueArn",)))["QueueArn"]
            redrive = {"deadLetterTargetArn": target, "maxReceiveCount": self._sqs.settings.sqs_receives}
            await self._make(queue, {"RedrivePolicy": json.dumps(redrive)})
            yield queue

    async def states(self) -> Sequence[QueueState]:
        """Return the state of each actor's queue."""
        return [await self._state(actor) for actor in self._actors]

    async def parked(self) -> Sequence[ParkedMessage]:
        """List the messages that the queues have parked by themselves, at most 1,000 for each actor."""
        return [parked for actor in self._actors async for _, parked in self._list(actor)]

    async def redrive(self, ids: Iterable[str]) -> int:
        """Send parked messages to their queues again; return how many there were."""
        wanted, found = set(ids), 0
        for actor in self._actors:
            async for message, parked in self._list(actor):
                if parked.id in wanted:
                    await self._move(actor, message)
                    found += 1
        return found

    async def _make(self, queue: str, more: "Mapping[QueueAttributeNameType, str]") -> str:
        settings = self._sqs.settings
        fixed: dict[QueueAttributeNameType, str] = {
            "FifoQueue": "true",
            # Many groups at once, each in its order. Source: SQS Developer Guide, "High throughput for FIFO queues".
            "DeduplicationScope": "messageGroup",
            "FifoThroughputLimit": "perMessageGroupId",
        }
        changing: dict[QueueAttributeNameType, str] = {
            "VisibilityTimeout": str(settings.sqs_visibility_s),
            "MessageRetentionPeriod": str(_KEPT_S),
            "ReceiveMessageWaitTimeSeconds": str(settings.sqs_wait_s),
            "SqsManagedSseEnabled": "true",
            **({} if settings.aws_endpoint_url.startswith("http:") else {"Policy": json.dumps(_POLICY)}),
            **more,
        }
        try:
            url = await self._sqs.url(queue)
        except NoQueue:
            with aws_errors("SQS"):
                made = await self._sqs.client.create_queue(QueueName=queue, Attributes={**fixed, **changing})
            return made["QueueUrl"]
        with aws_errors("SQS"):
            await self._sqs.client.set_queue_attributes(QueueUrl=url, Attributes=changing)
        return url

    async def _read(self, url: str, names: "Sequence[QueueAttributeNameType]") -> Mapping[str, str]:
        with aws_errors("SQS"):
            answer = await self._sqs.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return {str(name): value for name, value in answer["Attributes"].items()}

    async def _state(self, actor: str) -> QueueState:
        queue = self._sqs.queue_of(actor)
        waiting: QueueAttributeNameType = "ApproximateNumberOfMessages"
        in_flight: QueueAttributeNameType = "ApproximateNumberOfMessagesNotVisible"
        try:
            own = await self._read(await self._sqs.url(queue), (waiting, in_flight))
            parked = await self._read(await self._sqs.url(self._sqs.parked_of(actor)), (waiting, in_flight))
        except NoQueue:
            return QueueState(actor=actor, queue=queue, is_there=False)
        return QueueState(
            actor=actor,
            queue=queue,
            is_there=True,
            waiting=int(own[waiting]),
            in_flight=int(own[in_flight]),
            parked=int(parked[waiting]) + int(parked[in_flight]),
        )

    async def _list(self, actor: str) -> "AsyncIterator[tuple[MessageTypeDef, ParkedMessage]]":
        """Yield each parked message once. While they are listed they are in flight; at the end they are returned."""
        queue = self._sqs.parked_of(actor)
        seen: dict[str, MessageTypeDef] = {}
        try:
            while len(seen) < _MOST_LISTED:
                messages = [m for m in await self._sqs.receive(queue, 0, _LIST_S) if m["MessageId"] not in seen]
                if not messages:
                    break
                for message in messages:
                    seen[message["MessageId"]] = message
                    yield message, _parked(actor, message, self._sqs.settings.sqs_prefix)
        except NoQueue:
            return
        finally:
            receipts = [(message["ReceiptHandle"], 0) for message in seen.values()]
            for first in range(0, len(receipts), 10):
                await self._sqs.change_visibility(queue, receipts[first : first + 10])

    async def _move(self, actor: str, message: "MessageTypeDef") -> None:
        """Move a parked message back to its queue. A crash in between leaves two, which are recognised as one."""
        letter = from_message(message, self._sqs.settings.sqs_prefix)
        again = msgspec.structs.replace(letter, again=letter.again + 1, reply_to="", expires_at=None)
        await self._sqs.send(self._sqs.queue_of(actor), [again])
        await self._sqs.delete(self._sqs.parked_of(actor), [message["ReceiptHandle"]])


def _parked(actor: str, message: "MessageTypeDef", prefix: str) -> ParkedMessage:
    try:
        letter = from_message(message, prefix)
    except BadInput:
        letter = None
    attributes = message.get("Attributes", {})
    return ParkedMessage(
        actor=actor,
        id=letter.id if letter else message["MessageId"],
        type=letter.type if letter else "",
        key=letter.key if letter else "",
        body=message["Body"],
        receives=int(attributes.get("ApproximateReceiveCount", "0")),
        sent_at=datetime.fromtimestamp(int(attributes.get("SentTimestamp", "0")) / 1000, UTC),
    )
