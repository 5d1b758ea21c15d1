"""Readers, writers, news and clocks in every order: nothing older than a floor is shown, whoever stores what when."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from bus.messages.views import ViewRevision
from engine.clock import ManualClock
from engine.errors import Unavailable
from tests.gateway.views.world import Database, DictRedis, Process, Steps, settle

NAMES = ("A", "B")
BOUND = timedelta(seconds=10)

deeds = st.one_of(
    st.tuples(st.just("step"), st.integers(0, 30)),
    st.tuples(st.just("step"), st.integers(0, 30)),
    st.tuples(st.just("read"), st.integers(0, 7)),
    st.tuples(st.just("write"), st.integers(0, 7)),
    st.tuples(st.just("time"), st.integers(1, 12)),
    st.tuples(st.just("gap"), st.integers(0, 1)),
    st.tuples(st.just("flush"), st.just(0)),
)


class Story:
    """What happens, and what was seen."""

    def __init__(self) -> None:
        self.steps, self.clock = Steps(), ManualClock()
        self.database = Database(self.steps, NAMES)
        self.redis = DictRedis(self.steps, self.clock)
        self.processes = [Process(self.database, self.redis, self.clock) for _ in range(2)]
        self.committed: list[tuple[datetime, ViewRevision]] = []
        self.shown = 0

    async def read(self, process: Process, name: str) -> None:
        begun = self.clock.now()
        view = await process.find(f"{name.lower()}-slug" if self.shown % 3 == 0 else name)
        floor = process.floors.of(name)
        known = [each.revision for at, each in self.committed if each.product_id == name and at <= begun - BOUND]
        revision = view.revision if view else abs(min(self.database.revisions[name], 0))
        assert view is not None or self.database.revisions[name] < 0 or revision >= 0
        if view is not None:
            assert view.revision >= floor, "older than its floor"
            assert view.revision >= max(known, default=0), "older than the bound allows"
        self.shown += 1

    async def write(self, number: int) -> None:
        """Commit at once; then the gravestone, and then the news, which reaches each process or is lost."""
        told = self.database.commit(NAMES[number % 2], is_removal=number == 6)
        self.committed.append((self.clock.now(), told))
        if number < 2:  # This process made the change, and knows.
            self.processes[0].hears(told)
        await self.steps.pause()
        self.redis.bury_now(told)
        for process in self.processes:
            await self.steps.pause()
            if number not in (3, 5):
                process.hears(told)

    def do(self, deed: str, number: int) -> Coroutine[Any, Any, None] | None:
        match deed:
            case "read":
                return self.read(self.processes[number % 2], NAMES[number // 2 % 2])
            case "write":
                return self.write(number)
            case "time":
                self.clock.jump(timedelta(seconds=number))
            case "gap":
                self.processes[number].reader.stale()
            case "flush":
                self.redis.kept.clear()
        return None


async def play(told: list[tuple[str, int]]) -> int:
    story = Story()
    running = [asyncio.ensure_future(process.reader.run()) for process in story.processes]
    tasks: list[asyncio.Future[None]] = []
    for deed, number in told:
        if deed == "step":
            await story.steps.let_on(number)
        elif (work := story.do(deed, number)) is not None:
            tasks.append(asyncio.ensure_future(work))
            await settle()
    while not all(task.done() for task in tasks):
        await story.steps.let_on(0)
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for task in tasks:
        task.result()
    return story.shown


@settings(max_examples=150, deadline=None)
@given(st.lists(deeds, min_size=5, max_size=60))
def test_the_old_never_shows_after_the_floor_nor_beyond_the_bound(told: list[tuple[str, int]]) -> None:
    asyncio.run(play(told))


async def test_a_reader_who_stores_late_brings_nothing_old_back() -> None:
    """The race itself: a reader reads, a writer commits and buries, the reader stores; then others read."""
    story = Story()
    first, second = story.processes
    running = [asyncio.ensure_future(each.reader.run()) for each in story.processes]
    slow = asyncio.ensure_future(first.find("A"))
    for _ in range(5):  # The check (2), Redis (2), the statement: it has read the old one.
        await settle()
        await story.steps.let_on(0)
    assert story.database.read == 1
    told = story.database.commit("A")
    story.redis.bury_now(told)
    second.hears(told)
    while not slow.done():  # It heard of nothing, and shows and stores what it has.
        await story.steps.let_on(0)
    seen = slow.result()
    assert seen is not None
    assert seen.revision < told.revision

    first.hears(told)
    for process in (first, second):
        late = asyncio.ensure_future(process.find("A"))
        await settle()
        while not late.done():
            await story.steps.let_on(0)
        again = late.result()
        assert again is not None
        assert again.revision == told.revision
    kept = story.redis.kept["A"]
    assert kept[0] == told.revision
    for each in running:
        each.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_ten_thousand_who_want_a_changed_product_are_one_statement() -> None:
    story = Story()
    (process, _), database = story.processes, story.database
    running = asyncio.ensure_future(process.reader.run())
    process.hears(database.commit("A"))
    many = [asyncio.ensure_future(process.find(("A", "a-slug")[place % 2])) for place in range(10_000)]
    while not all(task.done() for task in many):
        await story.steps.let_on(0)

    assert None not in [task.result() for task in many]
    assert database.read == 1
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_asks_for_nothing_is_told_so_while_everything_changes() -> None:
    story = Story()
    (process, _), database = story.processes, story.database
    running = asyncio.ensure_future(process.reader.run())
    asking = asyncio.ensure_future(process.find("NOBODY"))
    await settle()
    while not asking.done():
        process.hears(database.commit("A"))
        await story.steps.let_on(0)

    assert asking.result() is None
    assert database.read == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_view_that_changes_all_the_time_is_shown_as_it_was_a_moment_ago_or_not_at_all() -> None:
    story = Story()
    (process, _), database = story.processes, story.database
    running = asyncio.ensure_future(process.reader.run())
    asking = asyncio.ensure_future(process.find("A"))
    await settle()
    while not asking.done():
        process.hears(database.commit("A"))
        await story.steps.let_on(0)

    assert isinstance(asking.exception(), Unavailable)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_redis_kept_from_before_this_process_is_compared_at_the_next_check() -> None:
    story = Story()
    process, _ = story.processes
    old = story.database.view("A")
    story.database.commit("A")  # Before the process, and its gravestone was lost.
    assert old is not None
    story.redis.kept["A"] = old.revision, old
    running = asyncio.ensure_future(process.reader.run())

    async def seen() -> int:
        task = asyncio.ensure_future(process.find("A"))
        await settle()
        while not task.done():
            await story.steps.let_on(0)
        view = task.result()
        assert view is not None
        return view.revision

    assert await seen() == old.revision
    story.clock.jump(timedelta(seconds=9.9))
    assert await seen() == old.revision
    story.clock.jump(timedelta(seconds=0.1))
    assert await seen() == story.database.last
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_database_that_was_restored_is_believed_again() -> None:
    story = Story()
    process, _ = story.processes
    running = asyncio.ensure_future(process.reader.run())

    async def seen() -> int:
        task = asyncio.ensure_future(process.find("A"))
        await settle()
        while not task.done():
            await story.steps.let_on(0)
        view = task.result()
        assert view is not None
        return view.revision

    before = await seen()
    process.hears(story.database.commit("A"))
    assert await seen() == story.database.last
    story.database.revisions["A"], story.database.last = before, before  # As of yesterday; Redis is of today.
    story.clock.jump(timedelta(seconds=20))

    await seen()
    story.clock.jump(timedelta(seconds=20))
    assert await seen() == before
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
