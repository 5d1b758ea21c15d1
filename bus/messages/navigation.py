"""Ways to products: the tree of categories, collections, and addresses that lead elsewhere. The catalog has them."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from bus.messages.audit import Findings
from bus.messages.base import CategoryId, ProductId, Value
from bus.messages.search import Chosen, FoundSort
from engine.message import Command, Query, Reply

MOST_LEVELS: Final = 6  # Of the tree.
MOST_CATEGORIES: Final = 10_000
MOST_OF_PRODUCT: Final = 30  # Categories.
MOST_COLLECTIONS: Final = 1000
MOST_ITEMS: Final = 1000  # Of a collection, by hand.
MOST_REDIRECTS: Final = 100_000
MOST_HOPS: Final = 10  # From one redirect to the next.

CollectionId: TypeAlias = str
RedirectCode: TypeAlias = Literal[301, 302, 410]


class Category(Reply):
    """A category. Its path is made of the slugs from the top down: "clothing/shirts"."""

    id: CategoryId
    parent: CategoryId | None = None  # None at the top.
    slug: str
    path: str = ""
    title: str
    description: str = ""
    place: int = 0  # Among its neighbours, the lowest first; equals by title.


class CountedCategory(Value, frozen=True, kw_only=True):
    """A category, and how many products buyers see in it and below it, each counted once."""

    category: Category
    products: int


class CategoryTree(Reply):
    """All categories, each before those below it, neighbours in order. The counts are at most five seconds old."""

    categories: tuple[CountedCategory, ...]


class ReadCategoryTree(Query[CategoryTree]):
    """Read all categories."""


class CategoryFound(Reply):
    """A category with its surroundings."""

    found: CountedCategory
    above: tuple[Category, ...]  # From the top down.
    children: tuple[CountedCategory, ...]  # In order.


class NoSuchCategory(Reply):
    """No category has this id or path."""

    id: CategoryId
    path: str = ""  # The present one of the category that once had this path; "" if there is none.
    is_gone: bool = False  # It was the path of a category that was removed.


class FindCategory(Query[CategoryFound | NoSuchCategory]):
    """Read a category by its path, or by its id."""

    path: str


class CategoryIds(Reply):
    """Ids of categories."""

    ids: tuple[CategoryId, ...]


class ReadBelow(Query[CategoryIds]):
    """Read the ids of categories and of all that are below them; unknown ones are missing."""

    ids: tuple[CategoryId, ...]  # Or paths.


class PathTaken(Reply):
    """The path or the slug is that of another category or collection."""

    path: str
    by: str


class SetCategory(Command[Category | NoSuchCategory | PathTaken]):
    """Set all of a category, or add one. With another parent or slug it moves, and all that is below it: at once.

    NoSuchCategory is said of the parent. Paths that it had lead to it.
    """

    id: CategoryId
    category: Category  # As it shall be, whatever path it says.


class CategoryRemoved(Reply):
    """The category is gone. Its path says so, until another takes it."""

    id: CategoryId


class CategoryInUse(Reply):
    """A category that has products, seen or not, or others below it can't be removed."""

    id: CategoryId
    products: int
    below: int


class RemoveCategory(Command[CategoryRemoved | NoSuchCategory | CategoryInUse]):
    """Remove a category that is not in use."""

    id: CategoryId


class AuditCategories(Query[Findings]):
    """Compare products with the categories that they name, and paths with the tree."""


class CollectionRule(Value, frozen=True, kw_only=True):
    """A search that is made whenever a collection is looked at."""

    q: str = ""
    within: tuple[CategoryId, ...] = ()  # In one of these categories or below.
    filters: tuple[Chosen, ...] = ()
    price_from: int | None = None  # Minor units; both ends are included.
    price_to: int | None = None
    sort: FoundSort = "relevance"


class Collection(Reply):
    """A list of products: by hand, by a rule, or first these by hand and then what the rule finds.

    It is shown from `publish_at` until `unpublish_at`: a function of the time, to the second.
    """

    id: CollectionId
    slug: str
    title: str
    description: str = ""
    rule: CollectionRule | None = None
    items: tuple[ProductId, ...] = ()  # In order, at most MOST_ITEMS. Those that buyers don't see are left out.
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None
    revision: int = 0  # Of its last change.


