"""SQS and S3 as far as the bus needs them. Their errors become the engine's.

The library is imported where it is used: that is a fifth of a program's start, and a shop in one process needs none.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from bus.sqs.metrics import REQUESTS
from bus.sqs.settings import SqsSettings
from bus.sqs.wire import WireMessage, to_entry
from engine.aws import errors_of, make_bucket
from engine.errors import BadInput, BadSetting, Unavailable

if TYPE_CHECKING:
    from types_aiobotocore_s3 import S3Client
    from types_aiobotocore_sqs import SQSClient
    from types_aiobotocore_sqs.type_defs import BatchResultErrorEntryTypeDef, MessageTypeDef

_CONNECT_S = 2.0
_ANSWER_S = 5.0  # Beyond the long poll.
_CONNECTIONS = 64
_LONGEST_BODY = 64 << 20  # Bytes. What is stored by us is some megabytes long at most.
_NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")


class NoQueue(Unavailable):
    """A queue that was never made, or was removed with the process that read it."""


aws_errors = partial(errors_of, kinds=dict.fromkeys(_NO_QUEUE, NoQueue))


class MissingQueue(BadSetting):
    """A queue that this process reads was never made."""

    def __init__(self, queue: str) -> None:
        super().__init__(f"SQS_PREFIX: there is no queue {queue}")


class Sqs:
    """The client for all queues of a shop, with one connection pool."""

    def __init__(self, client: "SQSClient", s3: "S3Client", settings: SqsSettings) -> None:
        self.client = client
        self.settings = settings
        self._s3 = s3
        self._urls: dict[str, str] = {}

    def queue_of(self, actor: str) -> str:
        """Return the name of an actor's queue."""
        return f"{self.settings.sqs_prefix}-{actor}.fifo"

    def parked_of(self, actor: str) -> str:
        """Return the name of the queue for messages that an actor's queue has handed out too often."""
        return f"{self.settings.sqs_prefix}-{actor}-parked.fifo"

    def replies_of(self, process: str) -> str:
        """Return the name of a process's queue of answers."""
        return f"{self.settings.sqs_prefix}-replies-{process}"

    async def url(self, queue: str) -> str:
        """Return the address of a queue.

        Raises:
            NoQueue: It does not exist.
            Unavailable: SQS does not answer.
        """
        if queue not in self._urls:
            with aws_errors("SQS"):
                self._urls[queue] = (await self.client.get_queue_url(QueueName=queue))["QueueUrl"]
        return self._urls[queue]

    async def send(self, queue: str, letters: Sequence[WireMessage]) -> dict[int, "BatchResultErrorEntryTypeDef"]:
        """Send up to ten messages; return the errors, by place."""
        entries = [to_entry(letter, place, is_fifo=queue.endswith(".fifo")) for place, letter in enumerate(letters)]
        REQUESTS.labels("send").inc()
        with aws_errors("SQS"):
            answer = await self.client.send_message_batch(QueueUrl=await self.url(queue), Entries=entries)
        return _failed(answer.get("Failed", []))

    async def receive(self, queue: str, wait_s: int, visibility_s: int) -> Sequence["MessageTypeDef"]:
        """Receive up to ten messages, or none after `wait_s`."""
        REQUESTS.labels("receive").inc()
        with aws_errors("SQS"):
            answer = await self.client.receive_message(
                QueueUrl=await self.url(queue),
                MaxNumberOfMessages=10,
                WaitTimeSeconds=wait_s,
                VisibilityTimeout=visibility_s,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return answer.get("Messages", [])

    async def delete(self, queue: str, receipts: Sequence[str]) -> dict[int, "BatchResultErrorEntryTypeDef"]:
        """Delete up to ten received messages; return the errors, by place."""
        REQUESTS.labels("delete").inc()
        with aws_errors("SQS"):
            answer = await self.client.delete_message_batch(
                QueueUrl=await self.url(queue),
                Entries=[{"Id": str(place), "ReceiptHandle": receipt} for place, receipt in enumerate(receipts)],
            )
        return _failed(answer.get("Failed", []))

    async def change_visibility(
        self, queue: str, leases: Sequence[tuple[str, int]]
    ) -> dict[int, "BatchResultErrorEntryTypeDef"]:
        """Keep messages invisible to others for so many seconds from now; return the errors, by place."""
        REQUESTS.labels("visibility").inc()
        with aws_errors("SQS"):
            answer = await self.client.change_message_visibility_batch(
                QueueUrl=await self.url(queue),
                Entries=[
                    {"Id": str(place), "ReceiptHandle": receipt, "VisibilityTimeout": seconds}
                    for place, (receipt, seconds) in enumerate(leases)
                ],
            )
        return _failed(answer.get("Failed", []))

    async def make_bucket(self) -> None:
        """Make the bucket for large bodies, if one is named and does not exist."""
        if self.settings.s3_bucket:
            with aws_errors("S3"):
                await make_bucket(self._s3, self.settings.s3_bucket)

    async def store(self, name: str, body: str) -> None:
        """Store a body that is too large for a message."""
        with aws_errors("S3"):
            await self._s3.put_object(Bucket=self._bucket(), Key=name, Body=body.encode())

    async def fetch(self, name: str) -> str:
        """Return a stored body."""
        with aws_errors("S3"):
            found = await self._s3.get_object(Bucket=self._bucket(), Key=name)
            if found["ContentLength"] > _LONGEST_BODY:
                raise BadInput(f"a stored body has {found['ContentLength']} bytes")
            content: bytes = await found["Body"].read()
        return content.decode()

    async def remove(self, names: Sequence[str]) -> None:
        """Delete stored bodies, at most 1,000."""
        with aws_errors("S3"):
            await self._s3.delete_objects(
                Bucket=self._bucket(), Delete={"Objects": [{"Key": name} for name in names], "Quiet": True}
            )

    def _bucket(self) -> str:
        if not self.settings.s3_bucket:
            raise BadSetting("S3_BUCKET: must be set: a message is too large for SQS")
        return self.settings.s3_bucket


@asynccontextmanager
async def open_sqs(settings: SqsSettings) -> AsyncIterator[Sqs]:
    """Connect, with the usual chain of credentials.

    Raises:
        BadSetting: One line that says what is missing.
    """
    from aiobotocore.config import AioConfig  # noqa: PLC0415 - see above
    from aiobotocore.session import get_session  # noqa: PLC0415 - see above
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see above

    connect = partial(
        get_session().create_client,
        region_name=settings.aws_region or settings.aws_default_region or None,
        endpoint_url=settings.aws_endpoint_url or None,
        config=AioConfig(
            connect_timeout=_CONNECT_S,
            read_timeout=settings.sqs_wait_s + _ANSWER_S,
            max_pool_connections=_CONNECTIONS,
            retries={"total_max_attempts": 1},  # Callers retry, with a bound and pauses of their own.
            # These two were a third of a request's cost. Requests are typed here and checked by AWS; and without a
            # user agent of ours the library composes its own for each request.
            parameter_validation=False,
            user_agent="ShopFlow",
        ),
    )
    async with AsyncExitStack() as stack:
        try:
            sqs, s3 = [await stack.enter_async_context(connect(service)) for service in ("sqs", "s3")]
        except (BotoCoreError, ValueError) as error:
            raise BadSetting(f"SQS_PREFIX: no way to SQS: {error}") from error
        yield Sqs(sqs, s3, settings)


def _failed(entries: Sequence["BatchResultErrorEntryTypeDef"]) -> dict[int, "BatchResultErrorEntryTypeDef"]:
    return {int(entry["Id"]): entry for entry in entries}
