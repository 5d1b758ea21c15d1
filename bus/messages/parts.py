"""Bundles: SKUs that are made of others, as the catalog knows them now."""

from typing import Final

from bus.messages.base import Money, Sku, Value
from engine.message import Query, Reply

MOST_PARTS: Final = 20  # SKUs in a bundle.


class BundlePart(Value, frozen=True, kw_only=True):
    """Units of a SKU in each unit of a bundle, as the catalog knows it now."""

    sku: Sku
    title: str  # Of product and SKU together.
    quantity: int
    price: Money  # Of one unit, if it is bought alone.
    weight_g: int  # Of one unit.
    is_on_sale: bool  # If not, the bundle is not for sale either. Whether its product is shown does not matter.


class Bundle(Value, frozen=True, kw_only=True):
    """A SKU that is made of others."""

    sku: Sku
    edition: int  # Grows whenever its parts change, or whether they are on sale.
    parts: tuple[BundlePart, ...]  # By SKU.


class Bundles(Reply):
    """Bundles, by SKU."""

    bundles: tuple[Bundle, ...]


class ReadBundles(Query[Bundles]):
    """Read which of these SKUs are bundles, with their parts; whether they are for sale or not."""

    skus: tuple[Sku, ...]
