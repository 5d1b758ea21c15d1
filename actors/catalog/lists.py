"""The SQL of collections. Products are read by id, or found by the search, when a collection is looked at."""

from collections.abc import Sequence
from typing import Final

import msgspec
from asyncpg import Record
from msgspec import structs

from bus.messages.navigation import Collection, CollectionRule, CollectionSummary
from bus.messages.sorting import sort_key
from engine.postgres import Database
from engine.transaction import Transaction

_COLUMNS = "id, slug, title, description, rule, items, publish_at, unpublish_at, revision"
_BY_NAME = f"select {_COLUMNS} from catalog.collections where id = any($1) or slug = any($1)"  # noqa: S608 - of our own words
_SUMMARIES = """
select id, slug, title, cardinality(items) as items, rule is not null as has_rule, publish_at, unpublish_at
from catalog.collections"""
_NUMBER = "select count(*) from catalog.collections"
_WRITE = """
insert into catalog.collections as c (id, slug, title, description, rule, items, publish_at, unpublish_at)
values ($1, $2, $3, $4, $5::jsonb, $6, $7, $8)
on conflict (id) do update set slug = excluded.slug, title = excluded.title, description = excluded.description,
    rule = excluded.rule, items = excluded.items, publish_at = excluded.publish_at,
    unpublish_at = excluded.unpublish_at, revision = c.revision + 1,
    text_revision = c.text_revision
        + ((c.title, c.description) is distinct from (excluded.title, excluded.description))::int
returning revision"""
_REMOVE = "delete from catalog.collections where id = $1"
_LEAVE_SLUG = """
insert into catalog.former_paths (kind, path, target) values ('collection', $1, $2)
on conflict (kind, path) do update set target = excluded.target"""
_TAKE_SLUG = "delete from catalog.former_paths where kind = 'collection' and path = $1"
_FORMER = """
select f.path, c.slug as present from catalog.former_paths f left join catalog.collections c on c.id = f.target
where f.kind = 'collection' and f.path = any($1)"""
# Before anything else of a turn that changes collections: so no two of them wait in a circle.
_LOCK: Final = "lock table catalog.collections in share row exclusive mode"


async def lock(tx: Transaction) -> None:
    """Let no other turn change collections until this one has committed."""
    await tx.execute(_LOCK)


async def named(reader: Database | Transaction, names: Sequence[str]) -> list[Collection]:
    """The collections of these ids or slugs; unknown ones are missing."""
    return list(map(_collection, await reader.fetch(_BY_NAME, list(names))))


async def summaries(database: Database, language: str) -> tuple[CollectionSummary, ...]:
    """All collections, by title as the shop's language sorts."""
    found = [CollectionSummary(**dict(row)) for row in await database.fetch(_SUMMARIES)]
    return tuple(sorted(found, key=lambda each: (sort_key(each.title, language), each.id)))


async def number(tx: Transaction) -> int:
    """How many collections there are."""
    found: int = await tx.value(_NUMBER)
    return found


async def former(reader: Database | Transaction, slugs: Sequence[str]) -> dict[str, str | None]:
    """The present slug of the collection that had each of these; None if the collection is gone."""
    return {row["path"]: row["present"] for row in await reader.fetch(_FORMER, list(slugs))}


async def write(tx: Transaction, collection: Collection, before: Collection | None) -> Collection:
    """Write a collection; return it with its revision. A slug that it leaves leads to it; the one that it takes is its
    own.
    """
    rule = None if collection.rule is None else msgspec.json.encode(collection.rule).decode()
    revision: int = await tx.value(
        _WRITE, collection.id, collection.slug, collection.title, collection.description, rule,
        list(collection.items), collection.publish_at, collection.unpublish_at,
    )  # fmt: skip
    if before and before.slug != collection.slug:
        await tx.execute(_LEAVE_SLUG, before.slug, collection.id)
    await tx.execute(_TAKE_SLUG, collection.slug)
    return structs.replace(collection, revision=revision)


async def remove(tx: Transaction, collection: Collection) -> None:
    """Remove a collection; its slug is known to be gone."""
    await tx.execute(_REMOVE, collection.id)
    await tx.execute(_LEAVE_SLUG, collection.slug, collection.id)


def _collection(row: Record) -> Collection:
    return Collection(
        id=row["id"],
        slug=row["slug"],
        title=row["title"],
        description=row["description"],
        rule=None if row["rule"] is None else msgspec.json.decode(row["rule"], type=CollectionRule),
        items=tuple(row["items"]),
        publish_at=row["publish_at"],
        unpublish_at=row["unpublish_at"],
        revision=row["revision"],
    )
