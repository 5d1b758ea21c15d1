"""Texts of strangers, as a shop can keep and show them."""

import unicodedata
from typing import Final

# Control characters, and those that end a line or turn the direction of what follows. Joiners are letters' own affair.
_HARMFUL: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def is_harmful(character: str) -> bool:
    """Whether a character breaks a line, controls a terminal, or makes what follows read backwards."""
    return unicodedata.category(character) in _HARMFUL or character in _TURNS


def has_harmful(text: str) -> bool:
    """Whether a text has such a character. What Python calls printable, as most texts are, has none."""
    return not text.isprintable() and any(map(is_harmful, text))


def one_line(text: str) -> str:
    """Make one line of a text: harmful characters become spaces, and no two spaces follow each other."""
    return " ".join("".join(" " if is_harmful(each) else each for each in text).split())


def is_blank(text: str) -> bool:
    """Whether a reader would see nothing of a text."""
    return all(unicodedata.category(each)[0] in "CZ" for each in text)
