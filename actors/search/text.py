"""Words: how a text is cut and folded, alike for what is indexed and for what is asked. Pure.

One function cuts both, so a title is found by itself and by each of its words, whatever is written in it:

- Case, accents and compatibility forms fold away: Łódź is lodz, Straße strasse, İstanbul istanbul, ５ 5.
- A word is a run of letters, digits and their marks. Apostrophes, hyphens, slashes and dots end it; what they join is a
  word besides (`l'oréal` is l, oreal, loreal), and so are neighbours (`tea bowl` is also teabowl).
- Han, kana, Thai, Lao, Khmer and Burmese are written without spaces: each of their letters is a word, and letters that
  stand side by side count more.
- An emoji is a word. Punctuation is one only where it stands alone, so `%` finds "50 % wool" and lists nothing else.

Rejected: dictionaries of Chinese, Japanese and Thai words. They are large, and miss names, which is what goods have.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

LONGEST_WORD: Final = 64  # Letters; what is longer is cut, here as there.

# Letters that Unicode takes for letters of their own, and readers of other languages for these.
_ALIKE: Final = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h", "ı": "i", "ŧ": "t", "ŋ": "ng"}
    | dict.fromkeys("™®©℠", " ")
)
_WITHOUT_SPACES: Final = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x2E80, 0x2FDF), (0x3040, 0x30FF), (0x31F0, 0x31FF),
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF),
)  # fmt: skip
_IN_WORDS: Final = {"L", "N"}
_APOSTROPHES: Final = str.maketrans(dict.fromkeys("’ʼ‘＇`´", "'"))
_CODE_PARTS: Final = re.compile(r"\d+|[^\W\d_]+")


def fold(text: str) -> str:
    """Take away what does not distinguish words: case, accents, width, invisible characters."""
    plain = _without_accents(text.translate(_ALIKE).translate(_APOSTROPHES))
    plain = _without_accents(plain.casefold()).translate(_ALIKE)
    return unicodedata.normalize("NFC", plain)


def words(text: str) -> list[str]:
    """Cut a text into folded words, in order."""
    return [word for chunk in fold(text).split() for word in _cut(chunk)]


def signs(text: str) -> list[str]:
    """The parts of a text between spaces that hold no word, such as `&` or `???`."""
    return [chunk[:LONGEST_WORD] for chunk in fold(text).split() if not any(_cut(chunk))]


def joined(text: str) -> set[str]:
    """The words that neighbours make together, and that the parts of one chunk do: `tea bowl` is teabowl."""
    cut = [list(_cut(chunk)) for chunk in fold(text).split()]
    flat = [word for chunk in cut for word in chunk]
    pairs = {one + other for one, other in pairwise(flat)}
    return {word[:LONGEST_WORD] for word in pairs | {"".join(chunk) for chunk in cut if len(chunk) > 1}}


def code(text: str) -> str:
    """A SKU or barcode as one word, without what separates its parts: `MUG-Blue 1` is mugblue1."""
    return "".join(words(text))[:LONGEST_WORD]


def code_parts(text: str) -> set[str]:
    """The ends of a code that begin with a part of it, and the parts: `ABC-123X` is abc123x, 123x, x, abc, 123."""
    parts = [part for word in words(text) for part in _CODE_PARTS.findall(word)]
    ends = {"".join(parts[start:])[:LONGEST_WORD] for start in range(len(parts))}
    return ends | set(parts) | set(words(text))


def compound_parts(word: str, known: Iterable[str]) -> list[str]:
    """The known words that a compound is made of, with an s between if need be; [] if it is no compound of them.

    Args:
        word: Folded, such as wasserkocher.
        known: Folded words, such as wasser and kocher.
    """
    return list(_parts(word, frozenset(known)))


@lru_cache(maxsize=65536)  # Titles share their words, and there may be a thousand known ones.
def _parts(word: str, known: frozenset[str]) -> tuple[str, ...]:
    longest_first = sorted((part for part in known if len(part) > 1 and part in word), key=len, reverse=True)

    @cache  # Otherwise ends of the word would be split again for each way that leads to them.
    def split(rest: str) -> tuple[str, ...] | None:
        if not rest:
            return ()
        for part in longest_first:
            for end in (part, part + "s"):
                if rest.startswith(end) and (end == part or len(rest) > len(end)):
                    tail = split(rest[len(end) :])
                    if tail is not None:
                        return (part, *tail)
        return None

    parts = split(word)
    return parts if parts and len(parts) > 1 else ()


def may_be_misspelt(word: str) -> int:
    """The number of typos that a word may have: none in short words and in codes, one from 4 letters, two from 8."""
    if any(letter.isdigit() for letter in word):
        return 0
    return 2 if len(word) >= 8 else 1 if len(word) >= 4 else 0


def typos(one: str, other: str) -> int:
    """The number of typos between two words: letters missing, added, changed, or swapped with their neighbour.

    Source: optimal string alignment, as in Boytsov, Indexing methods for approximate dictionary searching, 2011.
    """
    before, above = [0] * (len(other) + 1), list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        line = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(above[column] + 1, line[-1] + 1, above[column - 1] + (letter != wanted))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == wanted:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        before, above = above, line
    return above[-1]


def _without_accents(text: str) -> str:
    """Decompose, and drop accents and points that readers leave out, but not the vowels of Indic scripts and Thai."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in decomposed if not _is_left_out(letter))


def _is_left_out(letter: str) -> bool:
    kind = unicodedata.category(letter)
    if kind in {"Cf", "Me"} or "\ufe00" <= letter <= "\ufe0f":
        return True  # Joiners, direction marks, soft hyphens, frames, variation selectors.
    mark = unicodedata.combining(letter)
    return 10 <= mark <= 36 or mark >= 200


def _cut(chunk: str) -> Iterator[str]:
    """Cut a folded chunk without spaces into words."""
    run = ""
    for letter in chunk:
        kind = unicodedata.category(letter)
        if kind[0] == "M" and run:
            run += letter
        elif kind[0] in _IN_WORDS and not _stands_alone(letter):
            if run and _stands_alone(run[0]):
                yield run
                run = ""
            run += letter
        else:
            if run:
                yield run[:LONGEST_WORD]
            run = letter if kind == "So" or (kind[0] in _IN_WORDS and _stands_alone(letter)) else ""
            if kind == "So":
                yield run
                run = ""
    if run:
        yield run[:LONGEST_WORD]


def _stands_alone(letter: str) -> bool:
    return letter >= "\u0e00" and any(first <= ord(letter) <= last for first, last in _WITHOUT_SPACES)
