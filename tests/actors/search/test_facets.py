"""Facets: counted right for every combination of two filters, of whatever products have, and only of what they have."""

from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from actors.search.asked import MOST_FACETS, Question
from actors.search.counting import choose
from actors.search.findable import Findable
from actors.search.folder import IndexFolder
from actors.search.making import Surroundings, as_text, findable, option_facet, popularity
from bus.messages.attributes import Attribute
from bus.messages.base import Money
from bus.messages.catalog import Option, Product, SkuView
from tests.actors.search import matcher
from tests.actors.search.indexes import an_index

NOW = 1000
VALUES = {"colour": ["red", "dark blue"], "size": ["S", "M"], "material": ["wool"], "größe": ["5", "6"]}


def some_of(values: list[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True).map(tuple)


goods = st.lists(
    st.builds(
        Findable,
        id=st.integers(0, 10**9).map("P{}".format),
        title=st.sampled_from(["Mug", "Blue Mug", "Lamp"]),
        facets=st.fixed_dictionaries({name: some_of(values) for name, values in VALUES.items()}),
        price=st.integers(0, 5),
        is_in_stock=st.booleans(),
    ),
    min_size=10, max_size=25, unique_by=lambda entry: entry.id,
)  # fmt: skip
few = settings(
    max_examples=6,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@few
@given(products=goods, q=st.sampled_from(["", "mug", "blue mug"]), price=st.sampled_from([(None, None), (1, 3)]))
def test_counts_are_right_for_every_combination_of_two_filters(
    products: list[Findable], q: str, price: tuple[int | None, int | None]
) -> None:
    single = [(name, value) for name, values in VALUES.items() for value in values]
    chosen = [dict([one, other]) for one, other in combinations(single, 2) if one[0] != other[0]]
    with an_index(products) as finder:
        for pair, in_stock in product(chosen, (False, True)):
            filters = {name: (value,) for name, value in pair.items()}
            asked = Question(q=q, filters=filters, price=price, in_stock=in_stock, facets=None, limit=100)
            found = finder.find(asked, NOW)

            shown = {entry.id for entry in products if entry.id in matcher.find(products, asked, NOW)}
            has = [entry.facets for entry in products if entry.id in shown]
            present = {name for facets in has for name, values in facets.items() if values}
            assert set(found.facets) == present | set(filters)
            for name, values in found.facets.items():
                counted = {each.value: each.count for each in values}
                assert counted == matcher.count(products, asked, NOW, name), (asked, name)


def test_facets_are_counted_that_hits_have_and_no_others() -> None:
    mug = Findable(id="MUG", title="Mug", facets={"colour": ("red",)})
    lamp = Findable(id="LAMP", title="Lamp", facets={"watt": ("5",)}, titles={"watt": "Watt"})
    with an_index([mug, lamp]) as finder:
        assert set(finder.find(Question(q="mug", facets=None), NOW).facets) == {"colour"}
        found = finder.find(Question(q="lamp", facets=None), NOW)
        assert (set(found.facets), found.titles) == ({"watt"}, {"watt": "Watt"})
        assert set(finder.facets) == {"colour", "watt"}


def test_chosen_facets_come_whatever_others_there_are() -> None:
    known = [f"f{n}" for n in range(30)]

    chosen = choose(known, ["f29", "gone"], ["f7", "f3"])

    assert len(chosen) == MOST_FACETS
    assert chosen[:3] == ("f7", "f3", "f0")
    assert {"f29", "gone"} <= set(chosen)


@pytest.mark.parametrize(
    ("option", "facet"),
    [("Size", "size"), ("Shoe size (EU)", "shoe_size_eu"), ("Größe", "grosse"), ("サイズ", "サイズ"), ("!", ""),
     ("Price", "option_price"), ("Brand", "option_brand")],
)  # fmt: skip
def test_options_have_names_that_can_be_asked_for(option: str, facet: str) -> None:
    assert option_facet(option) == facet


ATTRIBUTES = [
    Attribute(key="material", title="Material", kind="choice", filterable=True, searchable=True),
    Attribute(key="size", title="Fit", kind="text", of_sku=True, filterable=True),
    Attribute(key="volume", title="Volume", kind="number", unit="l", filterable=True, searchable=True),
    Attribute(key="safe", title="Safe", kind="boolean", filterable=True),
    Attribute(key="care", title="Care", kind="text", searchable=True),
    Attribute(key="secret", title="Secret", kind="text"),
]


LONG = "x " * 99 + "handwash"


def shirt() -> Product:
    def sku(name: str, option: str, *, on_sale: bool = True, price: int = 500, **attributes: Any) -> SkuView:
        return SkuView(sku=name, title="", price=Money(amount=price, currency="EUR"), weight_g=1, options=(option,),
                       is_on_sale=on_sale, attributes=attributes)  # fmt: skip

    return Product(
        id="SHIRT", slug="shirt", title="Shirt", category="Clothes", description="Soft", revision=7, added=3,
        options=(Option(name="Size", values=("S", "M", "L")),),
        skus=(sku("A", "S", size="slim"), sku("B", "M"), sku("C", "L", on_sale=False, price=100, size="wide")),
        attributes={"material": "wool", "volume": 2.5, "safe": True, "care": LONG, "secret": "hidden"},
    )  # fmt: skip


def test_a_product_is_made_of_what_is_on_sale_of_it() -> None:
    known = {each.key: each for each in ATTRIBUTES}
    made = findable(shirt(), Surroundings(attributes=known, available={"C": 1}, units={"A": 3, "C": 4}))

    assert made.facets == {
        "category": ("Clothes",), "size": ("M", "S", "slim"), "material": ("wool",), "volume": ("2.5",),
        "safe": ("true",),
    }  # fmt: skip
    assert (made.price, made.is_in_stock, made.added, made.revision) == (500, False, 3, 7)
    assert made.popularity == popularity(7) == 3 / 15
    assert {"wool", "2.5 l"} <= set(made.keys)
    assert "handwash" in made.body
    assert "hidden" not in made.body + " ".join(made.keys)
    stocked = findable(shirt(), Surroundings(available={"B": 1}))
    assert stocked.is_in_stock
    assert stocked.facets == {"category": ("Clothes",), "size": ("M", "S")}


def test_popularity_rises_with_each_doubling_and_ends() -> None:
    assert [popularity(units) for units in (0, 1, 2, 3, 6, 7, 10**9)] == [0, 1 / 15, 1 / 15, 2 / 15, 2 / 15, 3 / 15, 1]
    assert as_text(False) == "false"


def test_an_index_of_another_layout_says_so(tmp_path: Path) -> None:
    folder = IndexFolder(tmp_path, "en")
    assert folder.lock()
    folder.build().swap(5, 2)
    finder = folder.refresh()
    assert finder is not None
    assert (finder.place, finder.layout) == (5, 2)
    folder.write([Findable(id="A", title="Cup")], (), 6, 3)
    later = folder.refresh()
    assert later is not None
    assert (later.place, later.layout, later.products) == (6, 3, 1)
    folder.close()
