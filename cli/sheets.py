"""Tables as spreadsheets write them: cells between commas, semicolons or tabs, in the encodings in use. Pure."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from engine.errors import BadInput

_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab"}
_SAVE_AS: Final = "save it as 'CSV UTF-8' in your spreadsheet"
# A cell that begins with one of these is a formula to a spreadsheet (OWASP, "CSV Injection").
_FORMULA: Final = frozenset("=+-@\t\r")
_GUARD: Final = "'"


class SheetRow(NamedTuple):
    """A line of a sheet, by the names of its columns."""

    number: int  # The line in the file, as an editor counts; the last one of a row with line breaks in it.
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of a file, and those whose number of cells is not that of the header."""

    columns: frozenset[str]
    rows: tuple[SheetRow, ...]
    refused: tuple[tuple[int, str], ...]  # Line and reason.
    encoding: str  # UTF-8, UTF-16 or Windows-1252.


def read_sheet(content: bytes, required: Sequence[str]) -> Sheet:
    """Read a file. Names of columns count without case, blanks and dashes as underscores; blank rows are skipped.

    Raises:
        BadInput: The file is no such table, lacks a column or has one twice. The message completes "can't read FILE: ".
    """
    text, encoding = _decoded(content)
    if not text.strip():
        raise BadInput("it is empty")
    delimiter, has_line_for_it = _delimiter(text, required)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        if has_line_for_it:
            next(reader)
        header = _header(next(reader, []))
        _check_header(header, required)
        rows, refused = _rows(((reader.line_num, cells) for cells in reader), header, _DELIMITERS[delimiter])
    except csv.Error as error:
        raise BadInput(f"line {reader.line_num}: {error}") from error
    return Sheet(frozenset(header), tuple(rows), tuple(refused), encoding)


def guard(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula. `unguard` gives the text back."""
    is_taken = text[:1] in _FORMULA or (text[:1] == _GUARD and text[1:2] in _FORMULA | {_GUARD})
    return _GUARD + text if is_taken else text


def unguard(cell: str) -> str:
    """Return the text that `guard` made this cell of."""
    return cell[1:] if cell[:1] == _GUARD and cell[1:2] in _FORMULA | {_GUARD} else cell


def _decoded(content: bytes) -> tuple[str, str]:
    if content.startswith(b"PK\x03\x04"):
        raise BadInput(f"it is a workbook and no CSV; {_SAVE_AS}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _text(content, "utf-16"), "UTF-16"
    if b"\0" in content:
        raise BadInput(f"it is not text; {_SAVE_AS}")
    try:
        return content.decode("utf-8-sig"), "UTF-8"
    except UnicodeDecodeError:
        return _text(content, "windows-1252"), "Windows-1252"


def _text(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise BadInput(f"its letters can't be told; {_SAVE_AS}") from error


def _delimiter(text: str, required: Sequence[str]) -> tuple[str, bool]:
    """Return the delimiter, and whether a line of its own names it, as Excel writes it before the header."""
    first = text.partition("\n")[0].rstrip("\r")
    if first[:4].lower() == "sep=" and first[4:] in _DELIMITERS:
        return first[4:], True
    return max(_DELIMITERS, key=lambda each: len({*required} & {*_header(first.split(each))})), False


def _header(cells: Sequence[str]) -> list[str]:
    names = [cell.strip().strip('"').casefold().replace(" ", "_").replace("-", "_") for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def _check_header(header: Sequence[str], required: Sequence[str]) -> None:
    missing = [name for name in required if name not in header]
    if missing:
        raise BadInput(f"its first line lacks {', '.join(missing)}; it must name {', '.join(required)}")
    twice = next((name for place, name in enumerate(header) if name in header[:place]), None)
    if twice is not None:
        raise BadInput(f"its first line names {twice or 'a column without a name'} twice")


def _rows(
    lines: Iterable[tuple[int, list[str]]], header: Sequence[str], delimiter: str
) -> tuple[list[SheetRow], list[tuple[int, str]]]:
    rows: list[SheetRow] = []
    refused: list[tuple[int, str]] = []
    for number, cells in lines:
        width = next((place for place in range(len(cells), 0, -1) if cells[place - 1].strip()), 0)
        if not width:
            continue
        if width <= len(header) <= len(cells):
            rows.append(SheetRow(number, dict(zip(header, cells, strict=False))))
        else:
            counted = max(width, min(len(cells), len(header)))
            why = f"{counted} cells, but the first line has {len(header)}; a cell with a {delimiter} in it needs quotes"
            refused.append((number, why))
    return rows, refused
