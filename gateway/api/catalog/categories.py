"""The tree of categories: read by buyers, kept by staff."""

from collections.abc import Sequence
from typing import Annotated, Final, TypeAlias

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath, JSONBody

from bus.messages.base import NAME
from bus.messages.navigation import (
    Category,
    CategoryFound,
    CategoryInUse,
    CountedCategory,
    FindCategory,
    NoSuchCategory,
    PathTaken,
    ReadCategoryTree,
    RemoveCategory,
    SetCategory,
)
from bus.messages.wordings import WordingTexts
from engine.patterns import whole
from gateway.api.bodies import Body, Strict, View
from gateway.api.catalog.bodies import Name, Slug, Text
from gateway.api.catalog.languages import AcceptLanguage, AskedLocale, locales
from gateway.api.catalog.refusals import path_taken
from gateway.api.catalog.wordings import Texts, is_called, texts_of, texts_of_one
from gateway.api.lists import WholeListView
from gateway.context import GatewayContext, Injected
from gateway.problems import Problem, not_found

_NO_TEXTS: Final = WordingTexts()


class CategoryRef(View, frozen=True, kw_only=True):
    """A category as a link: `GET /products?category=PATH` lists what is in it and below it."""

    id: str
    path: str
    title: str


class CategoryLeaf(CategoryRef, frozen=True, kw_only=True):
    """A category, and how many products buyers see in it and below it: as of five seconds ago at most."""

    products: int


class CategoryNode(CategoryLeaf, frozen=True, kw_only=True):
    """A category in the tree. `parent` is its id, null at the top; each comes before those below it."""

    parent: str | None
    level: int


class CategoryList(WholeListView[CategoryNode], frozen=True, kw_only=True):
    """The whole tree, neighbours in order."""


class CategoryView(CategoryLeaf, frozen=True, kw_only=True):
    """A category with those above it, from the top down, and those just below it, in order."""

    description: str
    above: Sequence[CategoryRef]
    children: Sequence[CategoryLeaf]


class EditedCategory(CategoryNode, frozen=True, kw_only=True):
    """A category as staff see it."""

    slug: str
    description: str
    place: int


class EditedCategories(WholeListView[EditedCategory], frozen=True, kw_only=True):
    """The whole tree, neighbours in order."""


class CategoryBody(Body, frozen=True, kw_only=True):
    """All of a category. `parent` is an id; without one it is at the top. Neighbours are ordered by `place`."""

    slug: Slug
    title: Name
    parent: Annotated[str, whole(NAME)] | None = None
    description: Text = ""
    place: Annotated[int, msgspec.Meta(ge=-1_000_000, le=1_000_000)] = 0


@get("/categories", summary="Read the tree of categories")
async def list_categories(
    context: Injected, locale: AskedLocale = "", accept_language: AcceptLanguage = ""
) -> CategoryList:
    """Read all categories, each before those below it.

    Titles and paths are in the first language that is asked for (`locale`, else `Accept-Language`) and that each has.
    """
    tree = await context.bus.ask(ReadCategoryTree())
    texts = await texts_of(context, "category", locales(context, locale, accept_language))
    return CategoryList(items=[_node(each, texts) for each in tree.categories])


@get("/categories/{category_path:path}", summary="Read a category", refuses=["moved", "not_found", "gone"])
async def get_category(
    context: Injected, category_path: FromPath[str], locale: AskedLocale = "", accept_language: AcceptLanguage = ""
) -> CategoryView:
    """Read a category by its path, such as `clothing/shirts`, in any language. A path that it had leads to it (301).

    Its texts are in the first language that is asked for (`locale`, else `Accept-Language`) and that it has.
    """
    found, wanted = await find_category(context, category_path.strip("/")), locales(context, locale, accept_language)
    category, texts = found.found.category, await texts_of(context, "category", wanted)
    own = await texts_of_one(context, "category", category.id, wanted)
    return CategoryView(
        **msgspec.structs.asdict(_leaf(found.found, texts)),
        description=own.description or category.description,
        above=[_ref(each, texts) for each in found.above],
        children=[_leaf(each, texts) for each in found.children],
    )


