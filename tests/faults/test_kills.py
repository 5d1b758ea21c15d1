"""`kill -9` at crash points under load, at length at every one: started again, nothing is lost, doubled or oversold."""

import importlib
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random

import aiohttp
import asyncpg
import pytest

from engine.crash import CrashPoint
from tests.faults.conftest import IMPATIENT, Scale
from tests.faults.crowd import Crowd
from tests.faults.load import crowd_of
from tests.faults.report import Campaign, Report
from tests.journeys.process import Program, program
from tests.waiting import eventually
from wiring.sandbox_process import lifeline

importlib.import_module("run")  # With all that it wires, and so all crash points there are.

BUYERS = 6
REACHED_WITHIN_S = 30.0
TRIES = 3
A_FEW = 12  # Of all points, in the short form: others each time.
MIGRATIONS = ("before-migration-commit", "after-migration")
BETWEEN_PROCESSES = ("after-forward", "after-receive")  # Reached only where there are several (test_split.py).
RENAMES = ("rename-carried",)  # Reached only by staff who rename a SKU (journeys/test_products.py).
INDEXING = ("search-committing", "search-committed", "search-swapping")  # Where products change (test_folder.py).
# Where staff send them, or their recipe has changed (tests/actors/media).
PICTURES = ("original-kept", "renditions-stored", "upload-removed", "half-remade", "remade")
IMPORTING = ("import-piece-written",)  # Where goods are imported (tests/actors/imports).
STAFF = ("recovery-code-used",)  # Where staff have lost their second factor (tests/actors/staff).
VIEWS = ("before-views-forgotten", "after-views-forgotten")  # Where products change (tests/gateway/views/test_shop.py).
# Where customers sign in, or leave (tests/journeys/test_accounts*.py).
ACCOUNTS = ("customer-code-used", "customer-closing", "carts-merging", "carts-merged")
ERASING = ("orders-forgotten", "erased-listed")  # Where persons are forgotten (tests/actors/privacy).
# Where keys are turned (tests/actors/vault), and an earlier version's orders sealed (actors/order/test_sealed.py).
KEYS = ("kek-written", "keys-rewrapped", "kek-destroyed", "master-key-prepared", "master-key-known", "reseal-batch")
PEOPLE = {*ACCOUNTS, *ERASING, *KEYS, *STAFF}
ELSEWHERE = {*PEOPLE, *MIGRATIONS, *BETWEEN_PROCESSES, *RENAMES, *INDEXING, *PICTURES, *IMPORTING, *VIEWS}


