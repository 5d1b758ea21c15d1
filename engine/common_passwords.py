"""Passwords that are tried first: words that many choose, with what many put around them. Pure.

Lists of leaked passwords are mostly such words with a year, a few digits or a mark behind them, in capitals, or with
digits for letters. So the words are kept (common_passwords.txt), and the rest is a rule: `Summer2024!`, `p4ssw0rd` and
`qwerty123` are refused without a line for each.
"""

import re
from pathlib import Path
from typing import Final

_WORDS: Final = frozenset(Path(__file__).with_suffix(".txt").read_text("utf-8").split())
_ROWS: Final = (
    "01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "yxcvbnm",
    "azertyuiop", "qsdfghjklm", "wxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik", "qazwsxedcrfvtgbyhnujm",
    "1q2w3e4r5t6y7u8i9o0p", "q1w2e3r4t5y6u7i8o9p0", "147258369", "159357", "789456123", "!@#$%^&*()", '!"§$%&/()=',
)  # fmt: skip
_LETTERS: Final = str.maketrans("01345789@$!|€+", "oleastbgasilet")
_OTHER_LETTERS: Final = str.maketrans("1!|", "iii")
_AROUND: Final = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_MOST_AROUND: Final = 6  # Digits and marks that many put around a word: a year and two marks.
_SHORTEST_STEP: Final = 4  # Characters in a row on a keyboard that count as one choice.
_FEWEST_CHOICES: Final = 4
_LONGEST_WORD: Final = max(map(len, _WORDS))
_STEPS: Final = frozenset(
    way[at : at + _SHORTEST_STEP]
    for row in _ROWS
    for way in (row, row[::-1])
    for at in range(len(row) - _SHORTEST_STEP + 1)
)


def is_common(folded: str) -> bool:
    """Whether a password is one of the first that are tried.

    Args:
        folded: It, with its case folded.
    """
    return _is_repeated(folded) or _has_few_choices(folded) or any(map(_is_word, _readings(folded)))


def _readings(folded: str) -> set[str]:
    """Return the words that a password may be, without what is put around them and with letters for digits."""
    bare = _AROUND.sub("", folded)
    readings = {folded, folded.translate(_LETTERS), folded.translate(_OTHER_LETTERS).translate(_LETTERS)}
    if len(folded) - len(bare) <= _MOST_AROUND:
        readings |= {bare, bare.translate(_LETTERS), bare.translate(_OTHER_LETTERS).translate(_LETTERS)}
    return readings | {re.sub(r"[\W_]+", "", reading) for reading in readings}


def _is_word(text: str) -> bool:
    """Whether a text is a word of the list, or one twice, or two of them."""
    if text in _WORDS:
        return True
    if len(text) > 2 * _LONGEST_WORD:
        return False
    return any(text[:cut] in _WORDS and text[cut:] in _WORDS for cut in range(3, len(text) - 2))


def _is_repeated(text: str) -> bool:
    """Whether it is a few characters over and over: aaaaaaaa, abcabcabc, 12341234."""
    return text[: len(text) - 1] != "" and (text + text).find(text, 1) <= min(4, len(text) - 1)


def _has_few_choices(text: str) -> bool:
    """Whether its writer chose a few times only: a run along a row of keys, or of the alphabet, is one choice."""
    count, at = 0, 0
    while at < len(text) and count < _FEWEST_CHOICES:
        end = at + 1
        if _is_step(text, at):
            end = at + _SHORTEST_STEP
            while _is_step(text, end - _SHORTEST_STEP + 1):
                end += 1
        count, at = count + 1, end
    return count < _FEWEST_CHOICES


def _is_step(text: str, at: int) -> bool:
    """Whether the next characters are neighbours in a row, or all the same."""
    part = text[at : at + _SHORTEST_STEP]
    return part in _STEPS or (len(part) == _SHORTEST_STEP and len(set(part)) == 1)
