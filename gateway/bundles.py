"""Stock levels of bundles, which have no units of their own: they are computed where they are shown.

Of a bundle there are as many as its scarcest part allows. The version of its level is the edition of its parts, and
below that the sum of their levels' versions: whenever one of these grows it grows, and it never goes back. Levels of
one answer of the inventory are of one moment, so of two different levels one has the greater version.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from bus.messages.base import Sku
from bus.messages.catalog import Product
from bus.messages.inventory import GetStock, StockLevel
from bus.messages.parts import Bundle, ReadBundles
from engine.actor import Asks

_EDITION: Final = 1 << 32  # More changes than its parts ever have; and a million editions are exact in JavaScript.
_AT_ONCE: Final = 1000  # Levels that are asked for at a time.


class LiveLevel(NamedTuple):
    """A level, and the SKUs whose levels it is computed from: none, if it is no bundle's."""

    level: StockLevel
    parts: tuple[Sku, ...]


async def read_bundles(bus: Asks, skus: Collection[Sku]) -> dict[Sku, Bundle]:
    """Read which of these SKUs are bundles, with their parts. Raises Unavailable."""
    return {each.sku: each for each in (await bus.ask(ReadBundles(skus=tuple(skus)))).bundles} if skus else {}


async def read_levels(bus: Asks, skus: Sequence[Sku]) -> list[LiveLevel]:
    """Read the levels of SKUs and bundles from the inventory, in order. A SKU without books is missing.

    Raises:
        Unavailable: The inventory or the catalog did not answer.
    """
    bundles = await read_bundles(bus, skus)
    wanted = list(with_parts(skus, bundles))
    levels: dict[Sku, StockLevel] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        answer = await bus.ask(GetStock(skus=tuple(wanted[start : start + _AT_ONCE])))
        levels |= {level.sku: level for level in answer.levels}
    shown = with_bundles(skus, bundles, levels)
    return [LiveLevel(level, _parts(bundles[sku]) if sku in bundles else ()) for sku, level in shown.items()]


def bundles_of(products: Iterable[Product]) -> list[Sku]:
    """The bundles among the SKUs of products."""
    return [sku.sku for product in products for sku in product.skus if sku.parts]


def with_parts(skus: Iterable[Sku], bundles: Mapping[Sku, Bundle]) -> dict[Sku, None]:
    """The SKUs whose levels are needed for the levels of these: each once, in order."""
    return {each: None for sku in skus for each in (_parts(bundles[sku]) if sku in bundles else (sku,))}


def with_bundles(
    skus: Iterable[Sku], bundles: Mapping[Sku, Bundle], levels: Mapping[Sku, StockLevel]
) -> dict[Sku, StockLevel]:
    """The levels of SKUs and bundles, in order; a SKU without books is missing.

    Args:
        skus: The wanted ones.
        bundles: Those of them that are bundles.
        levels: Of the others, and of the bundles' parts.
    """
    found = {sku: _level(bundles[sku], levels) if sku in bundles else levels.get(sku) for sku in skus}
    return {sku: level for sku, level in found.items() if level is not None}


def _level(bundle: Bundle, levels: Mapping[Sku, StockLevel]) -> StockLevel:
    """The level of a bundle: none can be had while a part is off sale, or has no books."""
    known = [levels.get(part.sku) for part in bundle.parts]
    each = [level.available // part.quantity if level else 0 for level, part in zip(known, bundle.parts, strict=True)]
    return StockLevel(
        sku=bundle.sku,
        available=min(each) if all(part.is_on_sale for part in bundle.parts) else 0,
        version=bundle.edition * _EDITION + sum(level.version for level in known if level),
    )


def _parts(bundle: Bundle) -> tuple[Sku, ...]:
    return tuple(part.sku for part in bundle.parts)
