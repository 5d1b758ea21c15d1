"""Strangers who take what they can, beside buyers who want to buy: slow and huge connections, forged messages, floods,
hoarders and testers of stolen cards, all from a few addresses.

The buyers, each at an address of its own, are served as if nobody else were there; the shop's memory stays bounded; and
its log names what it has refused.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import msgspec
import psutil
import pytest

from testkit.programs import UNBOUNDED, Dialogue, dialogue
from tests.faults.attackers import ADDRESSES, SKUS
from tests.faults.conftest import Scale
from tests.faults.honest_buyers import SKU
from tests.faults.load import note
from tests.faults.report import Report
from tests.journeys.process import Program, program
from tests.waiting import pace

BUYERS = 20
AS_SHIPPED = dict.fromkeys(UNBOUNDED, "")  # What is empty has its default.
MOST_SLOWER = 1.5  # At length: a few seconds beside other tests tell nothing of the slowest hundredth.
MOST_CORES = 0.3  # That strangers take of the shop's one.
WARM_UP_S = 15.0  # By then the strangers have used what they may use at once.
NOISE_S = 0.05  # Of a machine on which the attackers run, too: no p99 below it is told from another.
MEMORY_MB = 200
LOOKS_S = 0.25


@pytest.mark.timeout(1500)
@pytest.mark.slow
async def test_strangers_take_nothing_from_those_who_buy(scale: Scale, report: Report) -> None:
    campaign = report.campaign("Strangers beside buyers", scale.seed)
    slow, seconds = scale.of(short=200, long=1000), scale.of(short=10, long=600)
    quiet_s = scale.of(short=10, long=180)
    async with program(**AS_SHIPPED, SHOPFLOW_LOG="warning") as shop:
        await shop.start()
        await fill_the_shelf(shop)
        buying = [sys.executable, "-m", "tests.faults.honest_buyers", shop.url, str(BUYERS)]
        attacking = ["nice", "-n", "19", sys.executable, "-m", "tests.faults.attackers", shop.url, str(slow)]
        with dialogue(buying) as buyers, dialogue(attacking) as attackers:
            await buyers.ask("3")  # All is loaded, and every buyer connected.
            before = await shopping(shop, buyers, quiet_s)
            async with memory_of(shop) as memory_mb, asyncio.TaskGroup() as tasks:
                attack = tasks.create_task(attackers.ask(f"{WARM_UP_S + seconds}"))
                await pace(WARM_UP_S)
                loud = await shopping(shop, buyers, seconds)
            after = await shopping(shop, buyers, quiet_s)
        before_mb, most_mb, quiet = memory_mb[0], max(memory_mb), max(before, after, key=lambda each: each.p99_s)

        told = msgspec.json.decode(attack.result(), type=dict[str, int])
        note(
            campaign,
            f"Requests without strangers: {quiet}; beside them: {loud}.",
            f"Memory: {before_mb:.0f} MB before, {most_mb:.0f} MB at most.",
            f"The strangers were answered: {told}.",
        )
        assert loud.cores - quiet.cores <= MOST_CORES
        if scale.is_long:
            assert loud.p99_s <= MOST_SLOWER * max(NOISE_S, quiet.p99_s)
        assert most_mb - before_mb <= MEMORY_MB
        assert refusals_are_told(shop.errors) >= {"requests", "late", "head"}
        assert told["flood 429"] > told["flood 201"]
        assert await held_by_strangers(shop) <= 300 * len(ADDRESSES)
        audit = await shop.good("audit")
        assert "0 findings" in audit, audit


@dataclass(frozen=True)
class Shopping:
    """What the buyers saw for a while, and what the shop's process took of the machine."""

    requests: int
    p99_s: float
    cores: float

    def __str__(self) -> str:
        return f"{self.requests}, p99 {self.p99_s * 1000:.0f} ms, {self.cores:.2f} cores"


async def shopping(shop: Program, buyers: Dialogue, seconds: float) -> Shopping:
    process, begun_s = psutil.Process(shop.process.pid), perf_counter()
    used_s = sum(process.cpu_times()[:2])
    took_s = sorted(msgspec.json.decode(await buyers.ask(f"{seconds}"), type=list[float]))
    cores = (sum(process.cpu_times()[:2]) - used_s) / (perf_counter() - begun_s)
    return Shopping(len(took_s), took_s[int(len(took_s) * 0.99)], cores)


async def fill_the_shelf(shop: Program) -> None:
    """Put on the shelf what honest buyers want, in plenty."""
    answer = await shop.ask("PUT", f"/admin/api/stock/{SKU}", {"on_hand": 1_000_000}, **await shop.staff())
    assert answer.status == 200, answer


@asynccontextmanager
async def memory_of(shop: Program) -> AsyncIterator[Sequence[float]]:
    """Look at the shop's memory, first before the block."""
    process = psutil.Process(shop.process.pid)
    seen = [process.memory_info().rss / 1e6]

    async def look() -> None:
        while True:
            await pace(LOOKS_S)
            seen.append(process.memory_info().rss / 1e6)

    looking = asyncio.create_task(look())
    try:
        yield seen
    finally:
        looking.cancel()


def refusals_are_told(lines: Sequence[str]) -> set[str]:
    """The reasons that the log names."""
    told = [line for line in lines if "refused" in line and "reason=" in line]
    assert all(any(address in line for address in ADDRESSES) for line in told), told
    return {line.partition("reason=")[2].split()[0] for line in told}


async def held_by_strangers(shop: Program) -> int:
    """Units in carts of what only strangers want."""
    staff = await shop.staff()
    books = [await shop.ask("GET", f"/admin/api/stock/{sku}", **staff) for sku in SKUS]
    return sum(int(each.body["held"]) for each in books)
