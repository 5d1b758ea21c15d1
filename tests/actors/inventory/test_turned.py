"""Which SKUs sold out or came back: told exactly when what is available crosses zero, over whatever a turn does."""

from hypothesis import given
from hypothesis import strategies as st

from actors.inventory.shelf import Shelf, Stock
from tests.actors.inventory.support import cart_hold, shelf_of

SKUS = ("BOOK", "LAMP", "MUG")
BOOKINGS = st.lists(
    st.tuples(st.sampled_from(SKUS), st.sampled_from(["on_hand", "assigned", "held"]), st.integers(-3, 3)), max_size=8
)


@given(st.dictionaries(st.sampled_from(SKUS), st.integers(0, 3), min_size=3), BOOKINGS)
def test_exactly_what_crosses_zero_is_told(on_hand: dict[str, int], bookings: list[tuple[str, str, int]]) -> None:
    shelf = Shelf([Stock(sku, units, 0, 0, 1) for sku, units in on_hand.items()], [])
    available = dict(on_hand)
    for sku, part, units in bookings:
        shelf.book(sku, **{part: units}, reason="test", reference="test")
        available[sku] += units if part == "on_hand" else -units

    crossed = {sku for sku in SKUS if (on_hand[sku] > 0) != (available[sku] > 0)}
    assert set(shelf.turned()) == crossed


def test_a_shelf_that_nobody_changed_tells_nothing() -> None:
    assert shelf_of(cart_hold("MUG", 2), MUG=2, BOOK=0).turned() == ()
