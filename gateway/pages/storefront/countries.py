"""Countries by their names in a reader's language, and the one that a reader is likely in. Pure."""

import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from babel import Locale
from babel.core import get_global

from gateway.buyers import COUNTRIES
from gateway.pages.languages import Language

_LONGEST: Final = 200  # Letters of Accept-Language that are looked at.


class Country(NamedTuple):
    """A country, by its code and name."""

    code: str
    name: str


def countries(language: Language) -> Sequence[Country]:
    """Return all countries that have addresses, by name."""
    return _named(str(language.locale))


def country_name(language: Language, code: str) -> str:
    """Return the name of a country; its code, if it has none in this language."""
    return str(language.locale.territories.get(code, code))


def likely_country(accept_language: str, own: str) -> str:
    """Return the country that a browser's languages name, else the one where the shop's language is mostly spoken.

    Args:
        accept_language: The header, as it was sent.
        own: The shop's language.
    """
    wanted = [part.partition(";")[0].strip() for part in accept_language[:_LONGEST].split(",")]
    regions = (part.upper() for tag in [*wanted, own] for part in tag.replace("_", "-").split("-")[1:])
    found = next((region for region in regions if region in COUNTRIES), "")
    return found or get_global("likely_subtags").get(own[:2], "").rpartition("_")[2] or COUNTRIES[0]


@cache
def _named(locale: str) -> Sequence[Country]:
    names = Locale.parse(locale).territories
    return sorted((Country(code, str(names.get(code, code))) for code in COUNTRIES), key=_place)


def _place(country: Country) -> str:
    """Order names as people look for them: Österreich at O."""
    return unicodedata.normalize("NFKD", country.name).encode("ascii", "ignore").decode().casefold() or country.name
