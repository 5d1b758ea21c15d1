"""Rows of the goods file: their numbers and prices, read by rules that never guess. Pure."""

import re
from collections import Counter
from typing import Final, Literal, NamedTuple, TypeAlias

from bus.goods.columns import OPTIONAL, read_more
from bus.goods.sheets import SheetRow, unguard
from bus.messages.base import Currency, Minor, Money
from bus.messages.catalog_imports import SkuRow
from bus.messages.currencies import decimals
from bus.messages.inventory import MOST_UNITS

REQUIRED: Final = (
    "product_id", "slug", "title", "category", "description", "sku", "sku_title", "price", "currency", "weight_g",
)  # fmt: skip
PICTURES: Final = "images"  # Beside what a SKU is: names of files, and addresses, of its product's pictures.
COLUMNS: Final = (*REQUIRED, "on_hand", *OPTIONAL)  # As an export writes them.
KNOWN: Final = frozenset({*COLUMNS, PICTURES})

# How a file writes prices: as money with this mark before the decimals, or "none": in minor units, 1999 for 19.99 EUR.
Decimal: TypeAlias = Literal["none", ".", ","]

_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_MARKED: Final = re.compile(r"[0-9]+([.,])[0-9]+")


class Style(NamedTuple):
    """How prices are read."""

    decimal: Decimal
    may_be_whole: bool  # With a mark: whether 20 is 20.00, which only a person can tell from 0.20.


class GoodsLine(NamedTuple):
    """A line of the goods file."""

    number: int
    row: SkuRow
    on_hand: int | None  # None: the stock stays as it is.
    pictures: tuple[str, ...] = ()


class Habit:
    """Counts how a file writes its prices. Those that are written otherwise than most are refused later."""

    def __init__(self) -> None:
        self._ways: Counter[Decimal] = Counter({"none": 0, ".": 0, ",": 0})

    def note(self, row: SheetRow) -> None:
        """Count a row."""
        price = row.cells["price"].strip()
        if marked := _MARKED.fullmatch(price):
            self._ways["," if marked[1] == "," else "."] += 1
        elif _WHOLE.fullmatch(price) and decimals(row.cells["currency"].strip()):
            self._ways["none"] += 1

    def style(self, decimal: Decimal | None) -> Style:
        """Return how to read prices: as the owner says, or as most are written; in doubt, in minor units."""
        if decimal is not None:
            return Style(decimal, may_be_whole=True)
        return Style(max(self._ways, key=lambda way: self._ways[way]), may_be_whole=False)  # The first of equals.


def read_line(row: SheetRow, style: Style, *, has_stock: bool = True) -> GoodsLine:
    """Read a row of a sheet that has the columns of `REQUIRED`; the rest of `KNOWN` may be missing or empty.

    Raises:
        ValueError: A cell can't be read. The text begins with the name of its column.
    """
    cell = {name: text.strip() for name, text in row.cells.items()}
    on_hand = None
    if has_stock and cell.get("on_hand"):
        on_hand = _whole("on_hand", cell["on_hand"], "a whole number of units, 0 or more")
    if on_hand is not None and on_hand > MOST_UNITS:
        raise ValueError(f"on_hand must be at most {MOST_UNITS:,}")
    required = SkuRow(
        product_id=unguard(cell["product_id"]),
        slug=unguard(cell["slug"]),
        title=unguard(cell["title"]),
        category=unguard(cell["category"]),
        description=unguard(cell["description"]),
        sku=unguard(cell["sku"]),
        sku_title=unguard(cell["sku_title"]),
        price=Money(amount=_price(cell["price"], cell["currency"], style), currency=cell["currency"]),
        weight_g=_whole("weight_g", cell["weight_g"], "a whole number of grams, 1 or more"),
    )
    whole = read_more(required, cell, lambda price: _price(price, cell["currency"], style))
    return GoodsLine(row.number, whole, on_hand, read_pictures(cell.get(PICTURES, "")))


def read_pictures(cell: str) -> tuple[str, ...]:
    """Read the pictures of a product, with semicolons between. An empty cell and `-` name none, and take none away."""
    return tuple(dict.fromkeys(each.strip() for each in unguard(cell).split(";") if each.strip() not in ("", "-")))


def has_parts(row: SheetRow) -> bool:
    """Whether a row makes its SKU a bundle."""
    return row.cells.get("parts", "").strip() not in ("", "-")


def column_of(sentence: str) -> str:
    """Return the column that a sentence about a line begins with; "" if it is about the line as a whole."""
    word = sentence.partition(" ")[0].rstrip(":,")
    return word if word in KNOWN else ""


def _whole(column: str, text: str, wanted: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{column} must be {wanted}, not {_shown(text)}")
    return int(text)


def _price(text: str, currency: Currency, style: Style) -> Minor:
    digits = decimals(currency)
    if style.decimal == "none" or not digits:
        if _MARKED.fullmatch(text) and digits:
            raise ValueError(f"price must be in minor units, 1999 for 19.99, not {_shown(text)}; or pass --decimal")
        unit = f"in minor units, 1999 for {1999 / 10**digits:.{digits}f}" if digits else "without decimals"
        return _whole("price", text, f"a whole number {unit}")
    read = re.fullmatch(rf"([0-9]{{1,15}})(?:{re.escape(style.decimal)}([0-9]{{1,{digits}}}))?", text)
    if read is None or not (read[2] or style.may_be_whole):
        example = f"1234{style.decimal}{'50'.ljust(digits, '0')[:digits]}"
        raise ValueError(f"price must be written as {example} in {currency}, not {_shown(text)}")
    return int(read[1] + (read[2] or "").ljust(digits, "0"))


def _shown(text: str) -> str:
    """Quote a cell for the person who wrote it, without control characters and at a length that fits a line."""
    return repr(text if len(text) <= 40 else f"{text[:40]}...") if text else "nothing"
