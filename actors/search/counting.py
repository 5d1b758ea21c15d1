"""Facets: which of them products have, and how many products have each value, whatever is chosen of this facet.

All facets that are not chosen are counted in one pass over the same products; each chosen one needs a pass of its own,
without its filter.

Rejected: docs/decisions/0034.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from tantivy import Occur, Query, Searcher

from actors.search.asked import MOST_FACETS
from actors.search.findable import TIE_BITS, read_facet_mark
from actors.search.hits import Counted

MOST_VALUES: Final = 50  # Of a facet that are counted: those that most products have.
_MOST_MARKS: Final = 1000
_PRICE: Final = "price"


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All that was counted."""

    facets: Mapping[str, tuple[Counted, ...]]
    prices: tuple[int, int] | None  # The lowest and the highest of all that would be found at any price.


def all_of(queries: Sequence[Query]) -> Query:
    """All of these must fit; only the first one counts."""
    rest = [(Occur.Must, Query.const_score_query(query, 0.0)) for query in queries[1:]]
    return Query.boolean_query([(Occur.Must, queries[0]), *rest])


def facets_of(searcher: Searcher, query: Query) -> dict[str, str]:
    """Name the facets that products have, those that most have first, each with the title that is written most."""
    terms = {"terms": {"field": "named", "size": _MOST_MARKS, "segment_size": _MOST_MARKS}}
    buckets: list[dict[str, Any]] = searcher.aggregate(query, {"named": terms})["named"]["buckets"]
    counts: dict[str, int] = {}
    titles: dict[str, str] = {}
    for bucket in sorted(buckets, key=lambda each: (-int(each["doc_count"]), str(each["key"]))):
        name, title = read_facet_mark(str(bucket["key"]))
        counts[name] = counts.get(name, 0) + int(bucket["doc_count"])
        titles.setdefault(name, title)
    return {name: titles[name] for name in sorted(counts, key=lambda each: (-counts[each], each))}


def choose(known: Sequence[str], chosen: Sequence[str], before_others: Sequence[str]) -> tuple[str, ...]:
    """Choose the facets to count: the filtered ones in any case, then by rank, as many as there may be.

    Args:
        known: That products have, those that most have first.
        chosen: That are filtered by.
        before_others: The wanted order; what is not in it comes behind.
    """
    ranks = {name: place for place, name in enumerate(before_others)}
    ordered = sorted(known, key=lambda name: ranks.get(name, len(ranks)))
    kept = [*chosen, *(name for name in ordered if name not in chosen)][:MOST_FACETS]
    return tuple(sorted(kept, key=lambda name: (name not in ordered, ordered.index(name) if name in ordered else 0)))


def tally(searcher: Searcher, found: Query, filters: Mapping[str, Query], facets: Sequence[str]) -> Tally:
    """Count the values of facets, and the range of prices.

    Args:
        searcher: Of the index.
        found: Finds what fits the words.
        filters: By name, a facet's among them.
        facets: To be counted.
    """
    together = [name for name in (*facets, _PRICE) if name not in filters]
    passes = [together, *([name] for name in (*facets, _PRICE) if name in filters)]
    counted: dict[str, Any] = {}
    for names in filter(None, passes):
        others = [query for other, query in filters.items() if other not in names]
        asked = {part: ask for name in names for part, ask in _asks(name).items()}
        counted |= searcher.aggregate(all_of([found, *others]), asked)
    low, high = counted["lowest"]["value"], counted["highest"]["value"]
    return Tally(
        facets={name: _values(counted[f"facet {name}"]) for name in facets},
        prices=None if low is None else (int(low) >> TIE_BITS, int(high) >> TIE_BITS),
    )


def _asks(name: str) -> dict[str, Any]:
    if name == _PRICE:
        return {"lowest": {"min": {"field": _PRICE}}, "highest": {"max": {"field": _PRICE}}}
    return {f"facet {name}": {"terms": {"field": f"facets.{name}", "size": MOST_VALUES, "segment_size": 2000}}}


def _values(counted: dict[str, Any]) -> tuple[Counted, ...]:
    values = [Counted(value=str(each["key"]), count=int(each["doc_count"])) for each in counted["buckets"]]
    return tuple(sorted(values, key=lambda each: (-each.count, each.value)))
