"""The catalog's turns about imports."""

from collections.abc import Sequence

from actors.catalog import (
    attribute_rules,
    bundle_rules,
    bundles,
    categories,
    category_rules,
    changes,
    definitions,
    history,
    importing,
    model_rules,
    rules,
    sku_store,
    store,
)
from actors.catalog.viewing import Viewing
from bus.messages.base import Currency, ProductId
from bus.messages.catalog import Product
from bus.messages.catalog_imports import Imported, ImportSkus, SkuRow, UndoneChanges, UndoSkus
from engine.actor import turn
from engine.errors import BadInput
from engine.transaction import Transaction

_UNDONE_AT_ONCE = 200


class ImportTurns(Viewing):
    """Writes pages of imports, and sets imports back. A part of the catalog, which inherits its turns."""

    _currency: Currency

    @turn
    async def import_skus(self, tx: Transaction, ask: ImportSkus) -> Imported:
        if len(ask.rows) > 1000:
            raise BadInput("at most 1,000 rows in one request")
        known = await store.lock(tx, {row.product_id for row in ask.rows})
        sizes, taken = {product.id: len(product.skus) for product in known.values()}, await store.taken(tx, ask.rows)
        good, refused = rules.sort_rows(ask.rows, self._currency, *taken, ask.begun, sizes)
        products, made, unsettled = await categories.settled(tx, rules.merged(known, good), known)
        products, misfits = await self._with_cells(tx, products, good)
        reasons = {**unsettled, **misfits, **model_rules.refusals(products, known, tx.now)}
        fine = [product for product in products if product.id not in reasons]
        reasons |= rules.taken_barcodes(fine, await sku_store.barcodes(tx, fine))
        around = await bundles.around(tx, bundle_rules.named(fine))
        around = around._replace(skus=around.skus.union(ask.tried if ask.is_trial else ()))
        fine = [product for product in fine if product.id not in reasons]
        while unfit := bundle_rules.refusals(fine, around):  # Others may have needed what is refused now.
            reasons |= unfit
            fine = [product for product in fine if product.id not in unfit]
        refused += [(place, reasons[row.product_id]) for place, row in enumerate(ask.rows) if row.product_id in reasons]
        edits = changes.edits(known, fine)
        if not ask.is_trial:
            await categories.add(tx, category_rules.needed(made, fine))
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
        barcodes = await sku_store.barcodes(tx, [edit.after for edit in made.edits if edit.after])
        made = importing.without_taken_names(made, slugs, barcodes)
        after = [edit.after for edit in made.edits if edit.after]
        made = importing.without_refused(made, (await categories.settled(tx, after, known)).refused)
        around = await bundles.around(tx, importing.named(made))
        made = importing.without_unfit_bundles(made, around)
        await self._store(tx, made.edits, by=ask.by)
        is_last = len(entries) < _UNDONE_AT_ONCE
        return UndoneChanges(
            restored=len(made.edits), kept=tuple(made.kept), next=None if is_last else entries[-1].revision
        )

    @staticmethod
    async def _with_cells(
        tx: Transaction, products: Sequence[Product], rows: Sequence[SkuRow]
    ) -> tuple[list[Product], dict[ProductId, str]]:
        """Return products with the attributes of their lines, and the reasons to refuse some."""
        if not any(row.attributes for row in rows):
            return list(products), {}
        return attribute_rules.read_all(products, rows, await definitions.by_key(tx))
