"""Related products: as a plain count of what two have in common says, never itself, and never what is hidden."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.search.findable import ALWAYS, Findable
from actors.search.stemming import stem
from actors.search.text import words
from tests.actors.search.indexes import an_index

NOW = 1000

titles = st.lists(st.sampled_from(["mug", "mugs", "blue", "tea", "bowl", "of", "lamp"]), min_size=1, max_size=4)
goods = st.lists(
    st.builds(
        Findable,
        id=st.integers(0, 10**9).map("P{}".format),
        title=titles.map(" ".join),
        within=st.lists(st.sampled_from(["c1", "c2"]), max_size=2, unique=True).map(tuple),
        facets=st.fixed_dictionaries({
            "category": st.sampled_from([(), ("Home",), ("Garden",)]),
            "colour": st.sampled_from([(), ("red",), ("blue", "red")]),
            "brand": st.sampled_from([("Acme",), ("Other",)]),
        }),
        is_in_stock=st.booleans(),
        visible_from=st.sampled_from([0, 0, NOW, NOW + 1]),
        visible_until=st.sampled_from([ALWAYS, ALWAYS, NOW, NOW + 1]),
    ),
    min_size=2, max_size=15, unique_by=lambda entry: entry.id,
)  # fmt: skip


def in_common(one: Findable, other: Findable) -> float:
    """What two products have in common; 0 if it is neither a category nor a word."""
    forms = [{stem(word, "en") for word in words(each.title) if len(word) > 2} for each in (one, other)]
    is_near = set(one.within) & set(other.within) or set(one.facets["category"]) & set(other.facets["category"])
    core = 3.0 * len(forms[0] & forms[1]) + 4.0 * bool(is_near)
    shared = sum(len(set(one.facets[name]) & set(other.facets[name])) for name in ("colour", "brand"))
    return core and core + shared + 2.5 * other.is_in_stock


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(products=goods)
def test_what_has_most_in_common_comes_first(products: list[Findable]) -> None:
    by_id = {entry.id: entry for entry in products}
    with an_index(products) as finder:
        for one in products:
            found = finder.related(one, 100, NOW)

            visible = [each for each in products if each.visible_from <= NOW < each.visible_until and each.id != one.id]
            assert set(found) == {each.id for each in visible if in_common(one, each)}
            scores = [in_common(one, by_id[each]) for each in found]
            assert scores == sorted(scores, reverse=True)


def test_what_sells_comes_first_among_equals() -> None:
    some = [Findable(id=f"P{n}", title="Mug", facets={"brand": ("A",)}, popularity=n / 9) for n in range(9)]
    with an_index(some) as finder:
        assert finder.related(some[0], 3, NOW) == ("P8", "P7", "P6")
