"""Units that the carts of one address hold, as their answers say."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from bus.messages.base import LinePart, Money
from bus.messages.cart import Cart, CartLine, HeldElsewhere, NoSuchCart
from gateway.held_units import HeldUnits
from gateway.problems import Problem
from gateway.refusals import Refusals

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
REST = timedelta(minutes=10)
HOME, OFFICE = "192.0.2.1", "192.0.2.2"


class Hand:
    """A clock that is set by hand."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


def cart_of(cart_id: str, until: datetime, **units: int) -> Cart:
    price = Money(amount=1, currency="EUR")
    lines = tuple(
        CartLine(sku=sku, title=sku, quantity=quantity, unit_price=price, held_until=until)
        for sku, quantity in units.items()
    )
    return Cart(id=cart_id, lines=lines, currency="EUR")


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def held(hand: Hand) -> HeldUnits:
    return HeldUnits(10, hand, Refusals(lambda: 0.0), rest=REST)


def hold(held: HeldUnits, cart: str, units: int, *, address: str = HOME, minutes: int = 10) -> None:
    with held.holding(address, cart, "MUG", units) as count:
        count(cart_of(cart, NOON + timedelta(minutes=minutes), MUG=units))


def test_all_carts_of_an_address_count_together_and_other_addresses_do_not(held: HeldUnits) -> None:
    hold(held, "cart_1", 6)
    hold(held, "cart_2", 4)

    with pytest.raises(Problem) as refused:
        hold(held, "cart_3", 1)
    assert (refused.value.status, refused.value.headers["Retry-After"]) == (429, "600")
    hold(held, "cart_4", 10, address=OFFICE)


def test_a_bundle_counts_as_the_units_that_it_holds(held: HeldUnits) -> None:
    money = Money(amount=1, currency="EUR")
    parts = (LinePart(sku="MUG", title="Mug", quantity=3, weight_g=1, share=money),)
    (line,) = cart_of("cart_1", NOON + timedelta(minutes=10), SET=3).lines
    cart = Cart(id="cart_1", lines=(msgspec.structs.replace(line, parts=parts),), currency="EUR")

    with held.holding(HOME, "cart_1", "SET", 3) as count:
        count(cart)

    with pytest.raises(Problem):
        hold(held, "cart_2", 2)
    hold(held, "cart_2", 1)


def test_a_line_that_changes_counts_once(held: HeldUnits) -> None:
    for units in (6, 10, 3, 10):
        hold(held, "cart_1", units)


def test_holds_count_until_their_end(held: HeldUnits, hand: Hand) -> None:
    hold(held, "cart_1", 10, minutes=10)
    hand.now = NOON + timedelta(minutes=10)

    hold(held, "cart_2", 10, minutes=20)


def test_a_removed_line_counts_no_more(held: HeldUnits) -> None:
    hold(held, "cart_1", 10)
    held.let_go(HOME, "cart_1", "MUG")
    held.let_go(OFFICE, "cart_9", "MUG")

    hold(held, "cart_2", 10)


def test_what_was_refused_or_failed_does_not_count(held: HeldUnits) -> None:
    hold(held, "cart_1", 4)
    with held.holding(HOME, "cart_1", "MUG", 9) as count:
        count(NoSuchCart(cart_id="cart_1"))
    with pytest.raises(ConnectionError), held.holding(HOME, "cart_2", "MUG", 6):
        raise ConnectionError

    hold(held, "cart_3", 6)  # And the four of before still do.
    with pytest.raises(Problem):
        hold(held, "cart_4", 1)


def test_requests_at_once_count_before_they_are_answered(held: HeldUnits) -> None:
    with held.holding(HOME, "cart_1", "MUG", 6), pytest.raises(Problem):
        hold(held, "cart_2", 5)


def test_addresses_without_holds_are_forgotten(held: HeldUnits, hand: Hand) -> None:
    for number in range(25_000):
        hold(held, "cart_1", 1, address=f"{number}", minutes=1)
    hand.now = NOON + timedelta(minutes=2)
    for number in range(25_000, 41_000):
        hold(held, "cart_1", 1, address=f"{number}", minutes=10)

    assert len(held._held) < 25_000


def since(held: HeldUnits, cart: str, sku: str, units: int, began: float, until: float) -> None:
    """A cart's answer that says since when its line is held."""
    price = Money(amount=1, currency="EUR")
    line = CartLine(
        sku=sku, title=sku, quantity=units, unit_price=price,
        held_since=NOON + timedelta(minutes=began), held_until=NOON + timedelta(minutes=until),
    )  # fmt: skip
    with held.holding(HOME, cart, sku, units) as count:
        count(Cart(id=cart, lines=(line,), currency="EUR"))


def elsewhere(units: int, began: float, until: float, sku: str = "MUG") -> HeldElsewhere:
    at, end = NOON + timedelta(minutes=began), NOON + timedelta(minutes=until)
    return HeldElsewhere(sku=sku, units=units, since=at, until=end)


def test_a_cart_is_told_what_the_other_carts_of_its_address_hold_and_since_when(held: HeldUnits, hand: Hand) -> None:
    assert held.elsewhere(HOME, "cart_1", "MUG") == ()
    since(held, "cart_1", "MUG", 3, began=0, until=10)
    since(held, "cart_2", "MUG", 2, began=0, until=12)
    since(held, "cart_2", "LAMP", 1, began=2, until=12)

    assert held.elsewhere(HOME, "cart_1", "MUG") == (elsewhere(2, 0, 12),)
    assert held.elsewhere(HOME, "cart_3", "MUG~0f0f0f0f") == (elsewhere(5, 0, 12),)  # A line with inputs.
    assert held.elsewhere(HOME, "cart_2", "MUG") == (elsewhere(3, 0, 12),)
    assert held.elsewhere(OFFICE, "cart_3", "MUG") == ()
    held.let_go(HOME, "cart_2", "MUG")
    hand.now = NOON + timedelta(minutes=11)
    assert held.elsewhere(HOME, "cart_3", "MUG") == (elsewhere(0, 0, 12),)  # It has not rested.
    hand.now = NOON + timedelta(minutes=22)
    assert held.elsewhere(HOME, "cart_3", "MUG") == ()


def test_units_that_are_being_asked_for_are_held_elsewhere_too(held: HeldUnits) -> None:
    with held.holding(HOME, "cart_1", "MUG", 6):
        assert [each.units for each in held.elsewhere(HOME, "cart_2", "MUG") or ()] == [6]


def test_the_parts_of_a_bundle_are_counted_once_it_was_in_a_cart(held: HeldUnits) -> None:
    money = Money(amount=1, currency="EUR")
    parts = (LinePart(sku="MUG", title="Mug", quantity=3, weight_g=1, share=money),)
    (line,) = cart_of("cart_1", NOON + timedelta(minutes=10), SET=2).lines
    bundle = msgspec.structs.replace(line, parts=parts, held_since=NOON)
    with held.holding(HOME, "cart_1", "SET", 2) as count:
        count(Cart(id="cart_1", lines=(bundle,), currency="EUR"))

    assert held.elsewhere(HOME, "cart_2", "SET") == (elsewhere(6, 0, 10),)
    assert held.elsewhere(HOME, "cart_2", "MUG") == (elsewhere(6, 0, 10),)


def test_lifted_nothing_counts(hand: Hand) -> None:
    held = HeldUnits(0, hand, Refusals(lambda: 0.0), rest=REST)

    for number in range(20):
        hold(held, f"cart_{number}", 99)
    assert held.elsewhere(HOME, "cart_1", "MUG") is None
