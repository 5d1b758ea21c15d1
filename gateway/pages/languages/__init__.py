"""The languages of the pages: English as it stands in the templates, and each `*.po` file in this folder.

A file is in the format of gettext, so any editor of translations opens it. tests/gateway/pages/test_languages.py fails
while one lacks a text, or has one that is no longer said.
"""

from collections.abc import Mapping, Sequence
from copy import copy
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Final

import msgspec
from babel import Locale
from babel.core import get_locale_identifier
from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_timezone
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

from bus.messages.base import Currency, Money
from bus.messages.currencies import decimals

FOLDER: Final = Path(__file__).parent
_MOST_WRITTEN: Final = 10_000  # Amounts that are kept as they are written: some 2 MB.
SOURCE: Final = "en"  # Of the texts in templates and code.


class Language(msgspec.Struct, frozen=True, kw_only=True):
    """A language of the pages.

    Args:
        code: ISO 639, two letters.
        locale: How it writes numbers and dates.
        texts: Its texts, by those in English.
    """

    code: str
    locale: Locale
    texts: NullTranslations

    @property
    def name(self) -> str:
        """Its name in itself."""
        return (self.locale.get_display_name() or self.code).capitalize()

    @property
    def direction(self) -> str:
        """`ltr`, or `rtl` for languages that are written from right to left."""
        return self.locale.text_direction

    def say(self, text: str) -> str:
        """Return a text in this language; as it is where nobody has translated it."""
        return self.texts.gettext(text) if text else ""  # gettext answers "" with the file's head.

    def say_many(self, one: str, many: str, count: int) -> str:
        """Return the text for a number of things, in the plural that this language has for it."""
        return self.texts.ngettext(one, many, count)

    def money(self, money: Money) -> str:
        """Write an amount: €1,999.00 in English, 1.999,00 € in German."""
        return _money(self.locale, money.amount, money.currency)

    def number(self, number: float) -> str:
        """Write a number with its separators."""
        return _number(self.locale, number)

    def span(self, seconds: float) -> str:
        """Write how long something takes, roughly: 3 hours."""
        return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=self.locale)

    def day(self, day: date, form: str = "medium") -> str:
        """Write a day; `form` is full, medium or short, or a pattern of Unicode's CLDR such as EEEE."""
        return format_date(day, form, locale=self.locale)

    def clock(self, at: time) -> str:
        """Write a time of the day: 9:00 AM in English, 09:00 in German."""
        return format_time(at, "short", tzinfo=get_timezone("UTC"), locale=self.locale)

    def when(self, at: datetime, form: str = "medium") -> str:
        """Write a moment of the shop's time zone, which is UTC unless told otherwise."""
        return format_datetime(at, form, tzinfo=get_timezone("UTC"), locale=self.locale)


@cache
def languages() -> Mapping[str, Language]:
    """Return the languages that there are, by code; English first."""
    read = {SOURCE: NullTranslations()} | {path.stem: _read(path) for path in sorted(FOLDER.glob("*.po"))}
    made = {code: Language(code=code, locale=Locale.parse(code), texts=texts) for code, texts in read.items()}
    return MappingProxyType(made)


def language_of(wanted: Sequence[str], own: str) -> Language:
    """Return the first of these languages that the pages have; else the shop's own, else English.

    Args:
        wanted: Locales as a reader asks for them, the best first.
        own: The shop's language.
    """
    known = languages()
    codes = (locale.partition("-")[0] for locale in (*wanted, own))
    return known[next((code for code in codes if code in known), SOURCE)]


@lru_cache(_MOST_WRITTEN)  # A list of products would spend a quarter of its time on this.
def _money(locale: Locale, amount: int, currency: Currency) -> str:
    """Write an amount with the decimals that the shop counts in: CLDR has none for some currencies, and would round."""
    digits = decimals(currency)
    pattern = copy(locale.currency_formats["standard"])
    pattern.frac_prec = (digits, digits)
    value = Decimal(amount).scaleb(-digits)
    return str(pattern.apply(value, locale, currency=currency, currency_digits=False))


@lru_cache(_MOST_WRITTEN)
def _number(locale: Locale, number: float) -> str:
    return format_decimal(number, locale=locale)


def _read(path: Path) -> Translations:
    with path.open("rb") as file:
        catalog = read_po(file, locale=get_locale_identifier((path.stem,)), abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)
