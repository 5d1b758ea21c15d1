"""Products: browsed by buyers, changed by staff."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.base import NAME, Instant, Money, SkuName
from bus.messages.catalog import (
    MOST_WEIGHT_G,
    SLUG,
    ChangeProduct,
    CreateProduct,
    GetProduct,
    LastSku,
    ListProducts,
    NoSuchProduct,
    NoSuchSku,
    Product,
    ProductExists,
    RemoveProduct,
    RemoveSku,
    SkuView,
    Sort,
)
from bus.messages.inventory import StockLevel, UnitsInUse
from engine.patterns import whole
from gateway.api.bodies import Body, MoneyBody, Strict, View
from gateway.api.lists import Limit, ListView
from gateway.api.pictures import ImageView, pictures_of
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found
from gateway.renames import rename

Text = Annotated[str, msgspec.Meta(max_length=5000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class ProductSummary(View, frozen=True, kw_only=True):
    """A product in a list. `price` is its cheapest SKU's, `available` the sum of all `skus`."""

    id: str
    slug: str
    title: str
    category: str
    price: Money
    image: ImageView | None
    available: int
    skus: Sequence[str]


class ProductList(ListView[ProductSummary], frozen=True, kw_only=True):
    """A page of products, and the cursor of the next; null at the end."""


class SkuDetail(View, frozen=True, kw_only=True):
    """A SKU of a product, with its price and stock."""

    sku: str
    title: str
    price: Money
    available: int


class ProductDetail(View, frozen=True, kw_only=True):
    """A product. Ratings come with later versions; until then there are none."""

    id: str
    slug: str
    title: str
    category: str
    description: str
    price: Money
    image: ImageView | None
    available: int
    skus: Sequence[SkuDetail]
    images: Sequence[ImageView]
    rating: None


class ProductInventory(View, frozen=True, kw_only=True):
    """The stock of a product's SKUs."""

    product_id: str
    skus: Sequence[StockLevel]
    as_of: Instant


class SkuBody(Body, frozen=True, kw_only=True):
    """A SKU to write, with its price."""

    sku: SkuName
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    price: MoneyBody
    weight_g: Annotated[int, msgspec.Meta(gt=0, le=MOST_WEIGHT_G)]


class ProductBody(Body, frozen=True, kw_only=True):
    """A new product."""

    id: Annotated[str, whole(NAME)]
    slug: Annotated[str, msgspec.Meta(max_length=200), whole(SLUG)]
    title: Name
    category: Name
    description: Text = ""
    skus: Annotated[list[SkuBody], msgspec.Meta(min_length=1, max_length=100)]


class ProductChange(Body, frozen=True, kw_only=True):
    """The changes to a product. Given SKUs are written, others stay."""

    title: Name | None = None
    category: Annotated[str, msgspec.Meta(max_length=200)] | None = None
    description: Text | None = None
    skus: Annotated[list[SkuBody], msgspec.Meta(max_length=100)] | None = None


class SkuChange(Body, frozen=True, kw_only=True):
    """The new name of a SKU."""

    sku: SkuName


