"""The fields of the checkout as a buyer types them, and what is wrong with them, one by one. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from bus.messages.base import Address
from gateway.api.shop import AddressField
from gateway.pages.forms import Form

_LONGEST: Final = 254
_OF_ADDRESS: Final = ("line1", "line2", "city", "region", "postal_code", "country")

MISSING: Final = "Please fill this in."
CARD: Final = "This looks like the number of a card: please leave that to the payment."
WRONG: Final[Mapping[str, str]] = {
    "email": "Please check this e-mail address: it looks like name@example.com.",
    "phone": "Please check this number: it has digits, and may begin with + and a country's.",
    "country": "Please choose a country.",
    "region": "There is nothing of this name in the country.",
    "postal_code": "Codes of this country look different.",
    "shipping_method": "Parcels don't travel like this any more. Please choose another way.",
}
OTHERWISE: Final = "This can't be written on a parcel. Please check it."
_MARK_OF_CARDS: Final = "card number"


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the checkout as they were typed, without space around them."""

    email: str = ""
    name: str = ""
    phone: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    region: str = ""
    postal_code: str = ""
    country: str = ""
    shipping_method: str = ""

    @property
    def body(self) -> Mapping[str, object]:
        """The order that it makes, for the API. What is empty is left out."""
        typed = {name: value for name, value in msgspec.structs.asdict(self).items() if value}
        address = {name: typed.pop(name) for name in _OF_ADDRESS if name in typed}
        return {**typed, "address": address}

    def at(self, address: Address, name: str, phone: str) -> "Typed":
        """Return it with another address, and whoever gets the parcel there."""
        return msgspec.structs.replace(
            self, name=name, phone=phone or self.phone, **{part: getattr(address, part) for part in _OF_ADDRESS}
        )


def read_typed(form: Form) -> Typed:
    """Read what was typed."""
    return Typed(**{name: form.get(name)[:_LONGEST] for name in Typed.__struct_fields__})


def missing(typed: Typed, fields: Sequence[AddressField]) -> dict[str, str]:
    """Return a sentence for each field that is needed and was left empty."""
    needed = ["email", "name", *(field.name for field in fields if field.needed), "country", "shipping_method"]
    return {name: MISSING for name in needed if not getattr(typed, name)}


def fault(field: str, detail: str) -> dict[str, str]:
    """Return a sentence at the field that the API has refused; nothing if none of ours is at fault.

    Args:
        field: As the API names it: `address.city`.
        detail: The API's own sentence.
    """
    name = field.rpartition(".")[2]
    if name not in Typed.__struct_fields__:
        return {}
    return {name: CARD if _MARK_OF_CARDS in detail else WRONG.get(name, OTHERWISE)}
