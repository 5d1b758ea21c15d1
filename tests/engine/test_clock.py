"""Clocks: time that moves when told to, timers in order, and rest."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from engine.clock import FOREVER, Clock, ManualClock, Sleeper, SystemClock

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)


@pytest.fixture(params=[SystemClock, ManualClock])
async def any_clock(request: pytest.FixtureRequest) -> Clock:
    made: Clock = request.param()
    return made


async def test_time_is_in_utc(any_clock: Clock) -> None:
    assert any_clock.now().tzinfo is UTC


async def test_setting_the_clock_moves_no_monotonic_time() -> None:
    clock = ManualClock(NOON)
    before_s = clock.monotonic()
    clock.jump(timedelta(hours=-1))
    assert clock.monotonic() == before_s
    await clock.advance(seconds=15)
    assert clock.monotonic() == before_s + 15.0


async def test_a_timer_whose_time_has_passed_is_called_soon_and_not_at_once(any_clock: Clock) -> None:
    called = asyncio.Event()
    any_clock.call_at(any_clock.now() - timedelta(seconds=1), called.set)
    assert not called.is_set()
    await asyncio.wait_for(called.wait(), 1)


async def test_a_cancelled_timer_is_not_called(any_clock: Clock) -> None:
    called: list[str] = []
    timer = any_clock.call_later(0, lambda: called.append("cancelled"))
    over = asyncio.Event()
    any_clock.call_later(0, over.set)
    timer.cancel()
    timer.cancel()
    await asyncio.wait_for(over.wait(), 1)
    assert called == []


async def test_the_system_clock_calls_later() -> None:
    called = asyncio.Event()
    SystemClock().call_later(0.01, called.set)
    await asyncio.wait_for(called.wait(), 1)


async def test_rest_is_when_all_that_was_begun_has_ended(any_clock: Clock) -> None:
    any_clock.begin(2)
    any_clock.end()
    resting = asyncio.create_task(any_clock.at_rest())
    await asyncio.sleep(0)
    assert not resting.done()
    any_clock.end()
    await asyncio.wait_for(resting, 1)


async def test_rest_that_was_over_before_it_was_noticed_is_no_rest(any_clock: Clock) -> None:
    any_clock.begin()
    resting = asyncio.create_task(any_clock.at_rest())
    await asyncio.sleep(0)
    any_clock.end()
    any_clock.begin()
    for _ in range(3):
        await asyncio.sleep(0)
    assert not resting.done()
    any_clock.end()
    await asyncio.wait_for(resting, 1)


def test_ending_more_than_was_begun_is_a_bug() -> None:
    with pytest.raises(AssertionError, match="more work was ended than begun"):
        ManualClock().end()


async def test_a_manual_clock_stands_still_until_it_is_moved(clock: ManualClock) -> None:
    assert clock.now() == NOON
    await clock.advance(days=1, hours=2, minutes=3, seconds=4)
    assert clock.now() == NOON + timedelta(days=1, hours=2, minutes=3, seconds=4)


async def test_timers_fire_in_order_each_at_its_own_time(clock: ManualClock) -> None:
    fired: list[tuple[str, datetime]] = []
    for name, after_s in (("b", 2), ("a", 1), ("b2", 2), ("late", 11)):
        clock.call_later(after_s, lambda name=name: fired.append((name, clock.now())))  # type: ignore[misc]

    await clock.advance(seconds=10)

    assert fired == [(name, NOON + timedelta(seconds=s)) for name, s in (("a", 1), ("b", 2), ("b2", 2))]


async def test_a_timer_set_by_a_timer_fires_in_the_same_advance(clock: ManualClock) -> None:
    fired: list[datetime] = []

    def set_another() -> None:
        clock.call_later(1, lambda: fired.append(clock.now()))

    clock.call_later(1, set_another)
    await clock.advance(seconds=5)
    assert fired == [NOON + timedelta(seconds=2)]


async def test_advancing_comes_to_rest_after_each_timer(clock: ManualClock) -> None:
    seen: list[tuple[str, datetime]] = []

    async def work(name: str) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        seen.append((name, clock.now()))
        clock.end()

    tasks: list[asyncio.Task[None]] = []

    def begin(name: str) -> None:
        clock.begin()
        tasks.append(asyncio.create_task(work(name)))

    clock.call_later(1, lambda: begin("first"))
    clock.call_later(2, lambda: begin("second"))
    await clock.advance(seconds=10)

    assert seen == [("first", NOON + timedelta(seconds=1)), ("second", NOON + timedelta(seconds=2))]


async def test_time_goes_no_further_than_to_where_the_program_died_of_it(clock: ManualClock) -> None:
    began = clock.now()
    clock.call_later(60, clock.stop)

    await clock.advance(minutes=10)
    died = clock.now()
    await clock.advance(minutes=1)

    assert (died - began, clock.now() - died) == (timedelta(minutes=1), timedelta(minutes=1))


async def test_advancing_a_program_that_never_rests_ends_with_an_error(clock: ManualClock) -> None:
    clock.begin()
    with pytest.raises(TimeoutError):
        await clock.advance(seconds=1, within_s=0.01)


async def test_a_jump_fires_nothing_until_time_goes_on(clock: ManualClock) -> None:
    fired: list[str] = []
    clock.call_at(NOON + timedelta(seconds=1), lambda: fired.append("timer"))
    clock.jump(timedelta(hours=1))
    assert fired == []
    await clock.advance(seconds=0)
    assert fired == ["timer"]
    assert clock.now() == NOON + timedelta(hours=1)


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(hours=-1)])
async def test_a_delay_is_as_long_as_it_was_however_the_clock_is_set(clock: ManualClock, by: timedelta) -> None:
    fired: list[datetime] = []
    clock.call_later(10, lambda: fired.append(clock.now()))
    await clock.advance(seconds=4)
    clock.jump(by)

    await clock.advance(seconds=5)
    assert fired == []
    await clock.advance(seconds=1)

    assert fired == [NOON + by + timedelta(seconds=10)]


async def test_a_time_of_day_comes_when_the_clock_shows_it(clock: ManualClock) -> None:
    fired: list[datetime] = []
    clock.call_at(NOON + timedelta(minutes=10), lambda: fired.append(clock.now()))
    clock.jump(timedelta(hours=-1))

    await clock.advance(minutes=69)
    assert fired == []
    await clock.advance(minutes=1)

    assert fired == [NOON + timedelta(minutes=10)]


class SetByHand(SystemClock):
    """The machine's clock, which somebody sets."""

    def __init__(self) -> None:
        super().__init__()
        self.off = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.off


