"""Facets: which of them products have, and how many products have each value, whatever is chosen of this facet.

One pass over what fits the words counts all of it: under each facet's count stand the filters of the others, so what
words find, which is dear to find again when they are misspelt, is found once. A shop with more facets than are counted
needs a second pass, for only the first one tells which of them the products have.

Rejected: docs/decisions/0034; why one pass: docs/decisions/0039.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import msgspec
from tantivy import Query, Searcher

from actors.search.asked import MOST_FACETS
from actors.search.filters import all_of_them
from actors.search.findable import TIE_BITS, read_facet_mark
from actors.search.hits import Counted

MOST_VALUES: Final = 50  # Of a facet that are counted: those that most products have.
_MOST_IN_SEGMENT: Final = 2000  # Of which each part of the index names its most frequent ones.
_MOST_MARKS: Final = 1000
_PRICE: Final = "price"
_FOUND: Final = "*"  # All prices, whatever the filters: whether there are any. No facet is called so.
_AMONG: Final = "among "
_NAMED: Final = {"named": {"terms": {"field": "named", "size": _MOST_MARKS, "segment_size": _MOST_MARKS}}}


class Countable(msgspec.Struct, frozen=True, kw_only=True):
    """The facets to count."""

    facets: tuple[str, ...] | None  # None: the chosen ones, then `before_others`, then any that the products have.
    before_others: tuple[str, ...] = ()
    known: tuple[str, ...] = ()  # That any product has.
    numeric: Collection[str] = ()  # Those whose lowest and highest value is wanted.

    def among(self, named: Sequence[str], chosen: Sequence[str]) -> tuple[str, ...]:
        """Choose from those that the products have."""
        return choose(named, chosen, self.before_others) if self.facets is None else self.facets


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """All that was counted."""

    facets: Mapping[str, tuple[Counted, ...]]
    titles: Mapping[str, str]  # Of facets that only products know.
    prices: tuple[int, int] | None  # The lowest and the highest of all that would be found at any price.
    spans: Mapping[str, tuple[int, int]] = {}  # The lowest and the highest of numeric facets, in millionths.
    is_empty: bool = False  # Nothing is found, whatever the filters.


def facets_of(searcher: Searcher, query: Query) -> dict[str, str]:
    """Name the facets that products have, those that most have first, each with the title that is written most."""
    return _titles(searcher.aggregate(query, _NAMED))


def _titles(counted: Mapping[str, Any]) -> dict[str, str]:
    buckets: list[dict[str, Any]] = counted["named"]["buckets"]
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


def tally(
    searcher: Searcher, found: Query, filters: Mapping[str, str], chosen: Sequence[str], countable: Countable
) -> Tally:
    """Count the values of facets, and the range of prices.

    Args:
        searcher: Of the index.
        found: Finds what fits the words.
        filters: By name, those of the chosen facets among them.
        chosen: Facets that are filtered by.
        countable: The facets to count.
    """
    at_once = countable.known if len(countable.known) <= MOST_FACETS else ()
    first = searcher.aggregate(found, _NAMED | _ends(_FOUND, _PRICE) | _asks([_PRICE, *at_once], filters, countable))
    if _span(first, _FOUND) is None:  # Each product has a price.
        return Tally(facets=dict.fromkeys(countable.among((), chosen), ()), titles={}, prices=None, is_empty=True)
    counted, titles = _flat(first), _titles(first)
    names = countable.among(list(titles), chosen)
    if later := [name for name in names if name not in at_once]:
        counted |= _flat(searcher.aggregate(found, _asks(later, filters, countable)))
    prices = _span(counted, _PRICE)
    return Tally(
        facets={name: _values(counted[f"facet {name}"]) for name in names},
        titles=titles if countable.facets is None else {},
        prices=prices and (prices[0] >> TIE_BITS, prices[1] >> TIE_BITS),
        spans={name: span for name in names if name in countable.numeric and (span := _span(counted, name))},
    )


def _asks(names: Sequence[str], filters: Mapping[str, str], countable: Countable) -> dict[str, Any]:
    """Ask to count these among what fits the filters, each without its own: what has none together."""
    together = [name for name in names if name not in filters]
    asked: dict[str, Any] = {}
    for group in (together, *([name] for name in names if name in filters)):
        parts = {part: ask for name in group for part, ask in _ask(name, countable).items()}
        others = [query for name, query in filters.items() if name not in group]
        if not others:
            asked |= parts
        elif parts:
            asked[f"{_AMONG}{len(asked)}"] = {"filter": all_of_them(others), "aggs": parts}
    return asked


def _flat(counted: Mapping[str, Any]) -> dict[str, Any]:
    """Take what was counted out of the filters under which it was."""
    flat: dict[str, Any] = {}
    for part, answer in counted.items():
        flat |= answer if part.startswith(_AMONG) else {part: answer}
    return flat


def _ask(name: str, countable: Countable) -> dict[str, Any]:
    if name == _PRICE:
        return _ends(name, _PRICE)
    values = {"terms": {"field": f"facets.{name}", "size": MOST_VALUES, "segment_size": _MOST_IN_SEGMENT}}
    return {f"facet {name}": values} | (_ends(name, f"numbers.{name}") if name in countable.numeric else {})


def _ends(name: str, field: str) -> dict[str, Any]:
    return {f"lowest {name}": {"min": {"field": field}}, f"highest {name}": {"max": {"field": field}}}


def _span(counted: Mapping[str, Any], name: str) -> tuple[int, int] | None:
    low, high = counted[f"lowest {name}"]["value"], counted[f"highest {name}"]["value"]
    return None if low is None else (int(low), int(high))


def _values(counted: dict[str, Any]) -> tuple[Counted, ...]:
    values = [Counted(value=str(each["key"]), count=int(each["doc_count"])) for each in counted["buckets"]]
    return tuple(sorted(values, key=lambda each: (-each.count, each.value)))
