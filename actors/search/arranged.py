"""Synonyms, compounds, rules, and the attributes to find by: all that staff arranged, as this process knows it.

Each change of it has a number (`search.counter`). A process reads everything again when it sees a higher one, which it
does whenever it looks for changes: so what was arranged in another process holds here a second later, or at the second
search.
"""

from collections.abc import Sequence

from actors.search import rules
from actors.search.asked import Synonym
from bus.messages.attributes import Attribute
from bus.messages.search import SearchRule, SynonymGroup
from engine.postgres import Database
from engine.transaction import Transaction

_ATTRIBUTES = "select key, title, kind, unit, filterable, searchable, place from search.attributes order by place, key"
_SET_ATTRIBUTE = """
insert into search.attributes (key, title, kind, unit, filterable, searchable, place)
values ($1, $2, $3, $4, $5, $6, $7)
on conflict (key) do update set title = excluded.title, kind = excluded.kind, unit = excluded.unit,
    filterable = excluded.filterable, searchable = excluded.searchable, place = excluded.place"""
_REMOVE_ATTRIBUTE = "delete from search.attributes where key = $1"
_COUNT = "update search.counter set arranged = arranged + 1, layout = layout + $1"
_SYNONYMS = "select words, is_one_way from search.synonyms order by place"
_CLEAR_SYNONYMS = "delete from search.synonyms"
# Each group travels as one text: `unnest` would take a list of lists apart.
_SET_SYNONYMS = """
insert into search.synonyms (place, words, is_one_way)
select place, string_to_array(words, chr(10)), is_one_way
from unnest($1::int[], $2::text[], $3::boolean[]) as n (place, words, is_one_way)"""
_COMPOUNDS = "select word from search.compounds order by word"
_CLEAR_COMPOUNDS = "delete from search.compounds"
_SET_COMPOUNDS = "insert into search.compounds (word) select unnest($1::text[])"
_RULES = "select query, pinned, buried, redirect from search.rules order by query"
_CLEAR_RULES = "delete from search.rules"
_SET_RULES = """
insert into search.rules (query, pinned, buried, redirect)
select query, string_to_array(pinned, chr(10)), string_to_array(buried, chr(10)), redirect
from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as n (query, pinned, buried, redirect)"""


class Arranged:
    """All that is arranged."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.number = -1  # Up to which it is read.
        self.synonyms: list[Synonym] = []
        self.compounds: frozenset[str] = frozenset()
        self.rules: dict[str, SearchRule] = {}
        self.attributes: tuple[Attribute, ...] = ()  # In order.

    async def refresh(self, number: int) -> None:
        """Read everything again, unless it was read at this number or later."""
        if number <= self.number:
            return
        self.set_synonyms(await synonyms(self._database))
        self.compounds = frozenset(await compounds(self._database))
        self.set_rules(await search_rules(self._database))
        self.attributes = await attributes(self._database)
        self.number = number

    def set_synonyms(self, groups: Sequence[SynonymGroup]) -> None:
        """Use these synonyms from now on."""
        self.synonyms = rules.synonyms_of(groups)

    def set_rules(self, arranged: Sequence[SearchRule]) -> None:
        """Use these rules from now on."""
        self.rules = {rules.rule_key(rule.query): rule for rule in arranged}


async def synonyms(database: Database) -> tuple[SynonymGroup, ...]:
    """Read all synonyms."""
    rows = await database.fetch(_SYNONYMS)
    return tuple(SynonymGroup(words=tuple(row["words"]), is_one_way=row["is_one_way"]) for row in rows)


async def compounds(database: Database) -> tuple[str, ...]:
    """Read the words that compounds are made of, in order."""
    return tuple(row["word"] for row in await database.fetch(_COMPOUNDS))


async def search_rules(database: Database) -> tuple[SearchRule, ...]:
    """Read all rules."""
    return tuple(
        SearchRule(
            query=row["query"], pinned=tuple(row["pinned"]), buried=tuple(row["buried"]), redirect=row["redirect"]
        )
        for row in await database.fetch(_RULES)
    )


async def attributes(database: Database) -> tuple[Attribute, ...]:
    """Read the attributes, in order."""
    return tuple(Attribute(**dict(row)) for row in await database.fetch(_ATTRIBUTES))


async def store_synonyms(tx: Transaction, groups: Sequence[SynonymGroup]) -> None:
    """Replace all synonyms."""
    await tx.execute(_COUNT, 0)
    await tx.execute(_CLEAR_SYNONYMS)
    await tx.execute(
        _SET_SYNONYMS,
        list(range(len(groups))),
        ["\n".join(group.words) for group in groups],
        [group.is_one_way for group in groups],
    )


async def store_compounds(tx: Transaction, words: Sequence[str]) -> None:
    """Replace all words that compounds are made of. Titles are taken apart by them, so each index is built anew."""
    await tx.execute(_COUNT, 1)
    await tx.execute(_CLEAR_COMPOUNDS)
    await tx.execute(_SET_COMPOUNDS, list(words))


async def store_rules(tx: Transaction, all_rules: Sequence[SearchRule]) -> None:
    """Replace all rules."""
    await tx.execute(_COUNT, 0)
    await tx.execute(_CLEAR_RULES)
    await tx.execute(
        _SET_RULES,
        [rule.query for rule in all_rules],
        ["\n".join(rule.pinned) for rule in all_rules],
        ["\n".join(rule.buried) for rule in all_rules],
        [rule.redirect for rule in all_rules],
    )


async def store_attribute(tx: Transaction, key: str, each: Attribute | None, *, changes_layout: bool) -> None:
    """Write or remove an attribute; with another layout, each index is built anew."""
    await tx.execute(_COUNT, int(changes_layout))
    if each is None:
        await tx.execute(_REMOVE_ATTRIBUTE, key)
    else:
        await tx.execute(
            _SET_ATTRIBUTE, key, each.title, each.kind, each.unit, each.filterable, each.searchable, each.place
        )
