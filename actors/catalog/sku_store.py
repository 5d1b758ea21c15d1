"""The SQL of SKUs."""

from collections.abc import Collection, Sequence

import msgspec

from actors.catalog import bundles
from bus.messages.attributes import AttributeValues
from bus.messages.base import Money, ProductId, Sku
from bus.messages.catalog import Product, SkuView
from engine.postgres import Database
from engine.transaction import Transaction

_OF_PRODUCTS = """
select sku, product_id, title, price, currency, weight_g, options, barcode, on_sale, attributes, (
    select json_agg(json_build_array(part, quantity) order by part) from catalog.bundle_parts where bundle = sku
) as parts
from catalog.skus where product_id = any($1)"""
_IS_SOLD = "select sku from catalog.skus where sku = $1"
# Candidates for what somebody meant: those that begin alike first, then those of about the same length. Reads all SKUs.
_SIMILAR = """
select sku from catalog.skus
order by lower(left(sku, 3)) = lower(left($1, 3)) desc, abs(length(sku) - length($1)), sku limit 300"""
_BARCODES = "select barcode, sku from catalog.skus where barcode = any($1)"
_WRITE = """
insert into catalog.skus (sku, product_id, title, price, currency, weight_g, barcode, on_sale, options, attributes)
select sku, product_id, title, price, currency, weight_g, barcode, on_sale,
    array(select jsonb_array_elements_text(options::jsonb)), attributes::jsonb
from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::int[], $7::text[], $8::boolean[],
    $9::text[], $10::text[])
    as n (sku, product_id, title, price, currency, weight_g, barcode, on_sale, options, attributes)
on conflict (sku) do update set title = excluded.title, price = excluded.price, currency = excluded.currency,
    weight_g = excluded.weight_g, barcode = excluded.barcode, on_sale = excluded.on_sale, options = excluded.options,
    attributes = excluded.attributes"""
# Removed products and SKUs free their names, and leave a copy for people to look up.
_REMOVE = """
with gone as (delete from catalog.skus where sku = any($1) returning *)
insert into catalog.removed_skus (removed_at, sku, product_id, title, price, currency, weight_g, renamed)
select $2, sku, product_id, title, price, currency, weight_g, nullif($3, '') from gone"""
_WAS_RENAMED = """
select exists (select from catalog.removed_skus where product_id = $1 and sku = any($2) and renamed = any($3))"""


async def of_products(
    reader: Database | Transaction, product_ids: Collection[ProductId]
) -> dict[ProductId, list[SkuView]]:
    """Read the SKUs of products, in no order."""
    skus: dict[ProductId, list[SkuView]] = {product_id: [] for product_id in product_ids}
    for row in await reader.fetch(_OF_PRODUCTS, list(skus)):
        skus[row["product_id"]].append(
            SkuView(
                sku=row["sku"],
                title=row["title"],
                price=Money(amount=row["price"], currency=row["currency"]),
                weight_g=row["weight_g"],
                options=tuple(row["options"]),
                barcode=row["barcode"],
                is_on_sale=row["on_sale"],
                attributes=attributes_of(row["attributes"]),
                parts=bundles.lines_of(row["parts"]),
            )
        )
    return skus


async def is_sold(database: Database, sku: Sku) -> bool:
    """Whether there is such a SKU."""
    return bool(await database.fetch(_IS_SOLD, sku))


async def similar(database: Database, sku: Sku) -> list[Sku]:
    """SKUs for sale, those that could be meant by `sku` first; at most 300."""
    return [row["sku"] for row in await database.fetch(_SIMILAR, sku)]


async def barcodes(tx: Transaction, products: Sequence[Product]) -> dict[str, Sku]:
    """Return which SKU has each of these products' barcodes now."""
    asked = [sku.barcode for product in products for sku in product.skus if sku.barcode]
    rows = await tx.fetch(_BARCODES, asked) if asked else ()
    return {row["barcode"]: row["sku"] for row in rows}


async def write(tx: Transaction, skus: Sequence[tuple[ProductId, SkuView]]) -> None:
    """Write SKUs of products; existing ones are replaced."""
    if skus:
        own = [sku for _, sku in skus]
        await tx.execute(
            _WRITE,
            [s.sku for s in own], [product_id for product_id, _ in skus], [s.title for s in own],
            [s.price.amount for s in own], [s.price.currency for s in own], [s.weight_g for s in own],
            [s.barcode for s in own], [s.is_on_sale for s in own], [as_json(s.options) for s in own],
            [as_json(s.attributes) for s in own],
        )  # fmt: skip


async def remove(tx: Transaction, skus: Sequence[Sku], renamed: Sku) -> None:
    """Take SKUs off sale; `renamed` is the new name of the one that has got one, or ""."""
    await tx.execute(_REMOVE, list(skus), tx.now, renamed)


async def was_renamed(tx: Transaction, product_id: ProductId, skus: Sequence[Sku], names: Sequence[Sku]) -> bool:
    """Whether one of these SKUs was given one of these names before."""
    return bool(await tx.value(_WAS_RENAMED, product_id, list(skus), list(names)))


def attributes_of(text: str) -> AttributeValues:
    """Read a column of attributes."""
    return msgspec.json.decode(text, type=AttributeValues) if text != "{}" else {}


def as_json(value: object) -> str:
    """Write a column of JSON."""
    return msgspec.json.encode(value).decode()
