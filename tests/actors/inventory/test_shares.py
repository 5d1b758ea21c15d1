"""How much of a SKU one cart may hold, and all carts of one address."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.inventory.rules import Share, Shares, hold
from bus.messages.base import Units
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

TOGETHER = Shares(cart=Share(share=0.5, least=3), address=Share(share=0.7, least=2))
HALF = Shares(cart=Share(share=0.5, least=3))


@pytest.mark.parametrize(
    ("unsold", "most"), [(1, 3), (3, 3), (6, 3), (7, 3), (8, 4), (9, 4), (100, 50), (10_000_000, 5_000_000)]
)
def test_a_share_is_a_part_of_what_is_unsold_and_a_few_in_any_case(unsold: int, most: int) -> None:
    assert HALF.of(unsold, None) == most


def test_the_only_unit_is_sold_to_one_cart() -> None:
    shelf = shelf_of(LAMP=1)

    answers = hold([ask(FIRST_CART, LAMP, 1)], shelf, NOON, Shares(cart=Share(share=0.01, least=1)))

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


@pytest.mark.parametrize(
    ("unsold", "elsewhere", "most"), [(3, 0, 2), (3, 1, 1), (3, 2, 0), (1, 0, 2), (10, 0, 5), (10, 4, 3), (10, 9, 0)]
)
def test_the_carts_of_one_address_share_what_one_may_hold(unsold: int, elsewhere: int, most: int) -> None:
    assert TOGETHER.of(unsold, elsewhere) == most
    assert TOGETHER.of(unsold, None) == Share(share=0.5, least=3).of(unsold)


@given(
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from(["home", "office"]), st.integers(0, 3), st.integers(0, 20)), max_size=30),
)
def test_no_address_ever_holds_more_than_its_share_in_however_many_carts(
    unsold: int, asks: list[tuple[str, int, int]]
) -> None:
    shelf, held = shelf_of(LAMP=unsold), dict[tuple[str, str], int]()
    for address, number, quantity in asks:
        cart = f"{address}_{number}"
        elsewhere = sum(units for (of, other), units in held.items() if of == address and other != cart)
        one = HoldStock(
            cart_id=cart,
            sku=LAMP,
            quantity=quantity,
            elsewhere=(Units(sku=LAMP, quantity=elsewhere), Units(sku="OTHER", quantity=99)),
        )
        [answer] = hold([one], shelf, LATER, TOGETHER)
        if isinstance(answer, StockHeld):
            held[address, cart] = quantity
        else:
            assert isinstance(answer, StockRefused)
            assert answer.available < quantity
        for of in ("home", "office"):
            assert sum(units for (at, _), units in held.items() if at == of) <= max(2, unsold * 7 // 10)


def test_a_hold_ends_when_its_cart_says_even_if_others_last_longer() -> None:
    shelf = shelf_of(LAMP=5)
    soon = NOON + timedelta(minutes=1)

    answers = hold(
        [HoldStock(cart_id=FIRST_CART, sku=LAMP, quantity=1, not_after=soon), ask(SECOND_CART, LAMP, 1)], shelf, LATER
    )

    assert [answer.until for answer in answers if isinstance(answer, StockHeld)] == [soon, LATER]
