"""Whether the stock levels that readers have cached are those of the inventory.

Caches are told a moment after a level changes, so one that differs is read again until it has caught up with what was
actual at the first look, for five seconds at most: in a busy shop it may never be equal, and is right all the same.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias

import anyio

from bus.messages.base import Sku
from bus.messages.inventory import StockLevel

Levels: TypeAlias = Mapping[Sku, StockLevel]
ReadLevels: TypeAlias = Callable[[Collection[Sku]], Awaitable[Levels]]

_PATIENCE_S = 5.0
_READ_AGAIN_S = 0.05


def stale_levels(cached: Levels, actual: Levels) -> dict[Sku, StockLevel]:
    """The actual levels of those SKUs whose cached level differs. `cached` must have been read first."""
    none = {sku: StockLevel(sku=sku, available=0, version=-1) for sku in cached}
    return {sku: actual.get(sku, none[sku]) for sku in cached if cached[sku] != actual.get(sku, none[sku])}


async def confirm_stale(
    suspects: Levels, read_cached: ReadLevels, read_actual: ReadLevels
) -> list[tuple[StockLevel, str]]:
    """Those of the suspects that do not catch up in time: the cached level of each, and what is wrong with it.

    Args:
        suspects: Their actual levels at the first look.
        read_cached: Reads what is cached now of these SKUs; what is cached no more is missing.
        read_actual: Reads the inventory.
    """
    deadline_s = asyncio.get_running_loop().time() + _PATIENCE_S
    while suspects:
        cached = await read_cached(list(suspects))
        actual = await read_actual(list(suspects))
        stale = {
            sku: actual.get(sku, first)
            for sku, first in suspects.items()
            if sku in cached and not _has_caught_up(cached[sku], first, actual.get(sku, first))
        }
        if not stale or asyncio.get_running_loop().time() >= deadline_s:
            return [(cached[sku], _difference(cached[sku], level)) for sku, level in stale.items()]
        await anyio.sleep(_READ_AGAIN_S)
    return []


def _has_caught_up(cached: StockLevel, first: StockLevel, actual: StockLevel) -> bool:
    return cached in (first, actual) or first.version < cached.version < actual.version


def _difference(cached: StockLevel, actual: StockLevel) -> str:
    return (
        f"{cached.available} are told to be available (version {cached.version}), "
        f"{actual.available} are (version {actual.version})"
    )
