"""Files as spreadsheets write them are read alike; what is ambiguous is refused with a sentence on what to do."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.goods.rows import REQUIRED
from bus.goods.sheets import RefusedRow, SheetRow, guard, open_sheet, unguard
from engine.errors import BadInput

NEEDED = ("sku", "title", "price")
PLAIN = "sku,title,price\nMUG,Café,1200\n"


class Sheet:
    """All of a sheet."""

    def __init__(self, content: bytes, required: tuple[str, ...]) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "sheet.csv"
            file.write_bytes(content)
            with open_sheet(file, required) as sheet:
                self.encoding = sheet.encoding
                lines = list(sheet.rows)
        self.rows = [line for line in lines if isinstance(line, SheetRow)]
        self.refused = tuple(line for line in lines if isinstance(line, RefusedRow))


def read_sheet(content: bytes, required: tuple[str, ...]) -> Sheet:
    return Sheet(content, required)


def rows(sheet: Sheet) -> list[tuple[int, tuple[str, ...]]]:
    return [(row.number, tuple(row.cells.values())) for row in sheet.rows]


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (PLAIN.encode(), "UTF-8"),
        (PLAIN.encode("utf-8-sig"), "UTF-8"),
        (PLAIN.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + PLAIN.encode("utf-16-be"), "UTF-16"),
        (PLAIN.encode("windows-1252"), "Windows-1252"),
        (PLAIN.replace(",", ";").encode(), "UTF-8"),
        (PLAIN.replace(",", "\t").encode(), "UTF-8"),
        (PLAIN.replace("\n", "\r\n").encode(), "UTF-8"),
        (PLAIN.replace("sku,title,price", " SKU,Title,PRICE ").encode(), "UTF-8"),
        (PLAIN.replace("sku,title,price", '"sku","title","price"').encode(), "UTF-8"),
        (PLAIN.replace("\n", ",,\n").encode(), "UTF-8"),
    ],
)
def test_a_file_is_read_as_spreadsheets_write_it(content: bytes, encoding: str) -> None:
    sheet = read_sheet(content, NEEDED)
    assert rows(sheet) == [(2, ("MUG", "Café", "1200"))]
    assert (sheet.refused, sheet.encoding) == ((), encoding)


def test_excels_line_about_the_delimiter_is_no_header_and_counts_as_a_line() -> None:
    sheet = read_sheet(b"sep=;\r\nsku;title;price\r\nMUG;a, b;1200\r\n", NEEDED)
    assert rows(sheet) == [(3, ("MUG", "a, b", "1200"))]


def test_names_of_columns_count_without_case_blanks_and_dashes() -> None:
    assert read_sheet(b"SKU,Sku Title,weight-g\nA,B,1\n", ("sku", "sku_title", "weight_g")).refused == ()


def test_a_row_of_another_shape_is_refused_and_a_blank_one_skipped() -> None:
    content = 'sku,title,price\nA,one,1,200\n\n,,\n,,,,\nB,"one, two",1\nC,three\nD,four,4,,\nE,five,\n'
    sheet = read_sheet(content.encode(), NEEDED)
    assert [row.cells["sku"] for row in sheet.rows] == ["B", "E"]
    assert [number for number, _ in sheet.refused] == [2, 7, 8]
    assert sheet.refused[0][1] == "4 cells, but the first line has 3; a cell with a comma in it needs quotes"
    assert sheet.refused[1][1].startswith("2 cells, ")
    assert sheet.refused[2][1].startswith("5 cells, but the first line has 3")


def test_empty_cells_at_the_end_may_be_as_many_as_the_first_line_has() -> None:
    sheet = read_sheet(b"sku,title,price,,\nA,one,1\nB,two,2,,\nC,three,3,,,\nD,four,1,200,\n", NEEDED)
    assert [row.cells["sku"] for row in sheet.rows] == ["A", "B"]
    assert [(number, why.partition(";")[0]) for number, why in sheet.refused] == [
        (4, "6 cells, but the first line has 5"),
        (5, "4 cells, but the first line has 3"),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("left_empty", range(5))  # So many of the last columns, as where nothing is known of them.
@pytest.mark.parametrize("column", ["price", "weight_g", "on_hand"])
def test_a_number_that_is_cut_in_two_shifts_nothing(column: str, left_empty: int, delimiter: str) -> None:
    names = [*REQUIRED, "on_hand", "brand", "tags", "barcode"]
    cells = dict.fromkeys(names, "7") | dict.fromkeys(names[len(names) - left_empty :], "")
    cells |= {column: f"1{delimiter}200"}
    sheet = read_sheet("\n".join(map(delimiter.join, (names, cells.values()))).encode(), REQUIRED)
    assert sheet.rows == []
    assert [number for number, _ in sheet.refused] == [2]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is empty"),
        (b"A\n", "its first line lacks sku, title, price"),
        (b"sku,title\n", "lacks price"),
        (b"sku,title,price,SKU\n", "names sku twice"),
        (b'sku,title,price\nA,"b\n', "line 2: a quote in it never closes"),
        (b'sku,title,price\nA,b,1\nB,"c,2\n' + b"D,e,3\n" * 40_000, "line 3: a quote in it never closes"),
        (b'sku,title,price\nA,"b"c,1\n', "line 2"),
        (b"PK\x03\x04...", "workbook and no CSV; save it as 'CSV UTF-8'"),
        ("sku,title,price\n".encode("utf-16-le"), "not text; save it as"),
        (b"\xff\xfe\x00", "save it as"),
        (b"sku,title,price\nA,\x81\x8d,1\n", "letters can't be told; save it as"),
    ],
)
def test_what_is_no_such_table_is_refused_with_what_to_do(content: bytes, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        read_sheet(content, NEEDED)


@given(st.text(alphabet="'=+-@\t\rab ", max_size=6))
def test_a_guarded_cell_is_no_formula_and_gives_its_text_back(text: str) -> None:
    assert guard(text)[:1] not in set("=+-@\t\r")
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("text", ["", "'", "'tis", "Mug", "a=b", "''"])
def test_most_cells_stay_as_they_are(text: str) -> None:
    assert guard(text) == text or text == "''"
