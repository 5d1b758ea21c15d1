"""Products in other languages than the shop's. The catalog has them."""

from datetime import datetime
from typing import Final, TypeAlias

import msgspec

from bus.messages.base import ProductId, Value
from bus.messages.catalog import NoSuchProduct
from bus.messages.navigation import PathTaken
from engine.message import Command, Query, Reply

LOCALE: Final = r"[a-z]{2,3}(-[A-Z]{2})?"  # A language, or a language of a country. Source: BCP 47.
MOST_LOCALES: Final = 30  # Of one product.
MOST_ASKED_LOCALES: Final = 10

Locale: TypeAlias = str


class ProductTexts(Value, frozen=True, kw_only=True):
    """The texts of a product in another language; "" is not translated, and shown as the product has it."""

    title: str = ""
    description: str = ""
    slug: str = ""
    seo_title: str = ""
    seo_description: str = ""
    # Names of options and their values, by what the product calls them.
    options: dict[str, str] = msgspec.field(default_factory=dict)


class Translation(Reply):
    """A translation of a product, and whether texts of the product have changed since it was made."""

    product_id: ProductId
    locale: Locale
    texts: ProductTexts
    of_revision: int  # Of the product whose texts it is of.
    at: datetime
    is_outdated: bool


class Translate(Command[Translation | NoSuchProduct | PathTaken]):
    """Set all of a translation, or add one. A slug that it had leads to the product."""

    id: ProductId
    locale: Locale
    texts: ProductTexts
    of_revision: int | None = None  # That the translator has read; None: the present one.


class TranslationDropped(Reply):
    """The product is shown in its own language instead."""

    id: ProductId
    locale: Locale


class NoSuchTranslation(Reply):
    """The product has no translation into this language."""

    id: ProductId
    locale: Locale


class DropTranslation(Command[TranslationDropped | NoSuchTranslation]):
    """Remove a translation."""

    id: ProductId
    locale: Locale


class Translations(Reply):
    """Translations, by product and locale."""

    translations: tuple[Translation, ...]


class ReadTranslations(Query[Translations]):
    """Read translations of products, 500 at most."""

    ids: tuple[ProductId, ...]
    locales: tuple[Locale, ...] | None = None  # Only these, MOST_ASKED_LOCALES at most; None for all.
