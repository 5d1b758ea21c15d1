"""Types shared by the messages of several domains."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Final, Literal, Protocol, TypeAlias, TypeVar, dataclass_transform

import msgspec

from bus.messages import currencies
from engine.message import Query
from engine.patterns import whole

Sku: TypeAlias = str
CartId: TypeAlias = str
OrderId: TypeAlias = str
ProductId: TypeAlias = str
CategoryId: TypeAlias = str

Minor: TypeAlias = currencies.Minor
Currency: TypeAlias = currencies.Currency
# As the catalogue writes SKUs: for bytes of strangers. Stored messages hold a plain `Sku`, as older rules allowed it.
NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
SkuName: TypeAlias = Annotated[Sku, whole(NAME)]
Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]  # With its zone, as RFC 3339 wants it.
Quantity: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=99)]


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message: frozen, and without a type name in its JSON."""


class Money(Value, frozen=True, kw_only=True):
    """An amount in minor units, beside its currency."""

    amount: Minor
    currency: Currency

    def __str__(self) -> str:
        """Write the amount as people do, and the page likewise: €1,999.00, ¥1,999, CHF 5.00."""
        digits = currencies.decimals(self.currency)
        whole, rest = divmod(abs(self.amount), 10**digits)
        sign, behind = "-" if self.amount < 0 else "", f".{rest:0{digits}}" if digits else ""
        return f"{sign}{currencies.symbol(self.currency)}{whole:,}{behind}"


class Units(Value, frozen=True, kw_only=True):
    """A quantity of a SKU, as it is counted on shelves: of any size, and for audits also an invalid one."""

    sku: Sku
    quantity: int


class Line(Units, frozen=True, kw_only=True):
    """A quantity of a SKU, as one line of a cart can have it."""

    quantity: Quantity


class LineUnits(Units, frozen=True, kw_only=True):
    """A line of an order or a pick list, as far as its units go."""

    parts: tuple[Units, ...] = ()


class LinePart(Value, frozen=True, kw_only=True):
    """Units of one SKU in each unit of a bundle, as they were when it was put into a cart or ordered."""

    sku: Sku
    title: str
    quantity: Quantity  # In each unit of the bundle.
    weight_g: int  # Of one unit of the part.
    share: Money  # Of the bundle's unit price, for all these units; the shares of all parts add up to it.


class LineInput(Value, frozen=True, kw_only=True):
    """A buyer's words about a line, an engraving for example, or a choice among the shop's."""

    key: str
    title: str  # As the shop asks for it.
    value: str  # One line.
    kind: Literal["text", "choice"] = "text"


class OrderLine(Value, frozen=True, kw_only=True):
    """An ordered SKU, at the price it was ordered for."""

    sku: Sku
    title: str
    quantity: Quantity
    unit_price: Money
    parts: tuple[LinePart, ...] = ()  # Of a bundle, which has no units of its own.
    inputs: tuple[LineInput, ...] = ()  # Their surcharges are in the price.

    @property
    def id(self) -> str:
        """The line's id, within its order and in the cart that it was ordered from."""
        return line_id(self.sku, {each.key: each.value for each in self.inputs})

    @property
    def total(self) -> Money:
        """The price of all these units."""
        return Money(amount=self.quantity * self.unit_price.amount, currency=self.unit_price.currency)


def line_id(sku: Sku, inputs: Mapping[str, str]) -> str:
    """Return the id of a line: the SKU, or with inputs `SKU~` and eight hex digits of these: a hash.

    Args:
        sku: The SKU.
        inputs: Their values by key, in any order.
    """
    if not inputs:
        return sku
    return f"{sku}~{sha256(msgspec.json.encode(sorted(inputs.items()))).hexdigest()[:8]}"


class Sums(Value, frozen=True, kw_only=True):
    """The price of an order, part by part, in minor units of one currency."""

    currency: Currency
    subtotal: Minor  # Of the goods.
    discount: Minor = 0  # Taken off the goods.
    shipping: Minor
    fees: Minor = 0
    tax: Minor = 0
    prices_include_tax: bool = True  # If so, `tax` is contained in the other parts; if not, it is added to them.
    total: Minor


class Address(Value, frozen=True, kw_only=True):
    """The destination of a parcel."""

    line1: str
    line2: str = ""
    city: str
    postal_code: str = ""  # Some countries have none.
    country: str  # ISO 3166-1 alpha-2, upper case.
    region: str = ""  # A state, province or prefecture: its short name, where it has one.


class HasUnits(Protocol):
    """A line of a cart, an order or a pick list: units of a SKU, or of a bundle's parts."""

    @property
    def sku(self) -> Sku:
        """The SKU that is sold."""
        ...

    @property
    def quantity(self) -> int:
        """The units of it."""
        ...

    @property
    def parts(self) -> Sequence["Units | LinePart"]:
        """The units of other SKUs in each of them; empty if it is no bundle."""
        ...


def units_of(lines: Iterable[HasUnits]) -> dict[Sku, int]:
    """Sum up what lines take from the shelves: each SKU once, in the order of the lines. Bundles are their parts."""
    units: dict[Sku, int] = {}
    for line in lines:
        for part in line.parts:
            units[part.sku] = units.get(part.sku, 0) + part.quantity * line.quantity
        if not line.parts:
            units[line.sku] = units.get(line.sku, 0) + line.quantity
    return units


class Fact(Value, frozen=True, kw_only=True):
    """A domain's record about an order, for the audit."""

    @property
    def of_order(self) -> OrderId:
        """The order of this fact."""
        raise NotImplementedError


class SpanFacts(Protocol):
    """A domain's answer to `ReadSpan`."""

    @property
    def facts(self) -> Sequence[Fact]:
        """The facts, in any order."""
        ...


FactsT_co = TypeVar("FactsT_co", bound=SpanFacts, covariant=True)


class ReadSpan(Query[FactsT_co]):
    """Read a domain's facts about orders, by a range of order ids."""

    after: OrderId
    until: OrderId | None = None  # The last id; None for no end.


def new_id(kind: str) -> str:
    """Make an unguessable id that begins with its kind: `cart_...`, `ord_...`."""
    return f"{kind}_{secrets.token_urlsafe(16)}"
