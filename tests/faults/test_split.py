"""A shop in three programs under load: each is killed and replaced, and nothing is lost, doubled or oversold."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from bus.messages.audit import Audit
from bus.messages.inventory import GetStock, HoldStock, SetOnHand, StockHeld
from bus.sqs.client import Sqs
from engine.clock import SystemClock
from engine.errors import Unavailable
from engine.message import Command
from engine.settings import EngineSettings
from testkit import Servers
from tests.bus.conftest import ministack_url, sqs
from tests.faults.conftest import Scale
from tests.faults.load import SOON_OVER, crowd_of
from tests.faults.report import Campaign, Report
from tests.faults.test_kills import BETWEEN_PROCESSES
from tests.journeys.process import STOP_S
from tests.split import Split, split_shop
from tests.waiting import pace
from wiring.domains import SCHEMAS, ShopSettings
from wiring.hosting import ALL_ACTORS, HostedActors
from wiring.integrations import NO_INTEGRATIONS
from wiring.shop import Shop, open_shop

__all__ = ["ministack_url", "sqs"]

R = TypeVar("R")
Deed = Callable[[str], Awaitable[None]]

SENT, RECEIVED = BETWEEN_PROCESSES
KILLED_AT = {"edge": (SENT,), "core": (SENT, RECEIVED), "rest": (RECEIVED, SENT)}  # Nobody asks the edge for anything.

BUYERS = 4
OVERLAP_S = 0.5
REACHED_WITHIN_S = 60.0


class Trouble:
    """What may happen to a program while a crowd shops."""

    def __init__(self, split: Split, campaign: Campaign, chance: Random) -> None:
        self._split = split
        self._campaign = campaign
        self._chance = chance
        self._points = {name: cycle(points) for name, points in KILLED_AT.items()}

    def of_a_round(self, scale: Scale) -> list[tuple[Deed, str]]:
        """In some order. In short each is killed where they meet, and what may happen anywhere happens to one."""
        parts = list(self._split.parts)
        deeds: list[tuple[Deed, str]] = [(self.kill_between_queue_and_table, name) for name in parts]
        for deed in (self.kill, self.replace):
            deeds += [(deed, name) for name in self._chance.sample(parts, scale.of(short=1, long=len(parts)))]
        self._chance.shuffle(deeds)
        return deeds

    async def kill(self, name: str) -> None:
        """At any moment."""
        await pace(self._chance.uniform(0.2, 1.5))
        await self._split.parts[name].kill()
        self._campaign.kills[name] += 1
        await self._split.parts[name].start()

    async def kill_between_queue_and_table(self, name: str) -> None:
        """Where one knows already, and the other not yet."""
        program, point = self._split.parts[name], next(self._points[name])
        await program.kill()
        program.settings["SHOPFLOW_CRASH_AT"] = f"{point}:{self._chance.randint(1, 5)}"
        await program.spawn()
        assert await program.ended(within_s=REACHED_WITHIN_S) == -signal.SIGKILL, program.log
        self._campaign.kills[point] += 1
        program.settings["SHOPFLOW_CRASH_AT"] = ""
        await program.start()

    async def replace(self, name: str) -> None:
        """The new one works before the old one stops; only the edge's port can't be had twice."""
        old = self._split.parts[name]
        if old is self._split.edge:
            assert await old.stop() < STOP_S
            await old.start()
        else:
            await self._split.replace(name).start()
            await pace(OVERLAP_S)
            assert await old.stop() < STOP_S
        self._campaign.faults[f"{name} replaced"] += 1


@pytest.mark.timeout(2 * 3600)
async def test_each_program_is_killed_and_replaced_under_load(ministack_url: str, scale: Scale, report: Report) -> None:
    campaign = report.campaign("three programs with SQS between them, killed and replaced", scale.seed)
    chance = Random(scale.seed)
    async with split_shop(ministack_url, **SOON_OVER) as split:
        await split.start()
        crowd = await crowd_of(split.edge, scale)
        trouble = Trouble(split, campaign, chance)
        async with crowd.shopping(BUYERS):
            for _ in range(scale.of(short=1, long=20)):
                for deed, name in trouble.of_a_round(scale):
                    await deed(name)
                campaign.runs += 1
        assert "None." in await split.edge.good("dead-letters")
        campaign.count(crowd.tally)
    assert set(BETWEEN_PROCESSES) <= set(campaign.kills)


@pytest.mark.timeout(600)
async def test_of_a_thousand_buyers_for_a_hundred_units_at_two_inventories_a_hundred_get_one(
    servers: Servers, tmp_path: Path, sqs: Sqs, scale: Scale, report: Report
) -> None:
    campaign = report.campaign("1,000 buyers for 100 units, two processes with the inventory", scale.seed)
    settings = ShopSettings(
        engine=EngineSettings(
            shopflow_data=tmp_path,
            database_url=await servers.fresh_database(SCHEMAS),
            redis_url=await servers.fresh_redis_url(),
        ),
        sqs=sqs.settings,
    )
    inventory = frozenset({"inventory"})
    async with AsyncExitStack() as stack:
        for hosted in (
            HostedActors(inventory, False),
            HostedActors(inventory, False),
            HostedActors(ALL_ACTORS.actors - inventory),
        ):
            front = await stack.enter_async_context(open_shop(settings, NO_INTEGRATIONS, SystemClock(), hosted=hosted))
        # ministack's send gets slower with each send of the last five minutes: 15 rounds would be too many for it.
        for _ in range(scale.of(short=1, long=10)):
            sku = f"LAST-{campaign.runs}"
            await _until_answered(front, SetOnHand(sku=sku, on_hand=100))
            holds = [HoldStock(cart_id=f"cart-{sku}-{n}", sku=sku, quantity=1) for n in range(1000)]
            answers = await asyncio.gather(*(_until_answered(front, hold) for hold in holds))
            held = sum(isinstance(answer, StockHeld) for answer in answers)
            assert held == 100, scale.seed
            (count,) = (await _until_answered(front, GetStock(skus=(sku,)))).levels
            assert count.available == 0
            campaign.runs += 1
        assert (await front.bus.ask(Audit(), timeout_s=60)).findings == ()
    await servers.drop(settings.engine.database_url)


async def _until_answered(shop: Shop, command: Command[R]) -> R:
    """Commands are safe to repeat."""
    for _ in range(10):
        try:
            return await shop.bus.ask(command)
        except Unavailable:
            await pace(0.1)
    raise AssertionError(f"{command} was never answered")
