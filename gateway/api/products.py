"""Products and their stock."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from bus.messages.base import Money
from bus.messages.catalog import GetProduct, ListProducts, Product, Sort
from bus.messages.inventory import StockLevel
from gateway.api.bodies import View
from gateway.edge import Edge, Wired
from gateway.problems import not_found

Limit = Annotated[int, QueryParameter(ge=1, le=100)]


class ProductSummary(View, frozen=True, kw_only=True):
    """A product in a list. `price` is its cheapest SKU's, `available` the sum of all."""

    id: str
    slug: str
    title: str
    category: str
    price: Money
    image: str | None
    available: int


class ProductList(View, frozen=True, kw_only=True):
    """A page of products, and the cursor of the next; null at the end."""

    items: Sequence[ProductSummary]
    next: str | None


class SkuDetail(View, frozen=True, kw_only=True):
    """What can be bought of a product."""

    sku: str
    title: str
    price: Money
    available: int


class ProductDetail(View, frozen=True, kw_only=True):
    """A product. Pictures and ratings come with later versions; until then there are none."""

    id: str
    slug: str
    title: str
    category: str
    description: str
    price: Money
    image: str | None
    available: int
    skus: Sequence[SkuDetail]
    images: Sequence[str]
    rating: None


class ProductInventory(View, frozen=True, kw_only=True):
    """The stock of a product's SKUs."""

    product_id: str
    skus: Sequence[StockLevel]
    as_of: datetime


@get("/products", summary="Search and browse")
async def list_products(
    edge: Wired,
    q: FromQuery[str] = "",
    category: FromQuery[str] = "",
    sort: FromQuery[Sort] = "title",
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
) -> ProductList:
    """A page of what is for sale. `sort` is title, price, -price or newest."""
    page = await edge.bus.ask(ListProducts(limit=limit, q=q, category=category, sort=sort, after=cursor))
    levels = await _levels(edge, page.products)
    return ProductList(items=[_summary(product, levels) for product in page.products], next=page.next)


@get("/products/{product_id:str}", summary="One product, by id or slug")
async def get_product(edge: Wired, product_id: FromPath[str]) -> ProductDetail:
    """A product with its SKUs."""
    return await detail(edge, await _find(edge, product_id))


@get("/products/{product_id:str}/inventory", summary="The stock of one product")
async def get_inventory(edge: Wired, product_id: FromPath[str]) -> ProductInventory:
    """What is available of each SKU. Changes come over `/live`."""
    product = await _find(edge, product_id)
    levels = await edge.news.levels([sku.sku for sku in product.skus])
    return ProductInventory(product_id=product.id, skus=levels, as_of=edge.clock.now())


async def detail(edge: Edge, product: Product) -> ProductDetail:
    """A product as its page shows it."""
    levels = await _levels(edge, [product])
    return ProductDetail(
        id=product.id,
        slug=product.slug,
        title=product.title,
        category=product.category,
        description=product.description,
        price=product.skus[0].price,
        image=None,
        available=sum(levels.values()),
        skus=[
            SkuDetail(sku=sku.sku, title=sku.title, price=sku.price, available=levels.get(sku.sku, 0))
            for sku in product.skus
        ],
        images=(),
        rating=None,
    )


async def _find(edge: Edge, product_id: str) -> Product:
    product = await edge.bus.ask(GetProduct(id=product_id))
    if not isinstance(product, Product):
        raise not_found("product")
    return product


async def _levels(edge: Edge, products: Sequence[Product]) -> dict[str, int]:
    skus = [sku.sku for product in products for sku in product.skus]
    return {level.sku: level.available for level in await edge.news.levels(skus)}


def _summary(product: Product, levels: dict[str, int]) -> ProductSummary:
    return ProductSummary(
        id=product.id,
        slug=product.slug,
        title=product.title,
        category=product.category,
        price=product.skus[0].price,
        image=None,
        available=sum(levels.get(sku.sku, 0) for sku in product.skus),
    )
