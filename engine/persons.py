"""Declarations of what a domain keeps of persons, column by column. Pure.

Each domain has its own in its `person.py`. A column that may be of a person and is in none of them fails the suite, so
nobody can add one and forget it: neither at an export nor at an erasure. Rejected: docs/decisions/0054.
"""

from typing import Literal, NamedTuple, TypeAlias

from engine.sealing import Purpose

Fate: TypeAlias = Literal[
    "forgotten",  # When the person is: deleted, or unreadable from then on.
    "kept",  # As long as a law asks for it, under its own key.
    "counted",  # Without the person: an id or a hash that leads to nobody any more, sums, states.
    "short",  # Gone by itself within two days, whether or not the person is.
    "nobody",  # It is of no person at all.
]


class PersonalColumns(NamedTuple):
    """Columns of one table, and what becomes of them when their person is forgotten."""

    table: str  # With its schema.
    columns: tuple[str, ...]
    fate: Fate
    why: str  # In words, for the page about personal data.
    purpose: Purpose | None = None  # Of the key under which they are sealed.
    shown: str = ""  # The part of an export that has them; "" if they say nothing to their person.
