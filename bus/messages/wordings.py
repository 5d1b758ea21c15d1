"""Wordings: what categories, collections and attributes are called in other languages than the shop's."""

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

from bus.messages.base import Value
from bus.messages.navigation import PathTaken
from bus.messages.translations import Locale
from engine.message import Command, Query, Reply

WordingKind: TypeAlias = Literal["category", "collection", "attribute"]


class WordingTexts(Value, frozen=True, kw_only=True):
    """Texts in another language; "" is not translated, and shown in the shop's."""

    title: str = ""
    description: str = ""  # An attribute has none.
    slug: str = ""  # Of a category: a path of its own, such as "kleidung/hemden". An attribute has none.
    words: dict[str, str] = msgspec.field(default_factory=dict)  # Of an attribute: its choices, by what it calls them.


class Wording(Reply):
    """The texts of something in another language, and whether its own have changed since they were written."""

    id: str
    kind: WordingKind
    locale: Locale
    texts: WordingTexts
    of_revision: int  # Of the texts that these are of.
    at: datetime
    is_outdated: bool


class NothingToWord(Reply):
    """Nothing of this kind has this id."""

    id: str
    kind: WordingKind


class SetWording(Command[Wording | NothingToWord | PathTaken]):
    """Set all texts in another language. A slug that it had leads there."""

    id: str  # Of a category or collection; the key of an attribute.
    kind: WordingKind
    locale: Locale
    texts: WordingTexts
    of_revision: int | None = None  # That the translator has read; None: the present one.


class WordingDropped(Reply):
    """The texts are gone: those in the shop's language are shown instead."""

    id: str
    kind: WordingKind
    locale: Locale


class NoSuchWording(Reply):
    """No texts in this language are there."""

    id: str
    kind: WordingKind
    locale: Locale


class DropWording(Command[WordingDropped | NoSuchWording]):
    """Remove texts in another language."""

    id: str
    kind: WordingKind
    locale: Locale


class Wordings(Reply):
    """The texts of something in all its languages, by locale."""

    revision: int  # Of its own texts: it grows with each change of them.
    wordings: tuple[Wording, ...]


class ReadWordings(Query[Wordings | NothingToWord]):
    """Read the texts of something in all its languages."""

    id: str
    kind: WordingKind


class Worded(Value, frozen=True, kw_only=True):
    """Something, and its texts in the first of some languages that it has."""

    id: str
    title: str  # In the shop's language.
    texts: WordingTexts


class WordedTexts(Reply):
    """Texts in other languages, by id; what has none is missing."""

    worded: tuple[Worded, ...]


class ReadTexts(Query[WordedTexts]):
    """Read texts in the first of some languages that each thing of a kind has."""

    kind: WordingKind
    locales: tuple[Locale, ...]  # MOST_ASKED_LOCALES at most, the best first.
    id: str | None = None  # Only of this one. None: of all, without descriptions, as of five seconds ago at most.
