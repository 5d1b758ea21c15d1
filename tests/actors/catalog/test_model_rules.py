"""A product as a whole: what is refused, and when it is seen."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.catalog.model_rules import is_visible, refusal
from bus.messages.base import Money
from bus.messages.catalog import Option, Product, SkuView
from bus.messages.inputs import Input

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
SIZE, COLOUR = Option(name="Size", values=("S", "M")), Option(name="Colour", values=("red", "blue"))


def sku(name: str, *options: str, barcode: str | None = None) -> SkuView:
    return SkuView(
        sku=name, title="", price=Money(amount=1, currency="EUR"), weight_g=1, options=options, barcode=barcode
    )


def product(*skus: SkuView, **fields: Any) -> Product:
    return Product(id="P", slug="p", title="P", category="", description="", skus=skus or (sku("A"),), **fields)


ENGRAVING = Input(key="text", title="Engraving")


def costing(amount: int, currency: str) -> Input:
    return Input(key="a", title="T", surcharge=Money(amount=amount, currency=currency))


def test_a_product_may_ask_for_texts_and_choices_for_money_or_not() -> None:
    choice = Input(key="font", title="Font", kind="choice", choices=("Serif",))

    assert refusal(product(inputs=(ENGRAVING, choice, costing(0, "EUR"))), None, NOW) is None
    assert refusal(product(inputs=(costing(500, "EUR"),)), None, NOW) is None


def test_a_product_may_have_options_or_none_and_skus_without_any_need_none() -> None:
    assert refusal(product(sku("A"), sku("B")), None, NOW) is None
    assert refusal(product(sku("A", "S", "red"), sku("B", "S", "blue"), options=(SIZE, COLOUR)), None, NOW) is None


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (product(sku("A", "S"), sku("B", "S"), options=(SIZE,)), "sku B has the options of A"),
        (product(sku("A", "L"), options=(SIZE,)), "sku A: Size has no 'L'"),
        (product(sku("A", "S"), options=(SIZE, COLOUR)), "sku A needs a value of each of the 2 options"),
        (product(sku("A", "S")), "sku A needs a value of each of the 0 options"),
        (product(sku("A"), options=(SIZE,)), "sku A needs a value of each of the 1 options"),
        (product(sku("A", "S", "S"), options=(SIZE, SIZE)), "each name once"),
        (product(options=(Option(name="Size", values=()),)), "Size has 1 to 250 values"),
        (product(options=(Option(name="Size", values=("S", "S")),)), "each once"),
        (product(options=(Option(name=" ", values=("S",)),)), "each name once, of 1 to 100 characters"),
        (product(options=(Option(name="Size", values=("S\n",)),)), "of 1 to 100 characters"),
        (product(options=tuple(Option(name=f"{n}", values=("S",)) for n in range(6))), "at most 5"),
        (product(sku("A", barcode="4006381333931"), sku("B", barcode="4006381333931")), "sku B has the barcode of A"),
        (product(sku("A", barcode="1 2")), "barcode must be"),
        (product(sku("A", barcode="")), "barcode must be"),
        (product(*(sku(f"{n}") for n in range(2049))), "at most 2,048"),
        (product(inputs=(ENGRAVING, ENGRAVING)), "each key once"),
        (product(inputs=tuple(Input(key=f"k{n}", title="T") for n in range(11))), "at most 10"),
        (product(inputs=(Input(key="A b", title="T"),)), "lower-case letters"),
        (product(inputs=(Input(key="a", title=" "),)), "has a title"),
        (product(inputs=(Input(key="a", title="T", max_length=501),)), "at most 1 to 500"),
        (product(inputs=(Input(key="a", title="T", choices=("x",)),)), "without choices"),
        (product(inputs=(Input(key="a", title="T", kind="choice"),)), "1 to 250 choices"),
        (product(inputs=(Input(key="a", title="T", kind="choice", choices=("x", "x")),)), "each once"),
        (product(inputs=(Input(key="a", title="T", kind="choice", choices=(" x",)),)), "1 to 250 choices"),
        (product(inputs=(costing(1, "USD"),)), "must be in EUR"),
        (product(inputs=(costing(-1, "EUR"),)), "surcharge of a"),
        (product(tags=("new", "new")), "tags: at most 50, each once"),
        (product(tags=tuple(f"{n}" for n in range(51))), "tags: at most 50"),
        (product(brand="x" * 101), "brand has at most 100"),
        (product(publish_at=NOW - HOUR), "publish_at is in the past"),
        (product(unpublish_at=NOW - HOUR), "unpublish_at is in the past"),
        (product(publish_at=NOW + HOUR, unpublish_at=NOW + HOUR), "unpublish_at must be after publish_at"),
    ],
)
def test_what_can_not_be_is_refused_in_words(asked: Product, said: str) -> None:
    assert said in str(refusal(asked, None, NOW))


def test_a_plan_whose_time_has_come_is_no_fault_of_the_next_edit() -> None:
    known = product(publish_at=NOW - HOUR)

    assert refusal(product(publish_at=NOW - HOUR, brand="Acme"), known, NOW) is None
    assert "publish_at" in str(refusal(product(publish_at=NOW - 2 * HOUR), known, NOW))


TIMES = st.none() | st.integers(-2, 2).map(lambda hours: NOW + hours * HOUR)


@given(st.sampled_from(["draft", "active", "archived"]), TIMES, TIMES)
def test_a_product_is_seen_while_it_is_active_and_within_its_times(
    status: Any, begins: datetime | None, ends: datetime | None
) -> None:
    seen = is_visible(product(status=status, publish_at=begins, unpublish_at=ends), NOW)

    assert seen == (status == "active" and (begins or NOW) <= NOW < (ends or NOW + HOUR))
