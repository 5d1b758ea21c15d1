"""The catalog: products, their SKUs and prices."""

from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

import msgspec

from bus.messages.attributes import Attribute, AttributeValues
from bus.messages.base import CategoryId, Line, Money, ProductId, Sku, Value
from bus.messages.inputs import Input
from bus.messages.parts import BundlePart
from engine.message import Command, Event, Query, Reply

MOST_SKUS: Final = 2048  # Of one product.
SLUG: Final = r"[a-z0-9]+(-[a-z0-9]+)*"
MOST_WEIGHT_G: Final = 1_000_000  # Of one SKU.
Status: TypeAlias = Literal["draft", "active", "archived"]
Sort: TypeAlias = Literal["title", "price", "-price", "newest"]


class SkuView(Value, frozen=True, kw_only=True):
    """A SKU of a product, with its price."""

    sku: Sku
    title: str
    price: Money
    weight_g: int
    options: tuple[str, ...] = ()  # Its value of each of the product's options.
    barcode: str | None = None
    is_on_sale: bool = True
    attributes: AttributeValues = msgspec.field(default_factory=dict)
    parts: tuple[Line, ...] = ()  # Makes it a bundle, which weighs what these do and has no units of its own; by SKU.


class Option(Value, frozen=True, kw_only=True):
    """Something that buyers choose: Size, with S, M and L."""

    name: str
    values: tuple[str, ...]


class Product(Reply):
    """A product with its SKUs, cheapest first.

    It is shown while it is active, from `publish_at` until `unpublish_at`: a function of the time, to the second.
    """

    id: ProductId
    slug: str
    title: str
    category: str
    description: str
    skus: tuple[SkuView, ...]
    revision: int = 0  # Of its last change.
    status: Status = "active"
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None
    brand: str = ""
    tags: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()
    type_id: str = ""
    attributes: AttributeValues = msgspec.field(default_factory=dict)
    added: int = 0  # Its place among all products by when they were added; 0 where that does not matter.
    # At most 30, the main one first: `category` is its title. Where these are missing, or as they were and `category`
    # is another, that says the main one: a title, a path, or a new category.
    categories: tuple[CategoryId, ...] = ()
    seo_title: str = ""  # For search engines, where it is other than the title; so below.
    seo_description: str = ""
    inputs: tuple[Input, ...] = ()


class ProductChanged(Event):
    """A product was added or changed. Revisions number all changes of products: no gaps, in the order of commits."""

    product_id: ProductId
    revision: int


class ProductRemoved(Event):
    """A product was taken off sale. This change, too, has a revision."""

    product_id: ProductId
    revision: int


class AttributeChanged(Event):
    """A definition was set; None: it was removed."""

    key: str
    attribute: Attribute | None
    changes_search: bool = True  # Whether what products are found or filtered by has changed with it.


class NoSuchProduct(Reply):
    """No product has this id or slug."""

    id: ProductId
    slug: str = ""  # The present one of the product that once had this slug; "" if there is none.
    is_gone: bool = False  # It was the slug of a product that was removed.


class FieldChange(Value, frozen=True, kw_only=True):
    """A field of a product before and after a change; null where it is not there. A SKU is one: `skus.MUG`."""

    field: str
    before: Any  # As it is in JSON.
    after: Any


class HistoryEntry(Value, frozen=True, kw_only=True):
    """A change of a product."""

    revision: int
    at: datetime
    by: str
    fields: tuple[FieldChange, ...]


class ChangedMeanwhile(Reply):
    """The product is not any more as it was seen. With all that has happened since, the last 20 changes at most."""

    id: ProductId
    revision: int
    changes: tuple[HistoryEntry, ...]


class FieldsMoved(Reply):
    """A change can't be undone: these of its fields were changed again since, from `before` to `after`."""

    id: ProductId
    fields: tuple[FieldChange, ...]


class NoSuchChange(Reply):
    """The product has no change of this revision, or it is one that can't be undone: a SKU's name with its stock."""

    id: ProductId
    revision: int


class ProductHistory(Reply):
    """Changes of a product, the last first, and the cursor of the next page; None at the end."""

    entries: tuple[HistoryEntry, ...]
    next: str | None


class ReadHistory(Query[ProductHistory]):
    """Read what was changed about a product, also about one that was removed."""

    id: ProductId
    limit: int = 20  # 1 to 100.
    after: str = ""


class ProductExists(Reply):
    """The id, the slug or one of the SKUs is taken by another product."""

    id: ProductId


class NoSuchSku(Reply):
    """The product has no SKU of this name."""

    id: ProductId
    sku: Sku


class LastSku(Reply):
    """The last SKU of a product can't be removed: remove the product instead."""

    id: ProductId
    sku: Sku


class PartOfBundle(Reply):
    """A SKU can't be taken off: bundles need it. Change these first."""

    id: ProductId
    sku: Sku
    bundles: tuple[Sku, ...]


class ProductPage(Reply):
    """A page of products, and the cursor of the next page; None at the end."""

    products: tuple[Product, ...]
    next: str | None


class ListProducts(Query[ProductPage]):
    """Search and browse products."""

    limit: int = 20  # 1 to 100.
    q: str = ""  # Words to find in title, description or category.
    category: str = ""
    sort: Sort = "title"
    after: str = ""  # `next` of the previous page.
    even_hidden: bool = False  # Also those that buyers don't see.
    status: Status | None = None  # Only these.
    within: tuple[CategoryId, ...] = ()  # Only products in one of these.


