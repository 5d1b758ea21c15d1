"""The SQL of the search."""

from collections.abc import Sequence

from bus.messages.base import ProductId
from bus.messages.search import SearchRule, SynonymGroup
from engine.postgres import Database
from engine.transaction import Transaction

# One statement: the counter's lock makes numbers grow in the order of commits.
_NOTE = """
with counted as (
    update search.counter set seq = seq + cardinality($1::text[]) returning seq - cardinality($1::text[]) as before)
insert into search.changes (product_id, seq)
select n.id, counted.before + n.place from counted, unnest($1::text[]) with ordinality as n (id, place)
order by n.id
on conflict (product_id) do update set seq = excluded.seq"""
_STATE = "select id, seq from search.counter"
_AFTER = "select product_id, seq from search.changes where seq > $1 order by seq limit $2"
_SYNONYMS = "select words, is_one_way from search.synonyms order by place"
_CLEAR_SYNONYMS = "delete from search.synonyms"
# Each group travels as one text: `unnest` would take a list of lists apart.
_SET_SYNONYMS = """
insert into search.synonyms (place, words, is_one_way)
select place, string_to_array(words, chr(10)), is_one_way
from unnest($1::int[], $2::text[], $3::boolean[]) as n (place, words, is_one_way)"""
_RULES = "select query, pinned, buried, redirect from search.rules order by query"
_CLEAR_RULES = "delete from search.rules"
_SET_RULES = """
insert into search.rules (query, pinned, buried, redirect)
select query, string_to_array(pinned, chr(10)), string_to_array(buried, chr(10)), redirect
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as n (query, pinned, buried, redirect)"""


async def note(tx: Transaction, products: Sequence[ProductId]) -> None:
    """Number the changes of these products, each named once."""
    await tx.execute(_NOTE, list(products))


async def state(database: Database) -> tuple[str, int]:
    """Read the id of this database, and the number of the last change."""
    (row,) = await database.fetch(_STATE)
    return row["id"], row["seq"]


async def changes(database: Database, after: int, limit: int) -> list[tuple[ProductId, int]]:
    """Read which products changed after a number, the earliest change first."""
    return [(row["product_id"], row["seq"]) for row in await database.fetch(_AFTER, after, limit)]


async def synonyms(database: Database) -> tuple[SynonymGroup, ...]:
    """Read all synonyms."""
    rows = await database.fetch(_SYNONYMS)
    return tuple(SynonymGroup(words=tuple(row["words"]), is_one_way=row["is_one_way"]) for row in rows)


async def set_synonyms(tx: Transaction, groups: Sequence[SynonymGroup]) -> None:
    """Replace all synonyms."""
    await tx.execute(_CLEAR_SYNONYMS)
    await tx.execute(
        _SET_SYNONYMS,
        list(range(len(groups))),
        ["\n".join(group.words) for group in groups],
        [group.is_one_way for group in groups],
    )


async def rules(database: Database) -> tuple[SearchRule, ...]:
    """Read all rules."""
    return tuple(
        SearchRule(
            query=row["query"], pinned=tuple(row["pinned"]), buried=tuple(row["buried"]), redirect=row["redirect"]
        )
        for row in await database.fetch(_RULES)
    )


async def set_rules(tx: Transaction, all_rules: Sequence[SearchRule]) -> None:
    """Replace all rules."""
    await tx.execute(_CLEAR_RULES)
    await tx.execute(
        _SET_RULES,
        [rule.query for rule in all_rules],
        ["\n".join(rule.pinned) for rule in all_rules],
        ["\n".join(rule.buried) for rule in all_rules],
        [rule.redirect for rule in all_rules],
    )
