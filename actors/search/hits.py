"""Hits: what a question finds. Pure."""

from collections.abc import Mapping

import msgspec


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A value of a facet, and the number of products that have it."""

    value: str
    count: int


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what was found."""

    ids: tuple[str, ...]
    scores: tuple[float, ...]
    total: int
    facets: Mapping[str, tuple[Counted, ...]]
    titles: Mapping[str, str]  # Of facets that only products know.
    prices: tuple[int, int] | None  # The lowest and the highest of all that would be found at any price.
    spans: Mapping[str, tuple[int, int]]  # Likewise of numeric facets, in millionths.
    corrected: str | None  # The query as it was understood, if a word of it was misspelt.
    is_partial: bool  # Whether not all words had to fit, because nothing has them all.
    is_cut: bool
