"""Columns that a goods file may have beside the required ones. Pure.

An empty cell leaves the field as it is, `-` empties it. Lists have semicolons between: `Size=S; Colour=red`. A
semicolon, equals sign or backslash within a value has a backslash before it. `attr.material` is the attribute material;
the catalog reads its cells, because it knows what is a number.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import structs

from bus.goods.cells import escape, split, unescape
from bus.goods.inputs import ReadPrice, read_inputs, write_inputs
from bus.goods.sheets import guard, unguard
from bus.messages.attributes import AttributeValue
from bus.messages.base import NAME, Instant, Line
from bus.messages.catalog import Product, SkuView
from bus.messages.catalog_imports import SkuRow

ATTRIBUTE: Final = "attr."  # Before the key of an attribute.
_CLEAR: Final = "-"
_ON_SALE: Final = {"yes": True, "no": False}
_PART: Final = re.compile(rf"({NAME})(?: +x *([1-9][0-9]?))?")
_MARKS: Final = ";="
_INPUTS: Final = "inputs"


def read_more(row: SkuRow, cells: Mapping[str, str], read_price: ReadPrice) -> SkuRow:
    """Return a row with what the optional cells say.

    Args:
        row: What the required cells say.
        cells: Without blanks around them.
        read_price: Reads a surcharge as the prices of the file are read.

    Raises:
        ValueError: One of them can't be read; the text names it.
    """
    given = {name: unguard(cells[name]) for name in OPTIONAL if cells.get(name)}
    fields: dict[str, object] = {}
    if asked := given.pop(_INPUTS, ""):
        fields[_INPUTS] = () if asked == _CLEAR else read_inputs(asked, row.price.currency, read_price)
    for name, text in given.items():
        read, empty = _READERS[name]
        if text != _CLEAR:
            fields["is_on_sale" if name == "on_sale" else name] = read(text)
        elif empty is not None:
            fields[name] = empty
        elif name in ("status", "on_sale"):
            raise ValueError(f"{name} can't be empty")
    cleared = tuple(name for name in ("publish_at", "unpublish_at", "barcode") if given.get(name) == _CLEAR)
    attributes = {
        name.removeprefix(ATTRIBUTE): "" if cell == _CLEAR else unguard(cell)
        for name, cell in cells.items()
        if name.startswith(ATTRIBUTE) and cell
    }
    return structs.replace(row, **fields, cleared=cleared, attributes=attributes)


def write_more(product: Product, sku: SkuView) -> Sequence[str]:
    """Return the optional cells of a SKU, in the order of `OPTIONAL`. What is empty empties when it is read."""
    cells = (
        product.brand,
        "; ".join(escape(tag, _MARKS) for tag in product.tags),
        product.status,
        product.publish_at.isoformat() if product.publish_at else "",
        product.unpublish_at.isoformat() if product.unpublish_at else "",
        "; ".join(
            f"{escape(option.name, _MARKS)}={escape(value, _MARKS)}"
            for option, value in zip(product.options, sku.options, strict=True)
        ),
        sku.barcode or "",
        "yes" if sku.is_on_sale else "no",
        "; ".join(part.sku if part.quantity == 1 else f"{part.sku} x{part.quantity}" for part in sku.parts),
        write_inputs(product.inputs),
    )
    return [guard(cell) if cell else _CLEAR for cell in cells]


def write_attributes(product: Product, sku: SkuView, keys: Sequence[str]) -> Sequence[str]:
    """Return the cells of these attributes, of product or SKU."""
    values = product.attributes | sku.attributes
    return [guard(_plain(values[key])) if key in values else _CLEAR for key in keys]


def _plain(value: AttributeValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _status(text: str) -> str:
    if text not in ("draft", "active", "archived"):
        raise ValueError(f"status must be draft, active or archived, not {text[:40]!r}")
    return text


def _on_sale(text: str) -> bool:
    if text not in _ON_SALE:
        raise ValueError(f"on_sale must be yes or no, not {text[:40]!r}")
    return _ON_SALE[text]


def _time(text: str) -> datetime:
    try:
        return msgspec.convert(text, Instant)
    except msgspec.ValidationError as error:
        raise ValueError(f"times must be written as 2026-12-24T18:00:00Z, not {text[:40]!r}") from error


def _tags(text: str) -> tuple[str, ...]:
    return tuple(unescape(part.strip()) for part in split(text, ";"))


def _options(text: str) -> tuple[tuple[str, str], ...]:
    pairs = [[unescape(word.strip()) for word in split(part, "=")] for part in split(text, ";")]
    if any(len(pair) != 2 for pair in pairs):
        raise ValueError(f"options must be written as Size=S; Colour=red, not {text[:40]!r}")
    return tuple((name, value) for name, value in pairs)


def _parts(text: str) -> tuple[Line, ...]:
    read = [_PART.fullmatch(part.strip()) for part in text.split(";") if part.strip()]
    if not all(read):
        raise ValueError(f"parts must be written as MUG x2; TEE, not {text[:40]!r}")
    return tuple(Line(sku=part[1], quantity=int(part[2] or 1)) for part in read if part)


# Of each column: how its cells are read, and what `-` makes of it; None: it is named in `cleared`.
_READERS: Final[Mapping[str, tuple[Callable[[str], object], object]]] = {
    "brand": (str, ""),
    "tags": (_tags, ()),
    "status": (_status, None),
    "publish_at": (_time, None),
    "unpublish_at": (_time, None),
    "options": (_options, ()),
    "barcode": (str, None),
    "on_sale": (_on_sale, None),
    "parts": (_parts, ()),
}
OPTIONAL: Final = (*_READERS, _INPUTS)
