"""What a cart has in it, and what it would cost."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.cart.rules import (
    as_of_now,
    line_for,
    order_lines,
    quote,
    refusal,
    shortages,
    weight_g,
    with_line,
    without,
)
from bus.messages.base import Money, OrderLine, Sums
from bus.messages.cart import BlockCode, Cart, CartEmpty, CartLine, CheckoutBlocked, PriceChanged
from bus.messages.catalog import PricedSku
from bus.messages.currencies import largest
from bus.messages.inventory import OutOfStock, StockRefused
from bus.messages.shipping import PricedMethod

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=10)
STANDARD = PricedMethod(id="standard", title="Standard", days_min=2, days_max=5, price=490, free_from=7500)
EXPRESS = PricedMethod(id="express", title="Express", days_min=1, days_max=2, price=990)


def priced(sku: str, price: int = 1450, weight: int = 380) -> PricedSku:
    return PricedSku(sku=sku, title=sku.title(), price=eur(price), weight_g=weight)


def cart_of(**units: int) -> Cart:
    """A cart with so many units of each SKU."""
    lines = tuple(
        CartLine(sku=sku, title=sku.title(), quantity=quantity, unit_price=eur(1450), held_until=NOON)
        for sku, quantity in units.items()
    )
    return Cart(id="cart_1", lines=lines, currency="EUR")


def now_of(**lines: tuple[int, int]) -> Cart:
    """A cart as of now, with so many units of each SKU, at a price."""
    cart = cart_of(**{sku: quantity for sku, (quantity, _) in lines.items()})
    return as_of_now(cart, {sku: priced(sku, price) for sku, (_, price) in lines.items()}, "EUR")


def line_of(sku: PricedSku, quantity: int, until: datetime) -> CartLine:
    line = line_for(sku, quantity, until)
    assert isinstance(line, CartLine)
    return line


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def units(cart: Cart) -> list[tuple[str, int]]:
    return [(line.sku, line.quantity) for line in cart.lines]


def test_a_new_line_is_at_the_end() -> None:
    cart = with_line(cart_of(LAMP=1), line_of(priced("MUG"), 2, LATER))

    assert units(cart) == [("LAMP", 1), ("MUG", 2)]
    assert cart.lines[1] == CartLine(sku="MUG", title="Mug", quantity=2, unit_price=eur(1450), held_until=LATER)


def test_a_changed_line_stays_in_its_place_with_its_new_price_and_end() -> None:
    cart = with_line(cart_of(LAMP=1, MUG=1), line_of(priced("LAMP", price=1999), 5, LATER))

    assert units(cart) == [("LAMP", 5), ("MUG", 1)]
    assert (cart.lines[0].unit_price, cart.lines[0].held_until) == (eur(1999), LATER)


def test_setting_a_line_leaves_the_cart_it_was_set_on_as_it_was() -> None:
    cart = cart_of(LAMP=1)

    with_line(cart, line_of(priced("LAMP"), 5, LATER))

    assert cart == cart_of(LAMP=1)


@pytest.mark.parametrize(
    ("gone", "left"),
    [(("LAMP",), [("MUG", 2)]), (("SOFA",), [("LAMP", 1), ("MUG", 2)]), (("LAMP", "MUG"), []), ((), None)],
)
def test_lines_that_are_taken_out_leave_the_others(gone: tuple[str, ...], left: list[tuple[str, int]] | None) -> None:
    cart = cart_of(LAMP=1, MUG=2)

    assert units(without(cart, *gone)) == (units(cart) if left is None else left)


def test_an_order_is_at_todays_prices_and_not_at_the_carts() -> None:
    now = as_of_now(cart_of(LAMP=2), {"LAMP": priced("LAMP", price=2500)}, "EUR")

    assert order_lines(now) == (OrderLine(sku="LAMP", title="Lamp", quantity=2, unit_price=eur(2500)),)
    assert (now.lines[0].price_before, now.lines[0].is_for_sale) == (eur(1450), True)


def test_a_line_whose_price_is_what_it_was_says_nothing_of_it() -> None:
    assert as_of_now(cart_of(LAMP=2), {"LAMP": priced("LAMP")}, "EUR") == cart_of(LAMP=2)


@pytest.mark.parametrize(
    "now", [{}, {"LAMP": PricedSku(sku="LAMP", title="L", price=Money(amount=1, currency="JPY"), weight_g=1)}]
)
def test_what_is_not_sold_in_the_shops_currency_is_shown_and_costs_nothing(now: dict[str, PricedSku]) -> None:
    prices = now | {"MUG": priced("MUG", price=1000)}
    cart = as_of_now(cart_of(LAMP=2, MUG=1), prices, "EUR")

    quoted = quote(cart, [STANDARD], None)

    assert [(line.sku, line.is_for_sale, line.unit_price) for line in cart.lines] == [
        ("LAMP", False, eur(1450)), ("MUG", True, eur(1000)),
    ]  # fmt: skip
    assert quoted.subtotal == eur(1000)
    assert [(block.code, block.sku) for block in quoted.blocks] == [("not_sold", "LAMP")]
    assert refusal(quoted, None) == OutOfStock(short=(StockRefused(sku="LAMP", available=0),))


@pytest.mark.parametrize(
    ("chosen", "goods", "shipping"),
    [
        (None, 7499, 490), (None, 7500, 0), ("standard", 7499, 490), ("express", 7499, 990), ("express", 7500, 990),
    ],
)  # fmt: skip
def test_a_quote_is_of_the_method_that_was_chosen_or_else_the_first(
    chosen: str | None, goods: int, shipping: int
) -> None:
    quoted = quote(now_of(MUG=(1, goods)), [STANDARD, EXPRESS], chosen)

    assert quoted.sums == Sums(currency="EUR", subtotal=goods, shipping=shipping, total=goods + shipping)
    assert quoted.shipping_method == (chosen or "standard")
    assert [method.price.amount for method in quoted.methods] == [0 if goods >= 7500 else 490, 990]
    assert quoted.blocks == ()
    assert refusal(quoted, eur(goods + shipping)) is None


def test_another_total_than_was_shown_is_refused_with_both() -> None:
    quoted = quote(now_of(MUG=(1, 1000)), [STANDARD], None)

    assert refusal(quoted, eur(1489)) == PriceChanged(expected=eur(1489), total=eur(1490))
    yen = Money(amount=1490, currency="JPY")
    assert refusal(quoted, yen) == PriceChanged(expected=yen, total=eur(1490))


@pytest.mark.parametrize(
    ("methods", "chosen", "codes", "told"),
    [
        ([], None, (), ["no_shipping_method"]),
        ([], "standard", (), ["no_shipping_method"]),
        (["standard"], "drone", (), ["unknown_shipping_method"]),
        (["standard"], None, ("SAVE10", "SAVE20"), ["unknown_code", "unknown_code"]),
    ],
)
def test_what_stands_in_the_way_is_told(
    methods: list[str], chosen: str | None, codes: tuple[str, ...], told: list[BlockCode]
) -> None:
    quoted = quote(now_of(MUG=(1, 1000)), [STANDARD] if methods else [], chosen, codes)

    assert [block.code for block in quoted.blocks] == told
    assert all(block.detail for block in quoted.blocks)
    assert (quoted.sums is None) == (not codes)  # Never a wrong price.
    assert refusal(quoted, None) == CheckoutBlocked(blocks=quoted.blocks)


def test_more_than_one_payment_can_be_is_told() -> None:
    most = now_of(MUG=(1, largest("EUR") - 990))
    over = now_of(MUG=(1, largest("EUR") - 989))

    assert quote(most, [EXPRESS], None).blocks == ()
    assert [block.code for block in quote(over, [EXPRESS], None).blocks] == ["amount_too_large"]


def test_an_empty_cart_costs_nothing_and_cannot_be_bought() -> None:
    quoted = quote(cart_of(), [STANDARD], None)

    assert quoted.sums == Sums(currency="EUR", subtotal=0, shipping=0, total=0)
    assert [block.code for block in quoted.blocks] == ["cart_empty"]
    assert refusal(quoted, None) == CartEmpty(cart_id="cart_1")


def test_only_what_is_held_no_more_can_be_out_of_stock() -> None:
    cart = with_line(cart_of(LAMP=2, MUG=2), line_of(priced("RUG"), 2, LATER))

    assert [(block.sku, block.available) for block in shortages(cart, {"LAMP": 1, "MUG": 2}, NOON)] == [("LAMP", 1)]


@settings(deadline=None, max_examples=200)
@given(
    goods=st.lists(st.tuples(st.integers(1, 99), st.integers(1, 10**9)), max_size=8),
    price=st.integers(0, 10**6),
    free_from=st.none() | st.integers(0, 10**10),
)
def test_the_parts_of_a_quote_add_up_whatever_is_in_the_cart(
    goods: list[tuple[int, int]], price: int, free_from: int | None
) -> None:
    cart = now_of(**{f"SKU{nr}": line for nr, line in enumerate(goods)})
    method = msgspec.structs.replace(STANDARD, price=price, free_from=free_from)

    sums = quote(cart, [method], None).sums

    assert sums is not None
    assert sums.subtotal == sum(quantity * each for quantity, each in goods)
    assert sums.total == sums.subtotal - sums.discount + sums.shipping + sums.fees
    assert sums.shipping in (0, price)


def test_the_weight_is_of_all_units() -> None:
    prices = {"LAMP": priced("LAMP", weight=1200), "MUG": priced("MUG", weight=380)}

    assert weight_g(cart_of(LAMP=2, MUG=3), prices) == 2 * 1200 + 3 * 380


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from(["LAMP", "MUG", "RUG"]), st.integers(0, 99)), max_size=12))
def test_after_any_changes_a_cart_has_each_sku_once_as_it_was_set_last(changes: list[tuple[str, int]]) -> None:
    cart, last = cart_of(), dict[str, int]()

    for sku, quantity in changes:
        if quantity:
            cart = with_line(cart, line_of(priced(sku), quantity, LATER))
            last[sku] = quantity
        else:
            cart = without(cart, sku)
            last.pop(sku, None)

    assert units(cart) == list(last.items())
    assert [(line.sku, line.quantity) for line in order_lines(cart)] == units(cart)
