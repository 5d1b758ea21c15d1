"""Languages that a reader asks for: of any header something is made, and nothing breaks."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bus.messages.base import Money
from bus.messages.catalog import Option, Product, SkuView
from bus.messages.translations import MOST_ASKED_LOCALES, ProductTexts
from gateway.api.catalog.languages import locales, translated

ENGLISH = cast("Any", SimpleNamespace(language="en"))


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("", []),
        ("en-GB,en;q=0.9", ["en-GB"]),
        ("de-DE,de;q=0.9,en;q=0.8,fr;q=0.7", ["de-DE", "de"]),  # What is behind the shop's own is of no use.
        ("fr;q=0.1, pt-br ;q=0.9", ["pt-BR", "pt", "fr"]),
        ("de;q=0, fr", ["fr"]),
        ("*", []),
        ("de;q=2, ;;, fr;q=x, zh-Hant-TW, it", ["it"]),
        ("EN", []),
    ],
)
def test_a_header_is_read_by_weight(accepted: str, wanted: list[str]) -> None:
    assert locales(ENGLISH, "", accepted) == wanted


def test_what_is_asked_for_by_name_comes_before_the_header() -> None:
    assert locales(ENGLISH, "pt-BR", "de") == ["pt-BR", "pt"]
    assert locales(ENGLISH, "en", "de") == []


@given(st.text(st.sampled_from("ade-;q=.01,* \n")))
def test_no_header_breaks_anything(accepted: str) -> None:
    found = locales(ENGLISH, "", accepted)

    assert len(found) <= MOST_ASKED_LOCALES
    assert len({*found}) == len(found)


def test_a_text_that_is_not_translated_stays() -> None:
    sku = SkuView(sku="S", title="", price=Money(amount=1, currency="EUR"), weight_g=1, options=("red", "S"))
    product = Product(
        id="P", slug="shirt", title="Shirt", category="Clothes", description="Long", skus=(sku,),
        options=(Option(name="Colour", values=("red", "blue")), Option(name="Size", values=("S",))),
    )  # fmt: skip

    shown = translated(product, ProductTexts(title="Hemd", options={"Colour": "Farbe", "red": "rot"}))

    assert (shown.title, shown.description, shown.slug, shown.category) == ("Hemd", "Long", "shirt", "Clothes")
    assert [(each.name, each.values) for each in shown.options] == [("Farbe", ("rot", "blue")), ("Size", ("S",))]
    assert shown.skus[0].options == ("rot", "S")