class NoSuchCollection(Reply):
    """No collection has this id or slug."""

    id: CollectionId
    slug: str = ""  # The present one of the collection that once had this slug; "" if there is none.
    is_gone: bool = False  # It was the slug of a collection that was removed.


class GetCollection(Query[Collection | NoSuchCollection]):
    """Read a collection, by id or by slug."""

    id: CollectionId
    even_hidden: bool = False  # Also if buyers don't see it.


class CollectionSummary(Value, frozen=True, kw_only=True):
    """A collection in a list."""

    id: CollectionId
    slug: str
    title: str
    items: int  # By hand.
    has_rule: bool
    publish_at: datetime | None
    unpublish_at: datetime | None


class Collections(Reply):
    """All collections, by title."""

    collections: tuple[CollectionSummary, ...]


class ListCollections(Query[Collections]):
    """List all collections, those that buyers don't see among them."""


class CollectionMoved(Reply):
    """The collection is not any more as it was seen; 0 if it is not there."""

    id: CollectionId
    revision: int


class SetCollection(Command[Collection | PathTaken | CollectionMoved]):
    """Set all of a collection, or add one. A slug that it had leads to it."""

    id: CollectionId
    collection: Collection
    expected: int | None = None  # The revision that was seen, 0 of none; None for any.


class CollectionRemoved(Reply):
    """The collection is gone. Its slug says so, until another takes it."""

    id: CollectionId


class RemoveCollection(Command[CollectionRemoved | NoSuchCollection]):
    """Remove a collection. Its products stay."""

    id: CollectionId


class Redirect(Value, frozen=True, kw_only=True):
    """An address of a former shop, and where it leads; a target of "" belongs to 410: it is gone."""

    path: str  # Begins with "/"; with its query, if it has one.
    target: str  # A path of this shop, or an address that begins with https:// or http://.
    code: RedirectCode = 301


class RedirectsSet(Reply):
    """The number of redirects written, and the refused ones: each with its index in the request and the reason."""

    written: int
    refused: tuple[tuple[int, str], ...]


class SetRedirects(Command[RedirectsSet]):
    """Write redirects, 1,000 at most; existing ones of these paths are replaced."""

    redirects: tuple[Redirect, ...]


class RedirectPage(Reply):
    """A page of redirects, by path, and the cursor of the next; None at the end."""

    redirects: tuple[Redirect, ...]
    next: str | None


class ListRedirects(Query[RedirectPage]):
    """List redirects."""

    limit: int = 20  # 1 to 100.
    begins: str = ""  # What their paths begin with.
    after: str = ""  # `next` of the previous page.


class RedirectRemoved(Reply):
    """The path leads nowhere."""

    path: str


class NoSuchRedirect(Reply):
    """The path leads nowhere as it is."""

    path: str


class RemoveRedirect(Command[RedirectRemoved | NoSuchRedirect]):
    """Remove a redirect."""

    path: str


class SlugPage(Reply):
    """Slugs of products that buyers see, by product, and the cursor of the next page; None at the end."""

    slugs: tuple[str, ...]
    next: str | None


class ListSlugs(Query[SlugPage]):
    """List the slugs of all products that buyers see."""

    after: str = ""  # `next` of the previous page, or a cursor of `SlugParts`.


class SlugParts(Reply):
    """Cursors at which lists of so many slugs begin; the first is ""."""

    starts: tuple[str, ...]


class DivideSlugs(Query[SlugParts]):
    """Divide the slugs of all products that buyers see into lists of this size at most."""

    size: int  # At least 1.


class RedirectFound(Reply):
    """Where a path leads; None: nowhere."""

    redirect: Redirect | None


class FindRedirect(Query[RedirectFound]):
    """Read where a path leads, with its query or without it."""

    path: str
    query: str = ""  # As it was sent, without "?".
