"""How long one cart may hold a SKU, however often it asks."""

from datetime import UTC, datetime, timedelta

from actors.cart.rules import Renewal
from bus.messages.base import Money
from bus.messages.cart import CartLine, HeldElsewhere

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
RENEWAL = Renewal(most=timedelta(minutes=60), rest=timedelta(minutes=10))


def line(held_since: datetime | None, held_until: datetime) -> CartLine:
    price = Money(amount=1450, currency="EUR")
    return CartLine(sku="MUG", title="Mug", quantity=1, unit_price=price, held_until=held_until, held_since=held_since)


def minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def test_a_new_line_begins_a_stretch() -> None:
    assert RENEWAL.since(None, NOON) == NOON


def test_a_renewal_goes_on_with_its_stretch_also_shortly_after_the_hold_has_ended() -> None:
    for now in (5, 10, 15, 19.9):
        assert RENEWAL.since(line(NOON, minutes(10)), minutes(now)) == NOON


def test_after_a_rest_another_stretch_begins() -> None:
    assert RENEWAL.since(line(NOON, minutes(10)), minutes(20)) == minutes(20)


def test_a_line_of_an_older_cart_begins_one() -> None:
    assert RENEWAL.since(line(None, minutes(10)), minutes(5)) == minutes(5)


def test_asked_for_every_minute_a_sku_is_free_for_others_after_an_hour() -> None:
    held = line(NOON, minutes(10))
    free = 0
    for now in range(1, 141):
        since = RENEWAL.since(held, minutes(now))
        until = min(minutes(now + 10), since + RENEWAL.most) if since + RENEWAL.most > minutes(now) else None
        free += until is None
        held = line(since, until or since + RENEWAL.most)

    assert free == 20  # Ten minutes in each seventy.


def test_the_carts_of_an_address_have_their_stretch_in_common() -> None:
    held = HeldElsewhere(sku="MUG", units=0, since=NOON, until=minutes(10))

    for now in (5, 10, 15, 19.9):
        assert RENEWAL.since_elsewhere(held, minutes(now)) == NOON
    assert RENEWAL.since_elsewhere(held, minutes(20)) == minutes(20)
