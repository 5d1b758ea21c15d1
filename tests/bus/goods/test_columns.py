"""Optional columns of the goods file: what is written comes back, what is empty stays, and `-` empties."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.goods import columns
from bus.goods.columns import OPTIONAL, write_more
from bus.messages.base import Line, Money
from bus.messages.catalog import Option, Product, SkuView
from bus.messages.catalog_imports import SkuRow

ROW = SkuRow(
    product_id="P", slug="p", title="P", category="", description="", sku="A", sku_title="",
    price=Money(amount=1, currency="EUR"), weight_g=1,
)  # fmt: skip
WORDS = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=8).filter(lambda word: word != "-")
TIMES = st.none() | st.integers(0, 10**9).map(lambda s: datetime.fromtimestamp(s, UTC))


def read_more(row: SkuRow, given: dict[str, str]) -> SkuRow:
    return columns.read_more(row, given, int)


def cells(**given: str) -> dict[str, str]:
    return {**dict.fromkeys(OPTIONAL, ""), **given}


@given(
    st.just("") | WORDS, st.lists(WORDS, unique=True), st.sampled_from(["draft", "active"]), TIMES, TIMES,
    st.lists(st.tuples(WORDS, WORDS), max_size=3, unique_by=lambda pair: pair[0]), st.none() | WORDS, st.booleans(),
)  # fmt: skip
def test_what_is_written_comes_back(
    brand: str, tags: list[str], status: str, begins: datetime | None, ends: datetime | None,
    options: list[tuple[str, str]], barcode: str | None, is_on_sale: bool,
) -> None:  # fmt: skip
    sku = SkuView(
        sku="A", title="", price=ROW.price, weight_g=1, options=tuple(value for _, value in options),
        barcode=barcode, is_on_sale=is_on_sale,
    )  # fmt: skip
    product = Product(
        id="P", slug="p", title="P", category="", description="", skus=(sku,), brand=brand, tags=tuple(tags),
        status=status, publish_at=begins, unpublish_at=ends,  # type: ignore[arg-type] # one of its literals
        options=tuple(Option(name=name, values=(value,)) for name, value in options),
    )  # fmt: skip

    row = read_more(ROW, dict(zip(OPTIONAL, write_more(product, sku), strict=True)))

    assert (row.brand, row.tags, row.status, row.options) == (brand, tuple(tags), status, tuple(options))
    assert (row.publish_at, row.unpublish_at, row.barcode, row.is_on_sale) == (begins, ends, barcode, is_on_sale)
    absent = {"publish_at": begins, "unpublish_at": ends, "barcode": barcode}
    assert {*row.cleared} == {name for name, value in absent.items() if value is None}


def test_an_empty_cell_leaves_the_field_and_a_column_that_is_not_there_too() -> None:
    assert read_more(ROW, cells()) == read_more(ROW, {}) == ROW


@pytest.mark.parametrize(
    ("column", "text", "said"),
    [
        ("status", "sold", "draft, active or archived"),
        ("status", "-", "status can't be empty"),
        ("on_sale", "maybe", "yes or no"),
        ("publish_at", "24.12.2026", "2026-12-24T18:00:00Z"),
        ("unpublish_at", "2026-12-24T18:00:00", "2026-12-24T18:00:00Z"),  # Of which zone?
        ("options", "Size", "Size=S; Colour=red"),
        ("options", "Size=S=M", "Size=S; Colour=red"),
        ("parts", "MUG x0", "MUG x2; TEE"),
        ("parts", "MUG x100", "MUG x2; TEE"),
        ("parts", "MUG, TEE", "MUG x2; TEE"),
    ],
)
def test_what_can_not_be_read_is_refused_in_words(column: str, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_more(ROW, cells(**{column: text}))


def test_lists_are_written_as_people_do() -> None:
    row = read_more(ROW, cells(tags="new;  summer ; ", options=r"Size=S;Cut\=fit = slim\; long"))

    assert row.tags == ("new", "summer")
    assert row.options == (("Size", "S"), ("Cut=fit", "slim; long"))


def test_parts_are_written_as_people_do() -> None:
    parts = (Line(sku="MUG", quantity=2), Line(sku="TEE", quantity=1))
    bundle = SkuView(sku="SET", title="", price=ROW.price, weight_g=1, parts=parts)
    plain = SkuView(sku="A", title="", price=ROW.price, weight_g=1)
    product = Product(id="P", slug="p", title="P", category="", description="", skus=(bundle, plain))

    assert read_more(ROW, cells(parts="MUG x2; TEE")).parts == parts
    assert [dict(zip(OPTIONAL, write_more(product, sku), strict=True))["parts"] for sku in (bundle, plain)] == [
        "MUG x2; TEE", "-",
    ]  # fmt: skip
    assert read_more(ROW, cells(parts="-")).parts == ()


def test_a_backslash_at_the_end_is_a_backslash_and_a_long_cell_of_them_takes_no_time() -> None:
    assert read_more(ROW, cells(tags="new;end\\")).tags == ("new", "end\\")
    assert read_more(ROW, cells(tags="x" * 100_000 + "\\")).tags == ("x" * 100_000 + "\\",)
