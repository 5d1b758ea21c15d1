"""Categories, collections and attributes in other languages: kept by staff, and shown to buyers."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, TypeAlias

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import structs

from bus.messages.base import Instant
from bus.messages.navigation import PathTaken
from bus.messages.translations import Locale
from bus.messages.wordings import (
    DropWording,
    NoSuchWording,
    NothingToWord,
    ReadTexts,
    ReadWordings,
    SetWording,
    Wording,
    WordingKind,
    WordingTexts,
)
from gateway.api.bodies import LARGEST, Body, Strict, View
from gateway.api.catalog.bodies import Short, Text
from gateway.api.catalog.refusals import path_taken
from gateway.api.lists import WholeListView
from gateway.context import GatewayContext, Injected
from gateway.problems import not_found

Texts: TypeAlias = Mapping[str, WordingTexts]  # By id.

_Revision: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=LARGEST)]
_LONGEST_PATH: Final = 605  # Six slugs.


class WordingBody(Body, frozen=True, kw_only=True):
    """All texts in another language; what is left out is shown in the shop's.

    The slug of a category is a path of its own, such as `kleidung/hemden`. `of_revision` is the `revision` of the list
    that the translator has read; without it, the present one.
    """

    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    description: Text = ""
    slug: Annotated[str, msgspec.Meta(max_length=_LONGEST_PATH)] = ""
    of_revision: _Revision | None = None


class AttributeWordingBody(Body, frozen=True, kw_only=True):
    """All texts of an attribute in another language. `words` are its choices: `{"wool": "Wolle"}`."""

    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    words: Annotated[dict[Short, Short], msgspec.Meta(max_length=250)] = msgspec.field(default_factory=dict)
    of_revision: _Revision | None = None


class WordingView(View, frozen=True, kw_only=True):
    """Texts in another language. They are `outdated` once those in the shop's have changed after `of_revision`."""

    locale: str
    title: str
    description: str
    slug: str
    words: dict[str, str]
    of_revision: int
    outdated: bool
    at: Instant


class WordingList(WholeListView[WordingView], frozen=True, kw_only=True):
    """Texts in all languages, by locale. `revision` counts the changes of those in the shop's own."""

    revision: int


async def texts_of(context: GatewayContext, kind: WordingKind, wanted: Sequence[Locale]) -> Texts:
    """Read the texts of all things of a kind in the first of these languages that each has, without descriptions."""
    if not wanted:
        return {}
    found = await context.bus.ask(ReadTexts(kind=kind, locales=tuple(wanted)))
    return {each.id: each.texts for each in found.worded}


async def titles_of(context: GatewayContext, kind: WordingKind, wanted: Sequence[Locale]) -> dict[str, str]:
    """Read titles in the first of these languages that each thing has, by what it is called in the shop's."""
    found = (await context.bus.ask(ReadTexts(kind=kind, locales=tuple(wanted)))).worded if wanted else ()
    return {each.title: each.texts.title for each in found if each.texts.title}


async def texts_of_one(context: GatewayContext, kind: WordingKind, name: str, wanted: Sequence[Locale]) -> WordingTexts:
    """Read the texts of one thing in the first of these languages that it has; empty ones if it has none."""
    found = (await context.bus.ask(ReadTexts(kind=kind, locales=tuple(wanted), id=name))).worded if wanted else ()
    return found[0].texts if found else WordingTexts()


async def is_called(context: GatewayContext, kind: WordingKind, name: str, slug: str) -> bool:
    """Whether a thing has this slug in some language."""
    found = await context.bus.ask(ReadWordings(id=name, kind=kind))
    return not isinstance(found, NothingToWord) and any(each.texts.slug == slug for each in found.wordings)


@get("/categories/{category_id:str}/translations", summary="List translations of a category", refuses=["not_found"])
async def list_category_translations(context: Injected, category_id: FromPath[str]) -> WordingList:
    """List a category's texts in other languages."""
    return await _list(context, "category", category_id)


@put(
    "/categories/{category_id:str}/translations/{locale:str}",
    dto=Strict[WordingBody],
    return_dto=None,
    summary="Translate a category",
    refuses=["not_found", "path_taken"],
)
async def set_category_translation(
    context: Injected, category_id: FromPath[str], locale: FromPath[str], data: JSONBody[WordingBody]
) -> WordingView:
    """Set all texts of a category in another language. Its path there leads to it, and so does each that it had."""
    return await _set(context, "category", category_id, locale, data)


