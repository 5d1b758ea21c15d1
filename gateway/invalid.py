"""Values that a request may not have, as sentences for people. Pure.

msgspec's messages ("Expected `str` of length >= 1 - at `$.name`") are for programmers. A field is named in words where
buyers know it, and by its path elsewhere.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

_FIELDS: Final[Mapping[str, str]] = {
    "email": "the e-mail address",
    "name": "the name",
    "address": "the address",
    "address.line1": "the street and number",
    "address.line2": "the second line of the address",
    "address.city": "the city",
    "address.postal_code": "the postal code",
    "address.country": "the country",
    "shipping_method": "the way of shipping",
    "quantity": "the quantity",
    "add": "the number of units to add",
}
_KINDS: Final[Mapping[str, str]] = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "an object with fields",
    "null": "absent",
    "datetime": "a time",
    "date": "a day",
}

_SENTENCES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (re.compile(r"missing required field `(.+)`"), lambda _: "is missing"),
    (re.compile(r"unknown field `(.+)`"), lambda _: "is not known here"),
    (re.compile(r"of length >= 1$"), lambda _: "must not be empty"),
    (re.compile(r"`str[^`]*` of length >= (\d+)"), lambda found: f"must have {found[1]} characters or more"),
    (re.compile(r"`str[^`]*` of length <= (\d+)"), lambda found: f"must have {found[1]} characters or less"),
    (re.compile(r"of length >= (\d+)"), lambda found: f"must have {found[1]} entries or more"),
    (re.compile(r"of length <= (\d+)"), lambda found: f"must have {found[1]} entries or less"),
    (re.compile(r">= (-?[\d.]+)"), lambda found: f"must be {found[1]} or more"),
    (re.compile(r"<= (-?[\d.]+)"), lambda found: f"must be {found[1]} or less"),
    (re.compile(r"> (-?[\d.]+)"), lambda found: f"must be more than {found[1]}"),
    (re.compile(r"< (-?[\d.]+)"), lambda found: f"must be less than {found[1]}"),
    (re.compile(r"matching regex"), lambda _: "is not in the right form"),
    (re.compile(r"^Invalid enum value (.+)"), lambda _: "is not one of the choices"),
    (re.compile(r"^Expected `([a-z |]+)`"), lambda found: f"must be {_kinds(found[1])}"),
)
_FIELD: Final = re.compile(r"(?:missing required|unknown) field `(.+?)`")
_OTHERWISE: Final = "is not right"


def parts(message: str) -> tuple[str, str]:
    """Split msgspec's message about a body into the field at fault, as `address.city`, and what it says of it."""
    what, _, where = message.partition(" - at ")
    path = where.strip("`").removeprefix("$").lstrip(".")
    if found := _FIELD.search(what):
        path = f"{path}.{found[1]}" if path else found[1]
    return path, what


def sentence(field: str, what: str) -> str:
    """Write what is wrong with a field in words: "The name must not be empty."

    Args:
        field: Its path; "" for the whole.
        what: As msgspec says it, without its "at".
    """
    wrong = next((say(found) for form, say in _SENTENCES if (found := form.search(what))), _OTHERWISE)
    subject = _FIELDS.get(field) or (f"`{field}`" if field else "the content")
    return f"{subject[:1].upper()}{subject[1:]} {wrong}."


def _kinds(listed: str) -> str:
    kinds = [_KINDS.get(kind, kind) for kind in listed.split(" | ") if kind != "null"]
    return " or ".join(dict.fromkeys(kinds)) or _KINDS["null"]
