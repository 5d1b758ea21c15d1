"""Toy actors that write down what they do, and a house for them on a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Protocol, TypeVar

import anyio
import msgspec

from bus.local import LocalBus
from bus.routes import Routes
from engine.actor import Actor, call, turn
from engine.clock import Clock, ManualClock
from engine.envelope import Envelope
from engine.message import Command, Event
from engine.postgres import Database
from engine.settings import EngineSettings
from engine.transaction import Transaction

PATIENCE_S = 10.0
T = TypeVar("T")


class Add(Command[str]):
    key: str
    what: str = ""


class Mark(Command[None]):
    key: str
    what: str = ""


class Ring(Command[None]):
    """Say `Rang` for each word of `what`."""

    key: str
    what: str = ""


class Rang(Event):
    key: str
    what: str = ""


class Cried(Event):
    key: str
    what: str = ""


class Fetch(Command[str]):
    key: str
    what: str = ""


class Fetched(Command[str]):
    """What `Fetch` learned, to be recorded."""

    key: str
    what: str = ""


class SetTimer(Command[None]):
    key: str
    what: str
    seconds: float


class Named(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def what(self) -> str: ...


Meddle = Callable[[Transaction | None, Sequence[Named]], Awaitable[None]]


async def leave_alone(_tx: Transaction | None, _messages: Sequence[Named]) -> None:
    """Let the toy do its work."""


class Toy(Actor):
    """Tests replace `meddle`, which is called inside each turn and call, to raise, wait or look."""

    def __init__(self) -> None:
        self.meddle: Meddle = leave_alone
        self.batches: list[list[str]] = []

    async def work(self, tx: Transaction, messages: Sequence[Named]) -> None:
        self.batches.append([message.what for message in messages])
        await self.meddle(tx, messages)
        await write(tx, self.name, messages)


class Recorder(Toy):
    """Takes turns of many and of one, and hears the bell."""

    @turn
    async def add(self, tx: Transaction, asks: Sequence[Add]) -> Sequence[str]:
        await self.work(tx, asks)
        return [f"added {ask.what}" for ask in asks]

    @turn
    async def mark(self, tx: Transaction, ask: Mark) -> None:
        await self.work(tx, [ask])

    @turn
    async def hear(self, tx: Transaction, events: Sequence[Rang]) -> None:
        await self.work(tx, events)


class Bell(Toy):
    """Says things, and sets durable timers that come to the recorder."""

    @turn
    async def ring(self, tx: Transaction, asks: Sequence[Ring]) -> None:
        await self.work(tx, asks)
        for ask in asks:
            tx.publish(*[Rang(key=ask.key, what=word) for word in ask.what.split()])

    @turn
    async def set_timer(self, tx: Transaction, asks: Sequence[SetTimer]) -> None:
        for ask in asks:
            tx.schedule(Mark(key=ask.key, what=ask.what), tx.now + timedelta(seconds=ask.seconds))


class Courier(Toy):
    """Leaves the database: for asks, and for what it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.running = 0
        self.most = 0

    @call(limit=3, timeout_s=5)
    async def fetch(self, ask: Fetch) -> Fetched | str:
        await self._go(ask)
        return Fetched(key=ask.key, what=ask.what)

    @turn
    async def record(self, tx: Transaction, learned: Sequence[Fetched]) -> Sequence[str]:
        await write(tx, self.name, learned)
        return [f"fetched {each.what}" for each in learned]

    @call(limit=3, timeout_s=0.05)
    async def hear(self, event: Rang, envelope: Envelope) -> Fetched | None:
        assert envelope.id
        await self._go(event)
        return Fetched(key=event.key, what=event.what) if event.what != "nothing" else None

    async def _go(self, message: Named) -> None:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.meddle(None, [message])
            self.fetched.append(message.what)
        finally:
            self.running -= 1


class Patient(Courier):
    """Tries three times for whoever asks."""

    @call(limit=3, timeout_s=5, tries=3)
    async def fetch(self, ask: Fetch) -> Fetched | str:
        return await super().fetch(ask)


