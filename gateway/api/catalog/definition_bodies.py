"""Attributes and types of products as the API takes and shows them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

import msgspec

from bus.messages.attributes import ATTRIBUTE_KEY, MOST_ATTRIBUTES, MOST_CHOICES, AttributeKind, AttributeValue
from bus.messages.base import NAME, ProductId
from engine.patterns import whole
from gateway.api.bodies import Body, View
from gateway.api.catalog.bodies import Short
from gateway.api.lists import ListView, WholeListView

Key: TypeAlias = Annotated[str, whole(ATTRIBUTE_KEY)]


class AttributeView(View, frozen=True, kw_only=True):
    """The definition of an attribute. `of_sku`: each SKU has a value of its own. A `date` is a text: 2026-12-24."""

    key: str
    title: str
    kind: AttributeKind
    choices: Sequence[str]
    unit: str
    of_sku: bool
    filterable: bool
    searchable: bool
    place: int


class AttributeList(WholeListView[AttributeView], frozen=True, kw_only=True):
    """All attributes, in the order in which they are shown."""


class EditedAttribute(AttributeView, frozen=True, kw_only=True):
    """An attribute as staff see it."""

    revision: int


class EditedAttributes(WholeListView[EditedAttribute], frozen=True, kw_only=True):
    """All attributes with their revisions, in the order in which they are shown."""


class UsedAttribute(EditedAttribute, frozen=True, kw_only=True):
    """An attribute, and the number of products that have it, themselves or in a SKU."""

    products: int


class AttributeBody(Body, frozen=True, kw_only=True):
    """The definition of an attribute. While products have it, its kind, its choices in use and `of_sku` stay."""

    title: Short
    kind: AttributeKind
    choices: Annotated[list[Short], msgspec.Meta(max_length=MOST_CHOICES)] = msgspec.field(default_factory=list)
    unit: Annotated[str, msgspec.Meta(max_length=20)] = ""
    of_sku: bool = False
    filterable: bool = False
    searchable: bool = False
    place: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 0


class NewAttributeBody(AttributeBody, frozen=True, kw_only=True):
    """A new attribute."""

    key: Key


class TypeAttributeView(View, frozen=True, kw_only=True):
    """An attribute of a type: whether it is required to publish, and the value to begin with, if there is any."""

    key: str
    required: bool
    value: AttributeValue | None


class TypeView(View, frozen=True, kw_only=True):
    """A type of products: the form to fill in for a new one."""

    id: str
    title: str
    options: Sequence[str]
    attributes: Sequence[TypeAttributeView]
    revision: int


class UsedType(TypeView, frozen=True, kw_only=True):
    """A type, and the number of products that are of it."""

    products: int


class TypeList(WholeListView[TypeView], frozen=True, kw_only=True):
    """All types, by title."""


class TypeAttributeBody(Body, frozen=True, kw_only=True):
    """An attribute of a type. A `value` to begin with is of attributes that products have, not SKUs."""

    key: Key
    required: bool = False
    value: AttributeValue | None = None


class TypeBody(Body, frozen=True, kw_only=True):
    """A type of products."""

    title: Short
    options: Annotated[list[Short], msgspec.Meta(max_length=5)] = msgspec.field(default_factory=list)
    attributes: Annotated[list[TypeAttributeBody], msgspec.Meta(max_length=MOST_ATTRIBUTES)] = msgspec.field(
        default_factory=list
    )


class NewTypeBody(TypeBody, frozen=True, kw_only=True):
    """A new type."""

    id: Annotated[str, whole(NAME)]


class TypeFitView(View, frozen=True, kw_only=True):
    """A product of a type: the values that it gets, and what it lacks all the same: `size`, or `skus.MUG.size`."""

    id: ProductId
    added: Mapping[str, AttributeValue]
    missing: Sequence[str]


class TypeFitList(ListView[TypeFitView], frozen=True, kw_only=True):
    """A page of the products that get values or lack some, and the cursor of the next page; null at the end."""
