"""Settings of the bus between processes."""

from typing import Annotated

import msgspec

from engine.settings import PositiveInt, Settings

_Prefix = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{0,40}$")]


class SqsSettings(Settings, frozen=True, kw_only=True):
    """Where the queues are, and what this process hosts. Credentials come from the usual AWS chain."""

    sqs_prefix: _Prefix = ""  # Queues are {prefix}-{actor}.fifo. Empty: everything is in this process.
    shopflow_actors: str = ""  # Hosted here, with commas between; the others are elsewhere. Empty: all.
    s3_bucket: str = ""  # For bodies that are too large for SQS.
    aws_endpoint_url: str = ""  # Empty: Amazon's.
    aws_region: str = ""
    aws_default_region: str = ""  # If the other is empty.
    sqs_visibility_s: PositiveInt = 10  # For how long a message is lent; renewed at a third of it.
    # Of a long poll. A process that stops waits for its last one, and must be gone in ten seconds.
    sqs_wait_s: Annotated[int, msgspec.Meta(ge=1, le=5)] = 4
    sqs_body_limit: Annotated[int, msgspec.Meta(gt=0, le=1_040_000)] = 1_000_000  # Bytes; larger ones go to S3.
    sqs_receives: Annotated[int, msgspec.Meta(gt=0, le=1000)] = 20  # Then a queue parks a message by itself.
