"""The cost of a split to the buyer: the same checkout in one process, and over SQS in three.

Closed loop, one buyer. Beside it the round trip of one message over the same stand-in, with nothing else. A
checkout sends five to other processes, one after the other. A waiting poll of the stand-in checks for new messages ten
times a second, which is most of the time measured here; SQS itself ends a poll when a message comes.
"""

import asyncio
import os
import random
import secrets
import shlex
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import aiohttp
import yaml

from bus.sqs.client import open_sqs
from bus.sqs.settings import SqsSettings
from bus.sqs.wire import WireMessage
from testkit.ministack import CREDENTIALS, answers, ministack
from testkit.people import DELIVERY
from testkit.programs import ROOT, command, program

COMPOSE = yaml.safe_load((ROOT / "docs" / "compose.yaml").read_text(encoding="utf-8"))
PARTS = {  # By name, what is behind `run.py`. The first has the edge.
    name: tuple(shlex.split(service["command"]))
    for name, service in COMPOSE["services"].items()
    if service.get("command", "").startswith("serve")
}
CHECKOUTS = 25
_ASKED_S = 0.05  # After which a request has reached the stand-in.
_LOOKS_EVERY_S = 0.1


@dataclass(frozen=True)
class Cost:
    """The medians, in milliseconds."""

    whole_ms: float
    split_ms: float
    round_trip_ms: float


async def measure(folder: Path) -> Cost:
    """Measure one process, then three."""
    with program(folder / "whole") as shop:
        whole = await _check_out(shop.url)
    with ministack() as sqs_url, ExitStack() as stack:
        await answers(sqs_url)
        settings = {
            "SQS_PREFIX": "split",
            "S3_BUCKET": "split",
            "AWS_ENDPOINT_URL": sqs_url,
            "AWS_REGION": "us-east-1",
            **CREDENTIALS,
        }
        os.environ |= CREDENTIALS  # For the bare messages.
        command(folder / "split", "queues", "create", **settings)
        edge, *_ = [stack.enter_context(program(folder / "split", *words, **settings)) for words in PARTS.values()]
        split = await _check_out(edge.url)
        round_trip = await _round_trip(sqs_url)
    return Cost(*(statistics.median(times) * 1000 for times in (whole, split, round_trip)))


async def _check_out(url: str) -> Sequence[float]:
    """Time each checkout."""
    took: list[float] = []
    async with aiohttp.ClientSession(url, raise_for_status=True) as http:
        async with http.get("/products") as answer:
            product = (await answer.json())["items"][0]["id"]
        async with http.get(f"/products/{product}") as answer:
            sku = (await answer.json())["skus"][0]["sku"]
        for _ in range(CHECKOUTS):
            async with http.post("/carts") as answer:
                cart = (await answer.json())["id"]
            async with http.put(f"/carts/{cart}/lines/{sku}", json={"quantity": 1}):
                begun = perf_counter()
            key = {"Idempotency-Key": secrets.token_hex(8)}
            async with http.post(f"/carts/{cart}/checkout", json=DELIVERY, headers=key):
                took.append(perf_counter() - begun)
    return took[len(took) // 5 :]  # The first warm up.


async def _round_trip(sqs_url: str) -> Sequence[float]:
    """Time a message to a queue that is being polled, and one back."""
    settings = SqsSettings(sqs_prefix="bare", aws_endpoint_url=sqs_url, aws_region="us-east-1")
    async with open_sqs(settings) as sqs:
        for queue in ("bare-there.fifo", "bare-back.fifo"):
            await sqs.client.create_queue(QueueName=queue, Attributes={"FifoQueue": "true"})

        async def hop(queue: str, number: int) -> float:
            waiting = asyncio.create_task(sqs.receive(queue, 4, 10))
            await asyncio.sleep(random.uniform(_ASKED_S, _ASKED_S + _LOOKS_EVERY_S))  # The poll waits by now.
            begun = perf_counter()
            assert not await sqs.send(queue, [WireMessage(id=f"{number}", type="Hop", body="{}")])
            (message,) = await waiting
            seconds = perf_counter() - begun
            await sqs.delete(queue, [message["ReceiptHandle"]])
            return seconds

        return [await hop("bare-there.fifo", each) + await hop("bare-back.fifo", each) for each in range(CHECKOUTS)]
