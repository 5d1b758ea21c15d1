"""SQS and S3 by their real protocols, on this machine: ministack, in a process of its own."""

import os
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import aiohttp

from bus.sqs.client import Sqs, open_sqs
from bus.sqs.queues import Queues
from bus.sqs.settings import SqsSettings
from tests.waiting import eventually

START_S = 20.0
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


@contextmanager
def stand_in(port: int = 0) -> Iterator[str]:
    """Run it; gives its URL. It may not answer yet."""
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env={
            **os.environ,
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "MINISTACK_HOST": "127.0.0.1",
            "LOG_LEVEL": "ERROR",
            "SERVICES": "sqs,s3",
        },
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def answers(url: str) -> None:
    """Wait until it does."""

    async def is_up() -> bool:
        try:
            async with aiohttp.ClientSession() as http, http.get(f"{url}/_ministack/health") as answer:
                return answer.status == 200
        except aiohttp.ClientError:
            return False

    await eventually(is_up, within_s=START_S)


def settings_of(url: str, **changes: object) -> SqsSettings:
    """A shop's of its own. A message is lent for a short time, so that tests see loans end."""
    given = {"sqs_visibility_s": 6, "sqs_wait_s": 1, "s3_bucket": "bodies", "sqs_body_limit": 10_000} | changes
    return SqsSettings(
        sqs_prefix=f"t{secrets.token_hex(4)}",
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
