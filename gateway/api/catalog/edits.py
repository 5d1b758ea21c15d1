"""Products: changed by staff, with their history."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import structs

from bus.messages.base import NAME, Money, SkuName
from bus.messages.catalog import (
    MOST_WEIGHT_G,
    SLUG,
    ChangedMeanwhile,
    ChangeProduct,
    CreateProduct,
    FieldsMoved,
    GetProduct,
    LastSku,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    Product,
    ProductExists,
    ReadHistory,
    Removed,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SetProduct,
    SkuView,
    UndoChange,
)
from bus.messages.inventory import UnitsInUse
from engine.patterns import whole
from gateway.access import Member
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.catalog.history import ProductHistoryView, change_view, field_views
from gateway.api.catalog.products import ProductDetail, detail
from gateway.api.lists import Limit
from gateway.context import GatewayContext, Injected
from gateway.preconditions import IfMatch, etag, expected_revision, required_revision
from gateway.problems import Problem, not_found
from gateway.renames import rename

Text = Annotated[str, msgspec.Meta(max_length=5000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Slug = Annotated[str, msgspec.Meta(max_length=200), whole(SLUG)]


class EditedProduct(ProductDetail, frozen=True, kw_only=True):
    """A product, and the revision of its last change."""

    revision: int


class UndoneChange(View, frozen=True, kw_only=True):
    """The product as it is now; null if it is gone."""

    product: EditedProduct | None


class SkuBody(Body, frozen=True, kw_only=True):
    """A SKU to write, with its price."""

    sku: SkuName
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    price: MoneyBody
    weight_g: Annotated[int, msgspec.Meta(gt=0, le=MOST_WEIGHT_G)]


class WholeProductBody(Body, frozen=True, kw_only=True):
    """All of a product."""

    slug: Slug
    title: Name
    category: Name
    description: Text = ""
    skus: Annotated[list[SkuBody], msgspec.Meta(min_length=1, max_length=100)]


class ProductBody(WholeProductBody, frozen=True, kw_only=True):
    """A new product."""

    id: Annotated[str, whole(NAME)]


class ProductChange(Body, frozen=True, kw_only=True):
    """The changes to a product. Given SKUs are written, others stay."""

    slug: Slug | None = None
    title: Name | None = None
    category: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    description: Text | None = None
    skus: Annotated[list[SkuBody], msgspec.Meta(max_length=100)] | None = None


class SkuChange(Body, frozen=True, kw_only=True):
    """The new name of a SKU."""

    sku: SkuName


@get("/products/{product_id:str}", summary="Read a product to edit it", refuses=["not_found"])
async def get_product_to_edit(context: Injected, product_id: FromPath[str]) -> Response[EditedProduct]:
    """Read a product with its revision. Its `ETag` goes into the `If-Match` of a change."""
    return await _product(context, await context.bus.ask(GetProduct(id=product_id)))


@post("/products", dto=Strict[ProductBody], return_dto=None, summary="Add a product", refuses=["product_exists"])
async def create_product(context: Injected, staff: Member, data: JSONBody[ProductBody]) -> Response[EditedProduct]:
    """Add a product with at least one SKU. Stock begins at 0, or continues where it was when the SKU was removed."""
    ask = CreateProduct(
        id=data.id,
        slug=data.slug,
        title=data.title,
        category=data.category,
        description=data.description,
        skus=_skus(data.skus),
        by=str(staff),
    )
    return await _product(context, await context.bus.ask(ask), status=201)


@put(
    "/products/{product_id:str}",
    dto=Strict[WholeProductBody],
    return_dto=None,
    summary="Set a product",
    refuses=["not_found", "product_exists", "changed_meanwhile", "precondition_required"],
)
async def set_product(
    context: Injected,
    staff: Member,
    product_id: FromPath[str],
    data: JSONBody[WholeProductBody],
    if_match: IfMatch = None,
) -> Response[EditedProduct]:
    """Set all of a product; SKUs that are not named are taken off sale. Needs `If-Match`."""
    ask = SetProduct(
        id=product_id,
        slug=data.slug,
        title=data.title,
        category=data.category,
        description=data.description,
        skus=_skus(data.skus),
        expected=required_revision(if_match),
        by=str(staff),
    )
    return await _product(context, await context.bus.ask(ask))


@patch(
    "/products/{product_id:str}",
    dto=Strict[ProductChange],
    return_dto=None,
    summary="Change a product",
    refuses=["not_found", "product_exists", "changed_meanwhile"],
)
async def change_product(
    context: Injected, staff: Member, product_id: FromPath[str], data: JSONBody[ProductChange], if_match: IfMatch = None
) -> Response[EditedProduct]:
    """Change the given fields of a product; the others stay. With `If-Match` only if nobody has changed it since."""
    ask = ChangeProduct(
        id=product_id,
        slug=data.slug,
        title=data.title,
        category=data.category,
        description=data.description,
        skus=None if data.skus is None else _skus(data.skus),
        expected=expected_revision(if_match),
        by=str(staff),
    )
    return await _product(context, await context.bus.ask(ask))


@delete("/products/{product_id:str}", summary="Remove a product", refuses=["not_found"])
async def remove_product(context: Injected, staff: Member, product_id: FromPath[str]) -> None:
    """Take a product off sale. Orders keep their lines. Its id, slug and SKUs are free for others."""
    if isinstance(await context.bus.ask(RemoveProduct(id=product_id, by=str(staff))), NoSuchProduct):
        raise not_found("product")


@delete(
    "/products/{product_id:str}/skus/{sku:str}",
    status_code=200,
    summary="Remove a SKU",
    refuses=["not_found", "unknown_sku", "last_sku"],
)
async def remove_sku(
    context: Injected, staff: Member, product_id: FromPath[str], sku: FromPath[str]
) -> Response[EditedProduct]:
    """Take a SKU off sale. Orders keep their lines. A product's last SKU is refused: remove the product instead."""
    return await _product(context, await context.bus.ask(RemoveSku(id=product_id, sku=sku, by=str(staff))))


