"""A product as the index knows it, and the document that is made of it. Pure."""

import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from tantivy import Document

from actors.search.stemming import stem
from actors.search.text import code, code_parts, compound_parts, fold, joined, signs, words
from bus.messages.sorting import sort_key

PLACE_ID: Final = "~place"  # No product has this id: theirs begin with a letter or a digit.
TIMED: Final = "timed"  # The only value of the field of this name.
TIE_BITS: Final = 20  # Numbers to sort by have these behind them, so that equals have one order, commit after commit.
ALWAYS: Final = 1 << 61  # Microseconds: no product is taken off sale then.
# Popularity is multiplied into a score as log2(2 + weight). This much and no more: then it decides among equals, and
# the best-seller with seven words at their place and one misspelt stays behind the product that has all eight.
_MOST_WEIGHT: Final = 0.016
_TIE_WEIGHT: Final = 0.002
_RUNS: Final = re.compile(r"[^\W_]+")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Findable(msgspec.Struct, frozen=True, kw_only=True):
    """A product to be found."""

    id: str
    title: str
    revision: int = 0
    keys: tuple[str, ...] = ()  # Brand, categories, tags, choices: texts by which it is looked for, not misspelt.
    codes: tuple[str, ...] = ()  # SKUs and barcodes.
    body: str = ""
    facets: Mapping[str, tuple[str, ...]] = {}  # By name; names have letters, digits and _ only.
    numbers: Mapping[str, tuple[int, ...]] = {}  # Values of numeric attributes by key, in millionths.
    within: tuple[str, ...] = ()  # Ids of categories.
    titles: Mapping[str, str] = {}  # Of facets that only products know: their options.
    price: int = 0  # The lowest of its SKUs, in minor units.
    is_in_stock: bool = True
    popularity: float = 0.0  # 0 to 1.
    added: int = 0
    visible_from: int = 0  # Microseconds since 1970; so below.
    visible_until: int = ALWAYS


def document(entry: Findable, language: str, compounds: Iterable[str] = ()) -> Document:
    """Make the document of a product.

    Args:
        entry: The product.
        language: Of its texts, by ISO 639-1.
        compounds: Folded words that compounds of this language are made of.
    """
    title = words(entry.title)
    title_words = title + signs(entry.title)
    parts = {part for word in title for part in compound_parts(word, compounds)}
    keys = {word for text in entry.keys for word in (*words(text), *signs(text), *joined(text))}
    codes = {code(text) for text in entry.codes}
    stems = {stem(word, language) for word in (*title, *parts)} | parts
    near = {*title, *keys, *stems, *(stem(word, language) for word in keys)}
    made = Document()
    made.add_text("id", entry.id)
    made.add_text("title", " ".join(title_words))
    for whole in {" ".join(title) or " ".join(title_words), *codes}:
        made.add_text("whole", whole)
    made.add_text("joined", _set(joined(entry.title)))
    made.add_text("stems", _set(stems))
    made.add_text("keys", _set(keys.union(*map(code_parts, entry.codes))))
    made.add_text("near", _set(near))
    made.add_text("body", _set(stem(word, language) for word in words(entry.body)))
    for category in entry.within:
        made.add_text("within", category)
    made.add_json("facets", {name: list(values) for name, values in entry.facets.items() if values})
    if entry.numbers:
        made.add_json("numbers", {name: list(values) for name, values in entry.numbers.items()})
    for name in filter(entry.facets.get, entry.facets):
        made.add_text("named", facet_mark(name, entry.titles.get(name, "")))
    made.add_text("order", f"{sort_key(entry.title, language)}\0{entry.id}")
    made.add_integer("price", with_tie(entry.price, entry.id))
    made.add_integer("in_stock", int(entry.is_in_stock))
    made.add_integer("added", entry.added)
    if entry.visible_from > 0 or entry.visible_until < ALWAYS:
        made.add_text("timed", TIMED)
    made.add_integer("visible_from", entry.visible_from)
    made.add_integer("visible_until", entry.visible_until)
    made.add_float("weight", entry.popularity * _MOST_WEIGHT + _tie(entry.id) / (1 << TIE_BITS) * _TIE_WEIGHT)
    made.add_text("shown", entry.title)
    made.add_integer("revision", entry.revision)
    return made


def place_document(seq: int, layout: int) -> Document:
    """Make the document that says what an index has read, and what it is made by. No search finds it."""
    made = Document()
    made.add_text("id", PLACE_ID)
    made.add_text("timed", TIMED)
    made.add_integer("seq", seq)
    made.add_integer("layout", layout)
    return made


def facet_mark(name: str, title: str) -> str:
    """Write a facet's name and title as one."""
    return f"{name}\t{title}"


def read_facet_mark(mark: str) -> tuple[str, str]:
    """Read a facet's name and title."""
    name, _, title = mark.partition("\t")
    return name, title


def facet_name(text: str) -> str:
    """Make a facet's name of what people call it: `Shoe size` is shoe_size; "" if there is no letter in it."""
    return "_".join(_RUNS.findall(fold(text)))[:40]


def with_tie(number: int, product_id: str) -> int:
    """Put a number and a tie-break into one, to be sorted by."""
    return (number << TIE_BITS) | _tie(product_id)


def millionths(number: float | str) -> int:
    """A number of at most 6 decimals in millionths, exactly. The index has ranges of whole numbers only."""
    return int(Decimal(str(number)).scaleb(6).to_integral_value())


def microseconds(at: datetime) -> int:
    """A time in microseconds since 1970, exactly."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def _tie(product_id: str) -> int:
    """A number that is the product's own, nearly always; 19 bits, so that floats that round it stay below the next."""
    return zlib.crc32(product_id.encode()) >> 13


def _set(tokens: Iterable[str]) -> str:
    return " ".join(sorted(set(tokens)))
