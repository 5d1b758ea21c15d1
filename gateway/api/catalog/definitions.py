"""Attributes and types of products: read by buyers' pages, set by staff."""

from litestar import Response, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import structs

from bus.messages.attributes import (
    ApplyType,
    Attribute,
    AttributeExists,
    AttributeMoved,
    AttributeRemoved,
    CountUse,
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
    TypeExists,
    TypeMoved,
    TypeRemoved,
)
from bus.messages.base import ProductId
from gateway.access import Member
from gateway.api.bodies import Strict
from gateway.api.catalog.definition_bodies import (
    AttributeBody,
    AttributeList,
    AttributeView,
    EditedAttribute,
    EditedAttributes,
    NewAttributeBody,
    NewTypeBody,
    TypeAttributeView,
    TypeBody,
    TypeFitList,
    TypeFitView,
    TypeList,
    TypeView,
    UsedAttribute,
    UsedType,
)
from gateway.context import GatewayContext, Injected
from gateway.preconditions import IfMatch, etag, expected_revision
from gateway.problems import Problem, not_found


@get("/attributes", summary="List attributes")
async def list_attributes(context: Injected) -> AttributeList:
    """List what the `attributes` of products and SKUs are."""
    found = (await context.bus.ask(ReadAttributes())).attributes
    return AttributeList(items=[_attribute(each) for each in found])


@get("/attributes", summary="List attributes to edit them")
async def list_attributes_to_edit(context: Injected) -> EditedAttributes:
    """List all attributes."""
    return EditedAttributes(items=[_edited(each) for each in (await context.bus.ask(ReadAttributes())).attributes])


@get("/attributes/{key:str}", summary="Read an attribute to edit it", refuses=["not_found"])
async def get_attribute_to_edit(context: Injected, key: FromPath[str]) -> Response[UsedAttribute]:
    """Read an attribute, and how many products have it. Its `ETag` goes into the `If-Match` of a change."""
    found = next((each for each in (await context.bus.ask(ReadAttributes())).attributes if each.key == key), None)
    if found is None:
        raise not_found("attribute")
    count = (await context.bus.ask(CountUse(name=key, of="attribute"))).products
    return Response(UsedAttribute(**structs.asdict(found), products=count), headers=etag(found.revision))


@post(
    "/attributes",
    dto=Strict[NewAttributeBody],
    return_dto=None,
    summary="Add an attribute",
    refuses=["attribute_exists"],
)
async def create_attribute(context: Injected, data: JSONBody[NewAttributeBody]) -> Response[EditedAttribute]:
    """Add an attribute, 200 at most. Products may have values of it from now on."""
    return _answer(await _set(context, data.key, data, is_new=True), status=201)


@put(
    "/attributes/{key:str}",
    dto=Strict[AttributeBody],
    return_dto=None,
    summary="Set an attribute",
    refuses=["in_use", "changed_meanwhile"],
)
async def set_attribute(
    context: Injected, key: FromPath[str], data: JSONBody[AttributeBody], if_match: IfMatch = None
) -> Response[EditedAttribute]:
    """Set an attribute, or add one. What products have of it must still fit.

    With `If-Match` only if nobody has changed it since.
    """
    return _answer(await _set(context, key, data, expected=expected_revision(if_match)))


@delete("/attributes/{key:str}", summary="Remove an attribute", refuses=["not_found", "in_use", "changed_meanwhile"])
async def remove_attribute(context: Injected, key: FromPath[str], if_match: IfMatch = None) -> None:
    """Remove an attribute that no product has and no type names; with `If-Match` only as it was read."""
    match await context.bus.ask(RemoveAttribute(key=key, expected=expected_revision(if_match))):
        case NoSuchAttribute():
            raise not_found("attribute")
        case InUse() as used:
            raise _in_use(used)
        case AttributeMoved() as moved:
            raise _moved(moved)
        case AttributeRemoved():
            return


@get("/types", summary="List types of products")
async def list_types(context: Injected) -> TypeList:
    """List all types."""
    return TypeList(items=[_type(each) for each in (await context.bus.ask(ReadTypes())).types])


