"""The catalog: read by every buyer, written by staff and imports."""

from collections.abc import Sequence

from msgspec import structs

from actors.catalog import (
    attribute_rules,
    categories,
    category_rules,
    changes,
    definitions,
    history,
    importing,
    model_rules,
    planned,
    planning_rules,
    rules,
    store,
    views,
)
from actors.catalog.definition_turns import DefinitionTurns
from actors.catalog.private import ApplyPlanned
from actors.catalog.reading import Reading
from actors.catalog.translating import Translating
from actors.catalog.viewing import ViewFloors
from bus.messages.base import Currency, ProductId, Sku
from bus.messages.catalog import (
    ChangedMeanwhile,
    ChangeProduct,
    FieldsMoved,
    HistoryEntry,
    Imported,
    ImportSkus,
    LastSku,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    NotComplete,
    Product,
    ProductExists,
    PublishProduct,
    Removed,
    RemoveProduct,
    RemoveSku,
    RenameSku,
    SetProduct,
    SkuRow,
    UndoChange,
    UndoneChanges,
    UndoSkus,
)
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
_UNDONE_AT_ONCE = 200


class Catalog(DefinitionTurns, Reading, Translating):
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
        refused += [(place, reasons[row.product_id]) for place, row in enumerate(ask.rows) if row.product_id in reasons]
        written = [product for product in fine if product.id not in reasons]
        edits = changes.edits(known, written)
        if not ask.is_trial:
            await categories.add(tx, category_rules.needed(made, written))
            await self._store(tx, edits, by=ask.by, import_id=ask.import_id)
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
        await self._store(tx, made.edits, by=ask.by)
        is_last = len(entries) < _UNDONE_AT_ONCE
        return UndoneChanges(
            restored=len(made.edits), kept=tuple(made.kept), next=None if is_last else entries[-1].revision
        )

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
        return await self._change(tx, ask)

    async def _change(
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

    async def _save(self, tx: Transaction, before: Product | None, after: Product, by: str) -> Product | ProductExists:
        """Write a product, unless a name is taken.

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
        if why := rules.taken_barcodes([after], others).get(after.id):
            raise BadInput(why)
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

    async def _write(
        self, tx: Transaction, before: Product | None, after: Product, by: str, renamed: Sku = ""
    ) -> Product:
        edit = changes.edit(after.id, before, after)
        if before and not edit.fields:
            return before
        told = await self._store(tx, [edit], by=by, renamed=renamed)
        return structs.replace(after, revision=told[0].revision)

    async def _remove(self, tx: Transaction, product: Product, by: str) -> Removed:
        edit = changes.edit(product.id, product, None)
        await self._store(tx, [edit], by=by)
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
