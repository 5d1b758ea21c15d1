"""The SQL of the catalog's history: what was changed about products, and the slugs that they had."""

from collections.abc import Sequence

import msgspec
from asyncpg import Record

from actors.catalog.changes import Edit
from bus.messages.base import ProductId
from bus.messages.catalog import FieldChange, HistoryEntry, ProductHistory, ReadHistory
from engine.cursor import page_limit, page_of, read_cursor
from engine.postgres import Database
from engine.transaction import Transaction

_ADD = """
insert into catalog.history (revision, product_id, at, by, fields)
select revision, product_id, $3, $4, fields::jsonb
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
_NO_REVISION = 2**63 - 1


async def add(tx: Transaction, edits: Sequence[tuple[Edit, int]], by: str) -> None:
    """Note changes, each with its revision."""
    fields = [msgspec.json.encode(edit.fields).decode() for edit, _ in edits]
    ids = [edit.product_id for edit, _ in edits]
    await tx.execute(_ADD, [revision for _, revision in edits], ids, tx.now, by, fields)


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


async def former_slugs(tx: Transaction, slugs: Sequence[str]) -> dict[str, str | None]:
    """The present slug of the product that had each of these; None if the product is gone."""
    return {row["slug"]: row["present"] for row in await tx.fetch(_FORMER_SLUGS, list(slugs))}


def _entry(row: Record) -> HistoryEntry:
    fields = msgspec.json.decode(row["fields"], type=tuple[FieldChange, ...])
    return HistoryEntry(revision=row["revision"], at=row["at"], by=row["by"], fields=fields)
