"""Attributes against their definitions: whatever is written fits, and all that does not is named at once."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from actors.catalog import attribute_rules as rules
from bus.messages.attributes import Attribute, ProductType, TypeAttribute
from bus.messages.base import Money
from bus.messages.catalog import Product, SkuView
from bus.messages.catalog_imports import SkuRow

DEFINITIONS = {
    each.key: each
    for each in (
        Attribute(key="material", title="Material", kind="choice", choices=("wool", "cotton")),
        Attribute(key="care", title="Care", kind="text"),
        Attribute(key="height", title="Height", kind="number", unit="cm"),
        Attribute(key="organic", title="Organic", kind="boolean"),
        Attribute(key="since", title="Since", kind="date"),
        Attribute(key="size", title="Size", kind="choice", choices=("S", "M"), of_sku=True),
        Attribute(key="weight", title="Weight", kind="number", of_sku=True),
    )
}
EUR = Money(amount=100, currency="EUR")


def product_of(attributes: Any = None, *skus: Any, type_id: str = "") -> Product:
    views = tuple(
        SkuView(sku=f"P-{place}", title="", price=EUR, weight_g=1, attributes=values)
        for place, values in enumerate(skus or ({},))
    )
    return Product(id="P", slug="p", title="P", category="C", description="", skus=views, attributes=attributes or {},
                   type_id=type_id)  # fmt: skip


def fits_plainly(key: str, value: object) -> bool:
    """Whether a value fits, by a table written apart."""
    if key == "material":
        return value in ("wool", "cotton")
    if key == "size":
        return value in ("S", "M")
    if key == "organic":
        return value is True or value is False
    if key in ("height", "weight"):
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return -1e12 <= value <= 1e12 and f"{value:.6f}".rstrip("0").rstrip(".") == _plain(value)
    if key == "since":
        return isinstance(value, str) and value in DAYS
    return isinstance(value, str) and len(value.strip()) >= 1 and len(value) <= 1000 and value.isprintable()


def _plain(number: Any) -> str:
    text = f"{Decimal(repr(number)):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


DAYS = {date(2026, 12, 24).isoformat(), date(2024, 2, 29).isoformat()}
TEXTS = [
    "wool", "cotton", "S", "M", "XL", "", " ", "a\nb", "x" * 1001, "true",
    "2026-12-24", "2025-02-29", "20261224", "2024-02-29",
]  # fmt: skip
NUMBERS = [0.5, 2.25, 1e13, 1e-7, float("inf"), float("nan"), 10**30]
VALUES = st.sampled_from(TEXTS) | st.booleans() | st.integers(-10, 10) | st.sampled_from(NUMBERS)


@given(st.dictionaries(st.sampled_from(["material", "care", "height", "organic", "since", "unknown"]), VALUES))
def test_every_value_that_does_not_fit_is_named_and_no_other(values: dict[str, Any]) -> None:
    refused = rules.refusal(rules.normal(product_of(values)), DEFINITIONS) or ""

    wrong = {key for key, value in values.items() if key == "unknown" or not fits_plainly(key, value)}
    named = {fault.split(" ")[0] for fault in refused.removeprefix("attributes: ").split("; ")} if refused else set()
    assert named == wrong


@given(st.dictionaries(st.sampled_from(["height"]), st.floats(-1e6, 1e6).map(lambda x: round(x, 6))))
def test_numbers_are_the_same_behind_the_database(values: dict[str, Any]) -> None:
    written = rules.normal(product_of(values)).attributes

    assert json.loads(json.dumps(written)) == written
    assert all(type(value) is int for value in written.values() if float(value).is_integer())
    assert {key: float(value) for key, value in written.items()} == values


def test_values_are_of_the_product_or_of_the_sku() -> None:
    wrong = product_of({"size": "S"}, {"material": "wool", "size": "XL"}, {"size": "M"})

    refused = rules.refusal(wrong, DEFINITIONS)

    assert refused == (
        "attributes: size is of each SKU; skus.P-0.material is of the product; skus.P-0.size must be one of S, M"
    )
    assert rules.refusal(product_of({"material": "wool"}, {"size": "S", "weight": 5}), DEFINITIONS) is None


def test_what_all_values_take_is_bounded() -> None:
    texts = {f"text{n}": Attribute(key=f"text{n}", title="T", kind="text") for n in range(20)}

    assert rules.refusal(product_of(dict.fromkeys(texts, "x" * 500)), texts) is None
    refused = rules.refusal(product_of(dict.fromkeys(texts, "x" * 1000)), texts)
    assert refused is not None
    assert "16,384" in refused


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"key": "Size"}, "key"),
        ({"key": "price"}, "key"),
        ({"key": "x" * 41}, "key"),
        ({"title": " "}, "title"),
        ({"title": "x" * 101}, "title"),
        ({"choices": ()}, "choices"),
        ({"choices": ("S", "S")}, "choices"),
        ({"choices": tuple(map(str, range(251)))}, "choices"),
        ({"kind": "text"}, "choices"),
        ({"unit": "x" * 21}, "unit"),
    ],
)
def test_a_definition_that_does_not_fit_is_refused(changes: dict[str, Any], named: str) -> None:
    good = Attribute(key="fit", title="Fit", kind="choice", choices=("slim", "wide"))

    assert rules.definition_refusal(good, {}) is None
    refused = rules.definition_refusal(structs.replace(good, **changes), {})
    assert refused is not None
    assert refused.startswith(named)


def test_there_are_200_definitions_at_most() -> None:
    known = {f"a{n}": Attribute(key=f"a{n}", title="A", kind="text") for n in range(200)}

    assert rules.definition_refusal(known["a7"], known) is None
    assert rules.definition_refusal(Attribute(key="more", title="More", kind="text"), known) is not None


def test_what_a_change_takes_away_is_what_products_may_have() -> None:
    size = DEFINITIONS["size"]

    assert rules.taken_away(size, structs.replace(size, title="Fit", choices=("M", "L", "S"))) == []
    assert rules.taken_away(size, structs.replace(size, choices=("M",))) == ["S"]
    assert rules.taken_away(size, structs.replace(size, of_sku=False)) == [None]
    assert rules.taken_away(size, structs.replace(size, kind="text", choices=())) == [None]


KIND = ProductType(
    id="shirts", title="Shirts", options=("Size",),
    attributes=(TypeAttribute(key="material", required=True, value="cotton"), TypeAttribute(key="since", required=True),
                TypeAttribute(key="size", required=True), TypeAttribute(key="care")),
)  # fmt: skip


def test_a_type_lists_what_is_missing() -> None:
    product = product_of({"since": "2026-12-24"}, {"size": "S"}, {})

    assert rules.missing(product, KIND, DEFINITIONS) == ("material", "skus.P-1.size")


@given(st.dictionaries(st.sampled_from(["material", "since", "care"]), st.just("2026-12-24")))
def test_a_type_adds_and_changes_nothing_that_is_there(values: dict[str, Any]) -> None:
    product = product_of(values)

    after = rules.fitted(product, KIND)

    assert after.attributes == {"material": "cotton", **values}
    assert structs.replace(after, attributes=values) == product
    assert rules.fitted(after, KIND) == after


def test_a_type_that_does_not_fit_the_definitions_is_refused() -> None:
    def with_part(**fields: Any) -> ProductType:
        return structs.replace(KIND, attributes=(TypeAttribute(**fields),))

    assert rules.type_refusal(KIND, DEFINITIONS) is None
    assert "colour" in (rules.type_refusal(with_part(key="colour"), DEFINITIONS) or "")
    assert "must be one of" in (rules.type_refusal(with_part(key="material", value="silk"), DEFINITIONS) or "")
    assert "each SKU" in (rules.type_refusal(with_part(key="size", value="S"), DEFINITIONS) or "")


def line(sku: str, **attributes: str) -> SkuRow:
    return SkuRow(product_id="P", slug="p", title="P", category="C", description="", sku=sku, sku_title="",
                  price=EUR, weight_g=1, attributes=attributes)  # fmt: skip


def test_cells_are_read_by_their_definitions() -> None:
    product = product_of({"care": "wash cold", "height": 3}, {"size": "S"}, {})
    lines = [line("P-0", height="12.50", organic="Yes", care=""), line("P-1", size="M", weight="7.0")]

    read, wrong = rules.read_cells(product, lines, DEFINITIONS)

    assert wrong is None
    assert read.attributes == {"height": 12.5, "organic": True}
    assert [sku.attributes for sku in read.skus] == [{"size": "S"}, {"size": "M", "weight": 7}]


def test_cells_that_can_not_be_read_refuse_their_product() -> None:
    _, refused = rules.read_all([product_of()], [line("P-0", height="tall", colour="red")], DEFINITIONS)
    _, wrong = rules.read_all([product_of()], [line("P-0", height="tall")], DEFINITIONS)

    assert "colour" in refused["P"]
    assert "height must be a number" in wrong["P"]