@get("/products", summary="List and search products")
async def list_products(
    context: Injected,
    q: FromQuery[str] = "",
    category: FromQuery[str] = "",
    sort: FromQuery[Sort] = "title",
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> ProductList:
    """List products for sale, page by page. `sort` is title, price, -price or newest."""
    page = await context.bus.ask(ListProducts(limit=limit, q=q, category=category, sort=sort, after=cursor))
    levels = await _levels(context, page.products)
    pictures = await pictures_of(context, [product.id for product in page.products])
    items = [_summary(product, levels, pictures.get(product.id, ())) for product in page.products]
    return ProductList(items=items, next=page.next)


@get("/products/{product_id:str}", summary="Read a product", refuses=["not_found"])
async def get_product(context: Injected, product_id: FromPath[str]) -> ProductDetail:
    """Read a product, by its id or slug, with its SKUs."""
    return await detail(context, await find_product(context, product_id))


@get("/products/{product_id:str}/inventory", summary="Read a product's stock", refuses=["not_found"])
async def get_inventory(context: Injected, product_id: FromPath[str]) -> ProductInventory:
    """Read the available units of each SKU. Changes are streamed over `/live`."""
    product = await find_product(context, product_id)
    levels = await context.updates.levels([sku.sku for sku in product.skus])
    return ProductInventory(product_id=product.id, skus=levels, as_of=context.clock.now())


@post("/products", dto=Strict[ProductBody], return_dto=None, summary="Add a product", refuses=["product_exists"])
async def create_product(context: Injected, data: JSONBody[ProductBody]) -> ProductDetail:
    """Add a product with at least one SKU. Stock begins at 0, or continues where it was when the SKU was removed."""
    answer = await context.bus.ask(
        CreateProduct(
            id=data.id,
            slug=data.slug,
            title=data.title,
            category=data.category,
            description=data.description,
            skus=_skus(data.skus),
        )
    )
    return await _product(context, answer)


@patch(
    "/products/{product_id:str}",
    dto=Strict[ProductChange],
    return_dto=None,
    summary="Change a product",
    refuses=["not_found", "product_exists"],
)
async def change_product(context: Injected, product_id: FromPath[str], data: JSONBody[ProductChange]) -> ProductDetail:
    """Change the given fields of a product; the others stay."""
    skus = None if data.skus is None else _skus(data.skus)
    change = ChangeProduct(
        id=product_id, title=data.title, category=data.category, description=data.description, skus=skus
    )
    return await _product(context, await context.bus.ask(change))


@delete("/products/{product_id:str}", summary="Remove a product", refuses=["not_found"])
async def remove_product(context: Injected, product_id: FromPath[str]) -> None:
    """Take a product off sale. Orders keep their lines. Its id, slug and SKUs are free for others."""
    if isinstance(await context.bus.ask(RemoveProduct(id=product_id)), NoSuchProduct):
        raise not_found("product")


@delete(
    "/products/{product_id:str}/skus/{sku:str}",
    status_code=200,
    summary="Remove a SKU",
    refuses=["not_found", "unknown_sku", "last_sku"],
)
async def remove_sku(context: Injected, product_id: FromPath[str], sku: FromPath[str]) -> ProductDetail:
    """Take a SKU off sale. Orders keep their lines. A product's last SKU is refused: remove the product instead."""
    return await _product(context, await context.bus.ask(RemoveSku(id=product_id, sku=sku)))


@patch(
    "/products/{product_id:str}/skus/{sku:str}",
    dto=Strict[SkuChange],
    return_dto=None,
    summary="Rename a SKU",
    refuses=["not_found", "unknown_sku", "product_exists", "sku_in_use"],
)
async def rename_sku(
    context: Injected, product_id: FromPath[str], sku: FromPath[str], data: JSONBody[SkuChange]
) -> ProductDetail:
    """Rename a SKU and its stock, if no unit is held or assigned. Carts and orders keep the old name."""
    answer = await rename(context.bus, product_id, sku, data.sku)
    if isinstance(answer, UnitsInUse):
        raise _in_use(answer)
    return await _product(context, answer)


async def find_product(context: GatewayContext, product_id: str) -> Product:
    """Read a product, by its id or slug.

    Raises:
        Problem: There is none.
    """
    product = await context.bus.ask(GetProduct(id=product_id))
    if not isinstance(product, Product):
        raise not_found("product")
    return product


async def _levels(context: GatewayContext, products: Sequence[Product]) -> dict[str, int]:
    skus = [sku.sku for product in products for sku in product.skus]
    return {level.sku: level.available for level in await context.updates.levels(skus)}


def _summary(product: Product, levels: dict[str, int], pictures: Sequence[ImageView]) -> ProductSummary:
    return ProductSummary(
        id=product.id,
        slug=product.slug,
        title=product.title,
        category=product.category,
        price=product.skus[0].price,
        image=pictures[0] if pictures else None,
        available=sum(levels.get(sku.sku, 0) for sku in product.skus),
        skus=[sku.sku for sku in product.skus],
    )


async def detail(context: GatewayContext, product: Product) -> ProductDetail:
    """Show a product as on its page."""
    levels = await _levels(context, [product])
    pictures = (await pictures_of(context, [product.id])).get(product.id, ())
    return ProductDetail(
        id=product.id,
        slug=product.slug,
        title=product.title,
        category=product.category,
        description=product.description,
        price=product.skus[0].price,
        image=pictures[0] if pictures else None,
        available=sum(levels.values()),
        skus=[
            SkuDetail(sku=sku.sku, title=sku.title, price=sku.price, available=levels.get(sku.sku, 0))
            for sku in product.skus
        ],
        images=pictures,
        rating=None,
    )


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


async def _product(
    context: GatewayContext, answer: Product | NoSuchProduct | ProductExists | NoSuchSku | LastSku
) -> ProductDetail:
    match answer:
        case Product():
            return await detail(context, answer)
        case ProductExists():
            raise Problem(409, "product_exists", "Its id, slug or a SKU is taken.")
        case NoSuchProduct():
            raise not_found("product")
        case NoSuchSku():
            raise Problem(404, "unknown_sku", f"This product has no {answer.sku}.")
        case LastSku():
            raise Problem(409, "last_sku", f"{answer.sku} is the product's last SKU: remove the product instead.")


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


PUBLIC = [list_products, get_product, get_inventory]
STAFF = [create_product, change_product, remove_product, remove_sku, rename_sku]
