"""The one place where tests look at the time: to wait, with a bound, for what has no event, and to pace a load."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar, overload

import psutil

T = TypeVar("T")

_LOOK_S = 0.005


@overload
async def eventually(look: Callable[[], Awaitable[T]], *, within_s: float = ...) -> T: ...
@overload
async def eventually(look: Callable[[], bool], *, within_s: float = ...) -> bool: ...
async def eventually(look: Callable[[], Awaitable[T] | bool], *, within_s: float = 15.0) -> T | bool:
    """Look until there is something, and give it. For other processes, and other people's conditions.

    Raises:
        TimeoutError: There was nothing in time.
    """
    async with asyncio.timeout(within_s):
        while True:
            seen = look()
            value = seen if isinstance(seen, bool) else await seen
            if value:
                return value
            await asyncio.sleep(_LOOK_S)


async def pace(seconds: float) -> None:
    """Let a moment pass between two pieces of a load; never to wait for something to have happened."""
    await asyncio.sleep(seconds)


def have_ended(processes: Sequence[psutil.Process], *, within_s: float) -> bool:
    """Wait for the end of processes that are not our children; says whether all have come to it in time.

    A zombie has ended: the machine's first process may take seconds to bury what is left to it.
    """
    until_s = time.monotonic() + within_s
    while living := [each for each in processes if _lives(each)]:
        if time.monotonic() > until_s:
            return False
        psutil.wait_procs(living, timeout=_LOOK_S)
    return True


def _lives(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False
