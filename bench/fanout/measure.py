"""Fan-out: the same changes to the same clients by ShopFlow's edge, by its peers, and by bare writes.

Open loop: so many changes a second, however long publishing them takes. The clients are a C program that only reads
(load.c). The figure compared is the server's processor time for each value that reached a client; the highest rate
follows from it. Memory is what the server's process grew by, for each connection that says nothing.
"""

import asyncio
import resource
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import psutil

from bench import peers
from testkit.programs import Dialogue, dialogue

HERE = Path(__file__).parent
WORDS = {
    "ShopFlow": [sys.executable, "-m", "bench.fanout.ours"],
    "bare write": [sys.executable, "-m", "bench.fanout.bare"],
    "websockets.broadcast": [sys.executable, "-m", "bench.fanout.broadcast"],
    "Node ws": ["node", str(HERE / "ws.cjs")],
    "socketify (uWebSockets)": [str(peers.PYTHON), "-m", "bench.fanout.uws"],
}
DELIVERIES_A_SECOND = 20_000  # Less than any of them can do, so that none has to drop anything.
SECONDS = 3
SHARED = 10  # Changes that fall into one moment, in the second kind of run.
REPEATS = 3
_CONNECTS_A_SECOND = 2000
_MOST_FILES = 50_000


class Came(msgspec.Struct):
    """The count of values and frames that reached all clients together."""

    values: int
    frames: int


@dataclass(frozen=True)
class Row:
    """A server with so many clients: microseconds for each delivery (each repeat's), and memory."""

    server: str
    clients: int
    shared: int  # Changes in one moment.
    us: Sequence[float]
    kib: float  # For each connection.

    @property
    def median(self) -> float:
        return statistics.median(self.us)


async def measure(clients: int) -> list[Row]:
    """Measure all servers with so many clients, one after the other."""
    peers.install()
    allow_many_files()
    rows: list[Row] = []
    for server in WORDS:
        rows += await asyncio.to_thread(_measure, server, clients)
    return rows


def _measure(server: str, clients: int) -> Iterator[Row]:
    for shared in (1, SHARED):
        with dialogue(WORDS[server], NODE_PATH=str(peers.NODE_MODULES)) as serving:
            process = psutil.Process(serving.pid)
            port = int(serving.receive())
            before = process.memory_info().rss
            with crowd(port, clients, skus_each=shared if server == "ShopFlow" else 0, skus=shared) as loading:
                kib = (process.memory_info().rss - before) / clients / 1024
                us = [_run(serving, loading, process, clients, shared) for _ in range(REPEATS + 1)][1:]
        yield Row(server, clients, shared, us, kib)


def _run(
    serving: Dialogue,
    loading: Dialogue,
    process: psutil.Process,
    clients: int,
    shared: int,
) -> float:
    """Return the microseconds of the server's processor for each value."""
    rate = DELIVERIES_A_SECOND / clients / shared
    changes = max(1, round(rate * SECONDS)) * shared
    loading.send(f"{changes * clients}")
    before = _cpu_s(process)
    serving.send(f"{changes} {rate:.6f} {shared}")
    came = msgspec.json.decode(loading.receive(), type=Came)
    used_s = _cpu_s(process) - before
    assert serving.receive() == "told"
    assert came.values == changes * clients, f"{came.values} of {changes * clients} values came"
    return used_s / came.values * 1e6


@contextmanager
def crowd(
    port: int, clients: int, *, skus_each: int, skus: int, per_second: int = _CONNECTS_A_SECOND, records: str = "-"
) -> Iterator[Dialogue]:
    """Connect and subscribe so many clients. Their commands and answers are in load.c."""
    program = str(peers.compile_c(HERE / "load.c"))
    numbers = (clients, per_second, skus_each, skus)
    with dialogue([program, str(port), "/live", *map(str, numbers), records]) as loading:
        assert loading.receive() == "ready"
        yield loading


def allow_many_files() -> None:
    """Raise the limit of open files: to this process and its children a connection is a file."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _MOST_FILES), most))


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
