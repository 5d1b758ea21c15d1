"""The catalog: read by every buyer, written by staff and imports."""

from msgspec import structs

from actors.catalog import (
    attribute_rules,
    bundle_rules,
    bundles,
    changes,
    definitions,
    history,
    rules,
    sku_store,
    store,
    views,
)
from actors.catalog.definition_turns import DefinitionTurns
from actors.catalog.import_turns import ImportTurns
from actors.catalog.planned_turns import PlannedTurns
from actors.catalog.reading import Reading
from actors.catalog.translating import Translating
from actors.catalog.viewing import ViewFloors
from bus.messages.base import Currency, ProductId
from bus.messages.catalog import (
    ChangedMeanwhile,
    ChangeProduct,
    FieldsMoved,
    HistoryEntry,
    LastSku,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    NotComplete,
    PartOfBundle,
    Product,
    ProductExists,
    PublishProduct,
    Removed,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SetProduct,
    UndoChange,
)
from engine.actor import turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that are given a key at a time.


class Catalog(DefinitionTurns, ImportTurns, PlannedTurns, Reading, Translating):
    """Keeps products, their SKUs and prices, and the ways that lead to them."""

    def __init__(
        self, *, database: Database, clock: Clock, currency: Currency, language: str, floors: ViewFloors
    ) -> None:
        super().__init__(database=database, clock=clock, language=language, floors=floors)
        self._currency = currency

    async def run(self) -> None:
        """Sort and show products that were written under another language, or by an older version."""
        while await store.has_unsorted(self._database, self._language):
            async with self._database.transaction(self._clock.now()) as tx:
                await store.sort(tx, self._language, _AT_ONCE)

        last = ""
        while found := await views.missing(self._database, last, _AT_ONCE):
            async with self._database.transaction(self._clock.now()) as tx:
                await views.write_missing(tx, found)
            last = found[-1]

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

    @staticmethod
    async def _is_rename(tx: Transaction, product_id: ProductId, entry: HistoryEntry) -> bool:
        removed, added = changes.removed_skus(entry.fields), changes.added_skus(entry.fields)
        return await sku_store.was_renamed(tx, product_id, removed, added)
