"""Stems: one form for a word's plurals and cases, by the language of the shop. Pure."""

from functools import cache, lru_cache
from typing import Final

from tantivy import Filter, TextAnalyzer, TextAnalyzerBuilder, Tokenizer

# The Snowball stemmers that tantivy has, by ISO 639-1. A language that is not here has no stems.
LANGUAGES: Final = {
    "ar": "arabic", "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "fi": "finnish",
    "fr": "french", "hu": "hungarian", "it": "italian", "nl": "dutch", "no": "norwegian", "nb": "norwegian",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip


@lru_cache(maxsize=65536)
def stem(word: str, language: str) -> str:
    """Cut a folded word to its stem: mugs and mug are both mug. Words with digits are left as they are."""
    analyzer = _analyzer(language)
    if analyzer is None or any(letter.isdigit() for letter in word):
        return word
    stems = analyzer.analyze(word)
    return stems[0] if stems and stems[0] else word


@cache
def _analyzer(language: str) -> TextAnalyzer | None:
    name = LANGUAGES.get(language)
    return TextAnalyzerBuilder(Tokenizer.raw()).filter(Filter.stemmer(name)).build() if name else None
