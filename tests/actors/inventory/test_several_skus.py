"""Units of several SKUs for one cart: all or none."""

from datetime import timedelta

from actors.inventory.rules import Share, Shares, hold_units
from bus.messages.base import Units
from bus.messages.inventory import HoldUnits, OutOfStock, StockRefused, UnitsHeld
from tests.actors.inventory.support import FIRST_CART, LAMP, LATER, MUG, NOON, books, cart_hold, shelf_of


def totals(**units: int) -> HoldUnits:
    return HoldUnits(
        cart_id=FIRST_CART, units=tuple(Units(sku=sku, quantity=quantity) for sku, quantity in units.items())
    )


def test_one_short_sku_leaves_all_as_they_were() -> None:
    shelf = shelf_of(LAMP=1, MUG=5)

    answers = hold_units([totals(MUG=4, LAMP=2), totals(MUG=5)], shelf, LATER)

    assert answers == [OutOfStock(short=(StockRefused(sku=LAMP, available=1),)), UnitsHeld(until=LATER)]
    assert (books(shelf, MUG), books(shelf, LAMP)) == ((5, 0, 5), (1, 0, 0))


def test_totals_are_reached_from_what_is_held_and_zero_gives_back() -> None:
    shelf = shelf_of(cart_hold(MUG, 3), cart_hold(LAMP, 1, id=2), LAMP=1, MUG=5)

    hold_units([totals(MUG=5, LAMP=0)], shelf, LATER)

    assert (books(shelf, MUG), books(shelf, LAMP)) == ((5, 0, 5), (1, 0, 0))


def test_what_has_no_books_can_be_given_back_and_not_be_had() -> None:
    assert hold_units([totals(NONE=0, MUG=1), totals(NONE=1)], shelf_of(MUG=5), LATER) == [
        UnitsHeld(until=LATER),
        OutOfStock(short=(StockRefused(sku="NONE", available=0),)),
    ]


def test_a_cart_s_share_is_of_each_sku() -> None:
    shelf = shelf_of(LAMP=10, MUG=100)

    [answer] = hold_units([totals(MUG=40, LAMP=6)], shelf, LATER, Shares(cart=Share(0.5, 1)))

    assert answer == OutOfStock(short=(StockRefused(sku=LAMP, available=5, is_share=True),))


def test_they_end_no_later_than_was_said() -> None:
    soon = NOON + timedelta(minutes=3)
    shelf = shelf_of(MUG=5)
    ask = totals(MUG=1)

    hold_units([HoldUnits(cart_id=ask.cart_id, units=ask.units, not_after=soon)], shelf, LATER)

    assert [hold.expires_at for hold in shelf.holds()] == [soon]
