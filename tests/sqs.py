"""Queues on the stand-in for SQS, for tests."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bus.sqs.client import Sqs, open_sqs
from bus.sqs.queues import Queues
from bus.sqs.settings import SqsSettings


def settings_of(url: str, **changes: object) -> SqsSettings:
    """A shop's of its own. A message is in_flight for a short time, so that tests see leases end."""
    prefix = f"t{secrets.token_hex(4)}"
    # A bucket is one shop's: its pictures have no prefix.
    given = {"sqs_visibility_s": 6, "sqs_wait_s": 1, "s3_bucket": prefix, "sqs_body_limit": 10_000} | changes
    return SqsSettings(
        sqs_prefix=prefix,
        aws_endpoint_url=url,
        aws_region="us-east-1",
        **given,  # type: ignore[arg-type] # as named
    )


@asynccontextmanager
async def connected(settings: SqsSettings, *actors: str) -> AsyncIterator[Sqs]:
    """A connection, and queues for these actors."""
    async with open_sqs(settings) as sqs:
        async for _ in Queues(sqs, actors).create():
            pass
        yield sqs
