"""What buyers tell with a line: what is taken, what it costs, and which line it makes."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.cart import inputs
from actors.cart.rules import as_of_now, line_for, order_lines, subtotal, with_line
from bus.messages.base import LineInput, Money, line_id
from bus.messages.cart import Cart, CartLine, InputRefused
from bus.messages.catalog import PricedSku
from bus.messages.inputs import Input, InputValue
from bus.messages.inventory import UnknownSku

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


TEXT = Input(key="text", title="Engraving", max_length=10, surcharge=eur(500))
FONT = Input(key="font", title="Font", kind="choice", choices=("Serif", "Script"), surcharge=eur(50))
NAME = Input(key="name", title="Name", is_required=True)


def mug(*asked: Input) -> PricedSku:
    return PricedSku(sku="MUG", title="Mug", price=eur(1450), weight_g=1, inputs=asked)


def line(priced: PricedSku, quantity: int = 1, **told: str) -> CartLine:
    made = line_for(priced, quantity, NOON, told)
    assert isinstance(made, CartLine)
    return made


@pytest.mark.parametrize(
    ("told", "key", "said"),
    [
        ({"colour": "red", "name": "Ada"}, "colour", "has no 'colour'"),
        ({}, "name", "needed"),
        ({"name": "Ada", "text": "x" * 11}, "text", "at most 10"),
        ({"name": "Ada", "text": "a\nb"}, "text", "one line"),
        ({"name": "Ada", "text": "a\x1bb"}, "text", "control characters"),
        ({"name": "Ada", "text": "a\u202eb"}, "text", "control characters"),
        ({"name": "Ada", "font": "Sans"}, "font", "there is Serif, Script"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name_and_in_words(told: dict[str, str], key: str, said: str) -> None:
    refused = line_for(mug(TEXT, FONT, NAME), 1, NOON, told)

    assert isinstance(refused, InputRefused)
    assert refused.key == key
    assert said in refused.detail


def test_inputs_stand_in_the_product_s_order_with_their_surcharges_in_the_price() -> None:
    made = line(mug(TEXT, FONT), font="Serif", text="Ada")

    assert made.inputs == (
        LineInput(key="text", title="Engraving", value="Ada"),
        LineInput(key="font", title="Font", value="Serif", kind="choice"),
    )
    assert made.unit_price == eur(1450 + 500 + 50)
    assert line(mug(TEXT, FONT)).unit_price == eur(1450)


def test_a_surcharge_in_another_currency_has_no_price() -> None:
    yen = Input(key="text", title="Engraving", surcharge=Money(amount=5, currency="JPY"))

    assert line_for(mug(yen), 1, NOON, {"text": "Ada"}) == UnknownSku(sku="MUG")


def test_two_engravings_are_two_lines_and_the_same_one_again_is_one() -> None:
    cart = Cart(id="cart_1", lines=(), currency="EUR")
    for quantity, text in ((1, "Ada"), (2, "Bob"), (3, "Ada")):
        cart = with_line(cart, line(mug(TEXT), quantity, text=text))
    cart = with_line(cart, line(mug(TEXT), 4))

    assert [(each.quantity, [told.value for told in each.inputs]) for each in cart.lines] == [
        (3, ["Ada"]), (2, ["Bob"]), (4, []),
    ]  # fmt: skip
    assert cart.lines[2].id == "MUG"
    assert [each.id for each in order_lines(cart)] == [each.id for each in cart.lines]
    assert subtotal(cart) == 5 * 1950 + 4 * 1450


WORDS = st.text(max_size=12)
TOLD = st.dictionaries(st.sampled_from(["a", "b", "c"]), WORDS, max_size=3)


@given(TOLD, TOLD)
def test_an_id_is_of_the_words_and_of_nothing_else(first: dict[str, str], second: dict[str, str]) -> None:
    asked = [[InputValue(key=key, value=value) for key, value in told.items()] for told in (first, second)]
    kept = [inputs.tidy(each) for each in asked]

    ids = [inputs.id_of("MUG", each) for each in asked]

    assert (ids[0] == ids[1]) == (kept[0] == kept[1])
    assert inputs.id_of("MUG", asked[0][::-1]) == ids[0]
    for told, name in zip(kept, ids, strict=True):
        assert inputs.sku_of(name) == "MUG"
        assert (name == "MUG") == (not told)
        assert all(value == unicodedata.normalize("NFC", value).strip() for value in told.values())


def test_an_id_stays_what_it_was() -> None:
    """It stands in addresses, and in what buyers' browsers keep."""
    assert line_id("MUG", {"text": "Ada", "font": "Serif"}) == "MUG~77dd1fac"
    assert line_id("MUG", {}) == "MUG"


@given(st.text(max_size=12))
def test_whatever_is_taken_is_one_visible_line(text: str) -> None:
    told = inputs.tidy([InputValue(key="text", value=text)])

    made = inputs.chosen(mug(TEXT), told)

    if isinstance(made, tuple) and made:
        assert len(made[0].value.splitlines()) == 1
        assert 1 <= len(made[0].value) <= 10


def test_a_line_whose_inputs_do_not_fit_any_more_is_not_for_sale_and_says_so() -> None:
    cart = with_line(Cart(id="cart_1", lines=(), currency="EUR"), line(mug(FONT), font="Script"))

    free = Input(key="font", title="Typeface", kind="choice", choices=("Script",))
    (cheaper,) = as_of_now(cart, {"MUG": mug(free)}, "EUR").lines
    assert (cheaper.unit_price, cheaper.price_before) == (eur(1450), eur(1500))
    assert cheaper.inputs[0].title == "Typeface"
    for now in (mug(), mug(FONT, NAME), mug(Input(key="font", title="Font", kind="choice", choices=("Serif",)))):
        assert [each.is_for_sale for each in as_of_now(cart, {"MUG": now}, "EUR").lines] == [False]
