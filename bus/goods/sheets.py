"""Tables as spreadsheets write them: cells between commas, semicolons or tabs, in the encodings in use.

A sheet is read from its file line by line, so its size costs no memory.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple, Protocol, TypeAlias

from engine.errors import BadInput
from engine.files import reason_of

MOST_BYTES: Final = 512 << 20  # Of a sheet.
MOST_LINES: Final = 2_000_000

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_SAVE_AS: Final = "save it as 'CSV UTF-8' in your spreadsheet"
# A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection").
_FORMULA: Final = frozenset("=+-@\t\r")
_GUARD: Final = "'"
_PIECE: Final = 1 << 20  # Bytes read at a time.
# As Python's reader puts it: the file is over, or a cell has more than 128 KiB.
_NEVER_CLOSES: Final = ("unexpected end of data", "field larger than field limit")
_MOST_HEADER: Final = 1 << 16  # Characters.
# Of each encoding, the name that people know, and Python's.
_ENCODINGS: Final = {"UTF-8": "utf-8-sig", "UTF-16": "utf-16", "Windows-1252": "windows-1252"}


class _Reader(Protocol):
    """Python's reader of such tables."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


class SheetRow(NamedTuple):
    """A line of a sheet, by the names of its columns."""

    number: int  # The line in the file, as an editor counts; the last one of a row with line breaks in it.
    cells: dict[str, str]


class RefusedRow(NamedTuple):
    """A line whose number of cells is not that of the header."""

    number: int
    reason: str


Rows: TypeAlias = Iterator[SheetRow | RefusedRow]


@dataclass(frozen=True, slots=True)
class Sheet:
    """An open sheet."""

    columns: frozenset[str]
    encoding: str  # UTF-8, UTF-16 or Windows-1252.
    rows: Rows  # Read from the file as they are taken. Raises `BadInput` where it is no table any more.


@contextmanager
def open_sheet(file: Path, required: Sequence[str]) -> Iterator[Sheet]:
    """Open a file. Names of columns count without case, blanks and dashes as underscores; blank rows are skipped.

    Raises:
        BadInput: The file is no such table, lacks a column or has one twice, or is too large. The message completes
            "can't read FILE: ".
    """
    try:
        size = file.stat().st_size
        if size > MOST_BYTES:
            raise BadInput(f"it is larger than {MOST_BYTES >> 20} MiB; split it")
        encoding = _encoding(file)
        with file.open(encoding=_ENCODINGS[encoding], newline="") as text:
            delimiter, has_line_for_it = _delimiter(text.readline(_MOST_HEADER), required)
            text.seek(0)
            reader = csv.reader(text, delimiter=delimiter, strict=True)
            header, width = _read_header(reader, required, skip=has_line_for_it)
            yield Sheet(frozenset(header), encoding, _rows(_numbered(reader), header, width, _DELIMITERS[delimiter]))
    except OSError as error:
        raise BadInput(reason_of(error)) from error


