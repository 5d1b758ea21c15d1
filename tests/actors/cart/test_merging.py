"""Two carts become one: of each line the greater quantity, and none is lost."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from actors.cart import merging
from actors.cart.rules import Renewal
from bus.messages.base import Money, units_of
from bus.messages.cart import Cart, CartLine

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
RENEWAL = Renewal(most=timedelta(hours=1), rest=timedelta(minutes=10))
SKUS = ("A", "B", "C", "D")


def line(sku: str, quantity: int, *, minutes: int = 10, since: int = 0) -> CartLine:
    return CartLine(
        sku=sku,
        title=sku,
        quantity=quantity,
        unit_price=Money(amount=100, currency="EUR"),
        held_until=NOON + timedelta(minutes=minutes),
        held_since=NOON - timedelta(minutes=since),
    )


def cart(cart_id: str, *lines: CartLine) -> Cart:
    return Cart(id=cart_id, lines=lines, currency="EUR")


def test_of_each_line_the_greater_quantity_counts() -> None:
    own, guest = cart("own", line("A", 2), line("B", 5)), cart("guest", line("B", 3), line("A", 4), line("C", 1))

    merged = merging.merged(own, guest, RENEWAL, NOON)

    assert [(each.sku, each.quantity) for each in merged.lines] == [("A", 4), ("B", 5), ("C", 1)]
    assert merged.id == "own"


def test_a_hold_is_as_old_as_the_older_of_the_two() -> None:
    merged = merging.merged(cart("own", line("A", 2, since=50)), cart("guest", line("A", 4)), RENEWAL, NOON)

    assert merging.not_after(merged.lines, RENEWAL, NOON) == NOON + timedelta(minutes=10)


def test_what_was_held_for_as_long_as_may_be_is_not_held_again() -> None:
    merged = merging.merged(cart("own", line("A", 2, minutes=0, since=60)), cart("guest"), RENEWAL, NOON)

    assert merging.holdable(merged, RENEWAL, NOON) == []


def test_a_line_is_held_in_full_or_not_at_all() -> None:
    both = cart("own", line("A", 3), line("B", 2))
    until = NOON + timedelta(minutes=10)

    kept = merging.with_holds(both, both.lines, {"A": 2, "B": 2}, until, NOON)

    assert [each.held_until > NOON for each in kept.lines] == [False, True]
    assert merging.needed(kept, NOON) == {"B": 2}


def test_a_cart_of_another_customer_is_left_alone() -> None:
    shared = Cart(id="own", lines=(), currency="EUR", owner="cus_ada")

    assert merging.is_anothers(shared, "cus_eve")
    assert not merging.is_anothers(shared, "cus_ada")
    assert not merging.is_anothers(cart("guest"), "cus_eve")


lines_of = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 99)).map(
    lambda found: [line(sku, quantity) for sku, quantity in found.items()]
)


@settings(max_examples=300, deadline=None)
@given(lines_of, lines_of, st.dictionaries(st.sampled_from(SKUS), st.integers(0, 99)))
def test_no_unit_is_lost_or_doubled(own: list[CartLine], guest: list[CartLine], held: dict[str, int]) -> None:
    first, second = cart("own", *own), cart("guest", *guest)
    merged = merging.merged(first, second, RENEWAL, NOON)
    kept = merging.with_holds(merged, merged.lines, held, NOON + timedelta(minutes=10), NOON)
    before, other, now = units_of(own), units_of(guest), units_of(kept.lines)

    assert now == {sku: max(before.get(sku, 0), other.get(sku, 0)) for sku in {**before, **other}}
    assert all(units <= held.get(sku, 0) for sku, units in merging.needed(kept, NOON).items())
    again = merging.merged(merged, second, RENEWAL, NOON)
    assert units_of(again.lines) == now
    changed = {each.id for each in merging.changes(first, second, kept, NOON)}
    assert changed == {sku for sku in now if before.get(sku, 0) != other.get(sku, 0)}
