"""What a cart has in it, and what it would cost."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.cart.rules import most_goods, order_lines, weight_g, with_line, without
from bus.messages.base import Money, OrderLine
from bus.messages.cart import Cart, CartLine
from bus.messages.catalog import PricedSku

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=10)


def priced(sku: str, price: int = 1450, weight: int = 380) -> PricedSku:
    return PricedSku(sku=sku, title=sku.title(), price=eur(price), weight_g=weight)


def cart_of(**units: int) -> Cart:
    """A cart with so many units of each SKU."""
    lines = tuple(
        CartLine(sku=sku, title=sku.title(), quantity=quantity, unit_price=eur(1450), held_until=NOON)
        for sku, quantity in units.items()
    )
    return Cart(id="cart_1", lines=lines, currency="EUR")


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def units(cart: Cart) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity) for line in cart.lines]


def test_a_new_line_is_at_the_end() -> None:
    cart = with_line(cart_of(LAMP=1), priced("MUG"), 2, LATER)

    assert units(cart) == [("LAMP", 1), ("MUG", 2)]
    assert cart.lines[1] == CartLine(sku="MUG", title="Mug", quantity=2, unit_price=eur(1450), held_until=LATER)


def test_a_changed_line_stays_in_its_place_with_its_new_price_and_end() -> None:
    cart = with_line(cart_of(LAMP=1, MUG=1), priced("LAMP", price=1999), 5, LATER)

    assert units(cart) == [("LAMP", 5), ("MUG", 1)]
    assert (cart.lines[0].unit_price, cart.lines[0].held_until) == (eur(1999), LATER)


def test_setting_a_line_leaves_the_cart_it_was_set_on_as_it_was() -> None:
    cart = cart_of(LAMP=1)

    with_line(cart, priced("LAMP"), 5, LATER)

    assert cart == cart_of(LAMP=1)


@pytest.mark.parametrize(
    ("gone", "left"),
    [(("LAMP",), [("MUG", 2)]), (("SOFA",), [("LAMP", 1), ("MUG", 2)]), (("LAMP", "MUG"), []), ((), None)],
)
def test_lines_that_are_taken_out_leave_the_others(gone: tuple[str, ...], left: list[tuple[str, int]] | None) -> None:
    cart = cart_of(LAMP=1, MUG=2)

    assert units(without(cart, *gone)) == (units(cart) if left is None else left)


def test_an_order_is_at_todays_prices_and_not_at_the_carts() -> None:
    prices = {"LAMP": priced("LAMP", price=2500)}

    assert order_lines(cart_of(LAMP=2), prices) == (
        OrderLine(sku="LAMP", title="Lamp", quantity=2, unit_price=eur(2500)),
    )


def test_the_weight_is_of_all_units() -> None:
    prices = {"LAMP": priced("LAMP", weight=1200), "MUG": priced("MUG", weight=380)}

    assert weight_g(cart_of(LAMP=2, MUG=3), prices) == 2 * 1200 + 3 * 380


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["LAMP", "MUG", "RUG"]), st.integers(0, 99)), max_size=12))
def test_after_any_changes_a_cart_has_each_sku_once_as_it_was_set_last(changes: list[tuple[str, int]]) -> None:
    cart, last = cart_of(), dict[str, int]()

    for sku, quantity in changes:
        if quantity:
            cart = with_line(cart, priced(sku), quantity, LATER)
            last[sku] = quantity
        else:
            cart = without(cart, sku)
            last.pop(sku, None)

    assert units(cart) == list(last.items())
    assert [(line.sku, line.quantity) for line in order_lines(cart, {sku: priced(sku) for sku in last})] == units(cart)


@pytest.mark.parametrize(("currency", "most"), [("EUR", 98_999_999), ("ISK", 989_999), ("IDR", 989_999_999_999)])
def test_goods_leave_room_for_shipping_in_what_stripe_takes_at_once(currency: str, most: int) -> None:
    assert most_goods(currency) == most
