"""A server process that several programs on one machine share.

It belongs to its data folder, not to the process that started it: the first user starts it, later ones attach, and the
last to leave stops it. Its users are known by a shared file lock, which the kernel returns however a process ends. So
`kill -9` leaves nothing for a person to clean up: the server goes on, and the next start attaches. It has a session of
its own, so that Ctrl-C in a terminal reaches the shop and not the server.

A server that ends while it is in use, killed or out of memory, is started again by its users: a shop of one program
has no other supervisor.

Rejected: docs/decisions/0006.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

from anyio import to_thread

from engine import telemetry
from engine.files import make_private_file

_PROBE_S = 0.5  # Between two probes whether a server lives. In real time: it is no part of the shop's clock.
_POLL_S = 0.02  # Between two tries to take a lock.


@contextmanager
def in_use(folder: Path, stop: Callable[[], None]) -> Iterator["Starting"]:
    """Count as a user of the server in `folder`; the last to leave stops it."""
    with (
        make_private_file(folder.with_suffix(".starting")).open("a") as starting_file,
        make_private_file(folder.with_suffix(".in-use")).open("a") as in_use,
    ):
        starting = Starting(starting_file, in_use)
        try:
            yield starting
        finally:
            fcntl.flock(starting_file, fcntl.LOCK_EX)
            fcntl.flock(in_use, fcntl.LOCK_UN)
            if take(in_use):
                stop()


@asynccontextmanager
async def kept_alive(
    name: str, starting: "Starting", lives: Callable[[], object], start: Callable[[], object]
) -> AsyncIterator[None]:
    """Restart a server whenever it has ended."""

    def restart() -> None:
        with starting:  # One of its users restarts it; the others then find it alive.
            if not lives():
                telemetry.logger().warning("a server had ended, and is started again", server=name)
                start()

    async def watch() -> None:
        while True:
            await asyncio.sleep(_PROBE_S)
            if not lives():
                try:
                    await to_thread.run_sync(restart)  # Completes even if this task is cancelled.
                except Exception as error:  # noqa: BLE001 - whatever it was: the next probe retries
                    telemetry.logger().error("a server does not start again", server=name, error=str(error))

    watching = asyncio.create_task(watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait((watching,))


class Starting:
    """The exclusive right to start or stop the server; at its end this process counts as a user."""

    def __init__(self, starting: IO[str], in_use: IO[str]) -> None:
        self._starting = starting
        self._in_use = in_use

    def __enter__(self) -> None:
        fcntl.flock(self._starting, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        fcntl.flock(self._in_use, fcntl.LOCK_SH)
        fcntl.flock(self._starting, fcntl.LOCK_UN)


async def lock(file: IO[str], within_s: float) -> None:
    """Take a lock without blocking the event loop.

    Raises:
        TimeoutError: Another process holds it.
    """
    async with asyncio.timeout(within_s):
        while not take(file):  # noqa: ASYNC110 - it is the kernel's, and has no event
            await asyncio.sleep(_POLL_S)


def take(file: IO[str]) -> bool:
    """Take a lock if it is free."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(file: IO[str]) -> bool:
    """Return whether no process holds the lock. It is not kept."""
    if not take(file):
        return False
    fcntl.flock(file, fcntl.LOCK_UN)
    return True
