"""The catalog: read by every buyer, written by staff and imports."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import structs

from actors.catalog import (
    attribute_rules,
    bundle_rules,
    bundles,
    categories,
    category_rules,
    changes,
    copies,
    definitions,
    history,
    importing,
    model_rules,
    planned,
    planning_rules,
    rules,
    store,
    translations,
)
from actors.catalog.changes import Edit
from actors.catalog.definition_turns import DefinitionTurns
from actors.catalog.private import ApplyPlanned
from actors.catalog.sorting import sort_key
from actors.catalog.translating import Translating
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
    SkuRow,
    UndoChange,
    UndoneChanges,
    UndoSkus,
)
from bus.messages.catalog_copies import ListStamps, ProductStamps, ReadSkuProducts
from bus.messages.planning import (
    MOST_PLANNED,
    DropPlannedChange,
    ListPlannedChanges,
    NoSuchPlan,
    PlanChange,
    PlannedChange,
    PlannedChangeDropped,
    PlannedChanges,
)
from engine.actor import call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_AT_ONCE = 500  # Products that are given a key at a time.
_MOST_READ = 500
_STAMPS = 5000
_UNDONE_AT_ONCE = 200


class Catalog(DefinitionTurns, Translating):
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
        products, made, unsettled = await categories.settled(tx, rules.merged(known, good), known)
        products, misfits = await self._with_cells(tx, products, good)
        reasons = {**unsettled, **misfits, **model_rules.refusals(products, known, tx.now)}
        fine = [product for product in products if product.id not in reasons]
        reasons |= rules.taken_barcodes(fine, await store.barcodes(tx, fine))
        around = await bundles.around(tx, bundle_rules.named(fine))
        fine = [product for product in fine if product.id not in reasons]
        while unfit := bundle_rules.refusals(fine, around):  # Others may have needed what is refused now.
            reasons |= unfit
            fine = [product for product in fine if product.id not in unfit]
        refused += [(place, reasons[row.product_id]) for place, row in enumerate(ask.rows) if row.product_id in reasons]
        edits = changes.edits(known, fine)
        if not ask.is_trial:
            await categories.add(tx, category_rules.needed(made, fine))
            tx.publish(*await store.save(tx, edits, by=ask.by, language=self._language, import_id=ask.import_id))
        fields = {edit.product_id: edit.fields for edit in edits}
        for earlier in await history.imported_before(tx, ask.import_id, known) if ask.is_again else ():
            fields[earlier.product_id] = (*earlier.fields, *fields.get(earlier.product_id, ()))
        reasons_by_row = dict(sorted(refused))
        outcomes, shown = importing.outcomes(ask.rows, reasons_by_row, fields, ask.details)
        return Imported(
            written=len(ask.rows) - len(reasons_by_row),
            refused=tuple(reasons_by_row.items()),
            outcomes=outcomes,
            changes=shown,
        )

    @turn
    async def undo_skus(self, tx: Transaction, ask: UndoSkus) -> UndoneChanges:
        entries = await history.imported(tx, ask.import_id, ask.below, _UNDONE_AT_ONCE)
        known = await store.lock(tx, {entry.product_id for entry in entries})
        made = importing.restored(known, entries, tx.now)
        slugs = await store.slug_owners(tx, [edit.slugs[1] for edit in made.edits])
        barcodes = await store.barcodes(tx, [edit.after for edit in made.edits if edit.after])
        made = importing.without_taken_names(made, slugs, barcodes)
        after = [edit.after for edit in made.edits if edit.after]
        made = importing.without_refused(made, (await categories.settled(tx, after, known)).refused)
        around = await bundles.around(tx, importing.named(made))
        made = importing.without_unfit_bundles(made, around)
        tx.publish(*await store.save(tx, made.edits, by=ask.by, language=self._language))
        is_last = len(entries) < _UNDONE_AT_ONCE
        return UndoneChanges(
            restored=len(made.edits), kept=tuple(made.kept), next=None if is_last else entries[-1].revision
        )

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

    async def _change(
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

    async def plan(self, tx: Transaction, ask: PlanChange) -> PlannedChange | NoSuchProduct:
        if ask.product_id not in await store.lock(tx, [ask.product_id]):
            return NoSuchProduct(id=ask.product_id)
        before = await planned.one(tx, ask.product_id, ask.id)
        if refused := planning_rules.refusal(ask.due, ask.change, before, tx.now):
            raise BadInput(refused)
        if await planned.number(tx, ask.product_id, but=ask.id) >= MOST_PLANNED:
            raise BadInput(f"at most {MOST_PLANNED} changes of a product are to come")
        change = structs.replace(ask.change, id=ask.product_id)
        plan = PlannedChange(id=ask.id, product_id=ask.product_id, due=ask.due, change=change, by=change.by)
        await planned.write(tx, plan)
        tx.schedule(ApplyPlanned(product_id=plan.product_id, id=plan.id), plan.due)
        return plan

    @turn
    async def apply_planned(self, tx: Transaction, ask: ApplyPlanned) -> None:
        """Make a planned change by the rules of all changes. One that does not fit any more is kept, with why."""
        await store.lock(tx, ())
        plan = await planned.one(tx, ask.product_id, ask.id)
        if plan is None or plan.done_at is not None or plan.due > tx.now:
            return  # It was dropped, or has another time by now, and so another timer.
        try:
            refused = planning_rules.reason(await self._change(tx, plan.change))
        except BadInput as error:  # Raised before anything is written.
            refused = str(error)
        await planned.note_done(tx, plan.id, refused)

    @turn
    async def drop_planned(self, tx: Transaction, ask: DropPlannedChange) -> PlannedChangeDropped | NoSuchPlan:
        await store.lock(tx, ())
        plan = await planned.one(tx, ask.product_id, ask.id)
        if plan is None or plan.done_at is not None:
            return NoSuchPlan(id=ask.id)
        await planned.drop(tx, plan.id)
        return PlannedChangeDropped(id=plan.id)

    @call(limit=4)
    async def list_planned(self, ask: ListPlannedChanges) -> PlannedChanges:
        return PlannedChanges(changes=await planned.of_product(self._database, ask.product_id))

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
    async def category_names(self, tx: Transaction, asks: Sequence[ListCategories]) -> Sequence[Categories]:
        names = sorted(await store.categories(tx), key=lambda name: (sort_key(name, self._language), name))
        return [Categories(names=tuple(names))] * len(asks)

    @staticmethod
    async def _called(tx: Transaction, slugs: Sequence[str]) -> dict[str, Product]:
        """Return the products that are called so in another language."""
        owners = await translations.by_slug(tx, slugs)
        found = {each.id: each for each in await store.by_id(tx, {*owners.values()})} if owners else {}
        return {slug: found[owner] for slug, owner in owners.items() if owner in found}

    async def _save(
        self, tx: Transaction, before: Product | None, after: Product, by: str
    ) -> Product | ProductExists | PartOfBundle:
        """Write a product, unless a name is taken, or a SKU that is gone is needed.

        Raises:
            BadInput: Something about it does not fit.
        """
        after = attribute_rules.normal(after)
        settled = await categories.settled(tx, [after], {after.id: before} if before else {})
        refused = settled.refused.get(after.id) or model_rules.refusal(after, before, tx.now)
        if refused := refused or await self._misfit(tx, after):
            raise BadInput(refused)
        after = settled.products[0]
        if taken := await self._refusal(tx, after):
            return taken
        owners = await store.barcodes(tx, [after])
        left = {sku.sku for sku in before.skus} if before else set[Sku]()  # They may hand theirs on.
        others = {code: sku for code, sku in owners.items() if sku not in left}
        why = rules.taken_barcodes([after], others).get(after.id)
        around = await bundles.around(tx, bundle_rules.named([after], [before] if before else ()))
        if why := why or bundle_rules.refusals([after], around).get(after.id):
            raise BadInput(why)
        if needed := bundle_rules.still_needed(before, after, around.uses):
            return needed
        await categories.add(tx, category_rules.needed(settled.made, [after]))
        return await self._write(tx, before, after, by)

    @staticmethod
    async def _misfit(tx: Transaction, product: Product) -> str | None:
        """Say what is wrong with a product's attributes and its type; None if nothing is."""
        if product.type_id and await definitions.type_of(tx, product.type_id) is None:
            return f"type_id: there is no type {product.type_id[:100]}"
        if not attribute_rules.has_any(product):
            return None
        return attribute_rules.refusal(product, await definitions.by_key(tx))

    @staticmethod
    async def _with_cells(
        tx: Transaction, products: Sequence[Product], rows: Sequence[SkuRow]
    ) -> tuple[list[Product], dict[ProductId, str]]:
        """Return products with the attributes of their lines, and the reasons to refuse some."""
        if not any(row.attributes for row in rows):
            return list(products), {}
        return attribute_rules.read_all(products, rows, await definitions.by_key(tx))

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