@delete(
    "/categories/{category_id:str}/translations/{locale:str}",
    summary="Remove a translation of a category",
    refuses=["not_found"],
)
async def drop_category_translation(context: Injected, category_id: FromPath[str], locale: FromPath[str]) -> None:
    """Remove a category's texts in another language."""
    await _drop(context, "category", category_id, locale)


@get(
    "/collections/{collection_id:str}/translations", summary="List translations of a collection", refuses=["not_found"]
)
async def list_collection_translations(context: Injected, collection_id: FromPath[str]) -> WordingList:
    """List a collection's texts in other languages."""
    return await _list(context, "collection", collection_id)


@put(
    "/collections/{collection_id:str}/translations/{locale:str}",
    dto=Strict[WordingBody],
    return_dto=None,
    summary="Translate a collection",
    refuses=["not_found", "path_taken"],
)
async def set_collection_translation(
    context: Injected, collection_id: FromPath[str], locale: FromPath[str], data: JSONBody[WordingBody]
) -> WordingView:
    """Set all texts of a collection in another language. Its slug there leads to it, and so does each that it had."""
    return await _set(context, "collection", collection_id, locale, data)


@delete(
    "/collections/{collection_id:str}/translations/{locale:str}",
    summary="Remove a translation of a collection",
    refuses=["not_found"],
)
async def drop_collection_translation(context: Injected, collection_id: FromPath[str], locale: FromPath[str]) -> None:
    """Remove a collection's texts in another language."""
    await _drop(context, "collection", collection_id, locale)


@get("/attributes/{key:str}/translations", summary="List translations of an attribute", refuses=["not_found"])
async def list_attribute_translations(context: Injected, key: FromPath[str]) -> WordingList:
    """List an attribute's texts in other languages."""
    return await _list(context, "attribute", key)


@put(
    "/attributes/{key:str}/translations/{locale:str}",
    dto=Strict[AttributeWordingBody],
    return_dto=None,
    summary="Translate an attribute",
    refuses=["not_found"],
)
async def set_attribute_translation(
    context: Injected, key: FromPath[str], locale: FromPath[str], data: JSONBody[AttributeWordingBody]
) -> WordingView:
    """Set the title of an attribute and of its choices in another language: facets show them."""
    return await _set(context, "attribute", key, locale, data)


@delete(
    "/attributes/{key:str}/translations/{locale:str}",
    summary="Remove a translation of an attribute",
    refuses=["not_found"],
)
async def drop_attribute_translation(context: Injected, key: FromPath[str], locale: FromPath[str]) -> None:
    """Remove an attribute's texts in another language."""
    await _drop(context, "attribute", key, locale)


async def _list(context: GatewayContext, kind: WordingKind, name: str) -> WordingList:
    found = await context.bus.ask(ReadWordings(id=name, kind=kind))
    if isinstance(found, NothingToWord):
        raise not_found(kind)
    return WordingList(items=list(map(_view, found.wordings)), revision=found.revision)


async def _set(
    context: GatewayContext, kind: WordingKind, name: str, locale: Locale, data: WordingBody | AttributeWordingBody
) -> WordingView:
    fields = structs.asdict(data)
    of_revision = fields.pop("of_revision")
    ask = SetWording(id=name, kind=kind, locale=locale, texts=WordingTexts(**fields), of_revision=of_revision)
    answer = await context.bus.ask(ask)
    if isinstance(answer, NothingToWord):
        raise not_found(kind)
    if isinstance(answer, PathTaken):
        raise path_taken(answer)
    return _view(answer)


async def _drop(context: GatewayContext, kind: WordingKind, name: str, locale: Locale) -> None:
    if isinstance(await context.bus.ask(DropWording(id=name, kind=kind, locale=locale)), NoSuchWording):
        raise not_found("translation")


def _view(wording: Wording) -> WordingView:
    return WordingView(
        **structs.asdict(wording.texts),
        locale=wording.locale,
        of_revision=wording.of_revision,
        outdated=wording.is_outdated,
        at=wording.at,
    )


STAFF = [
    list_category_translations,
    set_category_translation,
    drop_category_translation,
    list_collection_translations,
    set_collection_translation,
    drop_collection_translation,
    list_attribute_translations,
    set_attribute_translation,
    drop_attribute_translation,
]