@get("/categories", summary="List categories to edit them")
async def list_categories_to_edit(context: Injected) -> EditedCategories:
    """Read all categories with all that staff may set, each before those below it."""
    tree = await context.bus.ask(ReadCategoryTree())
    return EditedCategories(items=[_edited(each.category, each.products) for each in tree.categories])


@get("/categories/{category_id:str}", summary="Read a category to edit it", refuses=["not_found"])
async def get_category_to_edit(context: Injected, category_id: FromPath[str]) -> EditedCategory:
    """Read a category by its id."""
    found = await context.bus.ask(FindCategory(path=category_id))
    if isinstance(found, NoSuchCategory):
        raise not_found("category")
    return _edited(found.found.category, found.found.products)


@put(
    "/categories/{category_id:str}",
    dto=Strict[CategoryBody],
    return_dto=None,
    summary="Set a category",
    refuses=["not_found", "path_taken"],
)
async def set_category(context: Injected, category_id: FromPath[str], data: JSONBody[CategoryBody]) -> EditedCategory:
    """Set all of a category, or add one.

    With another parent or slug it moves, with all that is below it, and its former paths lead there. Products that it
    is the main category of get its new title within moments.
    """
    wanted = Category(
        id=category_id,
        parent=data.parent,
        slug=data.slug,
        title=data.title,
        description=data.description,
        place=data.place,
    )
    answer = await context.bus.ask(SetCategory(id=category_id, category=wanted))
    if isinstance(answer, NoSuchCategory):
        raise not_found("parent")
    if isinstance(answer, PathTaken):
        raise path_taken(answer)
    found = await context.bus.ask(FindCategory(path=answer.path))
    return _edited(answer, found.found.products if isinstance(found, CategoryFound) else 0)


@delete("/categories/{category_id:str}", summary="Remove a category", refuses=["not_found", "category_in_use"])
async def remove_category(context: Injected, category_id: FromPath[str]) -> None:
    """Remove a category that no product is in, and none below it. Its paths are gone (410)."""
    answer = await context.bus.ask(RemoveCategory(id=category_id))
    if isinstance(answer, NoSuchCategory):
        raise not_found("category")
    if isinstance(answer, CategoryInUse):
        said = f"{answer.products} products are in it, {answer.below} categories are just below it. Move them first."
        raise Problem(409, "category_in_use", said, products=answer.products, below=answer.below)


async def find_category(context: GatewayContext, path: str) -> CategoryFound:
    """Read a category by its path.

    Raises:
        Problem: 301: it has another path now; 404: it was never there; 410: it was removed.
    """
    found = await context.bus.ask(FindCategory(path=path))
    place = found.found.category.path if isinstance(found, CategoryFound) else found.path
    if isinstance(found, CategoryFound):
        name = found.found.category.id
        if place == path or (name != path and await is_called(context, "category", name, path)):
            return found
    if place:
        headers = {"Location": f"/categories/{place}"}
        raise Problem(301, "moved", f"It is at {headers['Location']} now.", headers=headers)
    if isinstance(found, NoSuchCategory) and found.is_gone:
        raise Problem(410, "gone", "This category is no longer there.")
    raise not_found("category")


_Named: TypeAlias = dict[str, str]


def _names(category: Category, texts: Texts) -> _Named:
    own = texts.get(category.id, _NO_TEXTS)
    return {"id": category.id, "path": own.slug or category.path, "title": own.title or category.title}


def _ref(category: Category, texts: Texts) -> CategoryRef:
    return CategoryRef(**_names(category, texts))


def _leaf(counted: CountedCategory, texts: Texts) -> CategoryLeaf:
    return CategoryLeaf(**_names(counted.category, texts), products=counted.products)


def _node(counted: CountedCategory, texts: Texts) -> CategoryNode:
    category = counted.category
    level = category.path.count("/") + 1
    return CategoryNode(**_names(category, texts), products=counted.products, parent=category.parent, level=level)


def _edited(category: Category, products: int) -> EditedCategory:
    return EditedCategory(
        **_names(category, {}),
        products=products,
        parent=category.parent,
        level=category.path.count("/") + 1,
        slug=category.slug,
        description=category.description,
        place=category.place,
    )


PUBLIC = [list_categories, get_category]
STAFF = [list_categories_to_edit, get_category_to_edit, set_category, remove_category]
