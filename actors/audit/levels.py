"""Compares the stock levels that are cached for readers with those of the inventory.

A cache is updated a moment after a level changes. So a level that differs is polled until it has caught up with the one
that was actual at first, for five seconds at most: in a busy shop the two may never be equal, and both be right.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import TypeAlias

import anyio

from bus.messages.base import Sku
from bus.messages.inventory import StockLevel

Levels: TypeAlias = Mapping[Sku, StockLevel]
ReadLevels: TypeAlias = Callable[[Collection[Sku]], Awaitable[Levels]]

_CATCH_UP_S = 5.0
_POLL_S = 0.05


def stale_levels(cached: Levels, actual: Levels) -> dict[Sku, StockLevel]:
    """The actual levels of the SKUs whose cached level differs. `cached` must have been read first."""
    none = {sku: StockLevel(sku=sku, available=0, version=-1) for sku in cached}
    return {sku: actual.get(sku, none[sku]) for sku in cached if cached[sku] != actual.get(sku, none[sku])}


async def confirm_stale(
    suspects: Levels, read_cached: ReadLevels, read_actual: ReadLevels
) -> list[tuple[StockLevel, str]]:
    """Poll the suspects; return those that do not catch up in time: the cached level, and what is wrong with it.

    Args:
        suspects: The actual levels at first, by SKU.
        read_cached: Reads the cached levels of SKUs; a SKU that is no longer cached is missing.
        read_actual: Reads the inventory's levels.
    """
    deadline_s = asyncio.get_running_loop().time() + _CATCH_UP_S
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
        await anyio.sleep(_POLL_S)
    return []


def _has_caught_up(cached: StockLevel, first: StockLevel, actual: StockLevel) -> bool:
    return cached in (first, actual) or first.version < cached.version < actual.version


def _difference(cached: StockLevel, actual: StockLevel) -> str:
    return (
        f"readers see {cached.available} available (version {cached.version}), "
        f"the inventory has {actual.available} (version {actual.version})"
    )