class ProductIdPage(Reply):
    """A page of the ids of products that buyers see, and the cursor of the next page; None at the end."""

    ids: tuple[ProductId, ...]
    next: str | None


class ListProductIds(Query[ProductIdPage]):
    """Search and browse products as `ListProducts` does, for readers who have the products themselves."""

    limit: int = 20
    q: str = ""
    category: str = ""
    sort: Sort = "title"
    after: str = ""
    within: tuple[CategoryId, ...] = ()


class GetProduct(Query[Product | NoSuchProduct]):
    """Read a product, by id or by slug."""

    id: ProductId
    even_hidden: bool = False  # Also if buyers don't see it.


class Products(Reply):
    """Products, in the order of their revisions."""

    products: tuple[Product, ...]


class ReadProducts(Query[Products]):
    """Read products by id, 500 at most, those that buyers don't see among them. Removed ones are missing."""

    ids: tuple[ProductId, ...]


class ReadChanges(Query[Products]):
    """Read the products, hidden ones too, whose last change came after a revision, the earliest first."""

    after: int
    limit: int = 500  # 1 to 500.


class PricedSku(Value, frozen=True, kw_only=True):
    """A SKU with its price and weight, for carts."""

    sku: Sku
    title: str  # Of product and SKU together.
    price: Money
    weight_g: int
    parts: tuple[BundlePart, ...] = ()  # Of a bundle.
    inputs: tuple[Input, ...] = ()


class Prices(Reply):
    """The SKUs with their prices. A SKU that is not for sale is missing."""

    skus: tuple[PricedSku, ...]


class PriceSkus(Query[Prices]):
    """Read the current prices of SKUs."""

    skus: tuple[Sku, ...]


class SkuCheck(Reply):
    """Whether a SKU is for sale, and if not, the one for sale whose name is most like it; None if none is."""

    is_sold: bool
    similar: Sku | None = None


class CheckSku(Query[SkuCheck]):
    """Ask whether a SKU is for sale."""

    sku: Sku


class Removed(Reply):
    """The product is off sale, and its id, slug and SKUs are free for others."""

    id: ProductId


class SetProduct(Command[Product | NoSuchProduct | ProductExists | ChangedMeanwhile | PartOfBundle]):
    """Set all of a product, or add one. SKUs that are not named are taken off sale.

    A removed product may be added again, and begins as given. The inventory's books of its SKUs continue where they
    were: the same SKU is the same goods on the same shelf.
    """

    id: ProductId
    product: Product  # As it shall be, whatever revision it says.
    expected: int  # The revision that it must have; 0: there must be none.
    by: str = ""  # Who of the staff asks; so below.


class ChangeProduct(Command[Product | NoSuchProduct | ProductExists | ChangedMeanwhile]):
    """Change the given fields of a product; None leaves a field as it is. Given SKUs are written, others stay.

    A time is taken away by naming its field in `cleared`.
    """

    id: ProductId
    title: str | None = None
    category: str | None = None
    description: str | None = None
    skus: tuple[SkuView, ...] | None = None
    slug: str | None = None
    expected: int | None = None  # The revision that it must have; None for any.
    by: str = ""
    status: Status | None = None
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None
    brand: str | None = None
    tags: tuple[str, ...] | None = None
    options: tuple[Option, ...] | None = None
    cleared: tuple[Literal["publish_at", "unpublish_at"], ...] = ()
    type_id: str | None = None
    attributes: AttributeValues | None = None  # All of them.
    categories: tuple[CategoryId, ...] | None = None  # The main one first.
    seo_title: str | None = None
    seo_description: str | None = None
    inputs: tuple[Input, ...] | None = None


class NotComplete(Reply):
    """The product lacks what its type says it should have: `size`, or `skus.MUG.size`."""

    id: ProductId
    missing: tuple[str, ...]


class PublishProduct(Command[Product | NoSuchProduct | NotComplete]):
    """Make a product active, if it has all that its type says it should have."""

    id: ProductId
    even_incomplete: bool = False  # Or else.
    by: str = ""


class UndoChange(
    Command[Product | Removed | NoSuchProduct | NoSuchChange | FieldsMoved | ProductExists | PartOfBundle]
):
    """Set the fields of one change back to what they were before it. To undo the addition of a product removes it."""

    id: ProductId
    revision: int  # Of the change.
    by: str = ""


class RemoveProduct(Command[Removed | NoSuchProduct | PartOfBundle]):
    """Take a product off sale. Orders keep their lines, and the inventory keeps its books."""

    id: ProductId
    by: str = ""


class RemoveSku(Command[Product | NoSuchProduct | NoSuchSku | LastSku | PartOfBundle]):
    """Take one SKU off sale. Orders keep their lines, and the inventory keeps its books."""

    id: ProductId
    sku: Sku
    by: str = ""


class RenameSku(Command[Product | NoSuchProduct | NoSuchSku | ProductExists]):
    """Give a SKU a name that is free. Safe to send twice. The inventory's books stay under the old name.

    Bundles follow: their parts get the new name in the same turn.
    """

    id: ProductId
    sku: Sku
    name: Sku  # The new one.
    is_trial: bool = False  # Only report whether it could be done.
    by: str = ""


class Categories(Reply):
    """The categories of products for sale, in order."""

    names: tuple[str, ...]


class ListCategories(Query[Categories]):
    """List the categories that a product list can be filtered by."""
