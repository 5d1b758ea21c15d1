"""The disk of PostgreSQL is full: nothing is half done, everybody is told, and room is all it needs to go on."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

import asyncpg
import pytest

from tests.faults.conftest import Scale
from tests.faults.load import Load, note, statuses, under_load
from tests.faults.report import Report
from tests.journeys.process import Program, end, kill_servers, program
from tests.waiting import eventually, pace

SIZE_MIB = 192  # An empty shop takes a third of it.
FULL_WITHIN_S = 20.0
NORMAL_WITHIN_S = 30.0  # As promised.


@pytest.mark.timeout(1800)
async def test_a_full_disk_is_told_and_room_is_all_it_needs(scale: Scale, report: Report) -> None:
    campaign = report.campaign("PostgreSQL's disk full under load", scale.seed)
    async with on_a_small_disk() as (shop, disk), under_load(scale, campaign, shop) as load:
        ways: dict[str, Callable[[], Awaitable[None]]] = {
            "no table can grow": lambda: until_somebody_is_refused(load),
            "the log can not grow": lambda: until_it_gives_up(load),
        }
        for _ in range(scale.of(short=1, long=5)):
            for way, happens in ways.items():
                await load.prober.answers(within_s=NORMAL_WITHIN_S, endpoint="ready")
                with disk.full():
                    await happens()
                    campaign.faults[way] += 1
                    await the_probes_tell_the_truth(load, for_s=scale.of(short=2, long=10))
                normal_s = [
                    await load.prober.answers(within_s=NORMAL_WITHIN_S, endpoint=endpoint)
                    for endpoint in ("write", "ready")
                ]
                note(campaign, f"{way.capitalize()}: normal {sum(normal_s):.1f} s after there was room.")
            campaign.runs += 1


async def until_somebody_is_refused(load: Load) -> None:
    began_s = time.monotonic()
    await eventually(lambda: 503 in statuses(load.prober, "write", began_s), within_s=FULL_WITHIN_S)


async def until_it_gives_up(load: Load) -> None:
    """A log that can't grow is PostgreSQL's end: it panics, and can't even recover before there is room."""

    async def is_away() -> bool:
        try:
            connection = await asyncpg.connect(address(load.shop), timeout=2)
            try:
                await connection.execute("select pg_logical_emit_message(true, 'test', 'x'), pg_switch_wal()")
            finally:
                connection.terminate()
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, TimeoutError):
            return True
        return False

    await eventually(is_away, within_s=FULL_WITHIN_S)


async def the_probes_tell_the_truth(load: Load, for_s: float) -> None:
    """It lives, and is not ready as long as it can't write. (Some writes still find room in a page that is there.)"""
    await pace(1.0)
    began_s = time.monotonic()
    await pace(for_s)
    assert statuses(load.prober, "live", began_s) == {200}
    assert statuses(load.prober, "ready", began_s) == {503}


class Disk:
    """A small one, that can be filled."""

    def __init__(self, folder: Path) -> None:
        self._filler = folder / "filler"

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a page is left while the block lasts."""
        try:
            with self._filler.open("wb", buffering=0) as filler:
                for size in (1 << 20, 1 << 12):
                    with suppress(OSError):
                        while filler.write(bytes(size)):
                            pass
            yield
        finally:
            self._filler.unlink()


@asynccontextmanager
async def on_a_small_disk() -> AsyncIterator[tuple[Program, Disk]]:
    """A shop whose PostgreSQL has a disk of its own, in memory."""
    if os.getuid() != 0:
        pytest.skip("a small disk must be mounted, and only root may: run this campaign as root")
    async with program() as shop:
        folder = shop.data / "postgres"
        folder.mkdir()
        if why := await run("mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "shopflow-test", str(folder)):
            pytest.skip(f"a small disk can't be mounted here: {why}")
        try:
            yield shop, Disk(folder)
        finally:
            await end(shop)
            kill_servers(shop.data)
            assert not await run("umount", str(folder))


async def run(*words: str) -> str:
    """What it complained of, if it failed."""
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(10):
        _, said = await process.communicate()
    return said.decode().strip() or "no reason given" if process.returncode else ""


def address(shop: Program) -> str:
    return f"postgresql://postgres:@/shopflow?host={shop.data}/postgres"
