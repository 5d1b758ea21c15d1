"""The catalog: read by every buyer, written by staff and imports."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from actors.catalog import bundle_rules, bundles, changes, history, model_rules, rules, store
from actors.catalog.changes import Edit
from actors.catalog.sorting import sort_key
from bus.messages.base import Currency, ProductId, Sku
from bus.messages.catalog import (
    Bundles,
    Categories,
    ChangedMeanwhile,
    ChangeProduct,
    CheckSku,
    FieldsMoved,
    GetProduct,
    HistoryEntry,
    Imported,
    ImportSkus,
    LastSku,
    ListCategories,
    ListProducts,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    PartOfBundle,
    PricedSku,
    Prices,
    PriceSkus,
    Product,
    ProductExists,
    ProductHistory,
    ProductPage,
    Products,
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
from engine.actor import Actor, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that are given a key at a time.
_MOST_READ = 500


class Catalog(Actor):
    """Keeps products, their SKUs and prices."""

    def __init__(self, *, database: Database, clock: Clock, currency: Currency, language: str) -> None:
        self._database = database
        self._clock = clock
        self._currency = currency
        self._language = language

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
        candidates = await store.similar(self._database, ask.sku)
        is_sold = ask.sku in candidates
        return SkuCheck(is_sold=is_sold, similar=None if is_sold else rules.most_similar(ask.sku, candidates))

    @call(limit=4)
    async def history(self, ask: ReadHistory) -> ProductHistory:
        return await history.page(self._database, ask)

    @turn
    async def import_skus(self, tx: Transaction, ask: ImportSkus) -> Imported:
        if len(ask.rows) > 1000:
            raise BadInput("at most 1,000 rows in one request")
        known = await store.lock(tx, {row.product_id for row in ask.rows})
        good, refused = rules.sort_rows(ask.rows, self._currency, *await store.taken(tx, ask.rows))
        products = rules.merged(known, good)
        reasons = model_rules.refusals(products, known, tx.now)
        fine = [product for product in products if product.id not in reasons]
        reasons |= rules.taken_barcodes(fine, await store.barcodes(tx, fine))
        around = await bundles.around(tx, bundle_rules.named(fine))
        fine = [product for product in fine if product.id not in reasons]
        while unfit := bundle_rules.refusals(fine, around):  # Others may have needed what is refused now.
            reasons |= unfit
            fine = [product for product in fine if product.id not in unfit]
        refused += [(place, reasons[row.product_id]) for place, row in enumerate(ask.rows) if row.product_id in reasons]
        if not ask.is_trial:
            edits = changes.edits(known, fine)
            tx.publish(*await store.save(tx, edits, by=ask.by, language=self._language))
        refused_rows = dict(sorted(refused))
        return Imported(written=len(ask.rows) - len(refused_rows), refused=tuple(refused_rows.items()))

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
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        if found is None:
            return NoSuchProduct(id=ask.id)
        if twice := rules.named_twice(ask.skus or ()):
            raise BadInput(f"sku {twice} is named twice")
        if moved := await self._moved(tx, found, ask.expected):
            return moved
        answer = await self._save(tx, found, rules.changed(found, ask), ask.by)
        assert not isinstance(answer, PartOfBundle)  # No SKU is taken off.
        return answer

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
            is_done = is_done and await store.was_renamed(tx, found.id, [ask.sku], [ask.name])
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
    async def categories(self, tx: Transaction, asks: Sequence[ListCategories]) -> Sequence[Categories]:
        names = sorted(await store.categories(tx), key=lambda name: (sort_key(name, self._language), name))
        return [Categories(names=tuple(names))] * len(asks)

    async def _save(
        self, tx: Transaction, before: Product | None, after: Product, by: str
    ) -> Product | ProductExists | PartOfBundle:
        """Write a product, unless a name is taken, or a SKU that is gone is needed.

        Raises:
            BadInput: Something about it does not fit.
        """
        if refused := model_rules.refusal(after, before, tx.now):
            raise BadInput(refused)
        if taken := await self._refusal(tx, after):
            return taken
        owners = await store.barcodes(tx, [after])
        left = {sku.sku for sku in before.skus} if before else set[Sku]()  # They may hand theirs on.
        others = {code: sku for code, sku in owners.items() if sku not in left}
        why = rules.taken_barcodes([after], others).get(after.id)
        around = await bundles.around(tx, bundle_rules.named([after], [before] if before else ()))
        if why := why or bundle_rules.refusals([after], around).get(after.id):
            raise BadInput(why)
        return bundle_rules.still_needed(before, after, around.uses) or await self._write(tx, before, after, by)

    async def _refusal(self, tx: Transaction, product: Product, but: Product | None = None) -> ProductExists | None:
        """Check a product to be written.

        Args:
            tx: In which the catalog is locked.
            product: As it shall be.
            but: A state of it whose SKUs are not checked again.

        Raises:
            BadInput: Something about it does not fit.
        """
        checked = {sku.sku for sku in but.skus} if but else set[Sku]()
        rows = [row for row in rules.rows_of(product) if row.sku not in checked]
        owners, slugs = await store.taken(tx, rows)
        if (but and owners) or any(owner != product.id for owner in (*owners.values(), *slugs.values())):
            return ProductExists(id=product.id)
        _, refused = rules.sort_rows(rows, self._currency, owners, slugs)
        if refused:
            raise BadInput(refused[0][1])
        return None

    async def _write(self, tx: Transaction, before: Product | None, after: Product, by: str) -> Product:
        edit = changes.edit(after.id, before, after)
        return before if before and not edit.fields else await self._write_edits(tx, [edit], by)

    async def _write_edits(self, tx: Transaction, edits: Sequence[Edit], by: str, renamed: Sku = "") -> Product:
        """Write changes that leave their products there; return the first of these."""
        told = await store.save(tx, edits, by=by, language=self._language, renamed=renamed)
        tx.publish(*told)
        after = edits[0].after
        assert after is not None
        return structs.replace(after, revision=told[0].revision)

    @staticmethod
    async def _needed(tx: Transaction, before: Product, after: Product | None) -> PartOfBundle | None:
        uses = await bundles.uses(tx, [sku.sku for sku in before.skus])
        return bundle_rules.still_needed(before, after, uses)

    async def _remove(self, tx: Transaction, product: Product, by: str) -> Removed | PartOfBundle:
        if needed := await self._needed(tx, product, None):
            return needed
        edit = changes.edit(product.id, product, None)
        tx.publish(*await store.save(tx, [edit], by=by, language=self._language))
        return Removed(id=product.id)

    @staticmethod
    async def _moved(tx: Transaction, product: Product, expected: int | None) -> ChangedMeanwhile | None:
        """Return what has happened to a product since a revision; None if it is still of this one."""
        if expected is None or product.revision == expected:
            return None
        since = await history.since(tx, product.id, expected)
        return ChangedMeanwhile(id=product.id, revision=product.revision, changes=since)

    @staticmethod
    async def _is_rename(tx: Transaction, product_id: ProductId, entry: HistoryEntry) -> bool:
        removed, added = changes.removed_skus(entry.fields), changes.added_skus(entry.fields)
        return await store.was_renamed(tx, product_id, removed, added)


def _seen(product: Product | None, ask: GetProduct, now: datetime) -> Product | None:
    return product if product and (ask.even_hidden or model_rules.is_visible(product, now)) else None
