"""The lines of a file that is being imported, product by product, in a file of SQLite's that vanishes with its process.

A product's lines may stand anywhere in a file, and must be compared with each other; a SKU may stand in it once. In
memory that would be as large as the file. Here it is on disk, and is made again of the file wherever an import goes on.
"""

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple, Self

import msgspec

from bus.goods.columns import ATTRIBUTE
from bus.goods.rows import KNOWN, PICTURES, REQUIRED, GoodsLine, Habit, Style, has_parts, read_line, read_pictures
from bus.goods.sheets import RefusedRow, Rows, SheetRow, open_sheet
from bus.messages.catalog_imports import SkuRow
from bus.messages.imports import MOST_REPORTED, PriceMark

_AT_ONCE: Final = 2000  # Rows of one statement.
_MOST_PICTURES: Final = 30  # Of one line.
_TABLES: Final = """
pragma journal_mode = off;
pragma synchronous = off;
pragma cache_size = -16384;
create table products (number integer primary key, id text not null unique);
create table lines (product integer, line integer, cells blob not null, primary key (product, line)) without rowid;
create table claims (kind text, name text, owner text not null, line integer not null, primary key (kind, name))
    without rowid;
create table pictures (product integer, line integer, rank integer, source text, primary key (product, source))
    without rowid;
create table bundles (product integer primary key);
"""

_BUNDLES_LAST: Final = (
    "update lines set product = product + ? where product in (select product from bundles)",
    "update pictures set product = product + ? where product in (select product from bundles)",
    "update products set number = number + ? where number in (select product from bundles)",
)


class LinePlace(NamedTuple):
    """A place among the lines: by the first line of each product, products with bundles last, then by line."""

    product: int
    line: int


_BEGINNING: Final = LinePlace(0, 0)


class StagedPage(NamedTuple):
    """Lines that can be read, those that can't with the reasons, and the place of the last; None: there are none."""

    lines: list[GoodsLine]
    refused: list[tuple[int, str]]
    end: LinePlace | None
    tried: tuple[str, ...] = ()  # In a trial: parts of bundles that lines until here have as their SKUs.
    begun: SkuRow | None = None  # Of a product of which earlier lines were on another page: the first that can be read.


class StagedPicture(NamedTuple):
    """A picture that a product is to have."""

    place: LinePlace
    product_id: str
    source: str


