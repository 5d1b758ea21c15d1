"""The one place where tests look at the time: to wait, with a bound, for what has no event, and to pace a load."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar, overload

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
