"""The order of titles in the shop's language, as a key that PostgreSQL compares by bytes. Pure.

A key has letters only as far as they matter: case, accents and punctuation do not, unless the language counts a letter
with an accent as one of its own. Source: Unicode CLDR, the collations of these languages. Pairs of letters that count
as one (Czech ch, Danish aa) are sorted as two.

Rejected: PostgreSQL's collations. The embedded server is built without ICU, and the system's differ from machine to
machine, which an index does not survive. ICU itself is in no wheel that is well kept.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from itertools import chain
from typing import Final

VERSION: Final = "1"  # Of these rules: titles whose keys were made by others are given new ones.

# Letters of their own, behind the letter before the colon, in this order. Languages that are not here have none.
_OWN: Final[Mapping[str, str]] = {
    "sv": "z:åäö", "fi": "z:åäö", "da": "z:æøå", "nb": "z:æøå", "nn": "z:æøå", "no": "z:æøå", "is": "d:ð z:þæö",
    "es": "n:ñ", "pl": "a:ą c:ć e:ę l:ł n:ń o:ó s:ś z:źż", "cs": "c:č r:ř s:š z:ž", "sk": "a:ä c:č o:ô s:š z:ž",
    "hr": "c:čć d:đ s:š z:ž", "bs": "c:čć d:đ s:š z:ž", "sl": "c:č s:š z:ž", "lt": "c:č s:š z:ž",
    "lv": "c:č g:ģ k:ķ l:ļ n:ņ r:ŗ s:š z:ž", "hu": "o:ö u:ü", "ro": "a:ăâ i:î s:ș t:ț", "sq": "c:ç e:ë",
    "tr": "c:ç g:ğ h:ı o:ö s:ş u:ü",
}  # fmt: skip
_BEHIND: Final = 0xE000  # Characters for private use, which follow all letters of these languages.
_NO_WORD: Final = re.compile("[^0-9a-z]+")
# Letters that Unicode does not take apart.
_APART: Final[Mapping[str, str]] = {
    "ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ħ": "h", "ŋ": "n",
}  # fmt: skip


def rules_of(language: str) -> str:
    """Name the rules by which a language's keys are made: equal names, equal keys."""
    return f"{language}-{VERSION}"


def sort_key(text: str, language: str) -> str:
    """Make the key of a text.

    Args:
        text: A title or a category.
        language: Two letters, by ISO 639-1.
    """
    if text.isascii():  # As most are; these letters are in order, and are nobody's own.
        return " ".join(_NO_WORD.sub(" ", text.casefold()).split())
    own, lower = _own(language), unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    letters = "".join(own.get(letter) or _plain(letter) for letter in lower)
    return " ".join("".join(letter if _matters(letter) else " " for letter in letters).split())


@cache
def _own(language: str) -> Mapping[str, str]:
    groups = [group.split(":") for group in _OWN.get(language, "").split()]
    return {letter: f"{base}{chr(_BEHIND + place)}" for base, letters in groups for place, letter in enumerate(letters)}


def _plain(letter: str) -> str:
    parts = (part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return "".join(chain.from_iterable(_APART.get(part, part) for part in parts))


def _matters(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return kind[0] in "LMN" or kind == "Co"
