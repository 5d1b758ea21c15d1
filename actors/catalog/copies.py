"""The SQL of what copies of the catalog read, but for the products themselves."""

from collections.abc import Collection

from bus.messages.base import ProductId, Sku
from bus.messages.catalog_copies import ProductStamp
from engine.postgres import Database

_OF_SKUS = """
select product_id from catalog.skus where sku = any($1)
union select s.product_id from catalog.bundle_parts b join catalog.skus s on s.sku = b.bundle where b.part = any($1)"""
_STAMPS = "select id, revision from catalog.products where id > $1 and status = 'active' order by id limit $2"


async def products_of(database: Database, skus: Collection[Sku]) -> list[ProductId]:
    """Name the products of SKUs, and of the bundles that these are parts of."""
    return [row["product_id"] for row in await database.fetch(_OF_SKUS, list(skus))]


async def stamps(database: Database, after: ProductId, limit: int) -> list[ProductStamp]:
    """List the active products after an id."""
    return [ProductStamp(**dict(row)) for row in await database.fetch(_STAMPS, after, limit)]
