"""Rows of the goods file: their numbers and prices, read by rules that never guess. Pure."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

from bus.messages.base import Currency, Minor, Money
from bus.messages.catalog import SkuRow
from bus.messages.currencies import decimals
from bus.messages.inventory import MOST_UNITS
from cli.optional_columns import read_more
from cli.sheets import Sheet, SheetRow, unguard

REQUIRED: Final = (
    "product_id", "slug", "title", "category", "description", "sku", "sku_title", "price", "currency", "weight_g",
)  # fmt: skip

# How a file writes prices: as money with this mark before the decimals, or "none": in minor units, 1999 for 19.99 EUR.
Decimal: TypeAlias = Literal["none", ".", ","]

_WHOLE: Final = re.compile(r"[0-9]{1,15}")
_MARKED: Final = re.compile(r"[0-9]+([.,])[0-9]+")


class _Style(NamedTuple):
    """How prices are read."""

    decimal: Decimal
    may_be_whole: bool  # With a mark: whether 20 is 20.00, which only a person can tell from 0.20.


class GoodsLine(NamedTuple):
    """A line of the goods file."""

    number: int
    row: SkuRow
    on_hand: int | None  # None: the stock stays as it is.


def read_lines(sheet: Sheet, decimal: Decimal | None) -> tuple[list[GoodsLine], list[tuple[int, str]]]:
    """Read a sheet: its lines, and the numbers and reasons of those that are refused.

    Args:
        sheet: With the columns of `REQUIRED`; `on_hand` may be missing, and its cells empty.
        decimal: None: as the file writes most of its prices. Those that are written otherwise are refused.
    """
    style = _Style(decimal, may_be_whole=True) if decimal else _Style(_habit(sheet.rows), may_be_whole=False)
    lines, refused, first_at = [], list(sheet.refused), dict[str, int]()
    for row in sheet.rows:
        try:
            line = _line(row, style)
        except ValueError as error:
            refused.append((row.number, str(error)))
            continue
        if first_at.setdefault(line.row.sku, row.number) != row.number:
            refused.append((row.number, f"sku {line.row.sku} stands in line {first_at[line.row.sku]} already"))
        else:
            lines.append(line)
    return lines, refused


def _habit(rows: Sequence[SheetRow]) -> Decimal:
    """Find out how the file writes most of its prices; in doubt, in minor units."""
    ways: Counter[Decimal] = Counter({"none": 0, ".": 0, ",": 0})
    for row in rows:
        price = row.cells["price"].strip()
        if marked := _MARKED.fullmatch(price):
            ways["," if marked[1] == "," else "."] += 1
        elif _WHOLE.fullmatch(price) and decimals(row.cells["currency"].strip()):
            ways["none"] += 1
    return max(ways, key=lambda way: ways[way])  # The first of equals.


def _line(row: SheetRow, style: "_Style") -> GoodsLine:
    cell = {name: text.strip() for name, text in row.cells.items()}
    on_hand = _whole("on_hand", cell["on_hand"], "a whole number of units, 0 or more") if cell.get("on_hand") else None
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
    return GoodsLine(row.number, read_more(required, cell), on_hand)


def _whole(column: str, text: str, wanted: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{column} must be {wanted}, not {_shown(text)}")
    return int(text)


def _price(text: str, currency: Currency, style: _Style) -> Minor:
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
