"""What the messages of several domains are made of."""

import secrets
from collections.abc import Sequence
from typing import Annotated, Protocol, TypeAlias, TypeVar, dataclass_transform

import msgspec

from bus.messages import currencies
from engine.message import Query

Sku: TypeAlias = str
CartId: TypeAlias = str
OrderId: TypeAlias = str
ProductId: TypeAlias = str

Minor: TypeAlias = currencies.Minor
Currency: TypeAlias = currencies.Currency
Quantity: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=99)]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message: frozen, and without a type name in its JSON."""


class Money(Value, frozen=True, kw_only=True):
    """An amount in minor units, beside its currency."""

    amount: Minor
    currency: Currency

    def __str__(self) -> str:
        """As people write it: 19.99 EUR, 1999 JPY."""
        digits = currencies.decimals(self.currency)
        whole, rest = divmod(abs(self.amount), 10**digits)
        sign, behind = "-" if self.amount < 0 else "", f".{rest:0{digits}}" if digits else ""
        return f"{sign}{whole}{behind} {self.currency}"


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

    @property
    def total(self) -> Money:
        """What these units cost together."""
        return Money(amount=self.quantity * self.unit_price.amount, currency=self.unit_price.currency)


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


class Fact(Value, frozen=True, kw_only=True):
    """A part of what a domain knows of an order, for the audit."""

    @property
    def of_order(self) -> OrderId:
        """The order that it is about."""
        raise NotImplementedError


class SpanFacts(Protocol):
    """A domain's answer to `ReadSpan`."""

    @property
    def facts(self) -> Sequence[Fact]:
        """In any order."""
        ...


FactsT_co = TypeVar("FactsT_co", bound=SpanFacts, covariant=True)


class ReadSpan(Query[FactsT_co]):
    """Read what a domain knows of orders, by the orders' ids."""

    after: OrderId
    until: OrderId | None = None  # The last one; None for no end.


def new_id(kind: str) -> str:
    """An unguessable id, which says what it is of: `cart_...`, `ord_...`."""
    return f"{kind}_{secrets.token_urlsafe(16)}"
