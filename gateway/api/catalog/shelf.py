"""The stock of products as it is shown, with that of bundles, and what bundles are made of."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from bus.messages.catalog import Product, SkuView
from bus.messages.inventory import StockLevel
from bus.messages.parts import Bundle
from gateway.bundles import bundles_of, read_bundles, with_bundles, with_parts
from gateway.context import GatewayContext


class ShownStock(NamedTuple):
    """The stock of products, and the bundles among their SKUs."""

    levels: Mapping[str, StockLevel]
    bundles: Mapping[str, Bundle]

    def available(self, sku: str) -> int:
        """The available units of a SKU."""
        return self.levels[sku].available if sku in self.levels else 0

    def weight_g(self, sku: SkuView) -> int:
        """The weight of a SKU; of a bundle: what its parts weigh."""
        parts = self.bundles[sku.sku].parts if sku.sku in self.bundles else ()
        return sum(part.quantity * part.weight_g for part in parts) or sku.weight_g


async def read_shelf(
    context: GatewayContext, products: Sequence[Product], *, even_not_on_sale: bool = False
) -> ShownStock:
    """Read the levels of the SKUs on sale, from the cache or the inventory, and the parts of those that are bundles."""
    skus = [sku.sku for product in products for sku in product.skus if sku.is_on_sale or even_not_on_sale]
    bundles = await read_bundles(context.bus, bundles_of(products))
    known = {level.sku: level for level in await context.updates.levels(list(with_parts(skus, bundles)))}
    return ShownStock(with_bundles(skus, bundles, known), bundles)


async def stock_of(context: GatewayContext, products: Sequence[Product]) -> dict[str, int]:
    """Read the available units of the SKUs on sale."""
    return {sku: level.available for sku, level in (await read_shelf(context, products)).levels.items()}
