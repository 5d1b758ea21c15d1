"""Queries for copies of the catalog: the search's index, and the audit of it."""

from bus.messages.base import CategoryId, ProductId, Sku, Value
from bus.messages.catalog import Products
from engine.message import Query, Reply


class ReadSkuProducts(Query[Products]):
    """Read the products of SKUs, 500 SKUs at most, and of the bundles that these are parts of.

    A SKU that no product has is left out.
    """

    skus: tuple[Sku, ...]


class SkuNames(Reply):
    """SKUs in their order, and the cursor of the next page; None at the end."""

    skus: tuple[Sku, ...]
    next: str | None


class ListSkusWithin(Query[SkuNames]):
    """List the SKUs of products in one of these categories, bundles left out: they have no units of their own."""

    within: tuple[CategoryId, ...]
    begin: str = ""  # How they begin; case does not count.
    limit: int = 100  # 1 to 100.
    after: str = ""


class ProductStamp(Value, frozen=True, kw_only=True):
    """A product that is active, and the revision of its last change."""

    id: ProductId
    revision: int


class ProductStamps(Reply):
    """Products by id, and where the next page begins; None at the end."""

    stamps: tuple[ProductStamp, ...]
    next: ProductId | None


class ListStamps(Query[ProductStamps]):
    """List the active products, whatever their times, 5,000 at a time."""

    after: ProductId = ""
