"""The SQL of what copies of the catalog read, but for the products themselves."""

from collections.abc import Collection

from bus.messages.base import ProductId, Sku
from bus.messages.catalog_copies import ListSkusWithin, ProductStamp, SkuNames
from engine.cursor import page_limit, page_of, read_cursor
from engine.patterns import like_begin
from engine.postgres import Database

_OF_SKUS = """
select product_id from catalog.skus where sku = any($1)
union select s.product_id from catalog.bundle_parts b join catalog.skus s on s.sku = b.bundle where b.part = any($1)"""
_WITHIN = """
select s.sku from catalog.skus s join catalog.products p on p.id = s.product_id
where p.categories && $1::text[] and s.sku > $2 and lower(s.sku) like $3
    and not exists (select from catalog.bundles b where b.sku = s.sku)
order by s.sku limit $4"""
_STAMPS = "select id, revision from catalog.products where id > $1 and status = 'active' order by id limit $2"


async def products_of(database: Database, skus: Collection[Sku]) -> list[ProductId]:
    """Name the products of SKUs, and of the bundles that these are parts of."""
    return [row["product_id"] for row in await database.fetch(_OF_SKUS, list(skus))]


async def within(database: Database, ask: ListSkusWithin) -> SkuNames:
    """A page of the SKUs of categories.

    Raises:
        BadInput: `after` is not from such a list.
    """
    limit = page_limit(ask.limit)
    (after,) = read_cursor(ask.after, tuple[str]) or ("",)
    rows = await database.fetch(_WITHIN, list(ask.within), after, like_begin(ask.begin), limit + 1)
    page = page_of(rows, limit, lambda row: (row["sku"],))
    return SkuNames(skus=tuple(row["sku"] for row in page.items), next=page.next)


async def stamps(database: Database, after: ProductId, limit: int) -> list[ProductStamp]:
    """List the active products after an id."""
    return [ProductStamp(**dict(row)) for row in await database.fetch(_STAMPS, after, limit)]