class Staging:
    """The lines of one file. Made by `fill`, then read in pages."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None, check_same_thread=False)  # "": a file without a name.
        self._db.executescript(_TABLES)
        self._reading = threading.Lock()  # A reader whose asker has given up may not be done when it is asked again.
        self._columns: tuple[str, ...] = ()
        self._claimed = _BEGINNING  # Lines until here have claimed their names.
        self.encoding = ""
        self.ignored: tuple[str, ...] = ()
        self.style = Style("none", may_be_whole=False)
        self.lines = 0
        self.has_pictures = False
        self.refused = 0
        self.reasons: list[tuple[int, str]] = []  # Of the first refused lines.

    def close(self) -> None:
        """Remove it."""
        with self._reading:
            self._db.close()

    def fill(self, file: Path, decimal: PriceMark | None) -> Self:
        """Read a file.

        Raises:
            BadInput: It is no goods file. The message completes "can't read FILE: ".
        """
        habit = Habit()
        with open_sheet(file, REQUIRED) as sheet:
            unknown = sheet.columns - KNOWN
            self.ignored = tuple(sorted(name for name in unknown if not name.startswith(ATTRIBUTE)))
            self.encoding = sheet.encoding
            while rows := list(islice(self._good(sheet.rows), _AT_ONCE)):
                for row in rows:
                    habit.note(row)
                self._add(rows)
        self._put_bundles_last()
        self.style = habit.style(decimal)
        self.has_pictures = bool(self._db.execute("select exists (select 1 from pictures)").fetchone()[0])
        return self

    def page(self, after: LinePlace, most: int, *, has_stock: bool, is_trial: bool) -> StagedPage:
        """Read the next lines, `most` at most. A product's lines are not divided, unless it alone has more.

        Args:
            after: The place of the last one that was read; the beginning is before all.
            most: At least 1.
            has_stock: Whether to read `on_hand`.
            is_trial: Whether slugs and barcodes that lines have in common are found here, and parts of bundles: in a
                trial the catalog has not seen the earlier ones.
        """
        with self._reading:
            return self._page(after, most, has_stock=has_stock, is_trial=is_trial)

    def _page(self, after: LinePlace, most: int, *, has_stock: bool, is_trial: bool) -> StagedPage:
        found = self._db.execute(
            "select product, line, cells from lines where (product, line) > (?, ?) order by product, line limit ?",
            (*after, most + 1),
        ).fetchall()
        if len(found) > most and found[0][0] != found[-1][0]:
            found = [each for each in found if each[0] != found[-1][0]]
        found = found[:most]
        self._db.execute("begin")
        if after > self._claimed:
            self._claim_again(after, has_stock=has_stock, is_trial=is_trial)
        lines: list[GoodsLine] = []
        refused: list[tuple[int, str]] = []
        for _, number, cells in found:
            try:
                line = self._read(number, cells, has_stock=has_stock)
            except ValueError as error:
                refused.append((number, str(error)))
                continue
            if why := self._claim(line, is_trial=is_trial):
                refused.append((number, why))
            else:
                lines.append(line)
        self._db.execute("commit")
        self._claimed = max(self._claimed, LinePlace(*found[-1][:2]) if found else after)
        tried = self._claimed_parts(lines) if is_trial else ()
        begun = self._begun(after, has_stock=has_stock) if found and found[0][0] == after.product else None
        return StagedPage(lines, refused, LinePlace(*found[-1][:2]) if found else None, tried, begun)

    def _begun(self, until: LinePlace, *, has_stock: bool) -> SkuRow | None:
        earlier = self._db.execute("select line, cells from lines where product = ? and line <= ? order by line", until)
        for number, cells in earlier:
            with suppress(ValueError):
                return self._read(number, cells, has_stock=has_stock).row
        return None

    def _read(self, number: int, cells: bytes, *, has_stock: bool) -> GoodsLine:
        """Read a line. Raises as `read_line` does."""
        texts = msgspec.msgpack.decode(cells, type=list[str])
        row = SheetRow(number, dict(zip(self._columns, texts, strict=True)))
        return read_line(row, self.style, has_stock=has_stock)

    def pictures(self, after: LinePlace, most: int) -> list[StagedPicture]:
        """The pictures of the next `most` products that have any, in the order in which the file names them."""
        found = self._db.execute(
            """select n.product, p.line, n.id, p.source
            from (select distinct product, id from pictures join products on number = product
                where product > ? order by product limit ?) as n
            join pictures p on p.product = n.product order by n.product, p.line, p.rank""",
            (after.product, most),
        )
        return [StagedPicture(LinePlace(product, line), name, source) for product, line, name, source in found]

    def _good(self, rows: Rows) -> Iterator[SheetRow]:
        """Pass on the rows that can be lines; note the others."""
        for row in rows:
            if isinstance(row, RefusedRow):
                self._refuse(row.number, row.reason)
                continue
            if not self._columns:
                self._columns = tuple(row.cells)
            yield row

    def _claim(self, line: GoodsLine, *, is_trial: bool) -> str:
        """Claim the names of a line; returns why it can't have one of them."""
        row = line.row
        owner, first = self._owner("sku", row.sku, row.product_id, line.number)
        if first != line.number:
            return f"sku {row.sku} stands in line {first} already"
        if is_trial and (owner := self._owner("slug", row.slug, row.product_id, line.number)[0]) != row.product_id:
            return f"slug {row.slug} belongs to product {owner}"
        if is_trial and row.barcode and (owner := self._owner("barcode", row.barcode, row.sku, 0)[0]) != row.sku:
            return f"barcode {row.barcode} is that of {owner}"
        return ""

    def _claim_again(self, until: LinePlace, *, has_stock: bool, is_trial: bool) -> None:
        """Claim the names of lines that were read before the process began: an import goes on where another ended."""
        earlier = self._db.execute(
            "select line, cells from lines where (product, line) > (?, ?) and (product, line) <= (?, ?)"
            " order by product, line",
            (*self._claimed, *until),
        )
        for number, cells in earlier:
            with suppress(ValueError):
                self._claim(self._read(number, cells, has_stock=has_stock), is_trial=is_trial)

    def _claimed_parts(self, lines: Sequence[GoodsLine]) -> tuple[str, ...]:
        """Name the parts of these lines' bundles that lines have claimed."""
        parts = sorted({part.sku for line in lines for part in line.row.parts or ()})
        found = self._db.execute(
            "select name from claims where kind = 'sku' and name in (select value from json_each(?))",
            (msgspec.json.encode(parts).decode(),),
        )
        return tuple(name for (name,) in found)

    def _owner(self, kind: str, name: str, owner: str, line: int) -> tuple[str, int]:
        self._db.execute("insert or ignore into claims values (?, ?, ?, ?)", (kind, name, owner, line))
        found = self._db.execute("select owner, line from claims where kind = ? and name = ?", (kind, name)).fetchone()
        return str(found[0]), int(found[1])

    def _add(self, rows: Sequence[SheetRow]) -> None:
        """Keep rows."""
        db = self._db
        db.execute("begin")
        ids = [row.cells["product_id"].strip() for row in rows]
        db.executemany("insert or ignore into products (id) values (?)", ((each,) for each in dict.fromkeys(ids)))
        db.executemany(
            "insert into lines select number, ?, ? from products where id = ?",
            (
                (row.number, msgspec.msgpack.encode(list(row.cells.values())), product)
                for row, product in zip(rows, ids, strict=True)
            ),
        )
        self._add_pictures(rows, ids)
        db.executemany(
            "insert or ignore into bundles select number from products where id = ?",
            ((product,) for row, product in zip(rows, ids, strict=True) if has_parts(row)),
        )
        db.execute("commit")
        self.lines += len(rows)

    def _add_pictures(self, rows: Sequence[SheetRow], ids: Sequence[str]) -> None:
        self._db.executemany(
            "insert or ignore into pictures select number, ?, ?, ? from products where id = ?",
            (
                (row.number, rank, source, product)
                for row, product in zip(rows, ids, strict=True)
                if row.cells.get(PICTURES)
                for rank, source in enumerate(read_pictures(row.cells[PICTURES])[:_MOST_PICTURES])
            ),
        )

    def _put_bundles_last(self) -> None:
        """Number the products that have bundles after all others: their parts are to be there before them."""
        (last,) = self._db.execute("select coalesce(max(number), 0) from products").fetchone()
        for statement in _BUNDLES_LAST:
            self._db.execute(statement, (last,))

    def _refuse(self, line: int, reason: str) -> None:
        self.refused += 1
        if len(self.reasons) < MOST_REPORTED:
            self.reasons.append((line, reason))
