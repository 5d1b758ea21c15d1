"""A list goes on where its last page ended, and ends once."""

import pytest

from engine.cursor import make_cursor, page_limit, page_of, read_cursor
from engine.errors import BadInput


def test_a_page_that_is_not_the_last_has_the_cursor_of_its_last_row() -> None:
    page = page_of(["a", "b", "c"], 2, lambda row: (row, 1))

    assert page.items == ["a", "b"]
    assert page.next is not None
    assert read_cursor(page.next, tuple[str, int]) == ("b", 1)


@pytest.mark.parametrize("rows", [[], ["a"], ["a", "b"]])
def test_the_last_page_has_no_cursor(rows: list[str]) -> None:
    assert page_of(rows, 2, lambda row: (row,)) == (rows, None)


@pytest.mark.parametrize(("asked", "limit"), [(-1, 1), (0, 1), (20, 20), (101, 100)])
def test_a_page_is_bounded(asked: int, limit: int) -> None:
    assert page_limit(asked) == limit


@pytest.mark.parametrize("cursor", ["nonsense", "bm90aGluZw", make_cursor("a"), make_cursor(1, 2)])
def test_a_cursor_of_another_list_is_bad_input(cursor: str) -> None:
    with pytest.raises(BadInput):
        read_cursor(cursor, tuple[str, int])


def test_a_list_begins_without_a_cursor() -> None:
    assert read_cursor("", tuple[str, int]) is None
