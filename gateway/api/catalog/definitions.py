"""Attributes and types of products: read by buyers' pages, set by staff."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

import msgspec
from litestar import delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.attributes import (
    ATTRIBUTE_KEY,
    ApplyType,
    Attribute,
    AttributeExists,
    AttributeKind,
    AttributeRemoved,
    AttributeValue,
    InUse,
    NoSuchAttribute,
    NoSuchType,
    ProductType,
    ReadAttributes,
    ReadTypes,
    RemoveAttribute,
    RemoveType,
    SetAttribute,
    SetType,
    TypeAttribute,
)
from bus.messages.base import NAME, ProductId
from engine.patterns import whole
from gateway.access import Member
from gateway.api.bodies import Body, Strict, View
from gateway.api.catalog.bodies import Short
from gateway.api.lists import ListView, WholeListView
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found

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


class AttributeBody(Body, frozen=True, kw_only=True):
    """The definition of an attribute. While products have it, its kind, its choices in use and `of_sku` stay."""

    title: Short
    kind: AttributeKind
    choices: Annotated[list[Short], msgspec.Meta(max_length=250)] = msgspec.field(default_factory=list)
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
    attributes: Annotated[list[TypeAttributeBody], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)


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


@get("/attributes", summary="List attributes")
async def list_attributes(context: Injected) -> AttributeList:
    """List what the `attributes` of products and SKUs are."""
    found = (await context.bus.ask(ReadAttributes())).attributes
    return AttributeList(items=[_attribute(each) for each in found])


@get("/attributes", summary="List attributes to edit them")
async def list_attributes_to_edit(context: Injected) -> AttributeList:
    """List all attributes."""
    return AttributeList(items=[_attribute(each) for each in (await context.bus.ask(ReadAttributes())).attributes])


@post(
    "/attributes",
    dto=Strict[NewAttributeBody],
    return_dto=None,
    summary="Add an attribute",
    refuses=["attribute_exists"],
)
async def create_attribute(context: Injected, data: JSONBody[NewAttributeBody]) -> AttributeView:
    """Add an attribute, 200 at most. Products may have values of it from now on."""
    return await _set(context, data.key, data, is_new=True)


@put(
    "/attributes/{key:str}",
    dto=Strict[AttributeBody],
    return_dto=None,
    summary="Set an attribute",
    refuses=["in_use"],
)
async def set_attribute(context: Injected, key: FromPath[str], data: JSONBody[AttributeBody]) -> AttributeView:
    """Set an attribute, or add one. What products have of it must still fit."""
    return await _set(context, key, data, is_new=False)


@delete("/attributes/{key:str}", summary="Remove an attribute", refuses=["not_found", "in_use"])
async def remove_attribute(context: Injected, key: FromPath[str]) -> None:
    """Remove an attribute that no product has and no type names."""
    match await context.bus.ask(RemoveAttribute(key=key)):
        case NoSuchAttribute():
            raise not_found("attribute")
        case InUse() as used:
            raise _in_use(used)
        case AttributeRemoved():
            return


@get("/types", summary="List types of products")
async def list_types(context: Injected) -> TypeList:
    """List all types."""
    return TypeList(items=[_type(each) for each in (await context.bus.ask(ReadTypes())).types])


@post("/types", dto=Strict[NewTypeBody], return_dto=None, summary="Add a type of products")
async def create_type(context: Injected, data: JSONBody[NewTypeBody]) -> TypeView:
    """Add a type, or set the one of this id."""
    return await _set_type(context, data.id, data)


@put("/types/{type_id:str}", dto=Strict[TypeBody], return_dto=None, summary="Set a type of products")
async def set_type(context: Injected, type_id: FromPath[str], data: JSONBody[TypeBody]) -> TypeView:
    """Set a type, or add one. Its products stay as they are."""
    return await _set_type(context, type_id, data)


@delete("/types/{type_id:str}", summary="Remove a type of products", refuses=["not_found", "in_use"])
async def remove_type(context: Injected, type_id: FromPath[str]) -> None:
    """Remove a type that no product has."""
    answer = await context.bus.ask(RemoveType(id=type_id))
    if isinstance(answer, NoSuchType):
        raise not_found("type")
    if isinstance(answer, InUse):
        raise _in_use(answer)


@post("/types/{type_id:str}/apply", status_code=200, summary="Apply a type to its products", refuses=["not_found"])
async def apply_type(
    context: Injected,
    staff: Member,
    type_id: FromPath[str],
    dry_run: FromQuery[bool] = True,
    cursor: FromQuery[ProductId] = "",
) -> TypeFitList:
    """Give products of a type the values that it begins with, where they have none: 100 products at a time.

    Nothing is written unless `dry_run=false`. Nothing that a product has is changed.
    """
    answer = await context.bus.ask(ApplyType(id=type_id, after=cursor, is_trial=dry_run, by=str(staff)))
    if isinstance(answer, NoSuchType):
        raise not_found("type")
    items = [TypeFitView(id=each.id, added=each.added, missing=each.missing) for each in answer.products]
    return TypeFitList(items=items, next=answer.next)


async def _set(context: GatewayContext, key: str, body: AttributeBody, *, is_new: bool) -> AttributeView:
    attribute = Attribute(
        key=key,
        title=body.title,
        kind=body.kind,
        choices=tuple(body.choices),
        unit=body.unit,
        of_sku=body.of_sku,
        filterable=body.filterable,
        searchable=body.searchable,
        place=body.place,
    )
    match await context.bus.ask(SetAttribute(key=key, attribute=attribute, is_new=is_new)):
        case Attribute() as written:
            return _attribute(written)
        case InUse() as used:
            raise _in_use(used)
        case AttributeExists():
            raise Problem(409, "attribute_exists", f"There is an attribute {key} already.")


async def _set_type(context: GatewayContext, type_id: str, body: TypeBody) -> TypeView:
    parts = tuple(TypeAttribute(key=each.key, required=each.required, value=each.value) for each in body.attributes)
    kind = ProductType(id=type_id, title=body.title, options=tuple(body.options), attributes=parts)
    return _type(await context.bus.ask(SetType(id=type_id, product_type=kind)))


def _in_use(used: InUse) -> Problem:
    shown = f" ({', '.join(used.products)})" if used.products else ""
    return Problem(409, "in_use", f"It can't be taken away: {used.detail}{shown}.", products=used.products)


def _attribute(each: Attribute) -> AttributeView:
    return AttributeView(
        key=each.key,
        title=each.title,
        kind=each.kind,
        choices=each.choices,
        unit=each.unit,
        of_sku=each.of_sku,
        filterable=each.filterable,
        searchable=each.searchable,
        place=each.place,
    )


def _type(kind: ProductType) -> TypeView:
    parts = [TypeAttributeView(key=each.key, required=each.required, value=each.value) for each in kind.attributes]
    return TypeView(id=kind.id, title=kind.title, options=kind.options, attributes=parts)


PUBLIC = [list_attributes]
STAFF = [
    list_attributes_to_edit,
    create_attribute,
    set_attribute,
    remove_attribute,
    list_types,
    create_type,
    set_type,
    remove_type,
    apply_type,
]
