"""Rules of the form of a collection."""

import pytest

from gateway.pages.admin.collection_fields import body_of, ordered
from gateway.pages.forms import Form
from gateway.problems import Problem


@pytest.mark.parametrize(
    ("places", "order"),
    [
        ({}, "ABCD"),
        ({"D": 1}, "DABC"),
        ({"A": 3}, "BCAD"),
        ({"A": 99}, "BCDA"),
        ({"C": 0}, "CABD"),
        ({"B": -5, "A": 2}, "BACD"),
        ({"A": 1, "B": 2, "C": 3, "D": 4}, "ABCD"),
        ({"X": 1}, "ABCD"),
    ],
)
def test_one_that_moves_takes_the_place_that_was_typed(places: dict[str, int], order: str) -> None:
    assert "".join(ordered("ABCD", places, ())) == order


def test_what_goes_leaves_the_others_in_order() -> None:
    assert ordered(["A", "B", "C"], {"C": 1}, ["A", "X"]) == ["C", "B"]


def test_a_search_for_nothing_is_none() -> None:
    form = Form({"title": ["Blue Things"], "sort": ["newest"], "categories": [""], "filters": [" \r\n"]})

    assert body_of(form, "EUR", ["MUG"]) == {
        "title": "Blue Things", "slug": "blue-things", "description": "", "items": ["MUG"], "rule": None,
    }  # fmt: skip


def test_filters_are_lines() -> None:
    rule = body_of(Form({"filters": ["brand: Heron, Ash\r\n\r\nsize:S"]}), "EUR", ())["rule"]

    assert isinstance(rule, dict)
    assert rule["filters"] == [{"name": "brand", "values": ["Heron", "Ash"]}, {"name": "size", "values": ["S"]}]
    assert rule["sort"] == "relevance"


@pytest.mark.parametrize("line", ["brand", "brand:", ": Heron", "brand: ,"])
def test_a_line_that_is_no_filter_is_refused(line: str) -> None:
    with pytest.raises(Problem) as refused:
        body_of(Form({"filters": [line]}), "EUR", ())

    assert refused.value.members["field"] == "filters"