class Killing:
    """Starts the shop again and again, each time with another point where it will kill itself."""

    def __init__(self, shop: Program, crowd: Crowd, campaign: Campaign, chance: Random) -> None:
        self._shop = shop
        self._crowd = crowd
        self._campaign = campaign
        self._chance = chance
        # What must happen for some points to be reached; the others are on everybody's way.
        self._provoke: dict[str, Callable[[], Awaitable[None]]] = {
            "before-drain": self._stop,
            "after-drain": self._stop,
            "before-park-commit": self._refuse_a_mail,
            "after-redrive": self._redrive,
            "after-failure-noted": self._break_a_table,
            "after-sweep": self._store_what_nobody_knows,
            "looked-at-stripe": self._give_back_the_lease,
        }
        self._mend = {
            "after-failure-noted": "alter table analytics.sales drop constraint trouble",
            "after-sweep": "delete from bus.deliveries where type = 'Unheard'",
        }

    async def kill_at(self, point: str) -> None:
        """From a shop that is down to a shop that is down again."""
        often = 1 if point in self._provoke else self._chance.randint(1, 5)
        self._shop.settings["SHOPFLOW_CRASH_AT"] = f"{point}:{often}"
        # Stopped while it was too busy to end all in time, it stops in order without having come to the end of it.
        for _ in range(TRIES):
            code = await self._provoked(point)
            if code:
                break
        assert code == -signal.SIGKILL, self._shop.log
        self._campaign.kills[point] += 1
        if mend := self._mend.get(point):
            await self._sql(mend)

    async def _provoked(self, point: str) -> int:
        """Start it and let it come to the point; gives the code with which it ended."""
        await self._shop.spawn()
        try:
            # It may come to the point before it is ready, and before it has answered those who provoke it.
            await eventually(lambda: self._is_dead() or self._shop.is_ready(), within_s=REACHED_WITHIN_S)
            if not self._is_dead() and (provoke := self._provoke.get(point)):
                with suppress(aiohttp.ClientError):
                    await provoke()
            await eventually(self._is_dead, within_s=REACHED_WITHIN_S)
        except TimeoutError:
            raise AssertionError(f"{point} was never reached") from None
        return await self._shop.ended()

    def _is_dead(self) -> bool:
        return self._shop.process.returncode is not None

    async def _stop(self) -> None:
        self._shop.process.terminate()

    async def _refuse_a_mail(self) -> None:
        fault = {"action": "fail", "status": 550, "count": 1}
        assert (await self._shop.ask("PUT", f"{await self._shop.sandbox()}/sandbox/faults/smtp", fault)).status == 200

    async def _give_back_the_lease(self) -> None:
        """Whoever was killed in the middle of a look has it for another minute."""
        await self._sql("update payment.reconciler set busy_until = '1970-01-01Z'")

    async def _redrive(self) -> None:
        """First let there be something to redrive."""
        await self._refuse_a_mail()

        async def letters() -> list[dict[str, str]]:
            return list((await self._shop.ask("GET", "/admin/api/dead-letters", **self._crowd.staff)).body["items"])

        for letter in await eventually(letters):
            await self._shop.ask("POST", f"/admin/api/dead-letters/{letter['id']}/redrive", **self._crowd.staff)

    async def _break_a_table(self) -> None:
        await self._sql("alter table analytics.sales add constraint trouble check (units < 0) not valid")

    async def _store_what_nobody_knows(self) -> None:
        """All else is in memory once the shop has begun, if its last end has left nothing."""
        await self._sql(
            "insert into bus.deliveries (message_id, subscriber, type, key, body, cause, stored_at)"
            " values ('unheard', 'email', 'Unheard', '', '{}', '', '1970-01-01Z')"
        )

    async def _sql(self, statement: str) -> None:
        connection = await asyncpg.connect(f"postgresql://postgres:@/shopflow?host={self._shop.data}/postgres")
        try:
            await connection.execute(statement, timeout=10)
        finally:
            await connection.close()


@pytest.mark.timeout(3 * 3600)
async def test_killed_at_every_point_under_load(scale: Scale, report: Report) -> None:
    campaign, chance = report.campaign("kill -9 at every crash point under load", scale.seed), Random(scale.seed)
    async with program(**IMPATIENT) as shop:
        await shop.start()
        crowd = await crowd_of(shop, scale)
        with lifeline(shop.data / "sandbox"):  # Stripe, carrier and mail server don't end when a shop is killed.
            async with crowd.shopping(BUYERS):
                killing = Killing(shop, crowd, campaign, chance)
                await shop.kill()
                for _ in range(scale.of(short=1, long=20)):
                    points = _in_some_order(chance)[: scale.of(short=A_FEW, long=len(CrashPoint.known))]
                    for point in points:
                        await killing.kill_at(point)
                    campaign.runs += 1
                shop.settings["SHOPFLOW_CRASH_AT"] = ""
                await shop.start()
        assert "None." in await shop.good("dead-letters")
        campaign.count(crowd.tally)
    assert set(campaign.kills) == set(points)
    assert not scale.is_long or set(points) == set(CrashPoint.known) - ELSEWHERE


@pytest.mark.timeout(600)
@pytest.mark.parametrize("point", MIGRATIONS)
async def test_killed_during_migration(scale: Scale, report: Report, point: str) -> None:
    campaign = report.campaign(f"kill -9 at {point}", scale.seed)
    chance = Random(scale.seed)
    for _ in range(scale.of(short=1, long=20)):
        async with program() as shop:
            shop.settings["SHOPFLOW_CRASH_AT"] = f"{point}:{chance.randint(1, 8)}"
            await shop.spawn()
            await eventually(lambda: shop.process.returncode is not None, within_s=REACHED_WITHIN_S)
            assert await shop.ended() == -signal.SIGKILL, shop.log
            shop.settings["SHOPFLOW_CRASH_AT"] = ""
            await shop.start()
            assert "0 findings" in await shop.good("audit")
        campaign.kills[point] += 1
        campaign.runs += 1


def _in_some_order(chance: Random) -> list[str]:
    points = [point for point in CrashPoint.known if point not in ELSEWHERE]
    chance.shuffle(points)
    return points
