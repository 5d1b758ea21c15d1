"""The SQL of views: what buyers see of a product, as documents beside the tables.

A view's revision is the product's, until its pictures, translations or the parts of its bundles change: then it has a
later one from the same counter. The product's own stays: a picture overtakes no editor. What a page shows beside the
product renumbers its view, too.

Rejected: docs/decisions/0033.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
from asyncpg import Record
from msgspec import structs

from actors.catalog import bundles, store
from actors.catalog.changes import Edit
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import Product, ProductChanged, ProductRemoved
from bus.messages.media import Image, PicturesShown
from bus.messages.parts import Bundle
from bus.messages.translations import ProductTexts
from bus.messages.views import MOST_CHANGES, ProductView, ReadViewChanges, ViewChanges, ViewRevision
from engine.postgres import Database
from engine.transaction import Transaction

MOST_BYTES: Final = 262_144  # Of a document. A larger one is not kept: its product is read from the tables.

_WRITE: Final = """
insert into catalog.views (product_id, revision, body)
select id, revision, body from unnest($1::text[], $2::bigint[], $3::bytea[]) as n (id, revision, body)
on conflict (product_id) do update set revision = excluded.revision, body = excluded.body"""
_WRITE_MISSING: Final = _WRITE.partition("on conflict")[0] + "on conflict (product_id) do nothing"
_MISSING: Final = """
select p.id from catalog.products p left join catalog.views v on v.product_id = p.id
where p.id > $1 and v.product_id is null order by p.id limit $2"""
_READ: Final = """
select p.id, coalesce(v.revision, p.revision) as revision, v.body, i.images,
    array(select (t.locale, t.texts, coalesce(t.slug, '')) from catalog.translations t where t.product_id = p.id
        order by t.locale) as translations
