"""Rules of wordings. Pure."""

import re
from typing import Final

from actors.catalog.category_rules import is_slug
from bus.messages.navigation import MOST_LEVELS
from bus.messages.texts import is_blank, is_harmful
from bus.messages.translations import LOCALE
from bus.messages.wordings import WordingKind, WordingTexts

MOST_WORDS: Final = 250  # Choices of an attribute that are translated.
_LOCALE: Final = re.compile(LOCALE)


def refusal(kind: WordingKind, locale: str, texts: WordingTexts, language: str) -> str | None:
    """The reason to refuse texts in another language, as a sentence that names the field; None if they are fine.

    Args:
        kind: Of what they are of.
        locale: Their language.
        texts: As they shall be.
        language: The shop's.
    """
    levels = MOST_LEVELS if kind == "category" else 1
    parts = texts.slug.split("/")
    is_attribute = kind == "attribute"
    checks = [
        (bool(_LOCALE.fullmatch(locale)), "locale must be a language such as de, or one of a country such as pt-BR"),
        (locale != language, f"locale: the shop's own language is {language}; change the {kind} itself"),
        (not any(map(is_harmful, texts.title)), "title is one line, without control characters"),
        (len(texts.title) <= 200, "title has at most 200 characters"),
        (len(texts.description) <= 5000 and "\0" not in texts.description, "description has at most 5,000 characters"),
        (not texts.slug or all(map(is_slug, parts)), "slug must be lower-case words joined by dashes"),
        (len(parts) <= levels, f"slug has at most {levels} parts with / between"),
        (not is_attribute or not (texts.slug or texts.description), "an attribute has neither slug nor description"),
        (is_attribute or not texts.words, "words are of attributes"),
        (len(texts.words) <= MOST_WORDS, f"words: at most {MOST_WORDS}"),
        (all(map(_is_word, [*texts.words, *texts.words.values()])), "words have 1 to 100 characters, on one line"),
    ]
    return next((reason for fits, reason in checks if not fits), None)


def _is_word(text: str) -> bool:
    return not is_blank(text) and len(text) <= 100 and not any(map(is_harmful, text))
