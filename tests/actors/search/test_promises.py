"""What buyers are promised of the search: a query, and the products that come first."""

from collections.abc import Iterator

import pytest

from actors.search.asked import MOST_DEEP, Question, Synonym
from actors.search.findable import Findable
from actors.search.finder import Finder
from tests.actors.search.indexes import an_index

SHELF = [
    Findable(id="MUG", title="Stoneware Mug", keys=("Mugs & Cups", "Acme"), codes=("MUG-BLUE", "4006381333931"),
          body="Keeps coffee warm", facets={"colour": ("blue", "green"), "brand": ("Acme",)}, price=1450),
    Findable(id="CUP", title="Tin Cup", keys=("Mugs & Cups",), codes=("CUP-100",), facets={"colour": ("blue",)},
          price=990, popularity=1.0),
    Findable(id="BIG", title="Big Mug", keys=("Mugs & Cups",), codes=("51005",), facets={"colour": ("red",)},
          price=2000, popularity=0.5),
    Findable(id="GIFT", title="100", codes=("GIFT-A",), price=100),
    Findable(id="KETTLE", title="Wasserkocher", codes=("K1",), body="Für Tee", price=4900, is_in_stock=False),
    Findable(id="SOFA", title="Corner Sofa", codes=("S1",), price=90000),
    Findable(id="PHONE", title="Mobile", codes=("P1",), price=30000),
    Findable(id="SHIRT", title="Größe Łódź Café", codes=("T1",), price=1500, visible_from=100, visible_until=200),
    Findable(id="VASE", title="青花瓷茶碗", codes=("V1",), price=8000),
]  # fmt: skip


@pytest.fixture(scope="module")
def finder() -> Iterator[Finder]:
    with an_index(SHELF, "de", ["wasser", "kocher"]) as opened:
        yield opened


@pytest.mark.parametrize(
    ("q", "first"),
    [
        ("stonware mug", ["MUG"]),
        ("ston", ["MUG"]),
        ("mug", ["BIG", "MUG"]),  # Equal words: what sells more comes first.
        ("100", ["GIFT", "CUP"]),  # The whole title, then a part of a SKU; 51005 is another number.
        ("mug-blue", ["MUG"]),
        ("MUGBLUE", ["MUG"]),
        ("blue", ["MUG"]),
        ("400638", ["MUG"]),
        ("4006381333931", ["MUG"]),
        ("4006381333932", []),  # No typos in numbers.
        ("kocher", ["KETTLE"]),
        ("wasser kocher", ["KETTLE"]),
        ("wasserkoher", ["KETTLE"]),
        ("acme mug", ["MUG"]),
        ("couch", ["SOFA"]),
        ("sofa", ["SOFA"]),
        ("cell phone", ["PHONE"]),
        ("茶碗", ["VASE"]),
        ("青花", ["VASE"]),
        ("grosse", ["SHIRT"]),
        ("LODZ cafe", ["SHIRT"]),
        ("coffee", ["MUG"]),
        ("%", []),
        ("()[].*+?^$", []),
        ("x" * 10_000, []),
        ("\u202e\u200f", []),
        ("🎁", []),
    ],
)
def test_a_query_finds_first(finder: Finder, q: str, first: list[str]) -> None:
    synonyms = (Synonym(("couch",), ("sofa",)), Synonym(("cell", "phone"), ("mobile",)))
    found = finder.find(Question(q=q, synonyms=synonyms), 150)

    assert list(found.ids[: len(first)]) == first
    assert found.ids or not first
    if not first:
        assert found.ids == ()


def test_a_synonym_of_one_way_is_no_way_back(finder: Finder) -> None:
    assert finder.find(Question(q="mobile", synonyms=(Synonym(("mobile",), ("sofa",)),)), 0).ids == ("PHONE", "SOFA")
    assert finder.find(Question(q="sofa", synonyms=(Synonym(("mobile",), ("sofa",)),)), 0).ids == ("SOFA",)


def test_a_product_appears_and_goes_to_the_second(finder: Finder) -> None:
    found = [finder.find(Question(q="cafe"), now_s).total for now_s in (99, 100, 199, 200)]

    assert found == [0, 1, 1, 0]


def test_the_best_seller_stays_behind_what_fits_better(finder: Finder) -> None:
    assert finder.find(Question(q="mugs"), 0).ids[0] in ("BIG", "MUG")


def test_a_chosen_value_does_not_hide_its_neighbours(finder: Finder) -> None:
    found = finder.find(Question(q="mugs", filters={"colour": ("red",)}, facets=("colour", "brand")), 0)

    assert found.ids == ("BIG",)
    assert {each.value: each.count for each in found.facets["colour"]} == {"blue": 2, "green": 1, "red": 1}
    assert found.facets["brand"] == ()


def test_prices_are_counted_without_their_own_filter(finder: Finder) -> None:
    found = finder.find(Question(q="mugs", price=(1000, 1450)), 0)

    assert found.ids == ("MUG",)
    assert found.prices == (990, 2000)


def test_only_what_is_in_stock(finder: Finder) -> None:
    assert finder.find(Question(q="wasserkocher"), 0).total == 1
    assert finder.find(Question(q="wasserkocher", in_stock=True), 0).total == 0


def test_pinned_products_come_first_and_buried_ones_last(finder: Finder) -> None:
    found = finder.find(Question(q="mug", pinned=("SOFA", "MUG"), buried=("BIG",)), 0)

    assert found.ids[0] == "MUG"  # What does not fit is not pinned.
    assert found.ids[-1] == "BIG"
    assert "SOFA" not in found.ids


@pytest.mark.parametrize(
    ("q", "corrected"),
    [("stnoeware mug", "stoneware mug"), ("stoneware mug", None), ("ston", None), ("stonware", "stoneware")],
)
def test_a_misspelt_query_is_answered_as_it_was_meant(finder: Finder, q: str, corrected: str | None) -> None:
    assert finder.find(Question(q=q), 0).corrected == corrected


def test_where_nothing_has_all_words_half_of_them_are_enough(finder: Finder) -> None:
    found = finder.find(Question(q="green stoneware unicorn mug"), 0)

    assert found.ids[0] == "MUG"
    assert found.is_partial


def test_a_long_query_is_cut_and_says_so(finder: Finder) -> None:
    assert finder.find(Question(q="mug " * 9), 0).is_cut
    assert not finder.find(Question(q="mug " * 8), 0).is_cut


def test_nobody_pages_deeper_than_a_thousand(finder: Finder) -> None:
    assert finder.find(Question(skip=MOST_DEEP, limit=20), 0).ids == ()


def test_a_hit_can_be_explained(finder: Finder) -> None:
    assert finder.explain(Question(q="stonware mug"), "MUG") == [("stonware", "typo", 3.0), ("mug", "title", 8.0)]
    assert finder.explain(Question(q="big mug"), "BIG")[-2:] == [("", "whole", 100.0), ("", "in order", 2.0)]
    assert finder.explain(Question(q="mug"), "SOFA") == [("mug", "nothing", 0.0)]
