"""Imports of SKUs with their products: rows, and the undoing of all that an import changed."""

from datetime import datetime
from typing import Literal

import msgspec

from bus.messages.base import Line, Money, ProductId, Sku, Value
from bus.messages.catalog import FieldChange, Status
from bus.messages.inputs import Input
from engine.message import Command, Reply


class SkuRow(Value, frozen=True, kw_only=True):
    """A row of an import: a SKU with its product. All rows of a product describe it alike."""

    product_id: ProductId
    slug: str
    title: str
    category: str  # A title or a path of the main category ("clothing/shirts"); one that is not there is made.
    description: str
    sku: Sku
    sku_title: str
    price: Money
    weight_g: int
    # What follows is left as it is where it is None, and emptied where it is named in `cleared`.
    brand: str | None = None
    tags: tuple[str, ...] | None = None
    status: Status | None = None
    publish_at: datetime | None = None
    unpublish_at: datetime | None = None
    options: tuple[tuple[str, str], ...] | None = None  # Name and value of each.
    barcode: str | None = None
    is_on_sale: bool | None = None
    cleared: tuple[Literal["publish_at", "unpublish_at", "barcode"], ...] = ()
    # As written, by key; "" takes one away. Of the product, or of the SKU.
    attributes: dict[str, str] = msgspec.field(default_factory=dict)
    parts: tuple[Line, ...] | None = None
    inputs: tuple[Input, ...] | None = None  # Of the product.


class RowChange(Value, frozen=True, kw_only=True):
    """The fields of a row's SKU and product that an import changes."""

    row: int  # Its index in the request, from 0.
    fields: tuple[FieldChange, ...]


class Imported(Reply):
    """The number of SKUs written, and the refused rows: each with its index in the request (from 0) and the reason."""

    written: int
    refused: tuple[tuple[int, str], ...]
    outcomes: str = ""  # Of each row a letter: a(dded), c(hanged), u(nchanged), r(efused).
    changes: tuple[RowChange, ...] = ()  # Of the first rows that add or change something.


class ImportSkus(Command[Imported]):
    """Write many SKUs with their products; existing ones are replaced. At most 1,000 rows."""

    rows: tuple[SkuRow, ...]
    is_trial: bool = False  # Only report what would be refused.
    by: str = ""  # Who imports them.
    import_id: str = ""  # Of which these are a part: it can be undone.
    is_again: bool = False  # They may have been written already, and shall be answered as then.
    tried: tuple[Sku, ...] = ()  # In a trial: parts of bundles that earlier rows would have added.
    details: int = 0  # Rows that add, and rows that change, whose changes are wanted.
    begun: SkuRow | None = None  # The first row of a product that has more of them than one message.


class UndoneChanges(Reply):
    """A part of an import's changes, undone where that could be."""

    restored: int
    kept: tuple[tuple[ProductId, str, tuple[FieldChange, ...]], ...]  # The product, a sentence, the fields that moved.
    next: int | None  # Pass it as `below`; None at the end.


class UndoSkus(Command[UndoneChanges]):
    """Set back what an import changed, the last change first. What was changed again since stays, and is told."""

    import_id: str
    below: int | None = None  # The revision that the last part ended at.
    by: str = ""
