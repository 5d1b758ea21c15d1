"""Pages of products: from the cache, and beside them the same product as staff read it, from the database.

16 connections that ask again at once, and then 2,000 requests a second, each counted from the moment at which it was to
begin. Processor time is that of the shop's process alone: pages of a core are pages by seconds of it. The readers are a
process of their own on the same machine.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import msgspec

from bench import cpu
from bench.readers import Reading
from bench.report import percentile
from testkit.programs import Dialogue, Running, command, dialogue, program

WAYS = {
    "a product's page": "/products/tea-bowl",
    "a list of 24": "/products?limit=24",
    "a search": "/products?q=bowl",
    "a product as staff read it": "/admin/api/products/TEABOWL",
}
CONNECTIONS = 16
REQUESTS = 4_000
REPEATS = 3
PACE = 2_000  # A second, of the page alone.
PACED_S = 10


@dataclass(frozen=True)
class Row:
    """The figures of one way: requests a second, and a second of the shop's core (each repeat's); seconds of each."""

    what: str
    per_second: Sequence[float]
    per_core: Sequence[float]
    took_s: Sequence[float]

    def percentile_ms(self, share: float) -> float:
        """The time in which this share was answered."""
        return percentile(self.took_s, share) * 1000


async def measure(folder: Path) -> list[Row]:
    """Measure each way, in turn, and then the page at a pace."""
    with program(folder) as shop:
        token = command(shop.folder, "token").strip()
        with dialogue([sys.executable, "-m", "bench.readers", shop.url, token]) as readers:
            rows = [await _row(shop, readers, what, path) for what, path in WAYS.items()]
            page = next(iter(WAYS.values()))
            paced = Reading(path=page, requests=PACE * PACED_S, connections=4 * CONNECTIONS, per_second=PACE)
            rows.append(await _measured(shop, readers, f"a product's page, {PACE:,} a second", paced, repeats=1))
    return rows


async def _row(shop: Running, readers: Dialogue, what: str, path: str) -> Row:
    reading = Reading(path=path, requests=REQUESTS, connections=CONNECTIONS)
    await readers.ask(_line(msgspec.structs.replace(reading, requests=REQUESTS // 10)))  # Warms up.
    return await _measured(shop, readers, what, reading, REPEATS)


async def _measured(shop: Running, readers: Dialogue, what: str, reading: Reading, repeats: int) -> Row:
    row = Row(what, per_second := [], per_core := [], took_s := [])
    for _ in range(repeats):
        before, begun = cpu.used_s(shop), perf_counter()
        took = msgspec.json.decode(await readers.ask(_line(reading)), type=list[float])
        per_second.append(len(took) / (perf_counter() - begun))
        per_core.append(len(took) / cpu.between(before, cpu.used_s(shop))["shop"])
        took_s += took
    return row


def _line(reading: Reading) -> str:
    return msgspec.json.encode(reading).decode()
