"""Options and the SKUs that they make."""

import pytest
from msgspec import structs

from bus.messages.base import Money
from gateway.api.catalog.edits import EditedProduct
from gateway.api.catalog.products import OptionView, SkuDetail
from gateway.pages.admin.matrix import options_of, sku_name, slug_of, text_of, with_options
from gateway.problems import Problem

PRICE = Money(amount=1150, currency="EUR")


def sku(name: str, *options: str, weight_g: int = 300) -> SkuDetail:
    return SkuDetail(
        sku=name, title="", price=PRICE, available=4, weight_g=weight_g, options=options, barcode="4006381333931",
        images=(), attributes={}, parts=(),
    )  # fmt: skip


def product(*skus: SkuDetail, options: tuple[OptionView, ...] = ()) -> EditedProduct:
    return EditedProduct(
        id="MUG", slug="mug", title="Mug", category="Kitchen", description="", price=PRICE, image=None, available=4,
        brand="", tags=(), categories=(), seo_title="", seo_description="", options=options, attributes={}, inputs=(),
        skus=skus, images=(), rating=None, revision=1, status="draft", publish_at=None, unpublish_at=None, type_id="",
        not_on_sale=(),
    )  # fmt: skip


def test_options_are_read_as_they_are_written() -> None:
    options = options_of("Size: S, M ,L, M\n\nColour: Blue")

    assert options == [("Size", ["S", "M", "L"]), ("Colour", ["Blue"])]
    assert text_of([OptionView(name=name, values=values) for name, values in options]) == "Size: S, M, L\nColour: Blue"


@pytest.mark.parametrize("text", ["Size", "Size:", ": S", "A: 1\nA: 2", "\n".join(f"O{n}: 1, 2" for n in range(6))])
def test_what_makes_no_options_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(Problem) as refused:
        options_of(text)

    assert refused.value.members["field"] == "options"


def test_more_combinations_than_anybody_sells_are_refused() -> None:
    numbers = ", ".join(map(str, range(100)))
    with pytest.raises(Problem):
        options_of(f"A: {numbers}\nB: {numbers}")


def test_what_is_there_becomes_the_first_combination_and_the_rest_is_made() -> None:
    made = with_options(product(sku("MUG")), options_of("Size: S, M\nColour: Blue, Rosé"))

    assert [each["sku"] for each in made] == ["MUG", "MUG-S-ROSE", "MUG-M-BLUE", "MUG-M-ROSE"]
    assert made[0]["barcode"] == "4006381333931"
    assert "barcode" not in made[1]
    assert made[1]["price"] == {"amount": 1150, "currency": "EUR"}
    assert made[3]["options"] == ["M", "Rosé"]


def test_combinations_that_fit_stay_and_those_that_are_gone_are_not_named() -> None:
    before = (OptionView(name="Size", values=("S", "M")),)
    made = with_options(product(sku("MUG-S", "S"), sku("MUG-M", "M"), options=before), options_of("Size: M, L"))

    assert [(each["sku"], each["on_sale"]) for each in made] == [("MUG-M", True), ("MUG-L", True)]
    assert [each["sku"] for each in with_options(product(sku("MUG-S", "S"), options=before), [])] == ["MUG-S"]


def test_skus_that_had_titles_alone_find_their_place_by_them_and_none_is_lost() -> None:
    titled = [structs.replace(sku(f"MUG-{n}"), title=title) for n, title in enumerate(("Sand", "Blue", "Odd"))]

    made = with_options(product(*titled), options_of("Colour: Blue, Moss, Sand"))

    assert [(each["sku"], each["options"]) for each in made] == [
        ("MUG-1", ["Blue"]), ("MUG-2", ["Moss"]), ("MUG-0", ["Sand"]),
    ]  # fmt: skip


def test_names_and_addresses_are_made_of_any_title() -> None:
    assert sku_name("Blauer Weiß-Krug (groß)") == "BLAUER-WEISS-KRUG-GROSS"
    assert slug_of("Crème brûlée, 2 Stück") == "creme-brulee-2-stuck"
    assert (sku_name("茶"), slug_of("茶")) == ("SKU", "product")