@patch(
    "/products/{product_id:str}/skus/{sku:str}",
    dto=Strict[SkuChange],
    return_dto=None,
    summary="Rename a SKU",
    refuses=["not_found", "unknown_sku", "product_exists", "sku_in_use"],
)
async def rename_sku(
    context: Injected, staff: Member, product_id: FromPath[str], sku: FromPath[str], data: JSONBody[SkuChange]
) -> Response[EditedProduct]:
    """Rename a SKU and its stock, if no unit is held or assigned. Carts and orders keep the old name."""
    answer = await rename(context.bus, RenameSku(id=product_id, sku=sku, name=data.sku, by=str(staff)))
    if isinstance(answer, UnitsInUse):
        raise _in_use(answer)
    return await _product(context, answer)


@get("/products/{product_id:str}/history", summary="Read what was changed about a product")
async def get_history(
    context: Injected, product_id: FromPath[str], limit: Limit = 20, cursor: FromQuery[str] = ""
) -> ProductHistoryView:
    """List the changes of a product, the last first; also of one that was removed."""
    page = await context.bus.ask(ReadHistory(id=product_id, limit=limit, after=cursor))
    return ProductHistoryView(items=[change_view(entry) for entry in page.entries], next=page.next)


@post(
    "/products/{product_id:str}/history/{revision:int}/undo",
    status_code=200,
    summary="Undo a change",
    refuses=["not_found", "product_exists", "undo_conflict"],
)
async def undo_change(
    context: Injected, staff: Member, product_id: FromPath[str], revision: FromPath[int]
) -> UndoneChange:
    """Set the fields of one change back to what they were before it, if none of them was changed again since.

    To undo the removal of a product adds it again; to undo its addition removes it. A renamed SKU is renamed
    back instead, with its stock.
    """
    answer = await context.bus.ask(UndoChange(id=product_id, revision=revision, by=str(staff)))
    if isinstance(answer, Removed):
        return UndoneChange(product=None)
    return UndoneChange(product=(await _product(context, answer)).content)


def _skus(bodies: Sequence[SkuBody]) -> tuple[SkuView, ...]:
    return tuple(
        SkuView(
            sku=body.sku,
            title=body.title,
            price=Money(amount=body.price.amount, currency=body.price.currency),
            weight_g=body.weight_g,
        )
        for body in bodies
    )


_Answer: TypeAlias = (
    Product | NoSuchProduct | ProductExists | ChangedMeanwhile | NoSuchSku | LastSku | NoSuchChange | FieldsMoved
)


async def _product(context: GatewayContext, answer: _Answer, status: int = 200) -> Response[EditedProduct]:
    match answer:
        case Product():
            shown = structs.asdict(await detail(context, answer))
            view = EditedProduct(**shown, revision=answer.revision)
            return Response(view, status_code=status, headers=etag(answer.revision))
        case ProductExists():
            raise Problem(409, "product_exists", "Its id, slug or a SKU is taken.")
        case ChangedMeanwhile():
            said = "Somebody has changed it since you read it. Read it again, and make your change to that."
            changes = [change_view(entry) for entry in answer.changes]
            raise Problem(412, "changed_meanwhile", said, revision=answer.revision, changes=changes)
        case NoSuchProduct():
            raise not_found("product")
        case NoSuchSku():
            raise Problem(404, "unknown_sku", f"This product has no {answer.sku}.")
        case LastSku():
            raise Problem(409, "last_sku", f"{answer.sku} is the product's last SKU: remove the product instead.")
        case NoSuchChange():
            raise not_found("change that can be undone")
        case FieldsMoved():
            said = "Some of this was changed again since; undo that first, or set the fields yourself."
            raise Problem(409, "undo_conflict", said, fields=field_views(answer.fields))


def _in_use(used: UnitsInUse) -> Problem:
    """Refuse a rename, with the numbers and a remedy."""
    if used.assigned or used.held:
        detail = (
            f"{used.assigned} units of {used.sku} are sold and not gone, {used.held} are held for carts and payments;"
            " it can be renamed when they are gone."
        )
    else:
        detail = (
            f"{used.on_hand} units are counted under {used.sku} already, by an earlier product. If they are not there"
            f" besides, set the stock of {used.sku} to 0 and rename again."
        )
    return Problem(
        409, "sku_in_use", detail, sku=used.sku, on_hand=used.on_hand, assigned=used.assigned, held=used.held
    )


STAFF = [
    get_product_to_edit,
    create_product,
    set_product,
    change_product,
    remove_product,
    remove_sku,
    rename_sku,
    get_history,
    undo_change,
]
