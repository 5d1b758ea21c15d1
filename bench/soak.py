"""A long while: 10,000 clients that watch, 50 purchases a second, and nothing may grow, slow down, or be lost.

Open loop: each second 50 purchases begin (bench/buyers.py), however long those of the second before took; 64 buyers
share them. Each minute is a row: a leak or a backlog shows in the last one.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import psutil

from bench.fanout.measure import Came, allow_many_files, crowd
from bench.goods import put_on_shelves
from bench.lag import CONNECTS_A_SECOND
from bench.purchases import open_buyers
from testkit.programs import Dialogue, program

WATCHERS = 10_000
SKUS = 1_000
BUYERS = 64
PURCHASES_A_SECOND = 50
MINUTES = 10


@dataclass(frozen=True)
class Minute:
    """The figures of a minute."""

    took_s: Sequence[float]  # Of each purchase.
    values: int  # That reached a client.
    memory_mb: float  # The shop's process, at its end.


async def measure(folder: Path) -> list[Minute]:
    """Measure all minutes. The load generator fails if a connection is lost."""
    allow_many_files()
    with program(folder / "shop") as shop:
        put_on_shelves(shop.folder, SKUS)
        port = urlsplit(shop.url).port
        assert port is not None
        process = psutil.Process(shop.process_id)
        with (
            crowd(port, WATCHERS, skus_each=1, skus=SKUS, per_second=CONNECTS_A_SECOND) as watching,
            open_buyers(shop.url, BUYERS, SKUS) as buying,
        ):
            await watching.ask("0")
            return [await _minute(watching, buying, process) for _ in range(MINUTES)]


async def _minute(watching: Dialogue, buying: Dialogue, process: psutil.Process) -> Minute:
    took_s: list[float] = []
    begun_s = time.monotonic()
    for second in range(60):
        await asyncio.sleep(max(0.0, begun_s + second - time.monotonic()))
        took_s += msgspec.json.decode(await buying.ask(f"{PURCHASES_A_SECOND}"), type=list[float])
    came = msgspec.json.decode(await watching.ask("0"), type=Came)
    return Minute(took_s, came.values, process.memory_full_info().pss / 1e6)
