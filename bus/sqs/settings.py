"""Settings of the bus between processes."""

from typing import Annotated

import msgspec

from engine.patterns import whole
from engine.settings import PositiveInt, Settings, meaning

_Prefix = Annotated[str, whole("[A-Za-z0-9_-]{0,40}")]


class SqsSettings(Settings, frozen=True, kw_only=True):
    """The queues, and the actors of this process. Credentials come from the usual AWS chain."""

    sqs_prefix: Annotated[
        _Prefix, meaning("Queues are PREFIX-ACTOR.fifo. Empty: the whole shop is in this process.")
    ] = ""
    shopflow_actors: Annotated[
        str,
        meaning(
            "Actors hosted here, with commas between; `!a,b`: all but a and b. The others are elsewhere. Empty: all."
        ),
    ] = ""
    s3_bucket: Annotated[
        str, meaning("Bucket of pictures, and of bodies too large for SQS. Empty: pictures lie in the data folder.")
    ] = ""
    aws_endpoint_url: Annotated[str, meaning("Address of SQS and S3. Empty: Amazon's.")] = ""
    aws_region: Annotated[str, meaning("Region of the queues and the bucket.")] = ""
    aws_default_region: Annotated[str, meaning("Region, if AWS_REGION is empty.")] = ""
    sqs_visibility_s: Annotated[
        PositiveInt, meaning("How long a received message is hidden from others; renewed at a third of it.")
    ] = 10
    # A process that stops waits for its last poll, and must be gone in ten seconds.
    sqs_wait_s: Annotated[int, msgspec.Meta(ge=1, le=5), meaning("Length of a long poll.")] = 4
    sqs_body_limit: Annotated[
        int, msgspec.Meta(gt=0, le=1_040_000), meaning("Bytes of a body in SQS, at most; larger ones go to S3.")
    ] = 1_000_000
    sqs_receives: Annotated[
        int, msgspec.Meta(gt=0, le=1000), meaning("Receives after which a queue parks a message by itself.")
    ] = 20