from catalog.products p
left join catalog.views v on v.product_id = p.id
left join catalog.pictures i on i.product_id = p.id
where p.id = any($1) or p.slug = any($1)
    or p.id = any(array(select product_id from catalog.translations where slug = any($1)))"""

# The last revision; the changes after one, each with a revision of its own; and which of some are others now.
_CHANGES: Final = """
select 'last' as kind, '' as product_id, revision from catalog.counter where is_one
union all
(select 'change', product_id, revision from (
    (select product_id, revision from catalog.views where revision > $1 order by revision limit $2)
    union all
    (select id, revision from catalog.removed_products where revision > $1 order by revision limit $2)) as changed
order by revision limit $2)
union all
select 'other', n.id, coalesce(v.revision, p.revision, 0) from unnest($3::text[], $4::bigint[]) as n (id, revision)
left join catalog.products p on p.id = n.id left join catalog.views v on v.product_id = n.id
where coalesce(v.revision, p.revision, 0) <> n.revision"""

_SET_PICTURES: Final = """
insert into catalog.pictures (product_id, version, images)
select id, version, images from unnest($1::text[], $2::bigint[], $3::bytea[]) as n (id, version, images)
on conflict (product_id) do update set version = excluded.version, images = excluded.images
where pictures.version < excluded.version
returning product_id"""
_PRESENT: Final = "select id from catalog.products where id = any($1) order by id"
_RENUMBER: Final = """
insert into catalog.views (product_id, revision) select * from unnest($1::text[], $2::bigint[])
on conflict (product_id) do update set revision = excluded.revision"""

_PRODUCT: Final = msgspec.json.Decoder(Product)
_IMAGES: Final = msgspec.json.Decoder(tuple[Image, ...])
_TEXTS: Final = msgspec.json.Decoder(ProductTexts)


async def write(tx: Transaction, edits: Sequence[Edit], told: Sequence[ProductChanged | ProductRemoved]) -> None:
    """Write down what buyers see of changed products. What was removed has left these tables with its product."""
    products = [
        structs.replace(edit.after, revision=event.revision)
        for edit, event in zip(edits, told, strict=True)
        if edit.after
    ]
    if products:
        await tx.execute(_WRITE, *_columns(products))


async def rewrite(tx: Transaction, product_ids: Collection[ProductId]) -> None:
    """Write down anew what buyers see of these products. The catalog must be locked."""
    products = await store.read(tx, product_ids)
    await tx.execute(_WRITE, *_columns(products))


async def missing(database: Database, after: ProductId, limit: int) -> Sequence[ProductId]:
    """Read which products have no view, by id, from one on."""
    return [row["id"] for row in await database.fetch(_MISSING, after, limit)]


async def write_missing(tx: Transaction, product_ids: Collection[ProductId]) -> None:
    """Write down what buyers see of those of these products that have no view yet."""
    products = await store.lock(tx, product_ids)
    await tx.execute(_WRITE_MISSING, *_columns(list(products.values())))


async def read(database: Database, names: Collection[str]) -> list[ProductView]:
    """Read views by id or slug; unknown ones are missing. What is not written down is read from the tables."""
    rows = await database.fetch(_READ, list(names))
    unwritten = [row["id"] for row in rows if row["body"] is None]
    products = {product.id: product for product in await store.read(database, unwritten)} if unwritten else {}
    products |= {row["id"]: _PRODUCT.decode(row["body"]) for row in rows if row["body"] is not None}
    made = [sku.sku for product in products.values() for sku in product.skus if sku.parts]
    known = await bundles.read(database, made) if made else {}  # After the products, so they are not older.
    return [_view(row, products[row["id"]], known) for row in rows if row["id"] in products]


async def changes(database: Database, ask: ReadViewChanges) -> ViewChanges:
    """Read which views changed after a revision, and which of some are others now."""
    known = [each.product_id for each in ask.known], [each.revision for each in ask.known]
    rows = await database.fetch(_CHANGES, ask.after, MOST_CHANGES + 1, *known)
    found: dict[str, list[ViewRevision]] = {"last": [], "change": [], "other": []}
    for row in rows:
        found[row["kind"]].append(ViewRevision(product_id=row["product_id"], revision=row["revision"]))
    shown = found["change"][:MOST_CHANGES]
    is_more = len(found["change"]) > MOST_CHANGES
    last = shown[-1] if is_more else found["last"][0]
    return ViewChanges(revision=last.revision, changes=(*shown, *found["other"]), is_more=is_more)


async def set_pictures(tx: Transaction, events: Sequence[PicturesShown]) -> Sequence[ProductId]:
    """Keep the pictures of products; return the products there are whose pictures are others now."""
    newest = {event.product_id: event for event in sorted(events, key=lambda event: event.version)}
    told = [newest[product_id] for product_id in sorted(newest)]
    rows = await tx.fetch(
        _SET_PICTURES,
        [event.product_id for event in told],
        [event.version for event in told],
        [msgspec.json.encode(event.images) for event in told],
    )
    return [row["id"] for row in await tx.fetch(_PRESENT, [row["product_id"] for row in rows])]


async def renumber(tx: Transaction, revisions: Sequence[ViewRevision]) -> None:
    """Give views of products a later revision: what is shown beside the product has changed."""
    await tx.execute(_RENUMBER, [each.product_id for each in revisions], [each.revision for each in revisions])


def _columns(products: Sequence[Product]) -> tuple[list[ProductId], list[int], list[bytes | None]]:
    bodies = [msgspec.json.encode(each) for each in products]
    return (
        [each.id for each in products],
        [each.revision for each in products],
        [body if len(body) <= MOST_BYTES else None for body in bodies],
    )


def _view(row: Record, product: Product, known: Mapping[Sku, Bundle]) -> ProductView:
    images = _IMAGES.decode(row["images"]) if row["images"] else ()
    texts = {locale: structs.replace(_TEXTS.decode(own), slug=slug) for locale, own, slug in row["translations"]}
    made = tuple(known[sku.sku] for sku in product.skus if sku.sku in known)
    return ProductView(revision=row["revision"], product=product, images=images, bundles=made, translations=texts)
