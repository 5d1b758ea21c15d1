"""The SQL of products. That of SKUs is in `sku_store.py`, that of their bundles in `bundles.py`."""

from collections.abc import Collection, Sequence
from functools import lru_cache

import msgspec
from asyncpg import Record

from actors.catalog import bundles, history, rules, sku_store
from actors.catalog.changes import Edit
from actors.catalog.sku_store import as_json, attributes_of
from bus.messages.base import Money, ProductId, Sku
from bus.messages.catalog import (
    Option,
    PricedSku,
    Product,
    ProductChanged,
    ProductRemoved,
    SkuView,
)
from bus.messages.catalog_imports import SkuRow
from bus.messages.inputs import Input
from bus.messages.sorting import rules_of, sort_key
from engine.postgres import Database
from engine.transaction import Transaction

COLUMNS = (
    "id, slug, title, category, description, revision, status, publish_at, unpublish_at, brand, tags, options, "
    "categories, seo_title, seo_description, type_id, attributes, added, inputs"
)
_PRODUCTS = f"select {COLUMNS} from catalog.products where "  # noqa: S608 - of our own words
_BY_ID = _PRODUCTS + "id = any($1) or slug = any($1)"
_BY_IDS = _PRODUCTS + "id = any($1) order by revision"
_AFTER = _PRODUCTS + "revision > $1 order by revision limit $2"
VISIBLE = "status = 'active' and coalesce(publish_at <= {now}, true) and coalesce(unpublish_at > {now}, true)"
_PRICES = f"""
select s.sku, p.title as product_title, s.title, s.price, s.currency, s.weight_g, p.inputs,
    {bundles.PARTS.format(bundle="s.sku")} as parts
from catalog.skus s join catalog.products p on p.id = s.product_id
where s.sku = any($1) and s.on_sale and {VISIBLE.format(now="$2")}"""  # noqa: S608 - of our own words

# Before anything else that a turn locks: so revisions grow in the order of commits, and no two turns wait in a circle.
_LOCK = "select from catalog.counter where is_one for update"
_OWNERS = "select sku, product_id from catalog.skus where sku = any($1)"
_SLUGS = """
select slug, id from catalog.products where slug = any($1)
union all select slug, product_id as id from catalog.translations where slug = any($1)"""
_COUNT = "update catalog.counter set revision = revision + $1 where is_one returning revision - $1"
_WRITE_PRODUCTS = """
insert into catalog.products as p
    (id, slug, title, category, description, sort_key, lowest_price, revision, status, publish_at, unpublish_at,
    brand, tags, options, categories, seo_title, seo_description, type_id, attributes, inputs, text_revision, sorted_by)
select id, slug, title, category, description, sort_key, lowest_price, revision, status, publish_at, unpublish_at,
    brand, array(select jsonb_array_elements_text(tags::jsonb)), options::jsonb,
    array(select jsonb_array_elements_text(categories::jsonb)), seo_title, seo_description,
    nullif(type_id, ''), attributes::jsonb, inputs::jsonb, revision, $21
from unnest(
    $1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[],
    $9::text[], $10::timestamptz[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], $15::text[],
    $16::text[], $17::text[], $18::text[], $19::text[], $20::text[])
    as n (id, slug, title, category, description, sort_key, lowest_price, revision, status, publish_at, unpublish_at,
    brand, tags, options, categories, seo_title, seo_description, type_id, attributes, inputs)
on conflict (id) do update set slug = excluded.slug, title = excluded.title, category = excluded.category,
    description = excluded.description, sort_key = excluded.sort_key, lowest_price = excluded.lowest_price,
    revision = excluded.revision, status = excluded.status, publish_at = excluded.publish_at,
    unpublish_at = excluded.unpublish_at, brand = excluded.brand, tags = excluded.tags, options = excluded.options,
    categories = excluded.categories, seo_title = excluded.seo_title, seo_description = excluded.seo_description,
    text_revision = case when (p.title, p.description, p.seo_title, p.seo_description, p.options) is distinct from
        (excluded.title, excluded.description, excluded.seo_title, excluded.seo_description, excluded.options)
        then excluded.revision else p.text_revision end,
    type_id = excluded.type_id, attributes = excluded.attributes, inputs = excluded.inputs,
    sorted_by = excluded.sorted_by"""
