"""SQS and S3 by their real protocols, on this machine: ministack, in a process of its own."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import aiohttp

from testkit.programs import free_port

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}  # It asks for some, and takes all.
_START_S = 20.0


@contextmanager
def ministack(services: str = "sqs,s3") -> Iterator[str]:
    """Run ministack; yields its URL. The server may not answer yet."""
    port = free_port()
    own = {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "MINISTACK_HOST": "127.0.0.1",
        "LOG_LEVEL": "ERROR",
        "SERVICES": services,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "ministack"],
        env=os.environ | CREDENTIALS | own,  # It knows those that it was started with.
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


async def answers(url: str) -> None:
    """Wait until ministack answers."""
    async with asyncio.timeout(_START_S), aiohttp.ClientSession() as http:
        while True:
            with suppress(aiohttp.ClientError):
                async with http.get(f"{url}/_ministack/health", raise_for_status=True):
                    return
            await asyncio.sleep(0.05)
