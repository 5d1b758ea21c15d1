"""Parts of bundles, as products and carts show them."""

from collections.abc import Iterable

from bus.messages.base import LinePart
from bus.messages.parts import BundlePart
from gateway.api.bodies import View


class PartView(View, frozen=True, kw_only=True):
    """A SKU that is part of a bundle, and its units in each."""

    sku: str
    title: str
    quantity: int


def part_views(parts: Iterable[BundlePart | LinePart]) -> list[PartView]:
    """Show the parts of a bundle."""
    return [PartView(sku=part.sku, title=part.title, quantity=part.quantity) for part in parts]