# "Other than" would find no index. Keys are written only where the title is still the one that was read.
_TO_SORT = "select id, title from catalog.products where sorted_by < $1 or sorted_by > $1 limit $2"
_SORT = """
with locked as (select id from catalog.products where id = any($1) order by id for update)
update catalog.products p set sort_key = n.key, sorted_by = $4
from locked, unnest($1::text[], $2::text[], $3::text[]) as n (id, title, key)
where p.id = locked.id and n.id = p.id and n.title = p.title"""
_REMOVE_PRODUCTS = """
with gone as (delete from catalog.products p using unnest($1::text[], $2::bigint[]) as n (id, revision)
    where p.id = n.id returning p.*, n.revision as last_revision)
insert into catalog.removed_products (removed_at, id, slug, title, category, description, revision)
select $3, id, slug, title, category, description, last_revision from gone"""
_LEAVE_SLUGS = """
insert into catalog.former_slugs (slug, product_id) select * from unnest($1::text[], $2::text[])
on conflict (slug) do update set product_id = excluded.product_id"""
_TAKE_SLUGS = "delete from catalog.former_slugs where slug = any($1)"
# Steps through the index from each category to the next: `distinct` would read every product.
_CATEGORIES = """
with recursive found as (
    (select category from catalog.products order by category limit 1)
    union all
    select (select category from catalog.products where category > found.category
        order by category limit 1) from found where found.category is not null)
select category from found
where exists (select from catalog.products p where p.category = found.category and {visible})"""
_CATEGORIES = _CATEGORIES.format(visible=VISIBLE.format(now="$1"))
_INPUTS = msgspec.json.Decoder(tuple[Input, ...])


async def by_id(reader: Database | Transaction, ids: Collection[ProductId]) -> list[Product]:
    """Products by id or slug; unknown ones are missing."""
    return await with_skus(reader, await reader.fetch(_BY_ID, list(ids)))


async def prices(tx: Transaction, skus: Collection[Sku]) -> dict[Sku, PricedSku]:
    """Prices of these SKUs; one that is not for sale is missing, and a bundle of which a part is not."""
    found = [_priced(row) for row in await tx.fetch(_PRICES, list(skus), tx.now)]
    return {priced.sku: priced for priced in found if all(part.is_on_sale for part in priced.parts)}


def _priced(row: Record) -> PricedSku:
    parts = bundles.parts_of(row["parts"])
    return PricedSku(
        sku=row["sku"],
        title=rules.full_title(row["product_title"], row["title"]),
        price=Money(amount=row["price"], currency=row["currency"]),
        weight_g=sum(part.quantity * part.weight_g for part in parts) or row["weight_g"],
        parts=parts,
        inputs=_INPUTS.decode(row["inputs"]),
    )


async def taken(tx: Transaction, rows: Sequence[SkuRow]) -> tuple[dict[Sku, ProductId], dict[str, ProductId]]:
    """Return the product of each SKU and of each slug of these rows. The catalog must be locked."""
    owners = await tx.fetch(_OWNERS, [row.sku for row in rows])
    slugs = await slug_owners(tx, {row.slug for row in rows})
    return {row["sku"]: row["product_id"] for row in owners}, slugs


async def slug_owners(tx: Transaction, slugs: Collection[str]) -> dict[str, ProductId]:
    """Return the product of each slug that is taken."""
    return {row["slug"]: row["id"] for row in await tx.fetch(_SLUGS, list(slugs))}


async def has_unsorted(database: Database, language: str) -> bool:
    """Whether some product has no key of this language."""
    return bool(await database.fetch(_TO_SORT, rules_of(language), 1))


async def sort(tx: Transaction, language: str, limit: int) -> None:
    """Make the keys of products that have none of this language, of `limit` products at most."""
    found = await tx.fetch(_TO_SORT, rules_of(language), limit)
    keys = [sort_key(row["title"], language) for row in found]
    if found:
        await tx.execute(_SORT, [r["id"] for r in found], [r["title"] for r in found], keys, rules_of(language))


async def save(
    tx: Transaction, edits: Sequence[Edit], *, by: str, language: str, renamed: Sku = "", import_id: str = ""
) -> Sequence[ProductChanged | ProductRemoved]:
    """Write changes of products to the locked catalog, and their history; return what is to be told of them.

    Args:
        tx: The turn's.
        edits: One for a product at most; each changes something.
        by: Who makes them.
        language: The shop's.
        renamed: The new name of the one SKU that is taken off.
        import_id: The import that they are a part of.
    """
    if not edits:
        return ()
    before = await count(tx, len(edits))
    numbered = [(edit, before + place) for place, edit in enumerate(edits, start=1)]
    if removed := [sku for edit in edits for sku in edit.removed_skus]:
        await sku_store.remove(tx, removed, renamed)
    if gone := [(edit.product_id, revision) for edit, revision in numbered if edit.after is None]:
        await tx.execute(_REMOVE_PRODUCTS, [each[0] for each in gone], [each[1] for each in gone], tx.now)
    await _write_products(tx, [(edit.after, revision) for edit, revision in numbered if edit.after], language)
    await sku_store.write(tx, [(edit.product_id, sku) for edit in edits for sku in edit.written_skus])
    await bundles.write(tx, edits)
    await _note_slugs(tx, edits)
    await history.add(tx, numbered, by, import_id)
    return [
        ProductChanged(product_id=edit.product_id, revision=revision)
        if edit.after
        else ProductRemoved(product_id=edit.product_id, revision=revision)
        for edit, revision in numbered
    ]


