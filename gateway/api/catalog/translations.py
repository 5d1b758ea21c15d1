"""Products in other languages, kept by staff."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from litestar import delete, get, put
from litestar.params import FromPath, JSONBody
from msgspec import structs

from bus.messages.base import Instant
from bus.messages.catalog import GetProduct, NoSuchProduct, Product
from bus.messages.navigation import PathTaken
from bus.messages.translations import (
    DropTranslation,
    NoSuchTranslation,
    ProductTexts,
    ReadTranslations,
    Translate,
    Translation,
)
from gateway.api.bodies import LARGEST, Body, Strict, View
from gateway.api.catalog.bodies import Seo, Short, Slug, Text
from gateway.api.catalog.refusals import path_taken
from gateway.api.lists import WholeListView
from gateway.context import GatewayContext, Injected
from gateway.problems import not_found


class TranslationBody(Body, frozen=True, kw_only=True):
    """All of a translation; what is left out is shown in the shop's language.

    `options` are names and values of options, by what the product calls them: `{"Size": "Größe"}`. `of_revision` is the
    product's revision that the translator has read; without it, the present one.
    """

    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    description: Text = ""
    slug: Slug | None = None
    seo_title: Seo = ""
    seo_description: Seo = ""
    options: dict[Short, Short] = msgspec.field(default_factory=dict)
    of_revision: Annotated[int, msgspec.Meta(ge=1, le=LARGEST)] | None = None


class TranslationView(View, frozen=True, kw_only=True):
    """A translation. It is `outdated` once a text of the product has changed after `of_revision`."""

    locale: str
    title: str
    description: str
    slug: str
    seo_title: str
    seo_description: str
    options: dict[str, str]
    of_revision: int
    outdated: bool
    at: Instant


class TranslationList(WholeListView[TranslationView], frozen=True, kw_only=True):
    """All translations of a product, by locale."""


@get("/products/{product_id:str}/translations", summary="List translations of a product", refuses=["not_found"])
async def list_translations(context: Injected, product_id: FromPath[str]) -> TranslationList:
    """List all translations of a product."""
    product = await _product(context, product_id)
    found = await context.bus.ask(ReadTranslations(ids=(product.id,)))
    return TranslationList(items=_views(found.translations))


@put(
    "/products/{product_id:str}/translations/{locale:str}",
    dto=Strict[TranslationBody],
    return_dto=None,
    summary="Translate a product",
    refuses=["not_found", "path_taken"],
)
async def set_translation(
    context: Injected, product_id: FromPath[str], locale: FromPath[str], data: JSONBody[TranslationBody]
) -> TranslationView:
    """Set all of a translation. Its slug leads to the product, and so does each that it had."""
    product = await _product(context, product_id)
    texts = ProductTexts(
        title=data.title,
        description=data.description,
        slug=data.slug or "",
        seo_title=data.seo_title,
        seo_description=data.seo_description,
        options=data.options,
    )
    ask = Translate(id=product.id, locale=locale, texts=texts, of_revision=data.of_revision)
    answer = await context.bus.ask(ask)
    if isinstance(answer, NoSuchProduct):
        raise not_found("product")
    if isinstance(answer, PathTaken):
        raise path_taken(answer)
    return _views([answer])[0]


@delete("/products/{product_id:str}/translations/{locale:str}", summary="Remove a translation", refuses=["not_found"])
async def drop_translation(context: Injected, product_id: FromPath[str], locale: FromPath[str]) -> None:
    """Remove a translation: the product is shown in the shop's language instead."""
    product = await _product(context, product_id)
    if isinstance(await context.bus.ask(DropTranslation(id=product.id, locale=locale)), NoSuchTranslation):
        raise not_found("translation")


async def _product(context: GatewayContext, product_id: str) -> Product:
    found = await context.bus.ask(GetProduct(id=product_id, even_hidden=True))
    if isinstance(found, NoSuchProduct):
        raise not_found("product")
    return found


def _views(translations: Sequence[Translation]) -> list[TranslationView]:
    return [
        TranslationView(
            **structs.asdict(each.texts),
            locale=each.locale,
            of_revision=each.of_revision,
            outdated=each.is_outdated,
            at=each.at,
        )
        for each in translations
    ]


STAFF = [list_translations, set_translation, drop_translation]
