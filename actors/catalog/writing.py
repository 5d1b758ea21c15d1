"""Writing of single products, by the rules of all that they touch."""

from collections.abc import Sequence

from msgspec import structs

from actors.catalog import (
    attribute_rules,
    bundle_rules,
    bundles,
    categories,
    category_rules,
    changes,
    definitions,
    history,
    model_rules,
    rules,
    sku_store,
    store,
)
from actors.catalog.changes import Edit
from actors.catalog.viewing import Viewing
from bus.messages.base import Currency, Sku
from bus.messages.catalog import (
    ChangedMeanwhile,
    ChangeProduct,
    NoSuchProduct,
    PartOfBundle,
    Product,
    ProductExists,
    Removed,
)
from engine.errors import BadInput
from engine.transaction import Transaction


class Writing(Viewing):
    """Steps of the catalog's turns that write, refuse and remove single products."""

    _currency: Currency

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
        owners = await sku_store.barcodes(tx, [after])
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
        told = await self._store(tx, edits, by=by, renamed=renamed)
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
        await self._store(tx, [edit], by=by)
        return Removed(id=product.id)

    @staticmethod
    async def _moved(tx: Transaction, product: Product, expected: int | None) -> ChangedMeanwhile | None:
        """Return what has happened to a product since a revision; None if it is still of this one."""
        if expected is None or product.revision == expected:
            return None
        since = await history.since(tx, product.id, expected)
        return ChangedMeanwhile(id=product.id, revision=product.revision, changes=since)
