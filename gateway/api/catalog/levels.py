"""The stock of one product, and when what is held comes back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from litestar import get
from litestar.datastructures import CacheControlHeader
from litestar.params import FromPath

from bus.messages.base import Instant
from bus.messages.inventory import ReadHoldEnds, StockLevel
from gateway.api.bodies import View
from gateway.api.catalog.products import find_product
from gateway.api.catalog.shelf import ShownStock, read_shelf
from gateway.context import GatewayContext, Injected

_MOST_ENDS: Final = 100  # SKUs of a product whose holds are looked at.


class ProductInventory(View, frozen=True, kw_only=True):
    """The stock of a product's SKUs. What comes back at `held_until` does unless it is bought."""

    product_id: str
    skus: Sequence[StockLevel]
    held_until: Mapping[str, Instant]  # By SKU that is not there, for units are held: the first come back by then.
    as_of: Instant


@get(
    "/products/{product_id:str}/inventory",
    cache_control=CacheControlHeader(no_store=True),
    summary="Read a product's stock",
    refuses=["moved", "not_found", "gone"],
)
async def get_inventory(context: Injected, product_id: FromPath[str]) -> ProductInventory:
    """Read the available units of each SKU. Changes are streamed over `/live`."""
    product = await find_product(context, product_id, "/inventory")
    shelf = await read_shelf(context, [product], even_not_on_sale=True)
    levels = list(shelf.levels.values())
    ends = await _hold_ends(context, shelf)
    return ProductInventory(product_id=product.id, skus=levels, held_until=ends, as_of=context.clock.now())


async def _hold_ends(context: GatewayContext, shelf: ShownStock) -> Mapping[str, datetime]:
    """Read when units come back of what is not there. Bundles have no holds of their own."""
    wanted = tuple(sku for sku, level in shelf.levels.items() if level.available <= 0 and sku not in shelf.bundles)
    if not wanted:
        return {}
    return {each.sku: each.at for each in (await context.bus.ask(ReadHoldEnds(skus=wanted[:_MOST_ENDS]))).ends}


PUBLIC = [get_inventory]
