"""Questions: a buyer's words and wishes, within bounds. Pure."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from actors.search.text import LONGEST_WORD, code, signs, words

MOST_LETTERS: Final = 200  # Of a query.
MOST_WORDS: Final = 8
MOST_DEEP: Final = 1000  # Hits that can be paged through.
MOST_FACETS: Final = 20  # That are counted.

Sort: TypeAlias = Literal["relevance", "title", "price", "-price", "newest"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a query."""

    words: tuple[str, ...]
    wholes: tuple[str, ...]  # A title or a code that is this and nothing else comes first.
    is_cut: bool  # Whether it had more words than are looked for.


@lru_cache(maxsize=1024)  # A search reads its query some times, and buyers ask for the same.
def read(q: str) -> Asked:
    """Read a query. One without any word is taken by its signs, or finds nothing."""
    found = words(q[:MOST_LETTERS]) or signs(q[:MOST_LETTERS])
    wholes = {" ".join(found), code(q[:MOST_LETTERS])} - {""}
    return Asked(
        words=tuple(word[:LONGEST_WORD] for word in found[:MOST_WORDS]),
        wholes=tuple(sorted(wholes)),
        is_cut=len(found) > MOST_WORDS or len(q) > MOST_LETTERS,
    )


class Synonym(msgspec.Struct, frozen=True):
    """Words that stand for other words: each finds what the other is written in."""

    of: tuple[str, ...]
    instead: tuple[str, ...]


class Span(NamedTuple):
    """A range of numbers in millionths, its ends included; None: it has no end there."""

    low: int | None
    high: int | None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A search: words, filters, the facets to count, an order, and a page."""

    q: str = ""
    filters: Mapping[str, tuple[str, ...]] = {}  # By facet: one of its values must fit.
    spans: Mapping[str, tuple[Span, ...]] = {}  # By facet, beside its values: numbers that fit as well.
    numeric: tuple[str, ...] = ()  # Facets whose values are numbers.
    price: tuple[int | None, int | None] = (None, None)  # From, to, both included, in minor units.
    in_stock: bool = False  # Only what is.
    facets: tuple[str, ...] | None = ()  # None: the chosen ones, then `before_others`, then any that products have.
    before_others: tuple[str, ...] = ()
    sort: Sort = "relevance"
    skip: int = 0
    limit: int = 20
    pinned: tuple[str, ...] = ()  # Products that come first, in this order, if the filters let them.
    buried: tuple[str, ...] = ()  # Products that come last.
    within: tuple[str, ...] = ()  # Ids of categories: products that are in one of them are looked for.
    without: tuple[str, ...] = ()  # Products that are not looked for.
    synonyms: tuple[Synonym, ...] = ()
    compounds: frozenset[str] = frozenset()  # Folded words that compounds are made of.
