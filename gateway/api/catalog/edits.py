"""Products: changed by staff, with their history."""

from collections.abc import Sequence

from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import structs

from bus.messages.base import Instant, SkuName
from bus.messages.catalog import (
    GetProduct,
    ListProducts,
    NoSuchProduct,
    PartOfBundle,
    Product,
    PublishProduct,
    ReadHistory,
    Removed,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SetProduct,
    Sort,
    Status,
    UndoChange,
)
from bus.messages.inventory import UnitsInUse
from bus.messages.views import ViewRevision
from gateway.access import Member, may_price
from gateway.api.bodies import Body, Strict, View
from gateway.api.catalog.bodies import ProductBody, ProductChange, WholeProductBody, change_of, whole_product
from gateway.api.catalog.history import ProductHistoryView, change_view
from gateway.api.catalog.products import (
    ProductDetail,
    ProductSummary,
    SkuDetail,
    detail,
    sku_detail,
    summary,
)
from gateway.api.catalog.refusals import Refused, refusal, sku_in_use
from gateway.api.catalog.shelf import ShownStock, stock_of
from gateway.api.lists import Limit, ListView
from gateway.api.pictures import ImageView, pictures_of
from gateway.bundles import read_bundles
from gateway.context import GatewayContext, Http, Injected
from gateway.preconditions import IfMatch, etag, expected_revision, required_revision
from gateway.problems import not_found
from gateway.renames import rename


class EditedProduct(ProductDetail, frozen=True, kw_only=True):
    """A product, and the revision of its last change."""

    revision: int
    status: Status
    publish_at: Instant | None
    unpublish_at: Instant | None
    type_id: str
    not_on_sale: Sequence[SkuDetail]  # SKUs that buyers don't see.


class UndoneChange(View, frozen=True, kw_only=True):
    """The product as it is now; null if it is gone."""

    product: EditedProduct | None


class SkuChange(Body, frozen=True, kw_only=True):
    """The new name of a SKU."""

    sku: SkuName


class EditedSummary(ProductSummary, frozen=True, kw_only=True):
    """A product in a list of staff."""

    status: Status
    publish_at: Instant | None
    unpublish_at: Instant | None
    revision: int


class EditedList(ListView[EditedSummary], frozen=True, kw_only=True):
    """A page of products, and the cursor of the next; null at the end."""


