"""The pages' types are those of the API."""

from tools.page_types import TYPES, text


def test_the_types_are_as_make_types_writes_them() -> None:
    assert TYPES.read_text(encoding="utf-8") == text(), "make types"


def test_a_shape_that_no_buyer_meets_is_left_out() -> None:
    assert "PickListView" not in text()
