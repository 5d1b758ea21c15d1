"""Filters, in the index's own language of queries, so that one pass over what was found can count by several of them.

Whatever a value holds stands between quotes; names of facets have letters, digits and _ only. Pure.
Why texts: docs/decisions/0039.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from actors.search.asked import Question, Span
from actors.search.findable import TIE_BITS

ANYTHING: Final = "*"
# Up to so many values are asked for one by one. A set of them is an automaton, which takes a quarter of a millisecond
# to make however few there are.
FEW: Final = 64
_MOST_PRICE: Final = (1 << (62 - TIE_BITS)) - 1  # Any number above it is as high as it: the field has 64 bits.


def filters_of(question: Question) -> dict[str, str]:
    """Write what is filtered by, by facet; besides `price` and `in_stock`."""
    filters: dict[str, str] = {}
    for name, wanted in {**question.filters, **question.spans}.items():
        if wanted:
            values, spans = question.filters.get(name, ()), question.spans.get(name, ())
            ways = [_any_of(f"facets.{name}", values)] if values else []
            filters[name] = _either([*ways, *(_between(f"numbers.{name}", span) for span in spans)])
    low, high = question.price
    if low is not None or high is not None:
        least = None if low is None else min(low, _MOST_PRICE) << TIE_BITS
        most = None if high is None else ((min(high, _MOST_PRICE) + 1) << TIE_BITS) - 1
        filters["price"] = _between("price", Span(least, most))
    if question.in_stock:
        filters["in_stock"] = _between("in_stock", Span(1, 1))
    return filters


def places_of(question: Question) -> dict[str, str]:
    """Write where is looked: in categories, and not at some products."""
    places: dict[str, str] = {}
    if question.within:
        places["within"] = _any_of("within", question.within)
    if question.without:
        places["without"] = f"({ANYTHING} -({_any_of('id', question.without)}))"
    return places


def all_of_them(filters: Iterable[str]) -> str:
    """Write that each of these must fit."""
    return " AND ".join(f"({each})" for each in filters) or ANYTHING


def _either(filters: Sequence[str]) -> str:
    return " OR ".join(f"({each})" for each in filters)


def _any_of(field: str, values: Sequence[str]) -> str:
    quoted = [_quoted(value) for value in values]
    if len(quoted) > FEW:
        return f"{field}: IN [{' '.join(quoted)}]"
    return " OR ".join(f"{field}:{value}" for value in quoted)


def _between(field: str, span: Span) -> str:
    low, high = (ANYTHING if end is None else end for end in span)
    return f"{field}:[{low} TO {high}]"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
