"""The catalog: read by every buyer, written by staff and imports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import structs

from actors.catalog import changes, history, model_rules, rules, store, views
from actors.catalog.changes import Edit
from actors.catalog.sorting import sort_key
from bus.messages.base import Currency, ProductId, Sku
from bus.messages.catalog import (
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
    ListProductIds,
    ListProducts,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    PricedSku,
    Prices,
    PriceSkus,
    Product,
    ProductChanged,
    ProductExists,
    ProductHistory,
    ProductIdPage,
    ProductPage,
    ProductRemoved,
    Products,
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
from bus.messages.media import PicturesShown
from bus.messages.views import (
    MOST_CHANGES,
    MOST_VIEWS,
    ProductViews,
    ReadViewChanges,
    ReadViews,
    ViewChanges,
    ViewRevision,
)
from engine.actor import Actor, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that are given a key at a time.
_MOST_READ = 500


class ViewFloors(Protocol):
    """The revisions below which this process shows no view. A hint only: it is told of changes in other ways, too."""

    def raise_to(self, revisions: Sequence[ViewRevision]) -> None:
        """Show no older views of these products."""
        ...


class Catalog(Actor):
    """Keeps products, their SKUs and prices."""

    def __init__(
        self, *, database: Database, clock: Clock, currency: Currency, language: str, floors: ViewFloors
    ) -> None:
        self._database = database
        self._clock = clock
        self._currency = currency
        self._language = language
        self._floors = floors

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

    @call(limit=4)  # A statement outside any turn: a slow search delays no price.
    async def browse(self, ask: ListProducts) -> ProductPage:
        return await store.page(self._database, ask, self._clock.now())

    @call(limit=4)
    async def browse_ids(self, ask: ListProductIds) -> ProductIdPage:
        return await store.page_of_ids(self._database, ListProducts(**structs.asdict(ask)), self._clock.now())

    @call(limit=8)  # Outside any turn: an import delays no page.
    async def read_views(self, ask: ReadViews) -> ProductViews:
        if len(ask.names) > MOST_VIEWS:
            raise BadInput(f"at most {MOST_VIEWS} views in one request")
        return ProductViews(views=tuple(await views.read(self._database, ask.names)))

    @call(limit=8)
    async def read_view_changes(self, ask: ReadViewChanges) -> ViewChanges:
        if len(ask.known) > MOST_CHANGES:
            raise BadInput(f"at most {MOST_CHANGES} views in one request")
        return await views.changes(self._database, ask)

    @turn
    async def on_pictures(self, tx: Transaction, events: Sequence[PicturesShown]) -> None:
        await store.lock(tx, ())
        if products := await views.set_pictures(tx, events):
            before = await store.count(tx, len(products))
            numbers = [ViewRevision(product_id=each, revision=before + n) for n, each in enumerate(products, start=1)]
            await views.renumber(tx, numbers)
            self._tell(tx, [ProductChanged(product_id=each.product_id, revision=each.revision) for each in numbers])

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
        refused += [(place, reasons[row.product_id]) for place, row in enumerate(ask.rows) if row.product_id in reasons]
        if not ask.is_trial:
            edits = changes.edits(known, [product for product in fine if product.id not in reasons])
            await self._store(tx, edits, ask.by)
        refused_rows = dict(sorted(refused))
        return Imported(written=len(ask.rows) - len(refused_rows), refused=tuple(refused_rows.items()))

    @turn
    async def set(self, tx: Transaction, ask: SetProduct) -> Product | NoSuchProduct | ProductExists | ChangedMeanwhile:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        product = structs.replace(ask.product, id=ask.id, skus=rules.cheapest_first(ask.product.skus))
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
        return await self._moved(tx, found, ask.expected) or await self._save(
            tx, found, rules.changed(found, ask), ask.by
        )

    @turn
    async def remove(self, tx: Transaction, ask: RemoveProduct) -> Removed | NoSuchProduct:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        return await self._remove(tx, found, ask.by) if found else NoSuchProduct(id=ask.id)

    @turn
    async def remove_sku(self, tx: Transaction, ask: RemoveSku) -> Product | NoSuchProduct | NoSuchSku | LastSku:
        found = (await store.lock(tx, [ask.id])).get(ask.id)
        if found is None:
            return NoSuchProduct(id=ask.id)
        return rules.sku_removal(found, ask.sku) or await self._write(tx, found, rules.without(found, ask.sku), ask.by)

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
        if refused or ask.is_trial:
            return refused or found
        return await self._write(tx, found, product, ask.by, renamed=ask.name)

    @turn
    async def undo(
        self, tx: Transaction, ask: UndoChange
    ) -> Product | Removed | NoSuchProduct | NoSuchChange | FieldsMoved | ProductExists:
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

    async def _save(self, tx: Transaction, before: Product | None, after: Product, by: str) -> Product | ProductExists:
        """Write a product, unless a name is taken.

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
        if why := rules.taken_barcodes([after], others).get(after.id):
            raise BadInput(why)
        return await self._write(tx, before, after, by)

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

    async def _write(
        self, tx: Transaction, before: Product | None, after: Product, by: str, renamed: Sku = ""
    ) -> Product:
        edit = changes.edit(after.id, before, after)
        if before and not edit.fields:
            return before
        told = await self._store(tx, [edit], by, renamed)
        return structs.replace(after, revision=told[0].revision)

    async def _remove(self, tx: Transaction, product: Product, by: str) -> Removed:
        edit = changes.edit(product.id, product, None)
        await self._store(tx, [edit], by)
        return Removed(id=product.id)

    async def _store(
        self, tx: Transaction, edits: Sequence[Edit], by: str, renamed: Sku = ""
    ) -> Sequence[ProductChanged | ProductRemoved]:
        """Write changes with all that follows from them, and publish them."""
        told = await store.save(tx, edits, by=by, language=self._language, renamed=renamed)
        await views.write(tx, edits, told)
        self._tell(tx, told)
        return told

    def _tell(self, tx: Transaction, events: Sequence[ProductChanged | ProductRemoved]) -> None:
        """Publish changes. Once they are committed, before anybody is answered, this process shows nothing older."""
        tx.publish(*events)
        now = [ViewRevision(product_id=event.product_id, revision=event.revision) for event in events]
        tx.after_commit(lambda: self._floors.raise_to(now))

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
