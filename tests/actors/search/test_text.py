"""How texts are cut and folded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.search.text import (
    code,
    code_parts,
    compound_parts,
    fold,
    joined,
    may_be_misspelt,
    signs,
    typos,
    words,
)
from tests.actors.search.matcher import distance

short = st.text("abc", max_size=6)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Stoneware Mug", ["stoneware", "mug"]),
        ("Łódź Straße İstanbul ısı", ["lodz", "strasse", "istanbul", "isi"]),
        ("Café Café", ["cafe", "cafe"]),
        ("AC/DC 0.5L", ["ac", "dc", "0", "5l"]),
        ("l'Oréal L’Oréal", ["l", "oreal", "l", "oreal"]),
        ("Ｗｉｄｅ ５ ﬁt", ["wide", "5", "fit"]),
        ("青花瓷 Mug", ["青", "花", "瓷", "mug"]),
        ("ガラス", ["ガ", "ラ", "ス"]),
        ("हिन्दी", ["हिन्दी"]),
        ("👩‍🚀 1️⃣ ☕", ["👩", "🚀", "1", "☕"]),
        ("soft\u00adhyphen\u200f", ["softhyphen"]),
        ("Foo™ Bar", ["foo", "bar"]),
        ("& - ???", []),
        ("", []),
    ],
)
def test_words(text: str, cut: list[str]) -> None:
    assert words(text) == cut


def test_signs_are_what_holds_no_word() -> None:
    assert signs("50 % wool & silk") == ["%", "&"]
    assert signs("wool, silk") == []


def test_neighbours_and_parts_are_joined() -> None:
    assert joined("Tea Bowl") == {"teabowl"}
    assert joined("u.s.b hub") == {"us", "sb", "usb", "bhub"}


def test_codes() -> None:
    assert code("MUG-Blue 1") == "mugblue1"
    assert code_parts("ABC-123X") == {"abc123x", "123x", "x", "abc", "123"}


@pytest.mark.parametrize(
    ("word", "parts"),
    [
        ("wasserkocher", ["wasser", "kocher"]),
        ("arbeitstisch", ["arbeit", "tisch"]),
        ("wasser", []),
        ("wasserball", []),
        ("tischwasserkocher", ["tisch", "wasser", "kocher"]),
    ],
)
def test_compounds(word: str, parts: list[str]) -> None:
    assert compound_parts(word, ["wasser", "kocher", "arbeit", "tisch"]) == parts


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert [word for each in words(text) for word in words(each)] == words(text)


@given(short, short)
def test_typos_are_counted_as_by_recursion(one: str, other: str) -> None:
    assert typos(one, other) == distance(one, other)


def test_short_words_and_numbers_are_taken_at_their_word() -> None:
    assert [may_be_misspelt(word) for word in ("mug", "lamp", "stonewar", "stonewar9")] == [0, 1, 2, 0]