async def count(tx: Transaction, changes: int) -> int:
    """Number changes of the locked catalog; return the last revision before them."""
    return int(await tx.value(_COUNT, changes))


async def _write_products(tx: Transaction, products: Sequence[tuple[Product, int]], language: str) -> None:
    if products:
        own = [product for product, _ in products]
        await tx.execute(
            _WRITE_PRODUCTS,
            [p.id for p in own], [p.slug for p in own], [p.title for p in own], [p.category for p in own],
            [p.description for p in own], [sort_key(p.title, language) for p in own],
            [min(sku.price.amount for sku in p.skus) for p in own], [revision for _, revision in products],
            [p.status for p in own], [p.publish_at for p in own], [p.unpublish_at for p in own],
            [p.brand for p in own], [as_json(p.tags) for p in own], [as_json(p.options) for p in own],
            [as_json(p.categories) for p in own], [p.seo_title for p in own], [p.seo_description for p in own],
            [p.type_id for p in own], [as_json(p.attributes) for p in own], [as_json(p.inputs) for p in own],
            rules_of(language),
        )  # fmt: skip


async def _note_slugs(tx: Transaction, edits: Sequence[Edit]) -> None:
    """Note the slugs that products leave, and forget those that are taken again."""
    moved = [(edit, *edit.slugs) for edit in edits if len({*edit.slugs}) > 1]
    if left := [(old, edit.product_id) for edit, old, _ in moved if old]:
        await tx.execute(_LEAVE_SLUGS, [slug for slug, _ in left], [product_id for _, product_id in left])
    if taken := [new for _, _, new in moved if new]:
        await tx.execute(_TAKE_SLUGS, taken)


async def read(reader: Database | Transaction, product_ids: Collection[ProductId]) -> Sequence[Product]:
    """Read products by id, by the order of their revisions."""
    return await with_skus(reader, await reader.fetch(_BY_IDS, list(product_ids)))


async def changes(database: Database, after: int, limit: int) -> Sequence[Product]:
    """Read the products that changed after a revision, the earliest first."""
    return await with_skus(database, await database.fetch(_AFTER, after, limit))


async def lock_all(tx: Transaction) -> None:
    """Lock the catalog."""
    await tx.execute(_LOCK)


async def lock(tx: Transaction, product_ids: Collection[ProductId]) -> dict[ProductId, Product]:
    """Lock the catalog, and read products; those that do not exist are missing."""
    await tx.execute(_LOCK)
    return {product.id: product for product in await with_skus(tx, await tx.fetch(_BY_IDS, list(product_ids)))}


async def categories(tx: Transaction) -> tuple[str, ...]:
    """The categories of the products that buyers see."""
    return tuple(row["category"] for row in await tx.fetch(_CATEGORIES, tx.now))


async def with_skus(reader: Database | Transaction, rows: Sequence[Record]) -> list[Product]:
    """Read the SKUs of products whose COLUMNS these are."""
    skus = await sku_store.of_products(reader, [row["id"] for row in rows])
    return [_product(row, skus[row["id"]]) for row in rows]


def _product(row: Record, skus: Sequence[SkuView]) -> Product:
    return Product(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        category=row["category"],
        description=row["description"],
        revision=row["revision"],
        status=row["status"],
        publish_at=row["publish_at"],
        unpublish_at=row["unpublish_at"],
        brand=row["brand"],
        tags=tuple(row["tags"]),
        options=_options(row["options"]),
        inputs=_INPUTS.decode(row["inputs"]),
        type_id=row["type_id"] or "",
        attributes=attributes_of(row["attributes"]),
        added=row["added"],
        categories=tuple(row["categories"]),
        seo_title=row["seo_title"],
        seo_description=row["seo_description"],
        skus=rules.cheapest_first(skus),
    )


@lru_cache(maxsize=256)  # Most products have none, and many have the same.
def _options(text: str) -> tuple[Option, ...]:
    return msgspec.json.decode(text, type=tuple[Option, ...])
