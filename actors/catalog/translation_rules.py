"""Rules of translations. Pure."""

import re
from typing import Final

from actors.catalog.category_rules import is_slug
from actors.catalog.model_rules import LONGEST_SEO
from bus.messages.texts import is_blank, is_harmful
from bus.messages.translations import LOCALE, ProductTexts

MOST_WORDS: Final = 1000  # Names and values of options that are translated.
_LOCALE: Final = re.compile(LOCALE)


def refusal(locale: str, texts: ProductTexts, language: str) -> str | None:
    """The reason to refuse a translation, as a sentence that names the field; None if it is fine.

    Args:
        locale: What it is in.
        texts: What it says.
        language: The shop's.
    """
    lines = {"title": texts.title, "seo_title": texts.seo_title, "seo_description": texts.seo_description}
    words = [*texts.options, *texts.options.values()]
    checks = [
        (bool(_LOCALE.fullmatch(locale)), "locale must be a language such as de, or one of a country such as pt-BR"),
        (locale != language, f"locale: the shop's own language is {language}; change the product itself"),
        (not texts.slug or is_slug(texts.slug), "slug must be lower-case words joined by dashes"),
        (len(texts.title) <= 200, "title has at most 200 characters"),
        (len(texts.description) <= 5000 and "\0" not in texts.description, "description has at most 5,000 characters"),
        (len(texts.seo_title) <= LONGEST_SEO, f"seo_title has at most {LONGEST_SEO} characters"),
        (len(texts.seo_description) <= LONGEST_SEO, f"seo_description has at most {LONGEST_SEO} characters"),
        (len(texts.options) <= MOST_WORDS, f"options: at most {MOST_WORDS:,} words"),
        (all(_is_word(word) for word in words), "options: words of 1 to 100 characters, each on one line"),
    ]
    reason = next((reason for fits, reason in checks if not fits), None)
    broken = next((name for name, text in lines.items() if any(map(is_harmful, text))), None)
    return reason or (f"{broken} is one line, without control characters" if broken else None)


def _is_word(text: str) -> bool:
    return not is_blank(text) and len(text) <= 100 and not any(map(is_harmful, text))
