"""The SQL of the catalog's history: what was changed about products, and the slugs that they had."""

from collections.abc import Collection, Sequence

import msgspec
from asyncpg import Record

from actors.catalog.changes import Edit
from actors.catalog.importing import ImportedChange
from bus.messages.base import ProductId
from bus.messages.catalog import FieldChange, HistoryEntry, ProductHistory, ReadHistory
from engine.cursor import page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into catalog.history (revision, product_id, at, by, fields, import_id)
select revision, product_id, $3, $4, fields::jsonb, nullif($6, '')
from unnest($1::bigint[], $2::text[], $5::text[]) as n (revision, product_id, fields)"""
_OF_PRODUCT = """
select revision, at, by, fields from catalog.history
where product_id = $1 and revision < $2 order by revision desc limit $3"""
_SINCE = """
select revision, at, by, fields from catalog.history
where product_id = $1 and revision > $2 order by revision desc limit 20"""
_ENTRY = "select revision, at, by, fields from catalog.history where product_id = $1 and revision = $2"
_FORMER_SLUGS = """
select f.slug, p.slug as present from catalog.former_slugs f left join catalog.products p on p.id = f.product_id
where f.slug = any($1)"""
_IMPORTED = """
select product_id, revision, fields from catalog.history
where import_id = $1 and revision < $2 order by revision desc limit $3"""
_OF_IMPORT = """
select product_id, revision, fields from catalog.history where import_id = $1 and product_id = any($2)
order by revision"""
_NO_REVISION = 2**63 - 1


async def add(tx: Transaction, edits: Sequence[tuple[Edit, int]], by: str, import_id: str = "") -> None:
    """Note changes, each with its revision; those of an import with its id."""
    fields = [msgspec.json.encode(edit.fields).decode() for edit, _ in edits]
    ids = [edit.product_id for edit, _ in edits]
    await tx.execute(_ADD, [revision for _, revision in edits], ids, tx.now, by, fields, import_id)


async def page(database: Database, ask: ReadHistory) -> ProductHistory:
    """A page of a product's changes.

    Raises:
        BadInput: `after` is not from a page of a history.
    """
    limit = page_limit(ask.limit)
    (last,) = read_cursor(ask.after, tuple[int]) or (_NO_REVISION,)
    shown = page_of(await database.fetch(_OF_PRODUCT, ask.id, last, limit + 1), limit, lambda row: (row["revision"],))
    return ProductHistory(entries=tuple(map(_entry, shown.items)), next=shown.next)


async def since(tx: Transaction, product_id: ProductId, revision: int) -> tuple[HistoryEntry, ...]:
    """The changes of a product after a revision, the last first; 20 at most."""
    return tuple(map(_entry, await tx.fetch(_SINCE, product_id, revision)))


async def entry(tx: Transaction, product_id: ProductId, revision: int) -> HistoryEntry | None:
    """A product's change of this revision; None if there is none."""
    row = await tx.row(_ENTRY, product_id, revision)
    return _entry(row) if row else None


async def imported(tx: Transaction, import_id: str, below: int | None, limit: int) -> list[ImportedChange]:
    """The changes of an import before a revision, the last first."""
    last = _NO_REVISION if below is None else below
    return [_imported(row) for row in await tx.fetch(_IMPORTED, import_id, last, limit)]


async def imported_before(tx: Transaction, import_id: str, product_ids: Collection[ProductId]) -> list[ImportedChange]:
    """The changes of these products by an import, the first first."""
    return [_imported(row) for row in await tx.fetch(_OF_IMPORT, import_id, list(product_ids))]


async def former_slugs(tx: Transaction, slugs: Sequence[str]) -> dict[str, str | None]:
    """The present slug of the product that had each of these; None if the product is gone."""
    return {row["slug"]: row["present"] for row in await tx.fetch(_FORMER_SLUGS, list(slugs))}


def _imported(row: Record) -> ImportedChange:
    fields = msgspec.json.decode(row["fields"], type=tuple[FieldChange, ...])
    return ImportedChange(row["product_id"], row["revision"], fields)


def _entry(row: Record) -> HistoryEntry:
    fields = msgspec.json.decode(row["fields"], type=tuple[FieldChange, ...])
    return HistoryEntry(revision=row["revision"], at=row["at"], by=row["by"], fields=fields)
