"""What a cart's lines take from the shelves, and what it means for a line that some of it is short."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from actors.cart import units
from actors.cart.rules import line_for, order_lines, parts_of, shares, shortages, with_line
from bus.messages.base import Money, units_of
from bus.messages.cart import Cart, CartLine
from bus.messages.catalog import PricedSku
from bus.messages.inventory import StockRefused
from bus.messages.parts import BundlePart

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=10)
EARLIER = NOON - timedelta(minutes=1)

SKUS = ("MUG", "TEE", "PEN")
BUNDLES = {"SET": {"MUG": 2, "TEE": 1}, "BOX": {"TEE": 3, "PEN": 1}}


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def part(sku: str, quantity: int, price: int = 100) -> BundlePart:
    return BundlePart(sku=sku, title=sku.title(), quantity=quantity, price=eur(price), weight_g=10, is_on_sale=True)


def priced(sku: str, price: int = 1000) -> PricedSku:
    parts = tuple(part(each, quantity) for each, quantity in BUNDLES.get(sku, {}).items())
    return PricedSku(sku=sku, title=sku.title(), price=eur(price), weight_g=10, parts=parts)


def line(sku: str, quantity: int, until: datetime = LATER) -> CartLine:
    made = line_for(priced(sku), quantity, until)
    assert isinstance(made, CartLine)
    return made


def cart_of(*lines: CartLine) -> Cart:
    return Cart(id="cart_1", lines=lines, currency="EUR")


LINES = st.builds(line, st.sampled_from([*SKUS, *BUNDLES]), st.integers(1, 5), st.sampled_from([LATER, EARLIER]))
CARTS = st.lists(LINES, max_size=5, unique_by=lambda each: each.sku).map(lambda lines: cart_of(*lines))
SHELVES = st.fixed_dictionaries({sku: st.integers(0, 12) for sku in SKUS})


def taken(*lines: CartLine) -> Counter[str]:
    """What somebody would put on a table who takes one thing after the other."""
    table = Counter[str]()
    for each in lines:
        for _ in range(each.quantity):
            table.update(BUNDLES.get(each.sku, {each.sku: 1}))
    return table


@given(CARTS)
def test_lines_are_their_parts(cart: Cart) -> None:
    assert units_of(cart.lines) == taken(*cart.lines)


@given(CARTS, LINES)
def test_with_a_line_a_cart_holds_what_its_held_lines_need_and_no_more(cart: Cart, wanted: CartLine) -> None:
    others = [each for each in cart.lines if each.sku != wanted.sku and each.held_until > NOON]

    totals = units.wanted(cart, wanted, NOON)

    table = taken(*others, wanted)
    assert all(totals[sku] == table[sku] for sku in taken(wanted))
    assert all(totals[sku] == 0 for sku in totals.keys() - taken(wanted).keys())


@given(CARTS, st.sampled_from([*SKUS, *BUNDLES]))
def test_without_a_line_a_cart_holds_what_the_others_need(cart: Cart, gone: str) -> None:
    others = [each for each in cart.lines if each.sku != gone and each.held_until > NOON]

    totals = units.released(cart, gone, NOON)

    assert all(units == taken(*others)[sku] for sku, units in totals.items())


@given(CARTS, LINES, SHELVES)
def test_a_refusal_names_the_most_that_could_be_had_of_the_line(
    cart: Cart, wanted: CartLine, shelf: dict[str, int]
) -> None:
    totals = units.wanted(cart, wanted, NOON)
    short = [StockRefused(sku=sku, available=shelf[sku]) for sku in totals if totals[sku] > shelf[sku]]
    if not short:
        return
    others = [each for each in cart.lines if each.sku != wanted.sku and each.held_until > NOON]
    table = taken(*others)

    refused = units.refused(wanted, totals, short)

    def fits(quantity: int) -> bool:
        more = taken(msgspec.structs.replace(wanted, quantity=quantity)) if quantity else Counter[str]()
        return all(table[each.sku] + more[each.sku] <= each.available for each in short)

    assert refused.sku == wanted.sku
    assert refused.available < wanted.quantity
    assert fits(refused.available) or refused.available == 0
    assert not fits(refused.available + 1)


def served(lines: Sequence[CartLine], shelf: Mapping[str, int]) -> list[tuple[str, int]]:
    """The lines that do not get all, and what they get, if one thing after the other is taken from the shelf."""
    left, short = Counter(shelf), list[tuple[str, int]]()
    for each in lines:
        one = Counter(BUNDLES.get(each.sku, {each.sku: 1}))
        units = 0
        while units < each.quantity and all(left[sku] >= needed for sku, needed in one.items()):
            left, units = left - one, units + 1
        if units < each.quantity:
            short.append((each.sku, units))
    return short


@given(CARTS, SHELVES)
def test_of_what_is_short_the_first_lines_are_served_first(cart: Cart, shelf: dict[str, int]) -> None:
    table = taken(*cart.lines)
    short = [StockRefused(sku=sku, available=shelf[sku]) for sku in table if table[sku] > shelf[sku]]

    found = units.short_lines(order_lines(cart), short)

    enough = {sku: units if units >= table[sku] else shelf[sku] for sku, units in shelf.items()}
    assert [(each.sku, each.available) for each in found] == served(cart.lines, enough)
    unheld = [each for each in cart.lines if each.held_until <= NOON]
    assert [(block.sku, block.available) for block in shortages(cart, shelf, NOON)] == served(unheld, shelf)


def test_two_lines_that_share_units_are_held_together_and_end_together() -> None:
    cart = with_line(cart_of(line("SET", 1), line("PEN", 1)), line("MUG", 1))
    much_later = LATER + timedelta(minutes=10)

    by_sku = {each.sku: each.held_until for each in units.renewed(cart, {"MUG"}, much_later, NOON).lines}
    assert by_sku == {"SET": LATER, "PEN": LATER, "MUG": much_later}  # The tee of the set has its own end.

    soon = NOON + timedelta(minutes=1)
    by_sku = {each.sku: each.held_until for each in units.renewed(cart, {"MUG", "TEE"}, soon, NOON).lines}
    assert by_sku == {"SET": soon, "PEN": LATER, "MUG": soon}


def test_a_line_whose_hold_has_ended_is_not_held_again_with_another_of_its_units() -> None:
    cart = cart_of(line("SET", 1, EARLIER), line("MUG", 1))

    by_sku = {each.sku: each.held_until for each in units.renewed(cart, {"MUG", "TEE"}, LATER, NOON).lines}

    assert by_sku == {"SET": EARLIER, "MUG": LATER}


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=20))
def test_shares_add_up_and_none_is_a_unit_off(total: int, weights: list[int]) -> None:
    found = shares(total, weights)

    assert sum(found) == total
    whole = sum(weights)
    assert all(abs(share * whole - total * own) < whole for share, own in zip(found, weights, strict=True))


def test_a_bundle_s_price_is_divided_by_what_its_parts_cost_alone() -> None:
    bundle = PricedSku(
        sku="SET", title="Set", price=eur(1000), weight_g=1, parts=(part("MUG", 2, 300), part("TEE", 1, 900))
    )

    assert [each.share.amount for each in parts_of(bundle.parts, bundle.price)] == [400, 600]
