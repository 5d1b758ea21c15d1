"""The catalog: read by every buyer, written by staff and imports."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from actors.catalog import (
    attribute_rules,
    bundle_rules,
    bundles,
    changes,
    copies,
    definitions,
    history,
    model_rules,
    rules,
    sku_store,
    store,
    translations,
)
from actors.catalog.definition_turns import DefinitionTurns
from actors.catalog.import_turns import ImportTurns
from actors.catalog.planned_turns import PlannedTurns
from actors.catalog.sorting import sort_key
from actors.catalog.translating import Translating
from bus.messages.base import Currency, ProductId
from bus.messages.catalog import (
    Bundles,
    Categories,
    ChangedMeanwhile,
    ChangeProduct,
    CheckSku,
    FieldsMoved,
    GetProduct,
    HistoryEntry,
    LastSku,
    ListCategories,
    ListProducts,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    NotComplete,
    PartOfBundle,
    PricedSku,
    Prices,
    PriceSkus,
    Product,
    ProductExists,
    ProductHistory,
    ProductPage,
    Products,
    PublishProduct,
    ReadBundles,
    ReadChanges,
    ReadHistory,
    ReadProducts,
    Removed,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SetProduct,
    SkuCheck,
    UndoChange,
)
from bus.messages.catalog_copies import ListStamps, ProductStamps, ReadSkuProducts
from engine.actor import call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that are given a key at a time.
_MOST_READ = 500
_STAMPS = 5000


class Catalog(DefinitionTurns, ImportTurns, PlannedTurns, Translating):
    """Keeps products, their SKUs and prices, and the ways that lead to them."""

    def __init__(self, *, database: Database, clock: Clock, currency: Currency, language: str) -> None:
        super().__init__(database=database, clock=clock, language=language)
        self._currency = currency

    async def run(self) -> None:
        """Sort products that were written under another language, or by an older version."""
        while await store.has_unsorted(self._database, self._language):
            async with self._database.transaction(self._clock.now()) as tx:
                await store.sort(tx, self._language, _AT_ONCE)

    @call(limit=4)  # A statement outside any turn: a slow search delays no price.
    async def browse(self, ask: ListProducts) -> ProductPage:
        return await store.page(self._database, ask, self._clock.now())

    @turn
    async def get(self, tx: Transaction, asks: Sequence[GetProduct]) -> Sequence[Product | NoSuchProduct]:
        found = await store.by_id(tx, {ask.id for ask in asks})
        known = {product.slug: product for product in found} | {product.id: product for product in found}
        if unknown := [ask.id for ask in asks if ask.id not in known]:
            known |= await self._called(tx, unknown)
        missing = [ask.id for ask in asks if ask.id not in known]
        former = await history.former_slugs(tx, missing) if missing else {}
        return [_seen(known.get(ask.id), ask, tx.now) or rules.missing(ask.id, former) for ask in asks]

    @call(limit=4)
    async def read(self, ask: ReadProducts) -> Products:
        if len(ask.ids) > _MOST_READ:
            raise BadInput(f"at most {_MOST_READ} products in one request")
        return Products(products=tuple(await store.read(self._database, ask.ids)))

    @call(limit=4)
    async def changes(self, ask: ReadChanges) -> Products:
        limit = min(max(ask.limit, 1), _MOST_READ)
        return Products(products=tuple(await store.changes(self._database, ask.after, limit)))

    @call(limit=4)
    async def of_skus(self, ask: ReadSkuProducts) -> Products:
        if len(ask.skus) > _MOST_READ:
            raise BadInput(f"at most {_MOST_READ} SKUs in one request")
        ids = await copies.products_of(self._database, ask.skus)
        return Products(products=tuple(await store.read(self._database, ids)))

    @call(limit=1)
    async def stamps(self, ask: ListStamps) -> ProductStamps:
        found = await copies.stamps(self._database, ask.after, _STAMPS)
        return ProductStamps(stamps=tuple(found), next=found[-1].id if len(found) == _STAMPS else None)

    @turn
    async def price(self, tx: Transaction, asks: Sequence[PriceSkus]) -> Sequence[Prices]:
        known: dict[str, PricedSku] = await store.prices(tx, {sku for ask in asks for sku in ask.skus})
        return [Prices(skus=tuple(known[sku] for sku in ask.skus if sku in known)) for ask in asks]

    @turn
    async def bundles(self, tx: Transaction, asks: Sequence[ReadBundles]) -> Sequence[Bundles]:
        known = await bundles.read(tx, {sku for ask in asks for sku in ask.skus})
        return [Bundles(bundles=tuple(known[sku] for sku in ask.skus if sku in known)) for ask in asks]

    @call(limit=4)
    async def check_sku(self, ask: CheckSku) -> SkuCheck:
        candidates = await sku_store.similar(self._database, ask.sku)
        is_sold = ask.sku in candidates
        return SkuCheck(is_sold=is_sold, similar=None if is_sold else rules.most_similar(ask.sku, candidates))

    @call(limit=4)
    async def history(self, ask: ReadHistory) -> ProductHistory:
        return await history.page(self._database, ask)

    @turn
    async def set(
        self, tx: Transaction, ask: SetProduct
    ) -> Product | NoSuchProduct | ProductExists | ChangedMeanwhile | PartOfBundle:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        skus = rules.cheapest_first([bundle_rules.recipe(sku) for sku in ask.product.skus])
        product = structs.replace(ask.product, id=ask.id, skus=skus)
        if found is None:
            return NoSuchProduct(id=ask.id) if ask.expected else await self._save(tx, None, product, ask.by)
        if not ask.expected:
            return ProductExists(id=ask.id)
        return await self._moved(tx, found, ask.expected) or await self._save(tx, found, product, ask.by)

    @turn
    async def change(
        self, tx: Transaction, ask: ChangeProduct
    ) -> Product | NoSuchProduct | ProductExists | ChangedMeanwhile:
        return await self._change(tx, ask)

    @turn
    async def publish(self, tx: Transaction, ask: PublishProduct) -> Product | NoSuchProduct | NotComplete:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        if found is None:
            return NoSuchProduct(id=ask.id)
        kind = await definitions.type_of(tx, found.type_id) if found.type_id else None
        if kind and not ask.even_incomplete:
            lacking = attribute_rules.missing(found, kind, await definitions.by_key(tx))
            if lacking:
                return NotComplete(id=ask.id, missing=lacking)
        return await self._write(tx, found, structs.replace(found, status="active"), ask.by)

    @turn
    async def remove(self, tx: Transaction, ask: RemoveProduct) -> Removed | NoSuchProduct | PartOfBundle:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        return await self._remove(tx, found, ask.by) if found else NoSuchProduct(id=ask.id)

    @turn
    async def remove_sku(
        self, tx: Transaction, ask: RemoveSku
    ) -> Product | NoSuchProduct | NoSuchSku | LastSku | PartOfBundle:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        if found is None:
            return NoSuchProduct(id=ask.id)
        left = rules.without(found, ask.sku)
        if refused := rules.sku_removal(found, ask.sku) or await self._needed(tx, found, left):
            return refused
        return await self._write(tx, found, left, ask.by)

    @turn
    async def rename_sku(self, tx: Transaction, ask: RenameSku) -> Product | NoSuchProduct | NoSuchSku | ProductExists:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        if found is None:
            return NoSuchProduct(id=ask.id)
        product = rules.renamed(found, ask)
        if product is None:
            is_done = any(sku.sku == ask.name for sku in found.skus)
            is_done = is_done and await sku_store.was_renamed(tx, found.id, [ask.sku], [ask.name])
            return found if is_done else NoSuchSku(id=found.id, sku=ask.sku)
        if ask.name == ask.sku:
            return found
        refused = await self._refusal(tx, product, but=found)
        around = await bundles.around(tx, {ask.sku, ask.name})
        if not refused and (why := bundle_rules.rename_refusal(found, ask, around)):
            raise BadInput(why)
        if refused or ask.is_trial:
            return refused or found
        users = await store.lock(tx, {use.product_id for use in around.uses} - {found.id})
        edits = [
            changes.edit(each.id, each, bundle_rules.with_renamed(after, ask.sku, ask.name))
            for each, after in ((found, product), *((user, user) for user in users.values()))
        ]
        return await self._write_edits(tx, edits, ask.by, renamed=ask.name)

    @turn
    async def undo(
        self, tx: Transaction, ask: UndoChange
    ) -> Product | Removed | NoSuchProduct | NoSuchChange | FieldsMoved | ProductExists | PartOfBundle:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        entry = await history.entry(tx, ask.id, ask.revision)
        if entry is None or await self._is_rename(tx, ask.id, entry):
            return NoSuchChange(id=ask.id, revision=ask.revision)
        if moved := changes.moved_since(found, entry.fields):
            return FieldsMoved(id=ask.id, fields=moved)
        product = changes.undone(ask.id, found, entry.fields)
        if product is not None:
            return await self._save(tx, found, product, ask.by)
        assert found is not None
        return await self._remove(tx, found, ask.by)

    @turn
    async def category_names(self, tx: Transaction, asks: Sequence[ListCategories]) -> Sequence[Categories]:
        names = sorted(await store.categories(tx), key=lambda name: (sort_key(name, self._language), name))
        return [Categories(names=tuple(names))] * len(asks)

    @staticmethod
    async def _called(tx: Transaction, slugs: Sequence[str]) -> dict[str, Product]:
        """Return the products that are called so in another language."""
        owners = await translations.by_slug(tx, slugs)
        found = {each.id: each for each in await store.by_id(tx, {*owners.values()})} if owners else {}
        return {slug: found[owner] for slug, owner in owners.items() if owner in found}

    @staticmethod
    async def _is_rename(tx: Transaction, product_id: ProductId, entry: HistoryEntry) -> bool:
        removed, added = changes.removed_skus(entry.fields), changes.added_skus(entry.fields)
        return await sku_store.was_renamed(tx, product_id, removed, added)


def _seen(product: Product | None, ask: GetProduct, now: datetime) -> Product | None:
    return product if product and (ask.even_hidden or model_rules.is_visible(product, now)) else None
