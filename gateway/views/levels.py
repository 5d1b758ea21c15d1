"""Stock levels in this process: as they were read, and as they have changed since."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from bus.messages.base import Sku
from bus.messages.inventory import StockLevel
from engine.clock import Clock
from gateway.views.maker import Maker

_BOUND: Final = timedelta(seconds=10)  # Then a level is read again, for news may be lost.
_MOST: Final = 100_000  # Levels: some 30 MB. Then they are read anew.
_NONE: Final = -1  # The version where there are no books.

ReadLevels = Callable[[Sequence[Sku]], Awaitable[Sequence[StockLevel]]]


class LiveLevels:
    """The levels of SKUs that are shown, each not older than ten seconds, and newer ones as soon as they are told."""

    def __init__(self, read: ReadLevels, clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self._levels: dict[Sku, tuple[StockLevel, datetime]] = {}
        self._epoch = 0  # What was read in an earlier one may be older than changes that were missed.
        self._is_running = False  # Where nothing is shown, nothing is kept.
        self._maker = Maker(self._make, clock, "the stock")

    async def read(self, skus: Collection[Sku]) -> dict[Sku, StockLevel]:
        """Read levels. Those without books are missing.

        Raises:
            Unavailable: The inventory did not answer.
        """
        here = self._here(skus)
        if missing := [sku for sku in skus if sku not in here]:
            here |= await self._maker.get(missing)
        return _with_books(here)

    def ready(self, skus: Collection[Sku]) -> dict[Sku, StockLevel] | None:
        """Return levels that are in this process; None if `read` must be asked for one of them."""
        here = self._here(skus)
        return _with_books(here) if len(here) == len(skus) else None

    def _here(self, skus: Collection[Sku]) -> dict[Sku, StockLevel]:
        oldest, newest = self._clock.now() - _BOUND, self._clock.now() + _BOUND  # Whichever way the clock was set.
        kept = {sku: kept for sku in skus if (kept := self._levels.get(sku)) is not None}
        return {sku: level for sku, (level, read_at) in kept.items() if oldest < read_at < newest}

    def changed(self, levels: Sequence[StockLevel]) -> None:
        """Take newer levels. Also those of SKUs that nobody looked at: they may be being read in this moment."""
        if not self._is_running:
            return
        if len(self._levels) > _MOST:
            self._levels.clear()
        now = self._clock.now()
        for level in levels:
            known = self._levels.get(level.sku)
            if known is None or known[0].version <= level.version:
                self._levels[level.sku] = level, now

    def stale(self) -> None:
        """Read all levels again: changes may have been missed."""
        self._epoch += 1
        self._levels.clear()

    async def run(self) -> None:
        """Read what is wanted. Ends by being cancelled."""
        self._is_running = True
        try:
            await self._maker.run()
        finally:
            self._is_running = False

    async def _make(self, skus: Sequence[Sku]) -> Mapping[str, StockLevel]:
        epoch = self._epoch
        read = {level.sku: level for level in await self._read(skus)}
        levels = {sku: read.get(sku) or StockLevel(sku=sku, available=0, version=_NONE) for sku in skus}
        if epoch == self._epoch:
            self.changed(list(levels.values()))
        return {sku: self._levels.get(sku, (level,))[0] for sku, level in levels.items()}


def _with_books(levels: Mapping[Sku, StockLevel]) -> dict[Sku, StockLevel]:
    return {sku: level for sku, level in levels.items() if level.version != _NONE}
