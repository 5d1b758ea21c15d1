"""Imports of SKUs, and the undoing of whole imports: what each row adds or changes, and what can be set back. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias

from actors.catalog import bundle_rules, changes, model_rules, rules
from actors.catalog.bundle_rules import Neighbourhood, Use
from actors.catalog.changes import SKU, Edit
from bus.messages.base import ProductId, Sku
from bus.messages.catalog import FieldChange, Product
from bus.messages.catalog_imports import RowChange, SkuRow

Fields: TypeAlias = tuple[FieldChange, ...]

_ADDED: Final = "a"
_CHANGED: Final = "c"
_UNCHANGED: Final = "u"
_REFUSED: Final = "r"


class ImportedChange(NamedTuple):
    """A change of a product that an import made."""

    product_id: ProductId
    revision: int
    fields: Fields


class KeptProduct(NamedTuple):
    """A change of an import that stays: a sentence on why, and the fields that were changed again."""

    product_id: ProductId
    reason: str
    fields: Fields = ()


class Restored(NamedTuple):
    """The products that an undo sets back, and those that it leaves."""

    edits: list[Edit]
    kept: list[KeptProduct]


def outcomes(
    rows: Sequence[SkuRow], refused: Mapping[int, str], fields: Mapping[ProductId, Fields], details: int
) -> tuple[str, tuple[RowChange, ...]]:
    """The outcome of each row as a letter, and the changes of the first rows that add or change something.

    Args:
        rows: Of the import.
        refused: The places of those that were refused.
        fields: What the import changes about each product.
        details: How many of those that add, and of those that change, are wanted with their changes.
    """
    own: dict[ProductId, list[FieldChange]] = {product_id: [] for product_id in fields}
    by_sku: dict[str, FieldChange] = {}
    for product_id, changed in fields.items():
        for each in changed:
            if each.field.startswith(SKU):
                by_sku[each.field] = each
            else:
                own[product_id].append(each)
    letters: list[str] = []
    shown: list[RowChange] = []
    left = {_ADDED: details, _CHANGED: details}
    for place, row in enumerate(rows):
        sku, product = by_sku.get(SKU + row.sku), own.get(row.product_id, [])
        letter = _REFUSED if place in refused else _letter(sku, product)
        letters.append(letter)
        if left.get(letter):
            left[letter] -= 1
            shown.append(RowChange(row=place, fields=(*product, *((sku,) if sku else ()))))
    return "".join(letters), tuple(shown)


def restored(known: Mapping[ProductId, Product], entries: Sequence[ImportedChange], now: datetime) -> Restored:
    """Set changes back that were not changed again since.

    Args:
        known: The products as they are; those that are gone are missing.
        entries: The changes, the last first. A product may have several.
        now: The time.
    """
    states: dict[ProductId, Product | None] = {}
    kept: list[KeptProduct] = []
    for entry in entries:
        before = states.get(entry.product_id, known.get(entry.product_id))
        after, why = _restored(before, entry, now)
        states[entry.product_id] = after
        if why is not None:
            kept.append(why)
    edits = [changes.edit(product_id, known.get(product_id), after) for product_id, after in states.items()]
    return Restored([each for each in edits if each.fields], kept)


def without_taken_names(made: Restored, slugs: Mapping[str, ProductId], barcodes: Mapping[str, Sku]) -> Restored:
    """Leave the products as they are whose former slug or barcode is another's now.

    Args:
        made: What was to be set back.
        slugs: The product of each slug that is taken.
        barcodes: The SKU of each barcode that is.
    """
    kept = list(made.kept)
    taken = rules.taken_barcodes([edit.after for edit in made.edits if edit.after], barcodes)
    edits: list[Edit] = []
    for edit in made.edits:
        owner = slugs.get(edit.slugs[1], edit.product_id)
        why = f"slug {edit.slugs[1]} belongs to product {owner}" if owner != edit.product_id else None
        if why := why or taken.get(edit.product_id):
            kept.append(KeptProduct(edit.product_id, why))
        else:
            edits.append(edit)
    return Restored(edits, kept)


def without_refused(made: Restored, reasons: Mapping[ProductId, str]) -> Restored:
    """Leave the products as they are that can't be as they were, for these reasons."""
    kept = [KeptProduct(edit.product_id, reasons[edit.product_id]) for edit in made.edits if edit.product_id in reasons]
    return Restored([edit for edit in made.edits if edit.product_id not in reasons], [*made.kept, *kept])


def named(made: Restored) -> set[Sku]:
    """All SKUs that the products of an undo are made of, as they are and as they were."""
    after, before = [edit.after for edit in made.edits], [edit.before for edit in made.edits]
    return bundle_rules.named(filter(None, after), filter(None, before))


def without_unfit_bundles(made: Restored, around: Neighbourhood) -> Restored:
    """Leave the products as they are whose bundles would not fit, or whose SKUs are parts of bundles that stay.

    Args:
        made: What was to be set back.
        around: The catalog around all SKUs that `named` lists, as it is before that.
    """
    while reasons := _unfit_bundles(made.edits, around):  # What stays may need, or be, what others were to lose.
        made = without_refused(made, reasons)
    return made


def _unfit_bundles(edits: Sequence[Edit], around: Neighbourhood) -> dict[ProductId, str]:
    gone = {sku for edit in edits for sku in edit.removed_skus}
    products = [edit.after for edit in edits if edit.after]
    changed = {edit.product_id for edit in edits}
    uses = [use for use in around.uses if use.product_id not in changed]
    left = Neighbourhood(around.skus - gone, around.bundles, uses)
    uses = uses + [Use(part.sku, sku.sku, each.id) for each in products for sku in each.skus for part in sku.parts]
    reasons = bundle_rules.refusals(products, left)
    for edit in edits:
        if needed := bundle_rules.still_needed(edit.before, edit.after, uses):
            reasons[edit.product_id] = f"sku {needed.sku} is a part of {needed.bundles[0]}"
    return reasons


def _letter(sku: FieldChange | None, product: Sequence[FieldChange]) -> str:
    if sku is not None and sku.before is None:
        return _ADDED
    return _CHANGED if sku is not None or product else _UNCHANGED


def _restored(
    product: Product | None, entry: ImportedChange, now: datetime
) -> tuple[Product | None, KeptProduct | None]:
    """The product with as much of a change set back as can be, and what is kept of it."""
    moved = changes.moved_since(product, entry.fields)
    before = {each.field: each.before for each in entry.fields}
    moved = tuple(each for each in moved if each.after != before[each.field])  # Others are back already.
    if product is None:
        return None, KeptProduct(entry.product_id, "it was removed since") if moved else None
    if before.get("slug", product.slug) is None:  # It was added.
        more = changes.more_skus(product, entry.fields)
        if moved or more:
            return product, KeptProduct(entry.product_id, "it was added, and has changed since", moved)
        return None, None
    still = [each for each in entry.fields if each.field not in {other.field for other in moved}]
    after = changes.undone(entry.product_id, product, still)
    if after is None or not after.skus:
        return product, KeptProduct(entry.product_id, "it would be without a SKU")
    if why := model_rules.refusal(after, after, now):  # Times that were there before are no fault.
        return product, KeptProduct(entry.product_id, why)
    return after, KeptProduct(entry.product_id, "fields of it have changed since", moved) if moved else None
