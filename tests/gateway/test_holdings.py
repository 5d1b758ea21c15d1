"""The sums that are kept of an address's holds are those of the holds."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gateway.holdings import HeldLine, Holdings

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
CARTS, LINES, SKUS = ("cart_1", "cart_2", "cart_3"), ("A", "B~1"), ("A", "B", "C")
REST = timedelta(minutes=10)

units = st.dictionaries(st.sampled_from(SKUS), st.integers(0, 9), min_size=1)
places = st.tuples(st.sampled_from(CARTS), st.sampled_from(LINES))
steps = st.one_of(
    st.tuples(places, units, st.integers(1, 20)),  # A line holds so much, for so many minutes.
    st.tuples(places, st.none(), st.just(0)),  # It is removed.
    st.tuples(st.none(), st.none(), st.integers(1, 15)),  # Time passes.
)


@given(st.lists(steps, max_size=40))
def test_after_any_steps_sums_are_those_of_what_is_held(
    taken: list[tuple[tuple[str, str] | None, dict[str, int] | None, int]],
) -> None:
    known, model, now = Holdings(), dict[tuple[str, str], HeldLine](), NOON
    for place, held, minutes in taken:
        if place is None:
            now += timedelta(minutes=minutes)
        elif held is None:
            known.drop(*place)
            model.pop(place, None)
        else:
            hold = HeldLine(held, now + timedelta(minutes=minutes))
            known.put(*place, hold)
            model[place] = hold
        known.forget(now, REST)
        model = {place: hold for place, hold in model.items() if hold.until > now}

        assert known.total == sum(hold.total for hold in model.values())
        for cart in CARTS:
            for line in LINES:
                assert known.get(cart, line) == model.get((cart, line))
            for sku in SKUS:
                others = (hold.units.get(sku, 0) for (of, _), hold in model.items() if of != cart)
                assert known.elsewhere(sku, cart) == sum(others)
        assert sorted(known.ends(but=(CARTS[0], LINES[0]))) == sorted(
            hold.until for place, hold in model.items() if place != (CARTS[0], LINES[0])
        )
        assert bool(known) == bool(model)


def test_stretches_are_forgotten_when_a_sku_has_rested() -> None:
    known = Holdings()
    for number in range(200):
        known.extend(f"SKU-{number}", NOON, NOON + timedelta(minutes=number))
    later = NOON + timedelta(minutes=110)

    known.forget(later, REST)

    assert [known.stretch(f"SKU-{number}") is None for number in (100, 101)] == [True, False]
