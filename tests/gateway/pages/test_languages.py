"""The languages of the pages: each says all that the pages say, nothing that they no longer say, and the same."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from bus.messages import words
from bus.messages.base import Money
from gateway.pages.languages import FOLDER, SOURCE, language_of, languages
from tools.page_texts import texts, updated

FILES = sorted(FOLDER.glob("*.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


def catalog_of(code: str) -> Catalog:
    with (FOLDER / f"{code}.po").open("rb") as file:
        return read_po(file, locale=code, abort_invalid=True)


def said_by(text: str | Sequence[str] | None) -> Sequence[str]:
    return [text] if isinstance(text, str) else text or []


def test_there_is_a_language_beside_that_of_the_templates() -> None:
    assert {SOURCE, "de"} <= set(languages())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_the_texts_of_now(path: Path) -> None:
    assert path.read_bytes() == updated(path), "run: make texts"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_everything_is_translated(path: Path) -> None:
    messages = [message for message in catalog_of(path.stem) if message.id]
    empty = [
        message.id
        for message in messages
        if not all([message.string] if isinstance(message.string, str) else message.string)
    ]

    assert empty == []
    assert not [message.id for message in messages if message.fuzzy]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_translation_names_what_its_text_names(path: Path) -> None:
    wrong = []
    for message in catalog_of(path.stem):
        said, meant = said_by(message.string), said_by(message.id)
        allowed = {name for text in meant for name in PLACEHOLDER.findall(text)}
        needed = set(PLACEHOLDER.findall(meant[-1]))
        named = [set(PLACEHOLDER.findall(text)) for text in said]
        if message.id and (not all(each <= allowed for each in named) or named[-1] != needed):
            wrong.append(message.id)

    assert wrong == []


def test_texts_are_gathered_from_templates_code_and_tables() -> None:
    found = texts()

    assert "Your basket" in found
    assert "Only %(num)s left." in {text if isinstance(text, str) else text[0] for text in found}
    assert set(words.STATUSES.values()) <= found.keys()


@pytest.mark.parametrize(
    ("wanted", "own", "code"),
    [
        (["de-AT", "de"], "en", "de"),
        (["fr"], "de", "de"),
        (["fr"], "fr", "en"),
        ([], "en", "en"),
        (["xx-YY"], "en", "en"),
    ],
)
def test_a_reader_gets_the_first_of_their_languages_that_there_is(wanted: list[str], own: str, code: str) -> None:
    assert language_of(wanted, own).code == code


@pytest.mark.parametrize(
    ("code", "money", "written"),
    [
        ("en", Money(amount=199900, currency="EUR"), "€1,999.00"),
        ("de", Money(amount=199900, currency="EUR"), "1.999,00\N{NO-BREAK SPACE}€"),
        ("en", Money(amount=1999, currency="JPY"), "¥1,999"),
        ("de", Money(amount=12345, currency="KWD"), "12,345\N{NO-BREAK SPACE}KWD"),
        ("en", Money(amount=-500, currency="USD"), "-$5.00"),
    ],
)
def test_money_is_written_as_a_language_writes_it(code: str, money: Money, written: str) -> None:
    assert languages()[code].money(money) == written


def test_moments_are_written_as_a_language_writes_them() -> None:
    noon = datetime(2030, 1, 7, 12, 0, tzinfo=UTC)

    assert "07.01.2030" in languages()["de"].when(noon)
    assert "2030" in languages()["en"].when(noon)
    assert languages()["de"].direction == "ltr"
