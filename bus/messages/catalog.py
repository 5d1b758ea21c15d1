"""The catalog: products, their SKUs and prices."""

from typing import Literal, TypeAlias

from bus.messages.base import Money, ProductId, Sku, Value
from engine.message import Command, Query, Reply

Sort: TypeAlias = Literal["title", "price", "-price", "newest"]


class SkuRow(Value, frozen=True, kw_only=True):
    """A line of an import: a SKU with its product. A product's lines agree on what they say of it."""

    product_id: ProductId
    slug: str
    title: str
    category: str
    description: str
    sku: Sku
    sku_title: str
    price: Money
    weight_g: int


class SkuView(Value, frozen=True, kw_only=True):
    """What can be bought of a product."""

    sku: Sku
    title: str
    price: Money
    weight_g: int


class Product(Reply):
    """A product with its SKUs, cheapest first."""

    id: ProductId
    slug: str
    title: str
    category: str
    description: str
    skus: tuple[SkuView, ...]


class NoSuchProduct(Reply):
    """There is none of this id."""

    id: ProductId


class ProductExists(Reply):
    """Its id, its slug or one of its SKUs is taken by another product."""

    id: ProductId


class NoSuchSku(Reply):
    """The product has no SKU of this name."""

    id: ProductId
    sku: Sku


class LastSku(Reply):
    """A product has at least one SKU: remove the product instead."""

    id: ProductId
    sku: Sku


class ProductPage(Reply):
    """A page of a list, and where the next one starts; None at the end."""

    products: tuple[Product, ...]
    next: str | None


class ListProducts(Query[ProductPage]):
    """Search and browse."""

    limit: int = 20  # 1 to 100.
    q: str = ""  # Words that title, description or category have.
    category: str = ""
    sort: Sort = "title"
    after: str = ""  # `next` of the page before.


class GetProduct(Query[Product | NoSuchProduct]):
    """By id, or by slug."""

    id: ProductId


class PricedSku(Value, frozen=True, kw_only=True):
    """What a cart must know of a SKU."""

    sku: Sku
    title: str  # Of product and SKU together.
    price: Money
    weight_g: int


class Prices(Reply):
    """What is known of these SKUs. One that is not sold is missing."""

    skus: tuple[PricedSku, ...]


class PriceSkus(Query[Prices]):
    """Ask what SKUs cost now."""

    skus: tuple[Sku, ...]


class Imported(Reply):
    """How many SKUs were written, and which rows (by their place in the request, from 0) were refused and why."""

    written: int
    refused: tuple[tuple[int, str], ...]


class ImportSkus(Command[Imported]):
    """Write many SKUs with their products; what is there is replaced. At most 1,000 rows."""

    rows: tuple[SkuRow, ...]


class CreateProduct(Command[Product | ProductExists]):
    """Add a product. Its price list is not empty.

    One that was removed may be made again, and begins as it is given. The inventory's books of its SKUs go on where
    they were: the same SKU is the same goods on the same shelf.
    """

    id: ProductId
    slug: str
    title: str
    category: str
    description: str
    skus: tuple[SkuView, ...]


class ChangeProduct(Command[Product | NoSuchProduct | ProductExists]):
    """Change what is given; None leaves as is. SKUs that are given are written, others stay."""

    id: ProductId
    title: str | None = None
    category: str | None = None
    description: str | None = None
    skus: tuple[SkuView, ...] | None = None


class Removed(Reply):
    """It is not for sale any more, and its id, slug and SKUs are free for others."""

    id: ProductId


class RemoveProduct(Command[Removed | NoSuchProduct]):
    """Take a product off sale. Orders keep what they say of it, and the inventory its books."""

    id: ProductId


class RemoveSku(Command[Product | NoSuchProduct | NoSuchSku | LastSku]):
    """Take one SKU off sale. Orders keep what they say of it, and the inventory its books."""

    id: ProductId
    sku: Sku


class RenameSku(Command[Product | NoSuchProduct | NoSuchSku | ProductExists]):
    """Call a SKU something that nobody is called. Safe to send twice. The inventory's books stay under the old name."""

    id: ProductId
    sku: Sku
    name: Sku  # The new one.
    is_trial: bool = False  # Say whether it could be done, and don't.


class Categories(Reply):
    """The categories of what is for sale, in order."""

    names: tuple[str, ...]


class ListCategories(Query[Categories]):
    """By what a list can be narrowed."""
