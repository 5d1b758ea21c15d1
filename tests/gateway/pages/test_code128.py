"""Bar codes are those of the standard: read back bar by bar, with the table's own properties beside it."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.pages.code128 import MOST_SIGNS, PATTERNS, QUIET, bars, symbols

TEXTS = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=MOST_SIGNS)


def read(path: str, width: int) -> str:
    """Read bars as a scanner does: by their widths alone."""
    drawn = [(int(at), int(wide)) for at, wide in re.findall(r"M(\d+) 0h(\d+)v1h-\d+z", path)]
    edges = [edge for at, wide in drawn for edge in (at, at + wide)]
    assert edges[0] == QUIET
    assert edges[-1] == width - QUIET
    widths = "".join(str(after - before) for before, after in pairwise(edges))
    assert widths.endswith(PATTERNS[106])
    data = [PATTERNS.index(widths[at : at + 6]) for at in range(0, len(widths) - 7, 6)]
    start, *middle, check = data
    assert check == (start + sum(place * value for place, value in enumerate(middle, 1))) % 103
    return _text(start, middle)


def _text(start: int, values: list[int]) -> str:
    is_pairs, text = start == 105, ""
    for value in values:
        if value == 100 and is_pairs:
            is_pairs = False
        elif value == 99 and not is_pairs:
            is_pairs = True
        else:
            text += f"{value:02d}" if is_pairs else chr(value + 32)
    return text


def test_each_pattern_is_eleven_wide_and_its_own() -> None:
    assert len(PATTERNS) == 107
    assert len(set(PATTERNS)) == 107
    assert all(sum(map(int, each)) == 11 for each in PATTERNS[:106])
    assert sum(map(int, PATTERNS[106])) == 13
    # Bars of each symbol are even in all, which is what a scanner checks. Source: ISO/IEC 15417, 4.3.
    assert all(sum(map(int, each[::2])) % 2 == 0 for each in PATTERNS[:106])


@given(TEXTS)
def test_what_is_drawn_is_read(text: str) -> None:
    drawn = bars(text)

    assert read(drawn.path, drawn.width) == text


@pytest.mark.parametrize(
    ("text", "values"),
    [
        # Worked out by hand from the standard's table.
        ("PJJ123C", [104, 48, 42, 42, 17, 18, 19, 35, 55, 106]),
        ("1234", [105, 12, 34, 82, 106]),
        ("A12345", [104, 33, 17, 99, 23, 45, 64, 106]),
    ],
)
def test_known_texts_have_their_symbols(text: str, values: list[int]) -> None:
    assert symbols(text) == values


@pytest.mark.parametrize("text", ["", "ü", "a\n", "x" * (MOST_SIGNS + 1)])
def test_what_it_can_not_draw_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="printable ASCII"):
        bars(text)
