"""Holds go from one cart to another: no unit is lost or doubled, and nobody is refused."""

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.inventory.moving import move_holds, short
from actors.inventory.rules import Share, Shares
from actors.inventory.shelf import Shelf
from bus.messages.base import Units
from bus.messages.inventory import HoldsMoved, MoveHolds
from tests.actors.inventory.support import FIRST_CART, LAMP, LATER, MUG, SECOND_CART, cart_hold, shelf_of

ALL = Shares(Share(1.0, 1), Share(1.0, 1))


def moving(**wanted: int) -> MoveHolds:
    units = tuple(Units(sku=sku, quantity=quantity) for sku, quantity in wanted.items())
    return MoveHolds(cart_id=FIRST_CART, from_cart=SECOND_CART, units=units)


def holds(shelf: Shelf) -> dict[tuple[str, str], int]:
    return {(hold.cart_id, hold.sku): hold.quantity for hold in shelf.holds()}


def test_what_one_held_the_other_holds() -> None:
    shelf = shelf_of(cart_hold(MUG, 3, cart_id=SECOND_CART), MUG=3)

    answer = move_holds(moving(MUG=3), shelf, LATER, ALL)

    assert answer == HoldsMoved(held=(Units(sku=MUG, quantity=3),), until=LATER)
    assert holds(shelf) == {(FIRST_CART, MUG): 3}
    assert shelf.stock[MUG].held == 3


def test_units_that_nobody_needs_any_more_are_free() -> None:
    shelf = shelf_of(cart_hold(MUG, 2, id=1), cart_hold(MUG, 3, cart_id=SECOND_CART, id=2), MUG=5)

    move_holds(moving(MUG=3), shelf, LATER, ALL)

    assert (holds(shelf), shelf.stock[MUG].available) == ({(FIRST_CART, MUG): 3}, 2)


def test_more_is_held_as_far_as_there_is() -> None:
    shelf = shelf_of(cart_hold(MUG, 1, cart_id=SECOND_CART), MUG=4)
    ask = moving(MUG=9, LAMP=1)

    answer = move_holds(ask, shelf, LATER, ALL)

    assert answer.held == (Units(sku=MUG, quantity=4), Units(sku=LAMP, quantity=0))
    assert short(ask, answer) == {MUG, LAMP}


def test_what_two_held_together_is_kept_where_one_could_not_hold_as_much() -> None:
    shelf = shelf_of(cart_hold(MUG, 6, id=1), cart_hold(MUG, 6, cart_id=SECOND_CART, id=2), MUG=20)

    answer = move_holds(moving(MUG=12), shelf, LATER, Shares(Share(0.1, 1), Share(0.1, 1)))

    assert answer.held == (Units(sku=MUG, quantity=12),)


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, 30),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 12),
    st.integers(0, 99),
    st.sampled_from([Shares(), ALL, Shares(Share(0.5, 10), Share(0.7, 10))]),
)
def test_no_unit_is_lost_or_doubled(
    on_hand: int, own: int, guest: int, other: int, wanted: int, shares: Shares
) -> None:
    carts = [(FIRST_CART, own), (SECOND_CART, guest), ("cart_3", other)]
    held = [cart_hold(MUG, units, cart_id=cart, id=place) for place, (cart, units) in enumerate(carts, 1) if units]
    shelf = shelf_of(*held, MUG=on_hand + own + guest + other)
    ask = moving(MUG=wanted)

    answer = move_holds(ask, shelf, LATER, shares)
    books = shelf.stock[MUG]
    assert books.held == sum(holds(shelf).values()) <= books.on_hand
    assert holds(shelf).get(("cart_3", MUG), 0) == other
    assert (SECOND_CART, MUG) not in holds(shelf)
    assert holds(shelf).get((FIRST_CART, MUG), 0) == answer.held[0].quantity <= wanted
    assert answer.held[0].quantity >= min(wanted, own + guest)
    again = move_holds(ask, shelf, LATER, shares)
    assert again.held[0].quantity >= answer.held[0].quantity
    assert books.held == sum(entry.held for entry in shelf.entries) + own + guest + other
