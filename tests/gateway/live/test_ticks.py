"""When changes are told, on toy subscribers."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from bus.messages.inventory import StockLevel
from gateway.live.settings import LiveSettings
from gateway.live.ticks import Ticks
from gateway.live.topics import StockTopic, Subscriber
from tests.gateway.live.support import NOON, sample
from tests.waiting import eventually, pace

MUG, LAMP = "MUG", "LAMP"


class Ear(Subscriber):
    """Remembers the very frames it was given."""

    def __init__(self, cost: Callable[[], None] = lambda: None) -> None:
        super().__init__()
        self.heard: list[bytes] = []
        self.cost = cost
        self.write = self.listen

    def listen(self, frame: bytes) -> None:
        self.cost()
        self.heard.append(frame)

    def send(self, payload: bytes) -> None:
        raise AssertionError(payload)


def ticks(**settings: object) -> Ticks:
    return Ticks(LiveSettings(**settings), lambda: NOON, lambda _: None)  # type: ignore[arg-type]  # Any of them.


def topic(sku: str, *readers: Subscriber) -> StockTopic:
    made = StockTopic(sku)
    made.readers.update(readers)
    return made


async def test_a_change_is_told_in_the_next_round_when_it_is_quiet() -> None:
    ear = Ear()
    ticks().change(topic(MUG, ear), StockLevel(sku=MUG, available=1, version=1))

    await asyncio.sleep(0)

    assert len(ear.heard) == 1


async def test_the_same_changes_are_the_same_bytes() -> None:
    first, second, third = Ear(), Ear(), Ear()
    mug, lamp = topic(MUG, first, second), topic(LAMP, first, second, third)
    clockwork = ticks()
    clockwork.change(mug, StockLevel(sku=MUG, available=1, version=1))
    clockwork.change(lamp, StockLevel(sku=LAMP, available=1, version=1))

    await asyncio.sleep(0)

    assert first.heard[0] is second.heard[0]
    assert len(third.heard) == 1


async def test_a_busy_hub_gathers_changes() -> None:
    loop = asyncio.get_running_loop()

    def burn() -> None:
        until = loop.time() + 0.02
        while loop.time() < until:
            pass

    ear = Ear(burn)
    mug, clockwork = topic(MUG, ear), ticks()
    for version in range(1, 200):
        clockwork.change(mug, StockLevel(sku=MUG, available=version, version=version))
        await pace(0.001)
    await eventually(lambda: b'"version":199' in ear.heard[-1])

    assert len(ear.heard) < 50


async def test_a_version_never_goes_back_between_a_tick_and_what_is_shown_without_one() -> None:
    ear = Ear()
    mug, clockwork = topic(MUG, ear), ticks()
    clockwork.change(mug, StockLevel(sku=MUG, available=5, version=5))
    mug.show(StockLevel(sku=MUG, available=6, version=6))

    await asyncio.sleep(0)
    await asyncio.sleep(0)

    assert mug.version == 6
    assert ear.heard == []


async def test_what_a_tick_owes_is_told_before_anything_else() -> None:
    ears = [Ear() for _ in range(10)]
    mug, clockwork = topic(MUG, *ears), ticks(slice_clients=1)
    clockwork.change(mug, StockLevel(sku=MUG, available=1, version=1))
    await asyncio.sleep(0)
    late = next(ear for ear in ears if not ear.heard)

    clockwork.settle(late)
    assert len(late.heard) == 1

    await eventually(lambda: all(ear.heard for ear in ears))
    assert len(late.heard) == 1


async def test_many_changes_take_several_ticks() -> None:
    ear = Ear()
    clockwork = ticks(batch_changes=10)
    for number in range(25):
        clockwork.change(topic(f"SKU-{number}", ear), StockLevel(sku=f"SKU-{number}", available=1, version=1))

    await eventually(lambda: len(ear.heard) == 3)


async def test_the_lag_is_measured_from_the_commit() -> None:
    seen = sample("lag_seconds_sum")
    ticks().change(topic(MUG, Ear()), StockLevel(sku=MUG, available=1, version=1), NOON - timedelta(seconds=3))

    await eventually(lambda: sample("lag_seconds_sum") == pytest.approx(seen + 3))
