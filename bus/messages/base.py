"""What the messages of several domains are made of."""

import secrets
from typing import Annotated, TypeAlias, dataclass_transform

import msgspec

Sku: TypeAlias = str
CartId: TypeAlias = str
OrderId: TypeAlias = str
ProductId: TypeAlias = str

Quantity: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=99)]
Minor: TypeAlias = int  # Money in its currency's smallest unit: 1999 is 19.99 EUR, but 1999 JPY.
Currency: TypeAlias = str  # ISO 4217, upper case.

# Where minor units are not hundredths. Source: Stripe, "Supported currencies", zero-decimal and three-decimal.
_DECIMALS = {
    **dict.fromkeys(
        (
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "JPY",
            "KMF",
            "KRW",
            "MGA",
            "PYG",
            "RWF",
            "UGX",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ),
        0,
    ),
    **dict.fromkeys(("BHD", "JOD", "KWD", "OMR", "TND"), 3),
}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message: frozen, and without a type name in its JSON."""


class Money(Value, frozen=True, kw_only=True):
    """An amount in minor units, beside its currency."""

    amount: Minor
    currency: Currency

    def __str__(self) -> str:
        """As people write it: 19.99 EUR, 1999 JPY."""
        decimals = _DECIMALS.get(self.currency, 2)
        return f"{self.amount / 10**decimals:.{decimals}f} {self.currency}"


class Line(Value, frozen=True, kw_only=True):
    """So many units of a SKU."""

    sku: Sku
    quantity: Quantity


class Units(Value, frozen=True, kw_only=True):
    """How many of a SKU there are or were, whether that is allowed or not: for audits."""

    sku: Sku
    quantity: int


class OrderLine(Value, frozen=True, kw_only=True):
    """What was ordered, at the price it was ordered for."""

    sku: Sku
    title: str
    quantity: Quantity
    unit_price: Money


class Sums(Value, frozen=True, kw_only=True):
    """What an order costs, part by part, in minor units of one currency."""

    currency: Currency
    subtotal: Minor  # Of the goods.
    discount: Minor = 0  # Taken off the goods.
    shipping: Minor
    fees: Minor = 0
    tax: Minor = 0
    prices_include_tax: bool = True  # Then `tax` is a part of the rest, else it comes on top.
    total: Minor


class Address(Value, frozen=True, kw_only=True):
    """Where a parcel goes."""

    line1: str
    line2: str = ""
    city: str
    postal_code: str
    country: str  # ISO 3166-1 alpha-2, upper case.


class Finding(Value, frozen=True, kw_only=True):
    """Something an audit found wrong."""

    rule: str  # Which promise is broken.
    about: str  # The SKU, order or payment.
    detail: str
    remedy: str


def new_id(kind: str) -> str:
    """An unguessable id, which says what it is of: `cart_...`, `ord_...`."""
    return f"{kind}_{secrets.token_urlsafe(16)}"
