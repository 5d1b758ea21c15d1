"""The task of every program here: so many tells and asks, several times; prints the rates per second as JSON.

Tells are put in a thousand at a time and waited for together; asks are 64 at a time, each waiting for its answer.
"""

import json
from collections.abc import Awaitable, Callable
from time import perf_counter

TELLS, ASKS = 100_000, 19_200
AT_ONCE, CALLERS = 1_000, 64
REPEATS = 3


async def report(tell: Callable[[], Awaitable[None]], ask: Callable[[], Awaitable[None]]) -> None:
    """Measure both. A call of `tell` or `ask` makes all messages of a repeat."""
    print(json.dumps({"tell": await _rates(tell, TELLS), "ask": await _rates(ask, ASKS)}))


async def _rates(work: Callable[[], Awaitable[None]], messages: int) -> list[float]:
    await work()  # Warms up.
    rates = []
    for _ in range(REPEATS):
        begun = perf_counter()
        await work()
        rates.append(messages / (perf_counter() - begun))
    return rates
