"""The SQL of attributes and types: their definitions, and the products that use them."""

from collections.abc import Sequence

import msgspec
from asyncpg import Record
from msgspec import structs

from actors.catalog.attribute_rules import Definitions
from bus.messages.attributes import Attribute, ProductType, TypeAttribute
from bus.messages.base import ProductId
from bus.messages.sorting import sort_key
from engine.postgres import Database
from engine.transaction import Transaction

_ATTRIBUTES = """
select key, title, kind, choices, unit, of_sku, filterable, searchable, place, revision
from catalog.attributes order by place, key"""
_SET_ATTRIBUTE = """
insert into catalog.attributes as a (key, title, kind, choices, unit, of_sku, filterable, searchable, place)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (key) do update set title = excluded.title, kind = excluded.kind, choices = excluded.choices,
    unit = excluded.unit, of_sku = excluded.of_sku, filterable = excluded.filterable,
    searchable = excluded.searchable, place = excluded.place, revision = a.revision + 1,
    text_revision = a.text_revision + ((a.title, a.choices) is distinct from (excluded.title, excluded.choices))::int
returning revision"""
_REMOVE_ATTRIBUTE = "delete from catalog.attributes where key = $1"
# Both conditions on `attributes` are there for the indexes, which are of those that have any.
_USERS = """
(select id from catalog.products where attributes ? $1 and attributes <> '{}' limit 10)
union
(select product_id from catalog.skus where attributes ? $1 and attributes <> '{}' limit 10)
limit 10"""
_USERS_OF_CHOICE = """
(select id from catalog.products where attributes @> jsonb_build_object($1::text, $2::text) and attributes <> '{}'
    limit 10)
union
(select product_id from catalog.skus where attributes @> jsonb_build_object($1::text, $2::text) and attributes <> '{}'
    limit 10)
limit 10"""
_COUNT_USERS = """
select count(*) from (
    select id from catalog.products where attributes ? $1 and attributes <> '{}'
    union
    select product_id from catalog.skus where attributes ? $1 and attributes <> '{}') as users"""
_TYPES = "select id, title, options, attributes, revision from catalog.types"
_TYPE = "select id, title, options, attributes, revision from catalog.types where id = $1"
_NAMING = "select id from catalog.types where attributes @> $1::jsonb order by id"
_TITLED = "select id from catalog.types where title = $1 and id <> $2"
_SET_TYPE = """
insert into catalog.types as t (id, title, options, attributes) values ($1, $2, $3, $4::jsonb)
on conflict (id) do update set title = excluded.title, options = excluded.options, attributes = excluded.attributes,
    revision = t.revision + 1
returning revision"""
_REMOVE_TYPE = "delete from catalog.types where id = $1"
_COUNT_OF_TYPE = "select count(*) from catalog.products where type_id = $1"
_OF_TYPE = "select id from catalog.products where type_id = $1 and id > $2 order by id limit $3"


async def attributes(reader: Transaction | Database) -> tuple[Attribute, ...]:
    """Read all definitions, in order."""
    rows = await reader.fetch(_ATTRIBUTES)
    return tuple(Attribute(**{**dict(row), "choices": tuple(row["choices"])}) for row in rows)


async def by_key(tx: Transaction) -> Definitions:
    """Read all definitions, by key."""
    return {each.key: each for each in await attributes(tx)}


async def set_attribute(tx: Transaction, each: Attribute) -> Attribute:
    """Write a definition; return it with its revision."""
    revision: int = await tx.value(
        _SET_ATTRIBUTE, each.key, each.title, each.kind, list(each.choices), each.unit, each.of_sku, each.filterable,
        each.searchable, each.place,
    )  # fmt: skip
    return structs.replace(each, revision=revision)


async def remove_attribute(tx: Transaction, key: str) -> None:
    """Remove a definition."""
    await tx.execute(_REMOVE_ATTRIBUTE, key)


async def users(tx: Transaction, key: str, choice: str | None = None) -> tuple[ProductId, ...]:
    """The products that have an attribute, or this choice of it; 10 at most."""
    rows = await (tx.fetch(_USERS, key) if choice is None else tx.fetch(_USERS_OF_CHOICE, key, choice))
    return tuple(sorted(row["id"] for row in rows))


async def count_users(database: Database, key: str) -> int:
    """Count the products that have an attribute, themselves or in a SKU."""
    (row,) = await database.fetch(_COUNT_USERS, key)
    return int(row["count"])


async def count_of_type(database: Database, type_id: str) -> int:
    """Count the products of a type."""
    (row,) = await database.fetch(_COUNT_OF_TYPE, type_id)
    return int(row["count"])


async def types(reader: Transaction | Database, language: str) -> tuple[ProductType, ...]:
    """Read all types, by title as the shop's language sorts."""
    found = map(_type, await reader.fetch(_TYPES))
    return tuple(sorted(found, key=lambda each: (sort_key(each.title, language), each.id)))


async def type_of(tx: Transaction, type_id: str) -> ProductType | None:
    """Read a type; None if there is none."""
    row = await tx.row(_TYPE, type_id)
    return _type(row) if row else None


async def types_naming(tx: Transaction, key: str, choice: str | None = None) -> list[str]:
    """The types that name an attribute, or begin with this choice of it."""
    part = {"key": key} if choice is None else {"key": key, "value": choice}
    return [row["id"] for row in await tx.fetch(_NAMING, msgspec.json.encode([part]).decode())]


async def has_title(tx: Transaction, title: str, but: str) -> bool:
    """Whether a type other than this one has a title."""
    return await tx.value(_TITLED, title, but) is not None


async def set_type(tx: Transaction, kind: ProductType) -> ProductType:
    """Write a type; return it with its revision."""
    parts = msgspec.json.encode(kind.attributes).decode()
    revision: int = await tx.value(_SET_TYPE, kind.id, kind.title, list(kind.options), parts)
    return structs.replace(kind, revision=revision)


async def remove_type(tx: Transaction, type_id: str) -> None:
    """Remove a type."""
    await tx.execute(_REMOVE_TYPE, type_id)


async def of_type(tx: Transaction, type_id: str, after: ProductId, limit: int) -> Sequence[ProductId]:
    """The products of a type after an id, by id."""
    return [row["id"] for row in await tx.fetch(_OF_TYPE, type_id, after, limit)]


def _type(row: Record) -> ProductType:
    parts = msgspec.json.decode(row["attributes"], type=tuple[TypeAttribute, ...])
    return ProductType(
        id=row["id"],
        title=row["title"],
        options=tuple(row["options"]),
        attributes=parts,
        revision=row["revision"],
    )
