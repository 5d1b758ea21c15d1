"""Queries of the index: the small ones that all others are made of."""

from collections.abc import Collection, Sequence

from tantivy import FieldType, Occur, Query

from actors.search.fields import schema
from actors.search.filters import FEW


def term(field: str, value: str) -> Query:
    """Find what has this value."""
    return Query.term_query(schema(), field, value, index_option="basic")


def any_of(field: str, values: Collection[str]) -> Query:
    """Find what has one of these values."""
    if len(values) > FEW:
        return Query.term_set_query(schema(), field, list(values))
    return union([term(field, value) for value in values])


def union(queries: Sequence[Query]) -> Query:
    """Find what fits one of these."""
    return queries[0] if len(queries) == 1 else Query.boolean_query([(Occur.Should, query) for query in queries])


def all_of(queries: Sequence[Query]) -> Query:
    """Find what fits all of these; only the first one counts."""
    rest = [(Occur.Must, Query.const_score_query(query, 0.0)) for query in queries[1:]]
    return Query.boolean_query([(Occur.Must, queries[0]), *rest]) if rest else queries[0]


def without(query: Query, left_out: Query) -> Query:
    """Find what fits the first, and not the second."""
    return Query.boolean_query([(Occur.Must, query), (Occur.MustNot, left_out)])


def between(field: str, low: int | None, high: int | None) -> Query:
    """Find what has a number in a range, its ends included; None: it has no end there."""
    return Query.range_query(schema(), field, FieldType.Integer, low, high)


def near(field: str, word: str, distance: int, *, begun: bool = False) -> Query:
    """Find what has a word as far as this from another, at most.

    Args:
        field: Of words.
        word: The other word.
        distance: Typos, 0 to 2.
        begun: Whether a word that goes on after that fits too.
    """
    return Query.fuzzy_term_query(schema(), field, word, distance, True, begun)
