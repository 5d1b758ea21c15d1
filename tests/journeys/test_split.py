"""A shop in three programs is the same shop."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.bus.conftest import ministack_url
from tests.journeys.process import STOP_S, program
from tests.split import Split, split_shop

__all__ = ["ministack_url"]

_EVENT = re.compile(r"│ [\d:.]+ +│ (\w+)")


@pytest.fixture
async def split(ministack_url: str) -> AsyncIterator[Split]:
    async with split_shop(ministack_url) as made:
        await made.start()
        yield made


def timeline(tour: str) -> list[str]:
    """The events that it printed."""
    return _EVENT.findall(tour)


@pytest.mark.timeout(180)
async def test_the_tour_over_three_programs_is_as_over_one(split: Split) -> None:
    async with program() as whole:
        await whole.start()
        expected = timeline(await whole.good("tour"))
        audited = await whole.good("audit")

    assert timeline(await split.edge.good("tour", "--url", split.edge.url)) == expected
    assert await split.edge.good("audit") == audited
    assert "None." in await split.edge.good("dead-letters")
    listed = await split.edge.good("queues", "list")
    assert "missing" not in listed
    assert "nobody" not in listed


@pytest.mark.timeout(180)
async def test_each_says_what_it_hosts_and_stops_in_time_with_nothing_left_behind(split: Split) -> None:
    assert "Here: inventory, order, payment. Elsewhere: analytics," in split.parts["core"].log
    for part in split.parts.values():
        assert await part.stop() < STOP_S

    assert "nobody" in await split.edge.good("queues", "list")
