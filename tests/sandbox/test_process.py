"""`python -m sandbox` as run.py starts it: ready line, kill -9, and the three ways to end."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.sandbox.world import PATIENCE_S, open_shop, open_stripe

Process = asyncio.subprocess.Process


@asynccontextmanager
async def sandbox(data: Path, shop: str, *options: str) -> AsyncIterator[tuple[Process, str]]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox", "--port", "0", "--data", str(data), "--shop", shop, *options),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "SANDBOX_STRIPE_SECRET_KEY": "sk_test_from_env"},
    )
    assert process.stdout is not None
    try:
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), PATIENCE_S))
        assert ready["smtp"].startswith("smtp://127.0.0.1:")
        yield process, ready["http"]
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_nothing_is_forgotten_by_kill_9(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    async with sandbox(tmp_path, nobody) as (process, url), open_stripe(url, "sk_test_from_env") as client:
        made = await client.v1.payment_intents.create_async(
            {"amount": 1999, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"},
            {"idempotency_key": "k"},
        )
        process.kill()

    async with (
        open_shop() as shop,
        sandbox(tmp_path, shop.url) as (_, url),
        open_stripe(url, "sk_test_from_env") as client,
    ):
        again = await client.v1.payment_intents.create_async(
            {"amount": 1999, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"},
            {"idempotency_key": "k"},
        )
        listed = (await client.v1.payment_intents.list_async()).data
        (webhook,) = await shop.wait(1)

    assert [made.id] == [again.id] == [intent.id for intent in listed]
    assert json.loads(webhook.body)["data"]["object"]["id"] == made.id


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    async with sandbox(tmp_path, "") as (process, _):
        process.send_signal(number)
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


async def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    async with sandbox(tmp_path, "", "--watch-stdin") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert await asyncio.wait_for(process.wait(), PATIENCE_S) == 0


async def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "first", "") as (_, url):
        second = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox", "--port", url.rsplit(":", 1)[1]), stderr=asyncio.subprocess.PIPE
        )
        _, said = await asyncio.wait_for(second.communicate(), PATIENCE_S)
        assert (second.returncode, said.decode().count("\n")) == (2, 1)