@get("/products", summary="List products to edit them")
async def list_products_to_edit(
    context: Injected,
    q: FromQuery[str] = "",
    category: FromQuery[str] = "",
    status: FromQuery[Status | None] = None,
    sort: FromQuery[Sort] = "title",
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> EditedList:
    """List all products, also those that buyers don't see, page by page. `sort` is title, price, -price or newest."""
    ask = ListProducts(limit=limit, q=q, category=category, sort=sort, after=cursor, status=status, even_hidden=True)
    page = await context.bus.ask(ask)
    levels = await stock_of(context, page.products)
    pictures = await pictures_of(context, [product.id for product in page.products])
    items = [_edited_summary(product, levels, pictures.get(product.id, ())) for product in page.products]
    return EditedList(items=items, next=page.next)


@get("/products/{product_id:str}", summary="Read a product to edit it", refuses=["not_found"])
async def get_product_to_edit(context: Injected, product_id: FromPath[str]) -> Response[EditedProduct]:
    """Read a product with its revision. Its `ETag` goes into the `If-Match` of a change."""
    return await _product(context, await context.bus.ask(GetProduct(id=product_id, even_hidden=True)))


@post("/products", dto=Strict[ProductBody], return_dto=None, summary="Add a product", refuses=["product_exists"])
async def create_product(context: Injected, staff: Member, data: JSONBody[ProductBody]) -> Response[EditedProduct]:
    """Add a product with at least one SKU. Stock begins at 0, or continues where it was when the SKU was removed."""
    ask = SetProduct(id=data.id, product=whole_product(data.id, data), expected=0, by=str(staff))
    return await _product(context, await context.bus.ask(ask), status=201)


@put(
    "/products/{product_id:str}",
    dto=Strict[WholeProductBody],
    return_dto=None,
    summary="Set a product",
    refuses=["not_found", "product_exists", "changed_meanwhile", "precondition_required", "part_of_bundle"],
)
async def set_product(
    context: Injected,
    staff: Member,
    product_id: FromPath[str],
    data: JSONBody[WholeProductBody],
    if_match: IfMatch = None,
) -> Response[EditedProduct]:
    """Set all of a product; SKUs that are not named are taken off sale. Needs `If-Match`."""
    expected = required_revision(if_match)
    ask = SetProduct(id=product_id, product=whole_product(product_id, data), expected=expected, by=str(staff))
    return await _product(context, await context.bus.ask(ask))


@patch(
    "/products/{product_id:str}",
    dto=Strict[ProductChange],
    return_dto=None,
    summary="Change a product",
    refuses=["not_found", "product_exists", "changed_meanwhile"],
)
async def change_product(
    context: Injected,
    request: Http,
    staff: Member,
    product_id: FromPath[str],
    data: JSONBody[ProductChange],
    if_match: IfMatch = None,
) -> Response[EditedProduct]:
    """Change the given fields of a product; the others stay. With `If-Match` only if nobody has changed it since.

    A change with SKUs or inputs has prices: it takes the key `write_prices`, too, and of a person a fresh sign-in.
    """
    if data.skus is not None or data.inputs is not None:
        may_price(request, staff)
    ask = change_of(product_id, data, str(staff), expected_revision(if_match))
    return await _product(context, await context.bus.ask(ask))


@post(
    "/products/{product_id:str}/publish",
    status_code=200,
    summary="Publish a product",
    refuses=["not_found", "not_complete"],
)
async def publish_product(
    context: Injected, staff: Member, product_id: FromPath[str], even_incomplete: FromQuery[bool] = False
) -> Response[EditedProduct]:
    """Make a product active. One that lacks attributes which its type requires is refused, and they are listed.

    A type only advises: `even_incomplete` publishes it all the same, and so does a change of its `status`.
    """
    ask = PublishProduct(id=product_id, even_incomplete=even_incomplete, by=str(staff))
    return await _product(context, await context.bus.ask(ask))


@delete("/products/{product_id:str}", summary="Remove a product", refuses=["not_found", "part_of_bundle"])
async def remove_product(context: Injected, staff: Member, product_id: FromPath[str]) -> None:
    """Take a product off sale. Orders keep their lines. Its id, slug and SKUs are free for others."""
    answer = await context.bus.ask(RemoveProduct(id=product_id, by=str(staff)))
    if isinstance(answer, NoSuchProduct):
        raise not_found("product")
    if isinstance(answer, PartOfBundle):
        raise refusal(answer)


@delete(
    "/products/{product_id:str}/skus/{sku:str}",
    status_code=200,
    summary="Remove a SKU",
    refuses=["not_found", "unknown_sku", "last_sku", "part_of_bundle"],
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
    """Rename a SKU and its stock, if no unit is held or assigned. Bundles follow, carts and orders do not."""
    answer = await rename(context.bus, RenameSku(id=product_id, sku=sku, name=data.sku, by=str(staff)))
    if isinstance(answer, UnitsInUse):
        raise sku_in_use(answer)
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
    refuses=["not_found", "product_exists", "undo_conflict", "part_of_bundle"],
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


async def _edited(context: GatewayContext, product: Product) -> EditedProduct:
    shown = structs.asdict(await detail(context, product))
    hidden = [sku for sku in product.skus if not sku.is_on_sale]
    shelf = ShownStock({}, await read_bundles(context.bus, [sku.sku for sku in hidden if sku.parts]))
    return EditedProduct(
        **shown,
        revision=product.revision,
        status=product.status,
        publish_at=product.publish_at,
        unpublish_at=product.unpublish_at,
        type_id=product.type_id,
        not_on_sale=[sku_detail(sku, shelf) for sku in hidden],
    )


def _edited_summary(product: Product, levels: dict[str, int], pictures: Sequence[ImageView]) -> EditedSummary:
    return EditedSummary(
        **structs.asdict(summary(product, levels, pictures)),
        status=product.status,
        publish_at=product.publish_at,
        unpublish_at=product.unpublish_at,
        revision=product.revision,
    )


async def _product(context: GatewayContext, answer: Product | Refused, status: int = 200) -> Response[EditedProduct]:
    if not isinstance(answer, Product):
        raise refusal(answer)
    # Where the catalog is in another process, its news may come after this answer.
    context.updates.floors.raise_to([ViewRevision(product_id=answer.id, revision=answer.revision)])
    return Response(await _edited(context, answer), status_code=status, headers=etag(answer.revision))


STAFF = [
    list_products_to_edit,
    get_product_to_edit,
    create_product,
    set_product,
    change_product,
    publish_product,
    remove_product,
    remove_sku,
    rename_sku,
    get_history,
    undo_change,
]
