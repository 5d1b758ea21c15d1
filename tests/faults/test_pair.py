"""Two programs on one folder, under load: each is killed in turn, while buyers go on at the other.

What a buyer asks for is done by the program they ask, and what Stripe and the carrier tell by the one that was started
last. So one of them hears of an order, and the other of its money.
"""

from contextlib import AsyncExitStack
from random import Random

import pytest

from tests.faults.conftest import Scale
from tests.faults.load import SOON_OVER, crowd_of
from tests.faults.report import Report
from tests.journeys.process import Program, end, program
from tests.waiting import pace
from wiring.sandbox_process import lifeline

BUYERS = 6


@pytest.mark.timeout(3600)
async def test_two_programs_on_one_folder_are_killed_in_turn(scale: Scale, report: Report) -> None:
    campaign, chance = report.campaign("two programs on one folder, killed in turn", scale.seed), Random(scale.seed)
    async with program(**SOON_OVER) as first, AsyncExitStack() as stack:
        second = Program(first.data, settings=SOON_OVER)
        stack.push_async_callback(end, second)
        await first.start()
        await second.start()
        crowd = await crowd_of(first, scale)
        with lifeline(first.data / "sandbox"):
            async with crowd.shopping(BUYERS):
                for _ in range(scale.of(short=1, long=40)):
                    for busy, other in ((first, second), (second, first)):
                        crowd.shop_url = busy.url
                        await pace(chance.uniform(0.2, 1.5))
                        await other.kill()
                        campaign.kills["either, at any moment"] += 1
                        await other.start()
                        await pace(1.0)  # Shopping at one, and paying at the other.
                    campaign.runs += 1
        assert "None." in await first.good("dead-letters")
        campaign.count(crowd.tally)
