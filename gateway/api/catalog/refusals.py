"""Refusals of changes of products, as problems."""

from typing import TypeAlias

from bus.messages.catalog import (
    ChangedMeanwhile,
    FieldsMoved,
    LastSku,
    NoSuchChange,
    NoSuchProduct,
    NoSuchSku,
    NotComplete,
    PartOfBundle,
    ProductExists,
)
from bus.messages.inventory import UnitsInUse
from bus.messages.navigation import PathTaken
from gateway.api.catalog.history import change_view, field_views
from gateway.problems import Problem, not_found

Missing: TypeAlias = NoSuchProduct | NoSuchSku | NoSuchChange
Kept: TypeAlias = ProductExists | LastSku | PartOfBundle
Refused: TypeAlias = Missing | Kept | ChangedMeanwhile | FieldsMoved | NotComplete


def path_taken(answer: PathTaken) -> Problem:
    """Refuse a path or slug that is another's."""
    return Problem(409, "path_taken", f"{answer.path} is that of {answer.by}.", by=answer.by)


def refusal(answer: Refused) -> Problem:
    """Put the catalog's refusal into words."""
    match answer:
        case NoSuchProduct() | NoSuchSku() | NoSuchChange():
            return _missing(answer)
        case ChangedMeanwhile():
            said = "Somebody has changed it since you read it. Read it again, and make your change to that."
            changes = [change_view(entry) for entry in answer.changes]
            return Problem(412, "changed_meanwhile", said, revision=answer.revision, changes=changes)
        case ProductExists() | LastSku() | PartOfBundle():
            return _kept(answer)
        case NotComplete():
            said = f"It lacks what its type says it should have: {', '.join(answer.missing)}."
            return Problem(409, "not_complete", said, missing=answer.missing)
        case FieldsMoved():
            said = "Some of this was changed again since; undo that first, or set the fields yourself."
            return Problem(409, "undo_conflict", said, fields=field_views(answer.fields))


def _missing(answer: Missing) -> Problem:
    match answer:
        case NoSuchProduct():
            return not_found("product")
        case NoSuchSku():
            return Problem(404, "unknown_sku", f"This product has no {answer.sku}.")
        case NoSuchChange():
            return not_found("change that can be undone")


def _kept(answer: Kept) -> Problem:
    match answer:
        case ProductExists():
            return Problem(409, "product_exists", "Its id, slug or a SKU is taken.")
        case LastSku():
            return Problem(409, "last_sku", f"{answer.sku} is the product's last SKU: remove the product instead.")
        case PartOfBundle():
            return _needed(answer)


def _needed(needed: PartOfBundle) -> Problem:
    first, *others = needed.bundles
    more = f" and {len(others)} more" if others else ""
    detail = f"{needed.sku} is part of {first}{more}. Change or remove the bundles first."
    return Problem(409, "part_of_bundle", detail, sku=needed.sku, bundles=needed.bundles)


def sku_in_use(used: UnitsInUse) -> Problem:
    """Refuse a rename, with the numbers and a remedy."""
    if used.assigned or used.held:
        detail = (
            f"{used.assigned} units of {used.sku} are sold and not gone, {used.held} are held for carts and payments;"
            " it can be renamed when they are gone."
        )
    else:
        detail = (
            f"{used.on_hand} units are counted under {used.sku} already, by an earlier product. If they are not there"
            f" besides, set the stock of {used.sku} to 0 and rename again."
        )
    return Problem(
        409, "sku_in_use", detail, sku=used.sku, on_hand=used.on_hand, assigned=used.assigned, held=used.held
    )
