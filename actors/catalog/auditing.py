"""The audit of views: each beside the product that it shows, and beside the parts of its bundles.

Products are read in two statements, between which they may change. So what differs is read again while the catalog is
locked, when nothing can move: only that is reported.

A part's change reaches a view by a later revision, which is found in the history: no change of a part may be later than
the view, but one that was made together with the view.

Why: docs/decisions/0033.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec
from asyncpg import Record
from msgspec import structs

from actors.catalog import changes, store
from actors.catalog.changes import SKU
from actors.catalog.views import MOST_BYTES
from bus.messages.audit import RULES, CheckId, Finding, Remedy, RepairMade
from bus.messages.base import ProductId
from bus.messages.catalog import Product
from engine.postgres import Database
from engine.transaction import Transaction

PAGE: Final = 100  # Products at a time: to compare them blocks the event loop for some milliseconds.

_IDS: Final = "select id from catalog.products where id > $1 order by id limit $2"
# Entries of history that one transaction made have the same xmin.
_READ: Final = """
select p.id, p.revision as current, v.revision, v.body, (
    select max(h.revision) from catalog.skus s
    join catalog.bundle_parts b on b.bundle = s.sku
    join catalog.skus part on part.sku = b.part
    join catalog.history h on h.product_id = part.product_id and h.revision > v.revision
    where s.product_id = p.id
        and exists (select from jsonb_to_recordset(h.fields) as f (field text, before jsonb, after jsonb)
            where f.field in ('title', $2 || b.part) and f.before is not null and f.after is not null)
        and not exists (select from catalog.history own
            where own.product_id = p.id and own.revision = v.revision and own.xmin = h.xmin)
) as part_moved
from catalog.products p left join catalog.views v on v.product_id = p.id
where p.id = any($1) order by p.id"""
_PRODUCT: Final = msgspec.json.Decoder(Product)


class Difference(NamedTuple):
    """A view that is not as it should be."""

    product_id: ProductId
    check: CheckId
    detail: str

    @property
    def finding(self) -> Finding:
        """The difference as the audit reports it."""
        remedy = Remedy(action="repair", target=self.product_id)
        return Finding(check=self.check, about=self.product_id, detail=self.detail, remedy=remedy)

    def repaired(self, revision: int) -> RepairMade:
        """The difference, and that the view was written anew with this revision."""
        after = f"written anew, with revision {revision}"
        return RepairMade(rule=RULES[self.check], about=self.product_id, before=self.detail, after=after)


async def page(database: Database, after: ProductId) -> Sequence[ProductId]:
    """Read the products after one, by id; PAGE at most."""
    return [row["id"] for row in await database.fetch(_IDS, after, PAGE)]


async def differences(reader: Database | Transaction, product_ids: Collection[ProductId]) -> list[Difference]:
    """Compare the views of these products; one difference for each at most."""
    rows = await reader.fetch(_READ, list(product_ids), SKU)
    products = {each.id: each for each in await store.read(reader, product_ids)}
    return [found for row in rows if (found := _difference(row, products))]


def _difference(row: Record, products: Mapping[ProductId, Product]) -> Difference | None:
    name, revision = row["id"], row["revision"]
    product = products.get(name)
    if product is None:
        return None  # It was removed meanwhile.
    if revision is None or row["body"] is None:
        is_too_large = revision is not None and len(msgspec.json.encode(product)) > MOST_BYTES
        if not is_too_large:
            return Difference(name, "view_is_product", "there is none" if revision is None else "it has no document")
    elif why := _misfit(row["body"], product):
        return Difference(name, "view_is_product", why)
    if revision < row["current"]:
        return Difference(name, "view_is_late_enough", f"it has revision {revision}, its product {row['current']}")
    if row["part_moved"]:
        detail = f"it has revision {revision}, a part of its bundles {row['part_moved']}"
        return Difference(name, "view_is_late_enough", detail)
    return None


def _misfit(body: bytes, product: Product) -> str:
    """Return how a document is another than that of a product; "" if it is not."""
    try:
        shown = _PRODUCT.decode(body)
    except msgspec.DecodeError:
        return "its document can't be read"
    if shown.revision != product.revision:
        return f"its document is of revision {shown.revision}, its product of {product.revision}"
    # Its place among all products is not known when a product is written for the first time.
    if structs.replace(shown, added=product.added) == product:
        return ""
    fields = ", ".join(each.field for each in changes.difference(shown, product)[:10])
    return f"its document differs: {fields or 'in the order of its SKUs'}"