async def test_the_system_clock_notices_that_it_was_set_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.clock._POLL_S", 0.005)
    clock, called = SetByHand(), asyncio.Event()
    clock.call_at(clock.now() + timedelta(minutes=30), called.set)
    await asyncio.sleep(0)
    assert not called.is_set()

    clock.off = timedelta(hours=1)

    await asyncio.wait_for(called.wait(), 1)


async def test_the_system_clock_is_never_early_when_it_was_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.clock._POLL_S", 0.005)
    clock, early, later = SetByHand(), asyncio.Event(), asyncio.Event()
    clock.call_at(clock.now() + timedelta(seconds=0.02), early.set)
    clock.off = timedelta(hours=-1)
    clock.call_later(0.05, later.set)

    await asyncio.wait_for(later.wait(), 1)  # What has really passed counts here.

    assert not early.is_set()
    clock.off = timedelta(0)
    await asyncio.wait_for(early.wait(), 1)


@pytest.mark.parametrize("by", [timedelta(0), timedelta(hours=-1)])
async def test_a_sleeper_that_looks_now_and_then_does_so_however_the_clock_is_set(
    clock: ManualClock, by: timedelta
) -> None:
    sleeper = Sleeper(clock)

    async def sleep() -> None:
        await sleeper.until(NOON + timedelta(days=1), within_s=5)
        sleeper.close()

    sleeping = asyncio.create_task(sleep())
    await asyncio.sleep(0)
    clock.jump(by)

    await clock.advance(seconds=5)

    await asyncio.wait_for(sleeping, 1)
    assert clock.waiting() == 0


async def test_a_sleeper_wakes_at_its_time_and_is_work_until_it_sleeps_again(clock: ManualClock) -> None:
    sleeper = Sleeper(clock)
    woken: list[datetime] = []

    async def loop() -> None:
        for _ in range(2):
            await sleeper.until(clock.now() + timedelta(seconds=10))
            woken.append(clock.now())
        sleeper.close()

    task = asyncio.create_task(loop())
    await asyncio.sleep(0)
    await clock.advance(seconds=25)
    await asyncio.wait_for(task, 1)

    assert woken == [NOON + timedelta(seconds=10), NOON + timedelta(seconds=20)]
    await asyncio.wait_for(clock.at_rest(), 1)


async def test_a_sleeper_that_is_waked_before_it_sleeps_does_not_sleep(clock: ManualClock) -> None:
    sleeper = Sleeper(clock)
    sleeper.wake()
    await asyncio.wait_for(sleeper.until(FOREVER), 1)
    assert clock._work == 1
    sleeper.close()
    assert clock._work == 0


async def test_a_sleeper_can_be_waked_early_and_often(clock: ManualClock) -> None:
    sleeper = Sleeper(clock)
    sleeping = asyncio.create_task(sleeper.until(FOREVER))
    await asyncio.sleep(0)
    sleeper.wake()
    sleeper.wake()
    await asyncio.wait_for(sleeping, 1)
    assert clock._work == 1
    sleeper.close()
    sleeper.close()
    assert clock._work == 0
