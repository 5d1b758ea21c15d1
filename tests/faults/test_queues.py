"""SQS with faults, and the processes on both sides of it: nothing lost, nothing twice, all in order."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import pytest

from bus.local import LocalBus
from bus.sqs.client import Sqs
from engine.clock import SystemClock
from engine.errors import Unavailable
from engine.postgres import Database
from tests.bus.conftest import ministack_url, sqs
from tests.bus.sqs_faults import FaultySqs
from tests.bus.transports import Transport, nothing_is_stored
from tests.engine.toys import Bell, Courier, Fetch, Recorder, Ring
from tests.faults.conftest import Scale
from tests.faults.report import Campaign, Report
from tests.sqs import connected, settings_of
from tests.waiting import eventually, pace

__all__ = ["ministack_url", "sqs"]

KEYS = 25
WITHIN_S = 240.0  # The stand-in for SQS looks through all that a queue was sent, and may be slow.
TOLD_WITHIN_S = 1.0  # That SQS is away, once that is known.


class MovedClock(SystemClock):
    """A clock that can be set ahead, and runs on."""

    def __init__(self) -> None:
        super().__init__()
        self.by = timedelta()

    def now(self) -> datetime:
        return super().now() + self.by


@dataclass
class Split:
    """One process that asks, and two that both host the same actors."""

    front: LocalBus
    hosts: tuple["Host", "Host"]
    clock: MovedClock
    database: Database

    async def ring(self, events: int, chance: Random) -> dict[str, list[str]]:
        """Ring so often, a few at a time and for several keys at once; gives what must be heard, by key."""
        rung: dict[str, list[str]] = {f"key-{n}": [] for n in range(KEYS)}
        for number in range(events):
            rung[chance.choice(list(rung))].append(f"{number}")

        async def ring_one(key: str, words: list[str]) -> None:
            while words:
                some, words = words[:3], words[3:]
                await asked(lambda some=some: self.front.ask(Ring(key=key, what=" ".join(some))))  # type: ignore[misc] # bound now

        await asyncio.gather(*(ring_one(key, words) for key, words in rung.items()))
        return {key: words for key, words in rung.items() if words}

    async def check(self, rung: dict[str, list[str]], campaign: Campaign) -> None:
        """Everybody heard everything once, in its order."""
        await eventually(lambda: nothing_is_stored(self.database), within_s=WITHIN_S)
        for actor in ("recorder", "courier"):
            found = await heard(self.database, actor)
            campaign.lost += [f"{actor} {key}" for key, words in rung.items() if set(words) - set(found.get(key, ()))]
            campaign.doubled += [f"{actor} {key}" for key, words in found.items() if len(words) != len(set(words))]
            assert found == rung, (actor, campaign.seed)


@dataclass
class Host:
    """The actors of one process."""

    recorder: Recorder
    courier: Courier


@asynccontextmanager
async def split(database: Database, sqs: Sqs, **changes: object) -> AsyncIterator[Split]:
    """All three, in this one: what is between them is SQS."""
    clock = MovedClock()
    transport = Transport(database, sqs, clock=clock)
    hosts = (Host(Recorder(), Courier()), Host(Recorder(), Courier()))
    async with AsyncExitStack() as stack:
        for host in hosts:
            await stack.enter_async_context(transport.process(sqs, [host.recorder, host.courier], **changes))
        front = await stack.enter_async_context(transport.process(sqs, [Bell()], **changes))
        yield Split(front, hosts, clock, database)


async def asked(ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until it is answered, as whoever asks for something must."""

    async def is_answered() -> bool:
        try:
            await ask()
        except Unavailable:
            return False
        return True

    await eventually(is_answered, within_s=WITHIN_S)


async def heard(database: Database, actor: str) -> dict[str, list[str]]:
    """What an actor has done, by key, in order."""
    found: dict[str, list[str]] = {}
    for row in await database.fetch("select key, what from toys.done where actor = $1 order by place", actor):
        found.setdefault(row["key"], []).append(row["what"])
    return found


@pytest.mark.timeout(1200)
async def test_in_bad_weather_all_takes_effect_once_and_in_order(
    database: Database, sqs: Sqs, scale: Scale, report: Report
) -> None:
    campaign, chance = report.campaign("SQS repeats, shuffles, is late and fails", scale.seed), Random(scale.seed)
    for _ in range(scale.of(short=1, long=20)):
        async with database.transaction(SystemClock().now()) as tx:
            await tx.execute("delete from toys.done")
        # Queues of its own: the stand-in looks through all that a queue was sent in five minutes at each message.
        async with connected(settings_of(sqs.settings.aws_endpoint_url), "bell", "recorder", "courier") as own:
            faulty = FaultySqs(own, chance, repeated=0.3, late=0.01, failing=0.1, is_shuffled=True)
            async with split(database, faulty) as parts:
                rung = await parts.ring(scale.of(short=300, long=1000), chance)
                parts.clock.by = timedelta(minutes=15)
                await parts.check(rung, campaign)
                faulty.stop_faults()
                await eventually(faulty.has_delivered_all)  # What is fifteen minutes late, too; and changes nothing.
                await parts.check(rung, campaign)
        campaign.runs += 1
        campaign.orders += sum(map(len, rung.values()))
        campaign.faults += faulty.counts
        campaign.suppressed += faulty.counts["repeated"]


@pytest.mark.timeout(600)
async def test_while_sqs_is_down_askers_are_told_and_then_all_goes_on(
    database: Database, sqs: Sqs, scale: Scale, report: Report
) -> None:
    campaign, chance = report.campaign("SQS is down", scale.seed), Random(scale.seed)
    faulty = FaultySqs(sqs, chance)
    async with split(database, faulty) as parts:
        ringing = asyncio.create_task(parts.ring(scale.of(short=100, long=1000), chance))
        faulty.is_down = True
        await pace(scale.of(short=2, long=60))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        with pytest.raises(Unavailable):
            await parts.front.ask(Fetch(key="a", what="far"))
        assert loop.time() - began_s < TOLD_WITHIN_S
        faulty.is_down = False
        await parts.check(await ringing, campaign)
    campaign.runs += 1
    campaign.faults["down"] += 1