async def write(tx: Transaction, actor: str, messages: Sequence[Named]) -> None:
    await tx.execute(
        "insert into toys.done (actor, key, what) select $1, * from unnest($2::text[], $3::text[])",
        actor, [message.key for message in messages], [message.what for message in messages],
    )  # fmt: skip


async def done(database: Database, actor: str = "recorder") -> list[str]:
    """What this actor has done and committed, in order."""
    rows = await database.fetch("select what from toys.done where actor = $1 order by place", actor)
    return [row["what"] for row in rows]


async def transactions(database: Database) -> int:
    """How many transactions have written something."""
    count: int = (await database.fetch("select count(distinct tx) from toys.done"))[0][0]
    return count


async def stored(database: Database) -> list[str]:
    """What is stored and not handled yet, as `subscriber type key`."""
    rows = await database.fetch("select subscriber, type, key from bus.deliveries order by id")
    return [f"{row['subscriber']} {row['type']} {row['key']}" for row in rows]


def settings(**changes: Any) -> EngineSettings:
    """Four tries with pauses of 1, 2 and 4 seconds; chance takes off up to half of each."""
    own = {
        "shopflow_tries": 4,
        "shopflow_backoff_first_s": 1.0,
        "shopflow_sweep_s": 1000.0,
        "shopflow_inline_s": 0.0,  # Deliveries are what most of these tests are about.
    }
    return msgspec.structs.replace(EngineSettings(), **(own | changes))


@asynccontextmanager
async def house(database: Database, clock: Clock, *actors: Actor, **changes: Any) -> AsyncIterator[LocalBus]:
    """A bus with these actors at work. Leaving it is as sudden as a crash: nothing is drained."""
    bus = LocalBus(
        routes=Routes([type(actor) for actor in actors]),
        database=database,
        clock=clock,
        settings=settings(**changes),
    )
    for actor in actors:
        bus.host(actor)
    async with anyio.create_task_group() as tasks:
        bus.open()
        bus.supervisor.start(tasks)
        tasks.start_soon(bus.deliveries.run)
        yield bus
        tasks.cancel_scope.cancel()


def after_a_crash(clock: ManualClock) -> ManualClock:
    """The same time without the timers and the unfinished work of the process that crashed."""
    return ManualClock(clock.now())


async def at_rest(clock: ManualClock) -> None:
    await soon(clock.at_rest())


async def soon(awaitable: Awaitable[T]) -> T:
    """Wait, but not for long."""
    async with asyncio.timeout(PATIENCE_S):
        return await awaitable


async def gather(*awaitables: Awaitable[object]) -> list[object]:
    """All results, errors among them."""
    return list(await soon(asyncio.gather(*awaitables, return_exceptions=True)))


async def until(condition: Callable[[], bool]) -> None:
    """Let the program run until this holds, which nothing else would tell."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110 - it may be inside what is tested, and nobody there sets an event
            await asyncio.sleep(0)


async def until_done(database: Database, actor: str, what: list[str]) -> None:
    """Let the program run until this actor has done this."""
    async with asyncio.timeout(PATIENCE_S):
        while await done(database, actor) != what:
            pass


class Trouble:
    """Makes a toy raise whenever it meets certain words, until it is over."""

    def __init__(self, toy: Toy, *words: str, error: BaseException | None = None, times: int = 1000) -> None:
        self.words = set(words)
        self.error = error or RuntimeError("no luck")
        self.times = times
        self.met = 0
        toy.meddle = self._meet

    def end(self) -> None:
        self.times = 0

    async def _meet(self, _tx: Transaction | None, messages: Sequence[Named]) -> None:
        if self.met < self.times and self.words & {message.what for message in messages}:
            self.met += 1
            raise self.error


class Gate:
    """Holds a toy up inside its first turn or call, until it is opened."""

    def __init__(self, toy: Toy, *words: str) -> None:
        self.words = set(words)
        self.reached = asyncio.Event()
        self._open = asyncio.Event()
        toy.meddle = self._pass

    async def wait(self) -> None:
        """Until somebody stands before it."""
        await soon(self.reached.wait())

    def open(self) -> None:
        self._open.set()

    async def _pass(self, _tx: Transaction | None, messages: Sequence[Named]) -> None:
        if not self.words or self.words & {message.what for message in messages}:
            self.reached.set()
            await self._open.wait()
