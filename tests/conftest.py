"""Real servers for every test that wants them, and a clock that tests move."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from random import Random, SystemRandom
from typing import Any

import asyncpg
import psutil
import pytest
import structlog
import uvloop

from engine.clock import ManualClock
from engine.gc_tuning import freeze_gc
from engine.postgres import Database, open_database
from testkit import Servers, servers, shop
from tests import described

__all__ = ["servers", "shop"]  # Fixtures that ShopFlow's users have by its entry point; a checkout has none.

HERE = Path(__file__).parent
STARTS_SERVERS = {"servers", "stand_in_url", "running"}  # Fixtures: PostgreSQL and Valkey, queues, the whole program.
FAST_S = 10  # What a test may take under --fast, on a machine that is busy.
SCHEMAS = {"bus": HERE.parent / "bus" / "schema", "toys": HERE / "engine" / "schema"}

described.watch()  # Here, because some tests are made of the routes while they are collected.


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tests run on the loop that the shop runs on."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def database_url(servers: Servers) -> AsyncIterator[str]:
    """A fresh database with the bus's tables, and one for toys."""
    url = await servers.fresh_database(SCHEMAS)
    yield url
    await servers.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with open_database(database_url, connections=8) as opened:
        yield opened


@pytest.fixture(scope="session", autouse=True)
def _brief_logs() -> None:
    """Tracebacks without boxes and local variables: drawing those takes longer than most tests."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ]
    )


@pytest.fixture(scope="session", autouse=True)
def _nobody_is_left_behind() -> Iterator[None]:
    """A program that outlives its test makes every test after it slower, and nobody knows why."""
    yield
    left = [each.cmdline() for each in psutil.Process().children(recursive=True) if "run.py" in each.cmdline()]
    assert not left, left


@pytest.fixture(autouse=True)
def _refusals_are_described() -> Iterator[None]:
    """Whatever the API refuses here, its description says that it may."""
    yield
    assert described.take_undescribed() == []


@pytest.fixture
def no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses are as long as they can be, so that a test can tell when they end."""
    monkeypatch.setattr("engine.backoff.random.uniform", lambda _least, most: most)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """What PostgreSQL is asked, by its text; the counter can be cleared."""
    seen: Counter[str] = Counter()
    for name in ("fetch", "fetchrow", "fetchval", "execute"):
        original = getattr(asyncpg.Connection, name)

        async def counted(self: Any, sql: str, *rest: Any, original: Any = original, **options: Any) -> Any:
            seen[sql] += 1
            return await original(self, sql, *rest, **options)

        monkeypatch.setattr(asyncpg.Connection, name, counted)
    return seen


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--long", action="store_true", help="fault campaigns at length, with a counted report (make faults)"
    )
    parser.addoption("--fast", action="store_true", help="only what needs no server and no program (make test-fast)")
    parser.addoption(
        "--shuffle",
        nargs="?",
        const=SystemRandom().randrange(1_000_000),
        type=int,
        metavar="SEED",
        help="tests in a random order; --shuffle=SEED, as the header shows it, is the same order again",
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    seed = config.option.shuffle
    return [] if seed is None else [f"shuffled: --shuffle={seed}"]


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: pytest.ExitCode, config: pytest.Config
) -> None:
    if exitstatus == pytest.ExitCode.TESTS_FAILED and config.option.shuffle is not None:
        terminalreporter.write_line(f"the same order again: --shuffle={config.option.shuffle}")


@pytest.hookimpl(optionalhook=True)  # Only pytest-xdist calls it.
def pytest_configure_node(node: Any) -> None:
    """Workers have the controller's seed: all must have one order."""
    node.workerinput["shuffle"] = node.config.option.shuffle


def pytest_collection_finish() -> None:
    """As a shop does once it is ready: else a look for garbage may fall into what a test measures."""
    freeze_gc()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.fast:
        _keep_fast_ones(config, items)
    seed = getattr(config, "workerinput", vars(config.option))["shuffle"]
    if seed is not None:
        Random(seed).shuffle(items)
    elif not config.option.long:
        items[:] = _long_ones_first(items)


def _keep_fast_ones(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what asks for no server. What starts one by itself fails here, by the time it takes, and is to be marked."""
    slow = [item for item in items if not _is_fast(item)]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if _is_fast(item)]
    for item in items:
        item.add_marker(pytest.mark.timeout(FAST_S))


def _is_fast(item: pytest.Item) -> bool:
    asks_for = set(getattr(item, "fixturenames", ()))
    return not asks_for & STARTS_SERVERS and not item.get_closest_marker("slow") and not _patience_s(item)


def _long_ones_first(items: list[pytest.Item]) -> list[pytest.Item]:
    """Dealt to the two workers of `make test`, who have one half each to begin with: what begins last ends last."""
    long_ones = sorted((item for item in items if _patience_s(item)), key=_patience_s, reverse=True)
    others = [item for item in items if not _patience_s(item)]
    half = len(others) // 2
    return [*long_ones[0::2], *others[:half], *long_ones[1::2], *others[half:]]


def _patience_s(item: pytest.Item) -> float:
    """What a test asks for itself beyond the usual; the longest campaigns ask for most."""
    marker = item.get_closest_marker("timeout")
    return float(marker.args[0]) if marker else 0.0
