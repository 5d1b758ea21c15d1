"""PostgreSQL stopped, killed, cut off and frozen under load: what was acknowledged stays, and service comes back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from random import Random
from signal import SIGINT

import asyncpg
import psutil
import pytest

from tests.faults.conftest import Scale
from tests.faults.down import kept_down
from tests.faults.load import everybody_is_told, longest, note, under_load
from tests.faults.report import Report
from tests.journeys.process import Program, postmaster
from tests.waiting import pace

BACK_WITHIN_S = 10.0  # As promised.
AWAY = {"live": 200, "ready": 503, "read": 503, "write": 503}


def stop_fast(server: psutil.Process) -> None:
    server.send_signal(SIGINT)


def kill_it(server: psutil.Process) -> None:
    server.kill()


def kill_all_of_it(server: psutil.Process) -> None:
    for process in all_of(server):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def kill_one_session(server: psutil.Process) -> None:
    """PostgreSQL then ends all the others and recovers by itself."""
    for process in server.children():
        with suppress(psutil.NoSuchProcess):
            if "shopflow" in " ".join(process.cmdline()):
                process.kill()
                return


WAYS: dict[str, Callable[[psutil.Process], None]] = {
    "stopped fast": stop_fast,
    "postmaster killed": kill_it,
    "all of it killed": kill_all_of_it,
    "one session killed": kill_one_session,
}


@pytest.mark.timeout(3600)
async def test_postgresql_ends_in_every_way_under_load(scale: Scale, report: Report) -> None:
    campaign = report.campaign("PostgreSQL stopped, killed, cut off, away and frozen under load", scale.seed)
    chance, back_s = Random(scale.seed), list[float]()
    async with under_load(scale, campaign) as load:
        shop, prober = load.shop, load.prober
        for _ in range(scale.of(short=1, long=20)):
            for way in chance.sample(list(WAYS), scale.of(short=2, long=len(WAYS))):
                await pace(chance.uniform(0.2, 0.8))
                WAYS[way](postmaster(shop.data))
                campaign.kills[way] += 1
                back_s.append(await prober.answers(within_s=BACK_WITHIN_S))
            campaign.runs += 1
        for _ in range(scale.of(short=2, long=15)):
            await cut_all_connections(shop)
            campaign.faults["all connections cut"] += 1
            back_s.append(await prober.answers(within_s=BACK_WITHIN_S))
            await pace(scale.of(short=1, long=2))
        with kept_down(shop.data / "postgres"):
            stop_fast(postmaster(shop.data))
            campaign.faults["away"] += 1
            await everybody_is_told(prober, AWAY, for_s=scale.of(short=1, long=60))
        back_s.append(await prober.answers(within_s=BACK_WITHIN_S))
        with frozen(postmaster(shop.data)):
            campaign.faults["frozen"] += 1
            await everybody_is_told(prober, AWAY, for_s=scale.of(short=1, long=45))  # Longer than statements may take.
        back_s.append(await prober.answers(within_s=BACK_WITHIN_S))
    note(campaign, f"Back after {longest(back_s)}.")


@contextmanager
def frozen(server: psutil.Process) -> Iterator[None]:
    """It is there and does nothing, which is worse than being away: nobody is told so."""
    all_of_them = all_of(server)
    for process in all_of_them:
        process.suspend()
    try:
        yield
    finally:
        for process in all_of_them:
            process.resume()


def all_of(server: psutil.Process) -> list[psutil.Process]:
    return [server, *server.children()]


async def cut_all_connections(shop: Program) -> None:
    cut = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'shopflow'"
    connection = await asyncpg.connect(f"postgresql://postgres:@/shopflow?host={shop.data}/postgres", timeout=10)
    try:
        await connection.execute(cut, timeout=10)
    finally:
        await connection.close(timeout=5)
