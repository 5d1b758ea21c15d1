"""Whether the stock levels that readers are told are those of the inventory.

They are told a moment after they change, so one that differs is looked at until it has caught up with what was true
at the first look, for five seconds at most: in a busy shop it may never be equal, and is right all the same.
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
_LOOK_AGAIN_S = 0.05


def differing(told: Levels, true: Levels) -> dict[Sku, StockLevel]:
    """What is true of those SKUs of which something else is told. `told` must have been read first."""
    none = {sku: StockLevel(sku=sku, available=0, version=-1) for sku in told}
    return {sku: true.get(sku, none[sku]) for sku in told if told[sku] != true.get(sku, none[sku])}


async def still_wrong(suspects: Levels, read_told: ReadLevels, read_true: ReadLevels) -> list[tuple[StockLevel, str]]:
    """Those of the suspects that do not catch up in time: what is told of each, and what is wrong with it.

    Args:
        suspects: What was true at the first look.
        read_told: Reads what is told now of these SKUs; what nobody is told any more is missing.
        read_true: Reads the inventory.
    """
    deadline_s = asyncio.get_running_loop().time() + _PATIENCE_S
    while True:
        told = await read_told(list(suspects))
        true = await read_true(list(suspects))
        wrong = {
            sku: true.get(sku, first)
            for sku, first in suspects.items()
            if sku in told and not _has_caught_up(told[sku], first, true.get(sku, first))
        }
        if not wrong or asyncio.get_running_loop().time() >= deadline_s:
            return [(told[sku], _say(told[sku], level)) for sku, level in wrong.items()]
        await anyio.sleep(_LOOK_AGAIN_S)


def _has_caught_up(told: StockLevel, first: StockLevel, true: StockLevel) -> bool:
    return told in (first, true) or first.version < told.version < true.version


def _say(told: StockLevel, true: StockLevel) -> str:
    return (
        f"{told.available} are told to be available (version {told.version}), "
        f"{true.available} are (version {true.version})"
    )
