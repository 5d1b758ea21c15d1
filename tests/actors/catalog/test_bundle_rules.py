"""Bundles: what is refused, and what they need."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from actors.catalog import bundle_rules
from actors.catalog.bundle_rules import Neighbourhood, Use, form_refusal, refusals, still_needed
from bus.messages.base import Line, Money
from bus.messages.catalog import PartOfBundle, Product, SkuView

SKUS = ("A", "B", "C", "D")


def sku(name: str, *parts: str, quantity: int = 1) -> SkuView:
    lines = tuple(Line(sku=part, quantity=quantity) for part in parts)
    return SkuView(sku=name, title="", price=Money(amount=1, currency="EUR"), weight_g=1, parts=lines)


def product(*skus: SkuView, name: str = "P") -> Product:
    return Product(id=name, slug="p", title="P", category="", description="", skus=skus)


def around(bundles: Mapping[str, Sequence[str]], *others: str) -> Neighbourhood:
    """A catalog with these bundles, and plain SKUs, each of a product of its own."""
    parts = {part for of in bundles.values() for part in of}
    uses = [Use(part, bundle, bundle.lower()) for bundle, of in bundles.items() for part in of]
    return Neighbourhood(frozenset({*bundles, *parts, *others}), frozenset(bundles), uses)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (sku("SET", *(f"P{n}" for n in range(21))), "at most 20"),
        (sku("SET", "A", "A"), "each once"),
        (sku("SET", "SET"), "part of itself"),
        (sku("SET", "A", quantity=0), "1 to 99"),
        (sku("SET", "A", quantity=100), "1 to 99"),
    ],
)
def test_what_no_bundle_can_be_is_refused_in_words(asked: SkuView, said: str) -> None:
    assert said in str(form_refusal(product(asked)))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (sku("NEW", "NONE"), "there is no NONE"),
        (sku("NEW", "SET"), "SET is a bundle"),
        (sku("A", "B"), "A is a part of SET"),
        (sku("SET"), "SET is a bundle and stays one"),
    ],
)
def test_a_bundle_is_made_of_plain_skus_that_are_there(asked: SkuView, said: str) -> None:
    assert said in refusals([product(asked)], around({"SET": ["A"]}, "B"))["P"]


def test_a_part_may_come_with_its_bundle() -> None:
    assert refusals([product(sku("SET", "NEW"), sku("NEW"))], around({})) == {}
    assert refusals([product(sku("SET", "NEW")), product(sku("NEW"), name="Q")], around({})) == {}


def test_a_sku_that_bundles_need_can_not_be_taken_off() -> None:
    before = product(sku("A"), sku("B"), name="a")
    uses = [Use("A", "SET", "set"), Use("A", "BOX", "box")]

    assert still_needed(before, None, uses) == PartOfBundle(id="a", sku="A", bundles=("BOX", "SET"))
    assert still_needed(before, product(sku("B"), name="a"), uses) == PartOfBundle(
        id="a", sku="A", bundles=("BOX", "SET")
    )
    assert still_needed(before, product(sku("A"), name="a"), uses) is None


def test_a_bundle_may_go_with_its_parts() -> None:
    before = product(sku("SET", "A"), sku("A"), name="p")
    uses = [Use("A", "SET", "p")]

    assert still_needed(before, None, uses) is None
    assert still_needed(before, product(sku("SET", "B"), name="p"), uses) is None
    assert still_needed(before, product(sku("SET", "A"), name="p"), uses) == PartOfBundle(
        id="p", sku="A", bundles=("SET",)
    )


RECIPES = st.dictionaries(st.sampled_from(SKUS), st.sets(st.sampled_from(SKUS), max_size=3), max_size=4)


@given(RECIPES, RECIPES)
def test_whatever_is_written_no_bundle_is_in_a_bundle_and_no_part_is_missing(
    first: dict[str, set[str]], second: dict[str, set[str]]
) -> None:
    """Products of one SKU each, written in two steps; each step writes all that is not refused."""
    catalog: dict[str, frozenset[str]] = {}
    for step in (first, second):
        asked = [product(sku(name, *parts), name=name) for name, parts in step.items() if name not in parts]
        known = Neighbourhood(
            frozenset(catalog),
            frozenset(name for name, parts in catalog.items() if parts),
            [Use(part, name, name) for name, parts in catalog.items() for part in parts],
        )
        while unfit := refusals(asked, known):
            asked = [each for each in asked if each.id not in unfit]
        catalog |= {each.id: frozenset(part.sku for part in each.skus[0].parts) for each in asked}

        assert all(part in catalog and not catalog[part] for parts in catalog.values() for part in parts)


def test_bundles_follow_a_rename() -> None:
    before = product(sku("SET", "A", "C"), sku("A"))

    after = bundle_rules.with_renamed(structs.replace(before, skus=(sku("SET", "A", "C"), sku("X"))), "A", "X")

    assert after.skus[0].parts == (Line(sku="C", quantity=1), Line(sku="X", quantity=1))
