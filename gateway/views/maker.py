"""Makers: values that are made many at once, and each by one, however many wait for it."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final, Generic, TypeVar

from engine.clock import FOREVER, Clock, Sleeper
from engine.errors import Unavailable

V = TypeVar("V")

_MOST: Final = 500  # Values made at once.
_WITHIN_S: Final = 12.0  # Longer than an ask, which may wait for another one before it.


class Maker(Generic[V]):
    """Makes values by key: all that are wanted, then all that were wanted meanwhile.

    Whoever wants a value while it is being made gets that one. So the busier it is, the less each value costs, and ten
    thousand who want the same are one.

    Args:
        make: Makes values of some keys; those without one are missing.
        clock: Counts the work.
        what: That is made, for an error's text.
    """

    def __init__(self, make: Callable[[Sequence[str]], Awaitable[Mapping[str, V]]], clock: Clock, what: str) -> None:
        self._make = make
        self._what = what
        self._sleeper = Sleeper(clock)
        self._wanted: dict[str, None] = {}  # In order.
        self._results: dict[str, asyncio.Future[V | Exception | None]] = {}  # Of what is wanted or being made.

    def want(self, key: str) -> "asyncio.Future[V | Exception | None]":
        """Let a value be made, for its effect or for later."""
        result = self._results.get(key)
        if result is None:
            result = self._results[key] = asyncio.get_running_loop().create_future()
            self._wanted[key] = None
            self._sleeper.wake()
        return result

    async def get(self, keys: Collection[str]) -> dict[str, V]:
        """Wait for values; those that there are none of are missing.

        Raises:
            Unavailable: It took too long.
            ShopFlowError: As it was raised in the making.
        """
        results = {key: self.want(key) for key in keys}
        made: dict[str, V] = {}
        try:
            async with asyncio.timeout(_WITHIN_S):
                for key, result in results.items():
                    # Shielded: whoever gives up waiting must not cancel it for the others.
                    value = result.result() if result.done() else await asyncio.shield(result)
                    if isinstance(value, Exception):
                        raise value.copy() if isinstance(value, Unavailable) else value
                    if value is not None:
                        made[key] = value
        except TimeoutError as late:
            raise Unavailable(self._what, "it took too long", retry_after_s=1.0) from late
        return made

    async def run(self) -> None:
        """Make what is wanted. Ends by being cancelled."""
        try:
            while True:
                await self._sleeper.until(FOREVER)
                while self._wanted:
                    await self._make_next()
        finally:
            self._sleeper.close()
            for result in self._results.values():
                result.cancel()

    async def _make_next(self) -> None:
        keys = list(islice(self._wanted, _MOST))
        for key in keys:
            del self._wanted[key]
        made: Mapping[str, V] | Exception
        try:
            made = await self._make(keys)
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits
            made = error
        for key in keys:
            self._results.pop(key).set_result(made if isinstance(made, Exception) else made.get(key))
