"""Collections: lists of products by hand, by a search that is made when they are looked at, or both."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import msgspec
from litestar import Response, delete, get, put
from litestar.params import FromPath, FromQuery, JSONBody

from bus.messages.base import NAME, Instant
from bus.messages.navigation import (
    MOST_ITEMS,
    CategoryFound,
    Collection,
    CollectionMoved,
    CollectionRule,
    CollectionSummary,
    FindCategory,
    GetCollection,
    ListCollections,
    NoSuchCollection,
    PathTaken,
    ReadBelow,
    RemoveCollection,
    SetCollection,
)
from bus.messages.search import MOST_QUERY, MOST_VALUES, Chosen, FindProducts, FoundSort
from engine.cursor import make_cursor, read_cursor
from engine.patterns import whole
from gateway.api.bodies import Body, Strict, View
from gateway.api.catalog.bodies import Categories, Name, Slug, Text
from gateway.api.catalog.languages import AcceptLanguage, AskedLocale, locales
from gateway.api.catalog.listing import shown_views
from gateway.api.catalog.products import ProductSummary, summaries
from gateway.api.catalog.refusals import path_taken
from gateway.api.catalog.wordings import is_called, texts_of_one
from gateway.api.lists import Limit, ListView, WholeListView
from gateway.context import GatewayContext, Injected
from gateway.preconditions import IfMatch, etag, expected_revision
from gateway.problems import Problem, not_found
from gateway.views.rendered import Rendered

_AT_ONCE = 500  # Products by hand that are read for one page: so many hidden ones in a row make it a short one.
Price = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000_000)]


class FilterBody(Body, frozen=True, kw_only=True):
    """A filter: products that have one of these values of a facet."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    values: Annotated[list[Annotated[str, msgspec.Meta(max_length=200)]], msgspec.Meta(max_length=MOST_VALUES)]


class RuleBody(Body, frozen=True, kw_only=True):
    """A search, as `GET /products` makes it. `categories` are ids or paths, with all that is below them."""

    q: Annotated[str, msgspec.Meta(max_length=MOST_QUERY)] = ""
    categories: Categories = msgspec.field(default_factory=list)
    filters: Annotated[list[FilterBody], msgspec.Meta(max_length=MOST_VALUES)] = msgspec.field(default_factory=list)
    price_from: Price | None = None
    price_to: Price | None = None
    sort: FoundSort = "relevance"


class CollectionBody(Body, frozen=True, kw_only=True):
    """All of a collection. `items` are ids of products, in order; what the `rule` finds comes after them."""

    slug: Slug
    title: Name
    description: Text = ""
    items: Annotated[list[Annotated[str, whole(NAME)]], msgspec.Meta(max_length=MOST_ITEMS)] = msgspec.field(
        default_factory=list
    )
    rule: RuleBody | None = None
    publish_at: Instant | None = None
    unpublish_at: Instant | None = None


class CollectionPage(ListView[ProductSummary], frozen=True, kw_only=True):
    """A page of a collection, and the cursor of the next; null at the end."""

    id: str
    slug: str
    title: str
    description: str
    degraded: bool  # The search is being prepared: what the rule finds is missing.


class FilterView(View, frozen=True, kw_only=True):
    """A filter: products that have one of these values of a facet."""

    name: str
    values: Sequence[str]


class RuleView(View, frozen=True, kw_only=True):
    """A search. `categories` are ids."""

    q: str
    categories: Sequence[str]
    filters: Sequence[FilterView]
    price_from: int | None
    price_to: int | None
    sort: FoundSort


class EditedCollection(View, frozen=True, kw_only=True):
    """A collection as staff see it."""

    id: str
    slug: str
    title: str
    description: str
    items: Sequence[str]
    rule: RuleView | None
    publish_at: Instant | None
    unpublish_at: Instant | None
    revision: int


class CollectionRow(View, frozen=True, kw_only=True):
    """A collection in a list. `items` counts those by hand."""

    id: str
    slug: str
    title: str
    items: int
    has_rule: bool
    publish_at: Instant | None
    unpublish_at: Instant | None


