"""Code 128, drawn as one path of SVG. Pure. Source: ISO/IEC 15417.

Sets B and C: printable ASCII, with runs of four digits and more as pairs. Control characters (set A) and Latin-1 are
nothing that a parcel's number has.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

# Widths of bars and spaces in turn, in modules, by the symbol's value; the last is the stop, with its closing bar.
PATTERNS: Final[Sequence[str]] = (
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212", "221213", "221312",
    "231212", "112232", "122132", "122231", "113222", "123122", "123221", "223211", "221132", "221231", "213212",
    "223112", "312131", "311222", "321122", "321221", "312212", "322112", "322211", "212123", "212321", "232121",
    "111323", "131123", "131321", "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331",
    "132131", "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131", "311123",
    "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111", "111224", "111422", "121124",
    "121421", "141122", "141221", "112214", "112412", "122114", "122411", "142112", "142211", "241211", "221114",
    "413111", "241112", "134111", "111242", "121142", "121241", "114212", "124112", "124211", "411212", "421112",
    "421211", "212141", "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
)  # fmt: skip
MOST_SIGNS: Final = 48  # More is wider than a parcel's label.
QUIET: Final = 10  # Modules that stay white on either side.
_TO_C, _TO_B, _BEGIN_B, _BEGIN_C, _STOP = 99, 100, 104, 105, 106
_CHECK = 103
_RUNS: Final = re.compile(r"\d{4,}|(?:(?!\d{4})[ -~])+")


class Bars(msgspec.Struct, frozen=True):
    """A bar code: the path of its bars, 1 high, and its width in modules with the quiet zones."""

    path: str
    width: int


def bars(text: str) -> Bars:
    """Draw a text.

    Args:
        text: 1 to 48 printable ASCII characters.

    Raises:
        ValueError: It is none of that.
    """
    at, path = QUIET, list[str]()
    for value in symbols(text):
        for place, width in enumerate(map(int, PATTERNS[value])):
            if place % 2 == 0:
                path.append(f"M{at} 0h{width}v1h-{width}z")
            at += width
    return Bars("".join(path), at + QUIET)


def symbols(text: str) -> Sequence[int]:
    """Return the values of all symbols of a text: start, data, check and stop. Raises as `bars` does."""
    if not 1 <= len(text) <= MOST_SIGNS or not all(" " <= sign <= "~" for sign in text):
        raise ValueError(f"1 to {MOST_SIGNS} printable ASCII characters, not {text!r}")
    data = list(_data(text))
    check = (data[0] + sum(place * value for place, value in enumerate(data))) % _CHECK
    return [*data, check, _STOP]


def _data(text: str) -> Iterator[int]:
    """Yield the start and what follows it: pairs of digits where there are four and more, else sign by sign."""
    is_pairs: bool | None = None
    for run in _RUNS.findall(text):
        odd = len(run) % 2 if run[:4].isdigit() and len(run) >= 4 else len(run)
        if odd:
            if is_pairs is not False:
                yield _TO_B if is_pairs else _BEGIN_B
            is_pairs = False
            yield from (ord(sign) - 32 for sign in run[:odd])
        if run[odd:]:
            if not is_pairs:
                yield _BEGIN_C if is_pairs is None else _TO_C
            is_pairs = True
            yield from (int(run[place : place + 2]) for place in range(odd, len(run), 2))
