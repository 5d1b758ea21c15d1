"""The SQL of the catalog."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from asyncpg import Record

from actors.catalog import rules
from actors.catalog.sorting import rules_of, sort_key
from bus.messages.base import Money, ProductId, Sku
from bus.messages.catalog import (
    ListProducts,
    PricedSku,
    Product,
    ProductChanged,
    ProductPage,
    ProductRemoved,
    SkuRow,
    SkuView,
    Sort,
)
from engine.cursor import page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.transaction import Transaction

# Products in one sort order. Each statement has only the conditions that apply, not "this category, if any is given":
# a cached plan finds an index only for conditions that are always there.
_LIST = """
select id, slug, title, category, description, revision, {value} as place, words from catalog.products
{where} order by {value} {way}, id {way} limit {limit}"""
# A walk through the list soon meets a frequent word; the index of words finds a rare one.
_WALK = "select * from ({products}) as walked where {match} order by place {way}, id {way} limit {limit}"
_FOUND = """
with found as materialized (select * from catalog.products where {match})
select id, slug, title, category, description, revision, {value} as place from found
{where} order by {value} {way}, id {way} limit {limit}"""
_STEPS = 1000  # Rows of such a walk: some milliseconds.

_BY_ID = (
    "select id, slug, title, category, description, revision from catalog.products where id = any($1) or slug = any($1)"
)
_BY_IDS = (
    "select id, slug, title, category, description, revision from catalog.products where id = any($1) order by revision"
)
_AFTER = """
select id, slug, title, category, description, revision from catalog.products
where revision > $1 order by revision limit $2"""
_SKUS = "select sku, product_id, title, price, currency, weight_g from catalog.skus where product_id = any($1)"
_PRICES = """
select s.sku, p.title as product_title, s.title, s.price, s.currency, s.weight_g
from catalog.skus s join catalog.products p on p.id = s.product_id
where s.sku = any($1)"""

# Candidates for what somebody meant: itself first, then those that begin alike, then those of about the same length.
_SIMILAR = """
select sku from catalog.skus
order by sku = $1 desc, lower(left(sku, 3)) = lower(left($1, 3)) desc, abs(length(sku) - length($1)), sku limit 300"""

# Before anything else that a turn locks: so revisions grow in the order of commits, and no two turns wait in a circle.
_LOCK = "select from catalog.counter for update"
_OWNERS = "select sku, product_id from catalog.skus where sku = any($1)"
_SLUGS = "select slug, id from catalog.products where slug = any($1) or id = any($2)"
_WRITE_PRODUCTS = """
insert into catalog.products as old (id, slug, title, category, description, sort_key, sorted_by, revision)
select *, $7, 0 from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
on conflict (id) do update set slug = excluded.slug, title = excluded.title, category = excluded.category,
    description = excluded.description, sort_key = excluded.sort_key, sorted_by = excluded.sorted_by
where (old.slug, old.title, old.category, old.description)
    is distinct from (excluded.slug, excluded.title, excluded.category, excluded.description)
returning id"""
# "Other than" would find no index. Keys are written only where the title is still the one that was read.
_TO_SORT = "select id, title from catalog.products where sorted_by < $1 or sorted_by > $1 limit $2"
_SORT = """
with locked as (select id from catalog.products where id = any($1) order by id for update)
update catalog.products p set sort_key = n.key, sorted_by = $4
from locked, unnest($1::text[], $2::text[], $3::text[]) as n (id, title, key)
where p.id = locked.id and n.id = p.id and n.title = p.title"""
_WRITE_SKUS = """
insert into catalog.skus as old (sku, product_id, title, price, currency, weight_g)
select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::int[])
on conflict (sku) do update set title = excluded.title, price = excluded.price, currency = excluded.currency,
    weight_g = excluded.weight_g
where (old.title, old.price, old.currency, old.weight_g)
    is distinct from (excluded.title, excluded.price, excluded.currency, excluded.weight_g)
returning product_id"""
_REVISE = """
with counted as (
    update catalog.counter set revision = revision + cardinality($1::text[])
    returning revision - cardinality($1::text[]) as before),
lowest as (select product_id, min(price) as price from catalog.skus where product_id = any($1) group by product_id)
update catalog.products p set revision = counted.before + n.place, lowest_price = lowest.price
from counted, lowest, unnest($1::text[]) with ordinality as n (id, place)
where p.id = n.id and lowest.product_id = n.id returning p.id, p.revision"""
# Removed products and SKUs free their names, and leave a copy for people to look up.
_REMOVE_SKUS = """
with gone as (delete from catalog.skus where product_id = $1 and ($3 or sku = $4) returning *)
insert into catalog.removed_skus (removed_at, sku, product_id, title, price, currency, weight_g)
select $2, sku, product_id, title, price, currency, weight_g from gone"""
_REMOVE = """
with gone as (delete from catalog.products where id = $1 returning *),
counted as (update catalog.counter set revision = revision + (select count(*) from gone) returning revision)
insert into catalog.removed_products (removed_at, id, slug, title, category, description, revision)
select $2, id, slug, title, category, description, counted.revision from gone, counted returning revision"""
_RENAME = """
with before as (
    insert into catalog.removed_skus (removed_at, sku, product_id, title, price, currency, weight_g, renamed)
    select $4, sku, product_id, title, price, currency, weight_g, $3
    from catalog.skus where product_id = $1 and sku = $2)
