"""How much of a SKU one cart may hold."""

from datetime import timedelta

import pytest

from actors.inventory.rules import CartShare, hold
from bus.messages.inventory import HoldStock, StockHeld, StockRefused
from tests.actors.inventory.support import (
    FIRST_CART,
    LAMP,
    LATER,
    NOON,
    SECOND_CART,
    ask,
    cart_hold,
    order_hold,
    shelf_of,
)

HALF = CartShare(share=0.5, least=3)


@pytest.mark.parametrize(
    ("unsold", "most"), [(1, 3), (3, 3), (6, 3), (7, 3), (8, 4), (9, 4), (100, 50), (10_000_000, 5_000_000)]
)
def test_a_share_is_a_part_of_what_is_unsold_and_a_few_in_any_case(unsold: int, most: int) -> None:
    assert HALF.of(unsold) == most


def test_the_only_unit_is_sold_to_one_cart() -> None:
    shelf = shelf_of(LAMP=1)

    answers = hold([ask(FIRST_CART, LAMP, 1)], shelf, NOON, CartShare(share=0.01, least=1))

    assert answers == [StockHeld(sku=LAMP, quantity=1, until=NOON)]


def test_more_than_a_share_is_refused_and_the_rest_is_for_others() -> None:
    shelf = shelf_of(LAMP=20)

    answers = hold(
        [ask(FIRST_CART, LAMP, 11), ask(FIRST_CART, LAMP, 10), ask(SECOND_CART, LAMP, 10)], shelf, NOON, HALF
    )

    assert answers == [
        StockRefused(sku=LAMP, available=10, is_share=True),
        StockHeld(sku=LAMP, quantity=10, until=NOON),
        StockHeld(sku=LAMP, quantity=10, until=NOON),
    ]


def test_where_fewer_are_left_than_a_share_these_are_what_is_offered() -> None:
    shelf = shelf_of(cart_hold(LAMP, 10, cart_id=SECOND_CART), cart_hold(LAMP, 8, cart_id="cart_3", id=2), LAMP=20)

    assert hold([ask(FIRST_CART, LAMP, 9)], shelf, NOON, HALF) == [StockRefused(sku=LAMP, available=2)]


def test_sold_units_are_nobodys_share() -> None:
    shelf = shelf_of(order_hold(LAMP, 12, "sold"), LAMP=20)

    assert hold([ask(FIRST_CART, LAMP, 5)], shelf, NOON, HALF) == [StockRefused(sku=LAMP, available=4, is_share=True)]


def test_what_a_cart_holds_is_not_taken_away_when_its_share_shrinks() -> None:
    shelf = shelf_of(cart_hold(LAMP, 10), order_hold(LAMP, 10, "sold", id=2), LAMP=20)

    answers = hold([ask(FIRST_CART, LAMP, 10)], shelf, LATER, HALF)

    assert answers == [StockHeld(sku=LAMP, quantity=10, until=LATER)]


def test_a_hold_ends_when_its_cart_says_even_if_others_last_longer() -> None:
    shelf = shelf_of(LAMP=5)
    soon = NOON + timedelta(minutes=1)

    answers = hold(
        [HoldStock(cart_id=FIRST_CART, sku=LAMP, quantity=1, not_after=soon), ask(SECOND_CART, LAMP, 1)], shelf, LATER
    )

    assert [answer.until for answer in answers if isinstance(answer, StockHeld)] == [soon, LATER]
