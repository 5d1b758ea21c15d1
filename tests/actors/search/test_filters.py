"""Filters: exact for whatever a value holds, for ranges of numbers to their edges, and counted each without its own."""

from decimal import Decimal
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.search.asked import MOST_FACETS, Question, Span
from actors.search.filters import FEW
from actors.search.findable import Findable, millionths
from actors.search.rules import question, range_refusal
from bus.messages.attributes import Attribute
from bus.messages.search import Chosen, FindProducts
from tests.actors.search import matcher
from tests.actors.search.indexes import an_index

NOW = 1000
VOLUME = Attribute(key="volume", title="Volume", kind="number", unit="l", filterable=True)
NOTE = Attribute(key="note", title="Note", kind="text", filterable=True)
few = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])

any_value = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30) | st.sampled_from(
    [
        '"',
        "\\",
        '\\"',
        "a\\",
        "*",
        "[1 TO 2]",
        "a AND b",
        "x:y",
        "5",
        "5.0",
        "true",
        "2026-12-24",
        "IN [a]",
        "-a",
        "a\nb",
    ]
)


@few
@given(values=st.lists(any_value, min_size=1, max_size=20, unique=True))
def test_each_value_filters_by_itself_whatever_it_holds(values: list[str]) -> None:
    products = [Findable(id=f"P{n}", title="Mug", facets={"größe": (value,)}) for n, value in enumerate(values)]
    with an_index(products) as finder:
        for n, value in enumerate(values):
            found = finder.find(Question(filters={"größe": (value,)}, facets=("größe",), limit=50), NOW)

            assert found.ids == (f"P{n}",)
            assert {each.value for each in found.facets["größe"]} == set(values)


def test_any_of_many_values_fits() -> None:
    products = [Findable(id=f"P{n}", title="Mug", facets={"brand": (f"B{n}",)}) for n in range(2 * FEW)]
    with an_index(products) as finder:
        for size in (1, FEW, FEW + 1):
            brands = tuple(f"B{n}" for n in range(size))
            assert finder.find(Question(filters={"brand": brands}, facets=()), NOW).total == size


numbers = st.decimals(-20, 20, places=1).map(lambda number: millionths(str(number))) | st.sampled_from(
    [0, 1, -1, 10**18, -(10**18), 10**18 - 1, 999_999, 2_000_000, 5_000_000, 5_000_001]
)
goods = st.lists(
    st.builds(
        Findable,
        id=st.integers(0, 10**9).map("P{}".format),
        title=st.sampled_from(["Mug", "Jug"]),
        numbers=st.fixed_dictionaries({"volume": st.lists(numbers, min_size=1, max_size=2).map(tuple)})
        | st.just(dict[str, tuple[int, ...]]()),
        facets=st.fixed_dictionaries({"colour": st.sampled_from([("red",), ("blue",)])}),
    ),
    min_size=1, max_size=12, unique_by=lambda entry: entry.id,
)  # fmt: skip
spans = (
    st.tuples(st.none() | numbers, st.none() | numbers)
    .filter(lambda ends: ends != (None, None))
    .map(lambda ends: Span(*ends))
)


@few
@given(products=goods, wanted=st.lists(st.lists(spans, min_size=1, max_size=2).map(tuple), min_size=5, max_size=5))
def test_ranges_find_what_a_comparison_finds(products: list[Findable], wanted: list[tuple[Span, ...]]) -> None:
    with an_index(products) as finder:
        for ranges, colours in product(wanted, [(), ("red",)]):
            chosen = {"colour": colours} if colours else {}
            asked = Question(
                filters=chosen, spans={"volume": ranges}, facets=("colour", "volume"), numeric=("volume",), limit=100
            )
            found = finder.find(asked, NOW)

            assert set(found.ids) == {entry.id for entry in products if matcher.passes(entry, asked)}
            others = [entry for entry in products if matcher.passes(entry, asked, but="volume")]
            values = [number for entry in others for number in entry.numbers.get("volume", ())]
            lowest, highest = found.spans.get("volume", (None, None))
            # The index tells them as floats, which are exact to 15 digits.
            assert (lowest, highest) == ((int(float(min(values))), int(float(max(values)))) if values else (None, None))
            counted = {each.value: each.count for each in found.facets["colour"]}
            assert counted == matcher.count(products, asked, NOW, "colour")


@pytest.mark.parametrize("number", [0, 5, 2.5, 0.1, 0.000001, -3.25, 10**12, -(10**12), 999999.999999])
def test_numbers_are_millionths_exactly(number: float) -> None:
    assert Decimal(millionths(number)) == Decimal(str(number)) * 10**6


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("2..5", Span(2_000_000, 5_000_000)), ("2.5..", Span(2_500_000, None)), ("..0.1", Span(None, 100_000)),
        ("-3..-1.5", Span(-3_000_000, -1_500_000)), ("5..2", Span(5_000_000, 2_000_000)),
    ],
)  # fmt: skip
def test_a_range_is_read(text: str, span: Span) -> None:
    ask = FindProducts(filters=(Chosen(facet="volume", values=("7", text)), Chosen(facet="note", values=(text,))))

    made = question(ask, 0, [VOLUME, NOTE], None, ())

    assert range_refusal(ask, [VOLUME, NOTE]) is None
    assert made.spans == {"volume": (span,)}
    assert made.filters == {"volume": ("7",), "note": (text,)}  # Texts have no ranges.


@pytest.mark.parametrize("text", ["..", "a..b", "1..2..3", "1e3..", "2...5x", "..٣", f"..{'9' * 14}", "1.1234567.."])
def test_what_is_no_range_is_refused(text: str) -> None:
    ask = FindProducts(filters=(Chosen(facet="volume", values=(text,)),))

    assert range_refusal(ask, [VOLUME]) == "f.volume: a range must look like 2..5, ..5 or 2.."


def test_more_facets_than_are_counted_at_once_are_counted_right() -> None:
    names = [f"f{n:02}" for n in range(MOST_FACETS + 10)]
    products = [
        Findable(id=f"P{n}", title="Mug", facets=dict.fromkeys(names[n % 12 :], (f"{n % 3}",))) for n in range(30)
    ]
    with an_index(products) as finder:
        for filters in ({}, {"f29": ("1",)}, {"f29": ("1",), "f11": ("1", "2")}):
            asked = Question(q="mug", filters=filters, facets=None, limit=50)
            found = finder.find(asked, NOW)

            assert set(filters) < {*found.facets}
            assert len(found.facets) == MOST_FACETS
            for name, values in found.facets.items():
                assert {each.value: each.count for each in values} == matcher.count(products, asked, NOW, name)