update catalog.skus set sku = $3 where product_id = $1 and sku = $2"""
_WAS_RENAMED = """
select exists (select from catalog.removed_skus where product_id = $1 and sku = $2 and renamed = $3)"""
# Steps through the index from each category to the next: `distinct` would read every product.
_CATEGORIES = """
with recursive found as (
    (select category from catalog.products order by category limit 1)
    union all
    select (select category from catalog.products where category > found.category
        order by category limit 1) from found where found.category is not null)
select category from found where category is not null"""


class _Order(NamedTuple):
    """A sort order of the list."""

    value: str
    type: str
    after: str
    way: str


_ORDERS: Final[dict[Sort, _Order]] = {
    "title": _Order("sort_key", "text", ">", "asc"),
    "price": _Order("lowest_price", "bigint", ">", "asc"),
    "-price": _Order("lowest_price", "bigint", "<", "desc"),
    "newest": _Order("added", "bigint", "<", "desc"),
}


async def page(database: Database, ask: ListProducts) -> ProductPage:
    """A page of products.

    Raises:
        BadInput: `after` is not from a page of this sort.
    """
    limit = page_limit(ask.limit)
    shown = page_of(await _rows(database, ask, limit + 1), limit, lambda row: (row["place"], row["id"]))
    return ProductPage(products=tuple(await _with_skus(database, shown.items)), next=shown.next)


async def _rows(database: Database, ask: ListProducts, limit: int) -> Sequence[Record]:
    order, value, last_id = _ORDERS[ask.sort], *_after(ask)
    given: list[object] = [limit]
    conditions = list[str]()
    if ask.category:
        given.append(ask.category)
        conditions.append(f"category = ${len(given)}")
    if value is not None:
        given += [value, last_id]
        conditions.append(f"({order.value}, id) {order.after} (${len(given) - 1}::{order.type}, ${len(given)})")
    where = f"where {' and '.join(conditions)}" if conditions else ""
    words = {"value": order.value, "way": order.way, "where": where}
    terms = rules.search_terms(ask.q)
    if not terms:
        return await database.fetch(_LIST.format(limit="$1", **words), *given)
    given.append(terms)
    match = f"words @@ to_tsquery('simple', ${len(given)})"
    products = _LIST.format(limit=_STEPS, **words)
    rows = await database.fetch(_WALK.format(products=products, match=match, way=order.way, limit="$1"), *given)
    if len(rows) < limit:
        rows = await database.fetch(_FOUND.format(match=match, limit="$1", **words), *given)
    return rows


async def by_id(reader: Database | Transaction, ids: Collection[ProductId]) -> list[Product]:
    """Products by id or slug; unknown ones are missing."""
    return await _with_skus(reader, await reader.fetch(_BY_ID, list(ids)))


async def prices(tx: Transaction, skus: Collection[Sku]) -> dict[Sku, PricedSku]:
    """Prices of these SKUs; one that is not for sale is missing."""
    return {
        row["sku"]: PricedSku(
            sku=row["sku"],
            title=rules.full_title(row["product_title"], row["title"]),
            price=Money(amount=row["price"], currency=row["currency"]),
            weight_g=row["weight_g"],
        )
        for row in await tx.fetch(_PRICES, list(skus))
    }


async def similar(database: Database, sku: Sku) -> list[Sku]:
    """SKUs for sale, those that could be meant by `sku` first; at most 300."""
    return [row["sku"] for row in await database.fetch(_SIMILAR, sku)]


async def taken(tx: Transaction, rows: Sequence[SkuRow]) -> tuple[dict[Sku, ProductId], dict[str, ProductId]]:
    """Lock the catalog; return the product of each SKU and of each slug of these rows."""
    await tx.execute(_LOCK)
    slugs = await tx.fetch(_SLUGS, [row.slug for row in rows], [row.product_id for row in rows])
    owners = await tx.fetch(_OWNERS, [row.sku for row in rows])
    return {row["sku"]: row["product_id"] for row in owners}, {row["slug"]: row["id"] for row in slugs}


async def has_unsorted(database: Database, language: str) -> bool:
    """Whether some product has no key of this language."""
    return bool(await database.fetch(_TO_SORT, rules_of(language), 1))


async def sort(tx: Transaction, language: str, limit: int) -> None:
    """Make the keys of products that have none of this language, of `limit` products at most."""
    found = await tx.fetch(_TO_SORT, rules_of(language), limit)
    keys = [sort_key(row["title"], language) for row in found]
    if found:
        await tx.execute(_SORT, [r["id"] for r in found], [r["title"] for r in found], keys, rules_of(language))


async def write(tx: Transaction, rows: Sequence[SkuRow], language: str) -> Sequence[ProductChanged]:
    """Write SKUs with their products, over those that exist; return what changed. The catalog must be locked."""
    products = list({row.product_id: row for row in rows}.values())
    skus = list({row.sku: row for row in rows}.values())
    written = await tx.fetch(
        _WRITE_PRODUCTS,
        [p.product_id for p in products], [p.slug for p in products], [p.title for p in products],
        [p.category for p in products], [p.description for p in products],
        [sort_key(p.title, language) for p in products], rules_of(language),
    )  # fmt: skip
    priced = await tx.fetch(
        _WRITE_SKUS,
        [s.sku for s in skus], [s.product_id for s in skus], [s.sku_title for s in skus],
        [s.price.amount for s in skus], [s.price.currency for s in skus], [s.weight_g for s in skus],
    )  # fmt: skip
    return await revise(tx, {row["id"] for row in written} | {row["product_id"] for row in priced})


async def revise(tx: Transaction, product_ids: Collection[ProductId]) -> Sequence[ProductChanged]:
    """Give changed products their next revisions; return the changes."""
    rows = await tx.fetch(_REVISE, sorted(product_ids)) if product_ids else ()
    return [ProductChanged(product_id=row["id"], revision=row["revision"]) for row in rows]


async def read(database: Database, product_ids: Collection[ProductId]) -> Sequence[Product]:
    """Read products by id, by the order of their revisions."""
    return await _with_skus(database, await database.fetch(_BY_IDS, list(product_ids)))


async def changes(database: Database, after: int, limit: int) -> Sequence[Product]:
    """Read the products that changed after a revision, the earliest first."""
    return await _with_skus(database, await database.fetch(_AFTER, after, limit))


async def lock(tx: Transaction, product_id: ProductId) -> Product | None:
    """Lock the catalog, and read a product; None if it does not exist."""
    await tx.execute(_LOCK)
    return next((product for product in await by_id(tx, {product_id}) if product.id == product_id), None)


async def remove(tx: Transaction, product_id: ProductId) -> ProductRemoved | None:
    """Take a product off sale, and free its names; None if it was not on sale."""
    await tx.execute(_LOCK)
    await tx.execute(_REMOVE_SKUS, product_id, tx.now, True, "")
    revision = await tx.value(_REMOVE, product_id, tx.now)
    return None if revision is None else ProductRemoved(product_id=product_id, revision=int(str(revision)))


async def remove_sku(tx: Transaction, product_id: ProductId, sku: Sku) -> Sequence[ProductChanged]:
    """Take one SKU off a product of the locked catalog."""
    await tx.execute(_REMOVE_SKUS, product_id, tx.now, False, sku)
    return await revise(tx, [product_id])


async def rename_sku(tx: Transaction, product_id: ProductId, sku: Sku, name: Sku) -> Sequence[ProductChanged]:
    """Rename a SKU of a product of the locked catalog to a free name."""
    await tx.execute(_RENAME, product_id, sku, name, tx.now)
    return await revise(tx, [product_id])


async def was_renamed(tx: Transaction, product_id: ProductId, sku: Sku, name: Sku) -> bool:
    """Whether this SKU was given this name before."""
    return bool(await tx.value(_WAS_RENAMED, product_id, sku, name))


async def categories(tx: Transaction) -> tuple[str, ...]:
    """The categories of all products; none for an empty shop."""
    return tuple(row["category"] for row in await tx.fetch(_CATEGORIES))


async def _with_skus(reader: Database | Transaction, rows: Sequence[Record]) -> list[Product]:
    skus: dict[ProductId, list[SkuView]] = {row["id"]: [] for row in rows}
    for row in await reader.fetch(_SKUS, list(skus)):
        price = Money(amount=row["price"], currency=row["currency"])
        view = SkuView(sku=row["sku"], title=row["title"], price=price, weight_g=row["weight_g"])
        skus[row["product_id"]].append(view)
    return [
        Product(
            id=row["id"],
            slug=row["slug"],
            title=row["title"],
            category=row["category"],
            description=row["description"],
            revision=row["revision"],
            skus=rules.cheapest_first(skus[row["id"]]),
        )
        for row in rows
    ]


def _after(ask: ListProducts) -> tuple[str | int | None, ProductId]:
    if ask.sort == "title":
        return read_cursor(ask.after, tuple[str, str]) or (None, "")
    return read_cursor(ask.after, tuple[int, str]) or (None, "")