@get("/types/{type_id:str}", summary="Read a type of products", refuses=["not_found"])
async def get_type(context: Injected, type_id: FromPath[str]) -> Response[UsedType]:
    """Read a type, and how many products are of it. Its `ETag` goes into the `If-Match` of a change."""
    found = next((each for each in (await context.bus.ask(ReadTypes())).types if each.id == type_id), None)
    if found is None:
        raise not_found("type")
    count = (await context.bus.ask(CountUse(name=type_id, of="type"))).products
    return Response(UsedType(**structs.asdict(_type(found)), products=count), headers=etag(found.revision))


@post("/types", dto=Strict[NewTypeBody], return_dto=None, summary="Add a type of products", refuses=["type_exists"])
async def create_type(context: Injected, data: JSONBody[NewTypeBody]) -> Response[TypeView]:
    """Add a type of products, 1,000 at most."""
    return _type_answer(await _set_type(context, data.id, data, is_new=True), status=201)


@put(
    "/types/{type_id:str}",
    dto=Strict[TypeBody],
    return_dto=None,
    summary="Set a type of products",
    refuses=["changed_meanwhile"],
)
async def set_type(
    context: Injected, type_id: FromPath[str], data: JSONBody[TypeBody], if_match: IfMatch = None
) -> Response[TypeView]:
    """Set a type, or add one. Its products stay as they are. With `If-Match` only if nobody has changed it since."""
    return _type_answer(await _set_type(context, type_id, data, expected=expected_revision(if_match)))


@delete(
    "/types/{type_id:str}",
    summary="Remove a type of products",
    refuses=["not_found", "in_use", "changed_meanwhile"],
)
async def remove_type(context: Injected, type_id: FromPath[str], if_match: IfMatch = None) -> None:
    """Remove a type that no product has; with `If-Match` only as it was read."""
    match await context.bus.ask(RemoveType(id=type_id, expected=expected_revision(if_match))):
        case NoSuchType():
            raise not_found("type")
        case InUse() as used:
            raise _in_use(used)
        case TypeMoved() as moved:
            raise _moved(moved)
        case TypeRemoved():
            return


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


async def _set(
    context: GatewayContext, key: str, body: AttributeBody, *, is_new: bool = False, expected: int | None = None
) -> Attribute:
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
    match await context.bus.ask(SetAttribute(key=key, attribute=attribute, is_new=is_new, expected=expected)):
        case Attribute() as written:
            return written
        case AttributeMoved() as moved:
            raise _moved(moved)
        case InUse() as used:
            raise _in_use(used)
        case AttributeExists():
            raise Problem(409, "attribute_exists", f"There is an attribute {key} already.")


async def _set_type(
    context: GatewayContext, type_id: str, body: TypeBody, *, is_new: bool = False, expected: int | None = None
) -> ProductType:
    parts = tuple(TypeAttribute(key=each.key, required=each.required, value=each.value) for each in body.attributes)
    kind = ProductType(id=type_id, title=body.title, options=tuple(body.options), attributes=parts)
    match await context.bus.ask(SetType(id=type_id, product_type=kind, is_new=is_new, expected=expected)):
        case ProductType() as written:
            return written
        case TypeMoved() as moved:
            raise _moved(moved)
        case TypeExists():
            raise Problem(409, "type_exists", f"There is a type {type_id} already.")


def _moved(moved: AttributeMoved | TypeMoved) -> Problem:
    return Problem(412, "changed_meanwhile", "Somebody has changed it since.", revision=moved.revision)


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


def _edited(each: Attribute) -> EditedAttribute:
    return EditedAttribute(**structs.asdict(each))


def _answer(attribute: Attribute, status: int = 200) -> Response[EditedAttribute]:
    return Response(_edited(attribute), status_code=status, headers=etag(attribute.revision))


def _type_answer(kind: ProductType, status: int = 200) -> Response[TypeView]:
    return Response(_type(kind), status_code=status, headers=etag(kind.revision))


def _type(kind: ProductType) -> TypeView:
    parts = [TypeAttributeView(key=each.key, required=each.required, value=each.value) for each in kind.attributes]
    return TypeView(id=kind.id, title=kind.title, options=kind.options, attributes=parts, revision=kind.revision)


PUBLIC = [list_attributes]
STAFF = [
    list_attributes_to_edit,
    get_attribute_to_edit,
    create_attribute,
    set_attribute,
    remove_attribute,
    list_types,
    get_type,
    create_type,
    set_type,
    remove_type,
    apply_type,
]
