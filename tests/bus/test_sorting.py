"""The order of titles in a language."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.messages.sorting import _OWN, sort_key


@pytest.mark.parametrize(
    ("language", "ordered"),
    [
        ("en", "Äpfel apple Zebra"), ("de", "Äpfel apple Öl Ostern Zebra"), ("de", "Masern Maße Massen"),
        ("fr", "côte coteau côtes"), ("sv", "apple Zebra Ål Äpple Öl"), ("fi", "apple Zebra Ål Äpple Öl"),
        ("da", "apple Zebra Æble Øl Ål"), ("nb", "apple Zebra Æble Øl Ål"), ("es", "nube nz ñandú oso"),
        ("pl", "lz łoś mama zz źle żaba"), ("cs", "cz čaj dort zz žaba"), ("tr", "hz ırmak iz oz öz"),
        ("en", "Łódź London Lyon"), ("en", "12 cup cups"), ("ru", "арбуз Ёлка жук"), ("hi", "हिंदी हिम"),
        ("el", "Άλφα βήτα"),
    ],
)  # fmt: skip
def test_a_languages_alphabet_is_its_order(language: str, ordered: str) -> None:
    keys = [sort_key(word, language) for word in ordered.split()]

    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    ("one", "other"),
    [("Apple", "apple"), ("Café", "cafe"), ("Café", "Café"), ("T-shirt", "t shirt"), ("  a  b ", "a b"), ("ß", "SS"),
     ("ﬁne", "fine"), ("“Mug”", "mug"), ("①", "1")],
)  # fmt: skip
def test_case_accents_and_punctuation_do_not_matter(one: str, other: str) -> None:
    assert sort_key(one, "en") == sort_key(other, "en")


def test_a_language_that_nobody_here_knows_is_sorted_like_english() -> None:
    assert sort_key("Åbo", "xx") == sort_key("Åbo", "en") == "abo"


@given(st.text(max_size=60), st.sampled_from([*_OWN, "en"]))
def test_any_title_has_a_key_that_postgresql_can_keep(text: str, language: str) -> None:
    key = sort_key(text, language)

    assert "\0" not in key
    assert key == key.strip()
    assert len(key) <= 20 * len(text)