class CollectionList(WholeListView[CollectionRow], frozen=True, kw_only=True):
    """All collections, by title."""


class _Page(NamedTuple):
    views: Sequence[Rendered]
    next: str | None
    is_degraded: bool = False


@get("/collections/{slug:str}", summary="Read a collection", refuses=["moved", "not_found", "gone"])
async def get_collection(
    context: Injected,
    slug: FromPath[str],
    limit: Limit = 20,
    cursor: FromQuery[str] = "",
    locale: AskedLocale = "",
    accept_language: AcceptLanguage = "",
) -> CollectionPage:
    """Read a collection, page by page: first what was chosen by hand, then what its rule finds at this moment.

    Its texts are in the first language that is asked for (`locale`, else `Accept-Language`) and that it has. A slug
    that it had leads to it (301).
    """
    collection, wanted = await _find(context, slug), locales(context, locale, accept_language)
    texts = await texts_of_one(context, "collection", collection.id, wanted)
    page = await _page(context, collection, limit, cursor)
    return CollectionPage(
        id=collection.id,
        slug=texts.slug or collection.slug,
        title=texts.title or collection.title,
        description=texts.description or collection.description,
        items=await summaries(context, page.views, wanted),
        next=page.next,
        degraded=page.is_degraded,
    )


@get("/collections", summary="List collections to edit them")
async def list_collections(context: Injected) -> CollectionList:
    """List all collections, those that buyers don't see among them."""
    found = await context.bus.ask(ListCollections())
    return CollectionList(items=[_row(each) for each in found.collections])


@get("/collections/{collection_id:str}", summary="Read a collection to edit it", refuses=["not_found"])
async def get_collection_to_edit(context: Injected, collection_id: FromPath[str]) -> Response[EditedCollection]:
    """Read all of a collection, by its id or slug. Its `ETag` goes into the `If-Match` of a change."""
    found = await context.bus.ask(GetCollection(id=collection_id, even_hidden=True))
    if isinstance(found, NoSuchCollection):
        raise not_found("collection")
    return _answer(found)


@put(
    "/collections/{collection_id:str}",
    dto=Strict[CollectionBody],
    return_dto=None,
    summary="Set a collection",
    refuses=["path_taken", "changed_meanwhile"],
)
async def set_collection(
    context: Injected, collection_id: FromPath[str], data: JSONBody[CollectionBody], if_match: IfMatch = None
) -> Response[EditedCollection]:
    """Set all of a collection, or add one. Its rule is tried first: one that the search can't read is refused.

    With `If-Match` only if nobody has changed it since.
    """
    rule = await _rule(context, data.rule) if data.rule else None
    wanted = Collection(
        id=collection_id,
        slug=data.slug,
        title=data.title,
        description=data.description,
        rule=rule,
        items=tuple(data.items),
        publish_at=data.publish_at,
        unpublish_at=data.unpublish_at,
    )
    expected = expected_revision(if_match)
    answer = await context.bus.ask(SetCollection(id=collection_id, collection=wanted, expected=expected))
    if isinstance(answer, PathTaken):
        raise path_taken(answer)
    if isinstance(answer, CollectionMoved):
        raise Problem(412, "changed_meanwhile", "Somebody has changed it since.", revision=answer.revision)
    return _answer(answer)


@delete("/collections/{collection_id:str}", summary="Remove a collection", refuses=["not_found"])
async def remove_collection(context: Injected, collection_id: FromPath[str]) -> None:
    """Remove a collection. Its products stay."""
    if isinstance(await context.bus.ask(RemoveCollection(id=collection_id)), NoSuchCollection):
        raise not_found("collection")


async def _find(context: GatewayContext, slug: str) -> Collection:
    found = await context.bus.ask(GetCollection(id=slug))
    if isinstance(found, Collection) and (
        found.slug == slug or (found.id != slug and await is_called(context, "collection", found.id, slug))
    ):
        return found
    if found.slug:
        headers = {"Location": f"/collections/{found.slug}"}
        raise Problem(301, "moved", f"It is at {headers['Location']} now.", headers=headers)
    if isinstance(found, NoSuchCollection) and found.is_gone:
        raise Problem(410, "gone", "This collection is no longer there.")
    raise not_found("collection")


