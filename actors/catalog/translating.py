"""The catalog's handlers of products in other languages."""

from actors.catalog import store, translation_rules, translations
from actors.catalog.navigation import Navigation
from bus.messages.catalog import NoSuchProduct
from bus.messages.navigation import PathTaken
from bus.messages.translations import (
    MOST_ASKED_LOCALES,
    MOST_LOCALES,
    DropTranslation,
    NoSuchTranslation,
    ReadTranslations,
    Translate,
    Translation,
    TranslationDropped,
    Translations,
)
from engine.actor import call, turn
from engine.errors import BadInput
from engine.transaction import Transaction

_MOST_READ = 500


class Translating(Navigation):
    """Keeps translations of products. A part of the catalog, which inherits its handlers."""

    @turn
    async def translate(self, tx: Transaction, ask: Translate) -> Translation | NoSuchProduct | PathTaken:
        if refused := translation_rules.refusal(ask.locale, ask.texts, self._language):
            raise BadInput(refused)
        product = (await store.lock(tx, [ask.id])).get(ask.id)
        if product is None:
            return NoSuchProduct(id=ask.id)
        of_revision = product.revision if ask.of_revision is None else ask.of_revision
        if not 0 < of_revision <= product.revision:
            raise BadInput(f"of_revision: the product is at {product.revision}")
        slug = ask.texts.slug
        if slug and (other := await translations.slug_owner(tx, slug, ask.id)):
            return PathTaken(path=slug, by=other)
        before = await translations.read(tx, [ask.id], [ask.locale])
        if not before and await translations.number(tx, ask.id) >= MOST_LOCALES:
            raise BadInput(f"at most {MOST_LOCALES} locales")
        await translations.write(tx, ask.id, ask.locale, ask.texts, of_revision)
        if not before or before[0].texts != ask.texts:
            await self._renumber(tx, [ask.id])
        await translations.move_slug(tx, ask.id, before[0].texts.slug if before else "", slug)
        return (await translations.read(tx, [ask.id], [ask.locale]))[0]

    @turn
    async def drop_translation(self, tx: Transaction, ask: DropTranslation) -> TranslationDropped | NoSuchTranslation:
        await store.lock(tx, ())
        before = await translations.read(tx, [ask.id], [ask.locale])
        if not before:
            return NoSuchTranslation(id=ask.id, locale=ask.locale)
        await translations.drop(tx, ask.id, ask.locale)
        await self._renumber(tx, [ask.id])
        await translations.move_slug(tx, ask.id, before[0].texts.slug, "")
        return TranslationDropped(id=ask.id, locale=ask.locale)

    @call(limit=16)
    async def read_translations(self, ask: ReadTranslations) -> Translations:
        if len(ask.ids) > _MOST_READ or len(ask.locales or ()) > MOST_ASKED_LOCALES:
            raise BadInput(f"at most {_MOST_READ} products and {MOST_ASKED_LOCALES} locales in one request")
        return Translations(translations=tuple(await translations.read(self._database, ask.ids, ask.locales)))
