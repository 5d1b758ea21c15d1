"""Attributes: what a shop knows about its goods beyond their texts, and types of products, which are forms for them."""

from typing import Final, Literal, TypeAlias

from bus.messages.base import ProductId, Value
from engine.message import Command, Query, Reply

AttributeKind: TypeAlias = Literal["text", "choice", "number", "boolean", "date"]
AttributeValue: TypeAlias = str | int | float | bool  # A date is a text: 2026-12-24.
AttributeValues: TypeAlias = dict[str, AttributeValue]  # By the key of each.

ATTRIBUTE_KEY: Final = r"[a-z][a-z0-9_]{0,39}"
# Lists are filtered and sorted by these already.
RESERVED: Final = frozenset({"brand", "category", "price", "in_stock", "rating", "sort", "title", "tag", "type"})
MOST_ATTRIBUTES: Final = 200  # Definitions.
MOST_CHOICES: Final = 250  # Of one definition.
LONGEST_CHOICE: Final = 100  # Characters; also of titles.
MOST_TYPES: Final = 1000


class Attribute(Reply):
    """The definition of an attribute: what its values are, and what they are used for."""

    key: str  # ATTRIBUTE_KEY
    title: str
    kind: AttributeKind
    choices: tuple[str, ...] = ()  # Of kind `choice` only.
    unit: str = ""
    of_sku: bool = False  # Each SKU has a value of its own; otherwise the product has one.
    filterable: bool = False  # Lists can be filtered by it.
    searchable: bool = False  # Products are found by its values.
    place: int = 0  # Where it stands among the others; those of one place are sorted by key.
    revision: int = 0  # Of its last change.


class Attributes(Reply):
    """All definitions, in order."""

    attributes: tuple[Attribute, ...]


class ReadAttributes(Query[Attributes]):
    """Read all definitions."""


class InUse(Reply):
    """A definition, a choice or a type can't be taken away: products have it, 10 of which are named."""

    key: str
    products: tuple[ProductId, ...]
    detail: str = ""  # What is in use.


class NoSuchAttribute(Reply):
    """No attribute has this key."""

    key: str


class AttributeRemoved(Reply):
    """The attribute is gone."""

    key: str


class AttributeExists(Reply):
    """Another definition has this key."""

    key: str


class AttributeMoved(Reply):
    """The definition is not any more as it was seen; 0 if it is not there."""

    key: str
    revision: int


class SetAttribute(Command[Attribute | InUse | AttributeExists | AttributeMoved]):
    """Set a definition, or add one. One that is in use keeps its kind, its choices in use, and whose it is."""

    key: str
    attribute: Attribute  # As it shall be.
    is_new: bool = False  # Whether there must be none.
    expected: int | None = None  # The revision that was seen, 0 of none; None for any.


class RemoveAttribute(Command[AttributeRemoved | NoSuchAttribute | InUse | AttributeMoved]):
    """Remove a definition that no product uses and no type names."""

    key: str
    expected: int | None = None  # The revision that was seen; None for any.


class TypeAttribute(Value, frozen=True, kw_only=True):
    """An attribute of a type: whether its products should have one, and the value to begin with, if there is any."""

    key: str
    required: bool = False
    value: AttributeValue | None = None  # Only of attributes that products have.


class ProductType(Reply):
    """A type of products: the form for a new one. What it says is advice, and changes no product."""

    id: str
    title: str
    options: tuple[str, ...] = ()  # Their names.
    attributes: tuple[TypeAttribute, ...] = ()
    revision: int = 0  # Of its last change.


class ProductTypes(Reply):
    """All types, by title."""

    types: tuple[ProductType, ...]


class ReadTypes(Query[ProductTypes]):
    """Read all types."""


class NoSuchType(Reply):
    """No type has this id."""

    id: str


class TypeRemoved(Reply):
    """The type is gone."""

    id: str


class TypeExists(Reply):
    """Another type has this id."""

    id: str


class TypeMoved(Reply):
    """The type is not any more as it was seen; 0 if it is not there."""

    id: str
    revision: int


class SetType(Command[ProductType | TypeExists | TypeMoved]):
    """Set a type, or add one. Its products stay as they are."""

    id: str
    product_type: ProductType  # As it shall be.
    is_new: bool = False  # Whether there must be none.
    expected: int | None = None  # The revision that was seen, 0 of none; None for any.


class RemoveType(Command[TypeRemoved | NoSuchType | InUse | TypeMoved]):
    """Remove a type that no product has."""

    id: str
    expected: int | None = None  # The revision that was seen; None for any.


class UseCounted(Reply):
    """The number of products that have an attribute or are of a type."""

    products: int


class CountUse(Query[UseCounted]):
    """Count the products that have an attribute, themselves or in a SKU, or that are of a type."""

    name: str  # Of the attribute its key, of the type its id.
    of: Literal["attribute", "type"]


class TypeFit(Value, frozen=True, kw_only=True):
    """A product of a type: the values that it gets or got, and what it lacks all the same."""

    id: ProductId
    added: AttributeValues
    missing: tuple[str, ...]  # `size`, or `skus.MUG.size`; 20 at most.


class TypeApplied(Reply):
    """Products of a type that get values or lack some, a page of them, and where the next begins; None at the end."""

    products: tuple[TypeFit, ...]
    next: ProductId | None


class ApplyType(Command[TypeApplied | NoSuchType]):
    """Give the products of a type the values that it begins with, where they have none. What they have stays.

    A page at a time: of 100 products by id.
    """

    id: str
    after: ProductId = ""
    is_trial: bool = True  # Only report what would be done.
    by: str = ""