async def _page(context: GatewayContext, collection: Collection, limit: int, cursor: str) -> _Page:
    """Read a page: a cursor is a place among the products by hand, or one of the search's own."""
    place, of_rule = read_cursor(cursor, tuple[int, str]) or (0, "")
    if of_rule:
        return await _by_rule(context, collection, limit, of_rule)
    begins = max(0, place)
    part = collection.items[begins : begins + _AT_ONCE]
    shown = (await shown_views(context, part))[:limit]
    is_full = len(shown) == limit
    ends = begins + (part.index(shown[-1].id) + 1 if is_full else len(part))
    if ends < len(collection.items) or (is_full and collection.rule):
        return _Page(shown, make_cursor(ends, ""))
    if is_full:
        return _Page(shown, None)
    rest = await _by_rule(context, collection, limit - len(shown), "")
    return rest._replace(views=[*shown, *rest.views])


async def _by_rule(context: GatewayContext, collection: Collection, limit: int, after: str) -> _Page:
    """Read a page of what the rule finds; nothing without one, or if all categories that it names are gone."""
    rule = collection.rule
    within = (await context.bus.ask(ReadBelow(ids=rule.within))).ids if rule and rule.within else ()
    if rule is None or (rule.within and not within):
        return _Page((), None)
    found = await context.bus.ask(
        FindProducts(
            limit=limit,
            q=rule.q,
            filters=rule.filters,
            price_from=rule.price_from,
            price_to=rule.price_to,
            sort=rule.sort,
            after=after,
            within=within,
            without=collection.items,
        )
    )
    following = make_cursor(len(collection.items), found.next) if found.next else None
    return _Page(await shown_views(context, found.ids), following, found.is_degraded)


async def _rule(context: GatewayContext, body: RuleBody) -> CollectionRule:
    """Return the rule that a body describes, after a trial.

    Raises:
        BadInput: It is no search.
        Problem: One of its categories is not there, or no product has one of its facets.
    """
    names = tuple(body.categories)
    known = [await context.bus.ask(FindCategory(path=name)) for name in names]
    ids = [each.found.category.id for each in known if isinstance(each, CategoryFound)]
    if len(ids) < len(names):
        raise Problem(422, "invalid", "rule.categories: one of them is not there", field="rule.categories")
    filters = tuple(Chosen(facet=each.name, values=tuple(each.values)) for each in body.filters)
    rule = CollectionRule(
        q=body.q,
        within=tuple(ids),
        filters=filters,
        price_from=body.price_from,
        price_to=body.price_to,
        sort=body.sort,
    )
    found = await context.bus.ask(FindProducts(limit=0, q=rule.q, filters=filters, sort=rule.sort))
    if found.unknown_facet:
        said = f"rule.filters: no product can be filtered by {found.unknown_facet[:100]}"
        raise Problem(422, "invalid", said, field="rule.filters")
    return rule


def _row(summary: CollectionSummary) -> CollectionRow:
    return CollectionRow(**msgspec.structs.asdict(summary))


def _answer(collection: Collection) -> Response[EditedCollection]:
    return Response(_edited(collection), headers=etag(collection.revision))


def _edited(collection: Collection) -> EditedCollection:
    return EditedCollection(
        id=collection.id,
        slug=collection.slug,
        title=collection.title,
        description=collection.description,
        items=collection.items,
        rule=_rule_view(collection.rule) if collection.rule else None,
        publish_at=collection.publish_at,
        unpublish_at=collection.unpublish_at,
        revision=collection.revision,
    )


def _rule_view(rule: CollectionRule) -> RuleView:
    return RuleView(
        q=rule.q,
        categories=rule.within,
        filters=[FilterView(name=each.facet, values=each.values) for each in rule.filters],
        price_from=rule.price_from,
        price_to=rule.price_to,
        sort=rule.sort,
    )


PUBLIC = [get_collection]
STAFF = [list_collections, get_collection_to_edit, set_collection, remove_collection]