def guard(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula. `unguard` gives the text back."""
    is_taken = text[:1] in _FORMULA or (text[:1] == _GUARD and text[1:2] in _FORMULA | {_GUARD})
    return _GUARD + text if is_taken else text


def unguard(cell: str) -> str:
    """Return the text that `guard` made this cell of."""
    return cell[1:] if cell[:1] == _GUARD and cell[1:2] in _FORMULA | {_GUARD} else cell


def _encoding(file: Path) -> str:
    """Find out how a file is written, by reading all of it.

    Raises:
        BadInput: It is no text, or empty.
    """
    with file.open("rb") as content:
        head = content.read(4)
    if head == b"PK\x03\x04":
        raise BadInput(f"it is a workbook and no CSV; {_SAVE_AS}")
    is_utf_16 = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("UTF-16",) if is_utf_16 else ("UTF-8", "Windows-1252"):
        try:
            is_blank = _is_blank(file, _ENCODINGS[encoding])
        except UnicodeDecodeError:
            continue
        if is_blank:
            raise BadInput("it is empty")
        return encoding
    raise BadInput(f"its letters can't be told; {_SAVE_AS}")


def _is_blank(file: Path, encoding: str) -> bool:
    """Whether a file has nothing but blanks.

    Raises:
        UnicodeDecodeError: It is not in this encoding.
        BadInput: It is no text in any.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    is_blank = True
    with file.open("rb") as content:
        while piece := content.read(_PIECE):
            if b"\0" in piece and encoding != "utf-16":
                raise BadInput(f"it is not text; {_SAVE_AS}")
            text = decoder.decode(piece)
            if "\0" in text:
                raise BadInput(f"it is not text; {_SAVE_AS}")
            is_blank = not text.strip() and is_blank
    decoder.decode(b"", final=True)
    return is_blank


def _delimiter(first: str, required: Sequence[str]) -> tuple[str, bool]:
    """Return the delimiter, and whether a line of its own names it, as Excel writes it before the header."""
    first = first.rstrip("\r\n")
    if first[:4].lower() == "sep=" and first[4:] in _DELIMITERS:
        return first[4:], True
    return max(_DELIMITERS, key=lambda each: len({*required} & {*_header(first.split(each))})), False


def _read_header(reader: _Reader, required: Sequence[str], *, skip: bool) -> tuple[list[str], int]:
    """Return the names of the columns, and the number of all cells, the empty ones at the end included."""
    try:
        if skip:
            next(reader)
        header = _header(next(iter(reader), []))
    except csv.Error as error:
        raise BadInput(f"line 1: {error}") from error
    width = len(header)
    while header and not header[-1]:
        header.pop()
    _check_header(header, required)
    return header, width


def _header(cells: Sequence[str]) -> list[str]:
    return [cell.strip().strip('"').casefold().replace(" ", "_").replace("-", "_") for cell in cells]


def _check_header(header: Sequence[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        raise BadInput(f"its first line lacks {', '.join(missing)}; it must name {', '.join(required)}")
    twice = next((name for place, name in enumerate(header) if name in header[:place]), None)
    if twice is not None:
        raise BadInput(f"its first line names {twice or 'a column without a name'} twice")


def _numbered(reader: _Reader) -> Iterator[tuple[int, list[str]]]:
    """Number the lines of a file, and name the one where it stops being a table."""
    begins = reader.line_num + 1
    try:
        for cells in reader:
            yield reader.line_num, cells
            begins = reader.line_num + 1
            if begins > MOST_LINES:
                raise BadInput(f"it has more than {MOST_LINES:,} lines; split it")
    except csv.Error as error:
        is_open = any(said in str(error) for said in _NEVER_CLOSES)
        why = "a quote in it never closes" if is_open else f"no sign may follow a quote that closes ({error})"
        raise BadInput(f"line {begins}: {why}") from error


def _rows(lines: Iterable[tuple[int, list[str]]], header: Sequence[str], width: int, delimiter: str) -> Rows:
    """Read lines. None may have more cells than the first one, which has `width` of them, not even empty ones.

    A number with an unquoted comma in it moves all that stands behind it; where the last columns are empty, the one
    cell too many is all that tells. Spreadsheets write as many empty cells at the end of each line as of the first.
    """
    for number, cells in lines:
        filled = next((place for place in range(len(cells), 0, -1) if cells[place - 1].strip()), 0)
        if not filled:
            continue
        if filled <= len(header) <= len(cells) <= width:
            yield SheetRow(number, dict(zip(header, cells, strict=False)))
        else:
            is_named = len(cells) <= width
            has, may = (max(filled, min(len(cells), len(header))), len(header)) if is_named else (len(cells), width)
            why = f"{has} cells, but the first line has {may}; a cell with a {delimiter} in it needs quotes"
            yield RefusedRow(number, why)
