"""What is decided about single asks for units; `test_rules_together.py` has what is true after any sequence."""

from datetime import timedelta

import pytest

from actors.inventory.life import Stage
from actors.inventory.rules import (
    abandon,
    await_bank,
    await_payment,
    await_payment_again,
    give_back,
    hold,
    hold_for_checkout,
    retake,
    sell,
    ship,
)
from actors.inventory.shelf import Entry, Hold
from bus.messages.inventory import (
    CheckoutHeld,
    OutOfStock,
    StockHeld,
    StockRefused,
    UnitsGone,
    UnitsRetaken,
    UnknownSku,
)
from tests.actors.inventory.support import (
    FIRST_CART,
    LAMP,
    LATER,
    MUG,
    NOON,
    ORDER,
    SECOND_CART,
    ask,
    books,
    cart_hold,
    checkout,
    order_hold,
    shelf_of,
)


def test_the_last_unit_goes_to_whoever_came_first() -> None:
    shelf = shelf_of(LAMP=1)

    answers = hold([ask(FIRST_CART, LAMP, 1), ask(SECOND_CART, LAMP, 1)], shelf, NOON)

    assert answers == [StockHeld(sku=LAMP, quantity=1, until=NOON), StockRefused(sku=LAMP, available=0)]
    assert books(shelf, LAMP) == (1, 0, 1)


def test_a_hold_is_given_in_full_or_not_at_all() -> None:
    shelf = shelf_of(LAMP=2)

    answers = hold([ask(FIRST_CART, LAMP, 3)], shelf, NOON)

    assert answers == [StockRefused(sku=LAMP, available=2)]
    assert (books(shelf, LAMP), shelf.entries, shelf.levels()) == ((2, 0, 0), [], [])


def test_who_was_refused_leaves_the_units_to_the_next() -> None:
    shelf = shelf_of(LAMP=2)

    answers = hold([ask(FIRST_CART, LAMP, 3), ask(SECOND_CART, LAMP, 2)], shelf, NOON)

    assert answers[1] == StockHeld(sku=LAMP, quantity=2, until=NOON)


def test_the_shop_has_no_such_sku() -> None:
    assert hold([ask(FIRST_CART, "SOFA", 1)], shelf_of(LAMP=1), NOON) == [UnknownSku(sku="SOFA")]


def test_ones_own_hold_is_never_in_ones_way() -> None:
    shelf = shelf_of(cart_hold(LAMP, 3), LAMP=5)

    answers = hold([ask(FIRST_CART, LAMP, 5)], shelf, NOON)

    assert answers == [StockHeld(sku=LAMP, quantity=5, until=NOON)]
    assert books(shelf, LAMP) == (5, 0, 5)


def test_a_refusal_says_what_this_cart_could_have_had() -> None:
    shelf = shelf_of(cart_hold(LAMP, 3), cart_hold(LAMP, 1, cart_id=SECOND_CART, id=2), LAMP=5)

    assert hold([ask(FIRST_CART, LAMP, 6)], shelf, NOON) == [StockRefused(sku=LAMP, available=4)]


def test_asking_again_says_how_many_in_all_and_restarts_the_time() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2, until=NOON), LAMP=5)

    hold([ask(FIRST_CART, LAMP, 2)], shelf, LATER)

    assert (books(shelf, LAMP), shelf.entries) == ((5, 0, 2), [])
    assert [(kept.quantity, kept.expires_at) for kept in shelf.touched] == [(2, LATER)]


def test_zero_gives_the_units_back_and_leaves_no_row() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), LAMP=5)

    hold([ask(FIRST_CART, LAMP, 0)], shelf, LATER)

    assert (books(shelf, LAMP), list(shelf.holds())) == ((5, 0, 0), [])
    assert [ended.id for ended in shelf.gone.values()] == [1]
    assert shelf.entries == [Entry(LAMP, 0, 0, -2, "cart", FIRST_CART)]


def test_zero_of_what_was_never_held_is_nothing() -> None:
    shelf = shelf_of(LAMP=5)

    assert hold([ask(FIRST_CART, LAMP, 0)], shelf, LATER) == [StockHeld(sku=LAMP, quantity=0, until=LATER)]
    assert (shelf.entries, shelf.touched, shelf.gone) == ([], [], {})


def test_a_hold_that_ends_and_begins_in_one_turn_keeps_its_row() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2, id=7), LAMP=5)

    hold([ask(FIRST_CART, LAMP, 0), ask(FIRST_CART, LAMP, 4)], shelf, LATER)

    assert shelf.gone == {}
    assert [(kept.id, kept.stored, kept.quantity) for kept in shelf.touched] == [(7, True, 4)]


def test_a_turn_is_one_version_however_many_asked() -> None:
    shelf = shelf_of(LAMP=5)

    hold([ask(FIRST_CART, LAMP, 1), ask(SECOND_CART, LAMP, 2)], shelf, NOON)

    assert [(level.available, level.version) for level in shelf.levels()] == [(2, 2)]


@pytest.mark.parametrize(("since", "is_freed"), [(timedelta(0), True), (timedelta(microseconds=-1), False)])
def test_a_hold_ends_at_its_end_and_not_before(since: timedelta, is_freed: bool) -> None:
    shelf = shelf_of(cart_hold(LAMP, 2, until=NOON), LAMP=5)

    shelf.expire(NOON + since)

    assert books(shelf, LAMP) == ((5, 0, 0) if is_freed else (5, 0, 2))


def test_an_orders_hold_that_ends_is_remembered() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "payment", until=NOON), LAMP=5)

    shelf.expire(NOON)

    assert (books(shelf, LAMP), [(kept.stage, kept.expires_at) for kept in shelf.touched]) == (
        (5, 0, 0),
        [("expired", None)],
    )


def test_checkout_turns_the_carts_holds_into_the_orders() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), LAMP=2)

    assert hold_for_checkout(checkout((LAMP, 2)), shelf, LATER) == CheckoutHeld(until=LATER)

    assert books(shelf, LAMP) == (2, 0, 2)
    assert [(kept.stage, kept.quantity, kept.stored) for kept in shelf.of_order(ORDER)] == [("checkout", 2, False)]
    assert [ended.id for ended in shelf.gone.values()] == [1]


def test_checkout_holds_again_what_the_cart_holds_no_longer() -> None:
    shelf = shelf_of(LAMP=2)

    assert hold_for_checkout(checkout((LAMP, 2)), shelf, LATER) == CheckoutHeld(until=LATER)
    assert books(shelf, LAMP) == (2, 0, 2)


def test_checkout_is_all_lines_or_none_and_says_what_is_short() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), LAMP=2, MUG=1)

    answer = hold_for_checkout(checkout((LAMP, 2), (MUG, 3), ("SOFA", 1)), shelf, LATER)

    assert answer == OutOfStock(short=(StockRefused(sku=MUG, available=1), StockRefused(sku="SOFA", available=0)))
    assert (shelf.entries, shelf.touched, shelf.gone) == ([], [], {})


def test_a_repeated_checkout_has_the_same_end_and_changes_nothing() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "checkout", until=NOON), LAMP=2)

    assert hold_for_checkout(checkout((LAMP, 2)), shelf, LATER) == CheckoutHeld(until=NOON)
    assert (shelf.entries, shelf.touched) == ([], [])


@pytest.mark.parametrize("stage", ["payment", "processing", "sold", "shipped", "returned"])
def test_a_checkout_repeated_after_its_order_was_placed_takes_nothing_again(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=9)

    assert isinstance(hold_for_checkout(checkout((LAMP, 2)), shelf, LATER), CheckoutHeld)
    assert (shelf.entries, shelf.touched) == ([], [])


def test_a_checkout_repeated_with_another_cart_after_its_order_was_called_off_leaves_late_money_its_units() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "returned"), LAMP=9, MUG=9)

    hold_for_checkout(checkout((MUG, 1)), shelf, LATER)
    retake(ORDER, shelf)

    assert (books(shelf, LAMP), books(shelf, MUG)) == ((9, 2, 0), (9, 0, 0))


def test_a_checkout_that_ended_before_its_order_was_placed_is_held_again() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "expired"), LAMP=9)

    assert hold_for_checkout(checkout((LAMP, 2)), shelf, LATER) == CheckoutHeld(until=LATER)
    assert (books(shelf, LAMP), [kept.stage for kept in shelf.of_order(ORDER)]) == ((9, 0, 2), ["checkout"])


def test_a_checkout_half_of_which_has_expired_holds_the_other_half_once() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "checkout"), order_hold(MUG, 1, "expired", id=2), LAMP=2, MUG=1)

    assert hold_for_checkout(checkout((LAMP, 2), (MUG, 1)), shelf, LATER) == CheckoutHeld(until=LATER)
    assert (books(shelf, LAMP), books(shelf, MUG)) == ((2, 0, 2), (1, 0, 1))


@pytest.mark.parametrize("stage", ["checkout", "expired"])
def test_a_checkout_that_comes_back_with_another_quantity_holds_that(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=3)

    assert hold_for_checkout(checkout((LAMP, 3)), shelf, LATER) == CheckoutHeld(until=LATER)
    assert (books(shelf, LAMP), [kept.quantity for kept in shelf.of_order(ORDER)]) == ((3, 0, 3), [3])


@pytest.mark.parametrize("stage", ["checkout", "expired"])
def test_a_line_that_left_the_cart_before_its_order_was_placed_is_not_sold(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), order_hold(MUG, 1, stage, id=2), LAMP=2, MUG=1)

    hold_for_checkout(checkout((LAMP, 2)), shelf, LATER)
    sell(ORDER, shelf)

    assert (books(shelf, LAMP), books(shelf, MUG)) == ((2, 2, 0), (1, 0, 0))


def test_a_placed_orders_holds_outlive_the_time_to_pay() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "checkout", until=NOON), LAMP=2)

    await_payment(ORDER, shelf, LATER)

    assert [(kept.stage, kept.expires_at) for kept in shelf.touched] == [("payment", LATER)]
    assert shelf.entries == []


@pytest.mark.parametrize("stage", ["payment", "processing", "sold", "shipped", "expired", "returned"])
def test_only_a_checkouts_hold_begins_to_wait_for_money(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=2)

    await_payment(ORDER, shelf, LATER + timedelta(hours=1))

    assert shelf.touched == []


@pytest.mark.parametrize("stage", ["checkout", "payment", "processing"])
def test_paid_units_are_assigned_and_stay_on_the_shelf(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=5)

    assert sell(ORDER, shelf) is None

    assert (books(shelf, LAMP), [kept.stage for kept in shelf.of_order(ORDER)]) == ((5, 2, 0), ["sold"])
    assert shelf.entries == [Entry(LAMP, 0, 2, -2, "sold", ORDER)]


def test_shipped_units_leave_the_books_once() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "sold"), LAMP=5)

    ship(ORDER, shelf)
    ship(ORDER, shelf)

    assert (books(shelf, LAMP), [kept.stage for kept in shelf.of_order(ORDER)]) == ((3, 0, 0), ["shipped"])
    assert shelf.entries == [Entry(LAMP, -2, -2, 0, "shipped", ORDER)]


@pytest.mark.parametrize(("others", "after"), [(0, (3, 0, 0)), (4, (5, 0, 4))])
def test_units_that_left_though_their_hold_had_run_out_leave_the_books_unless_others_have_them(
    others: int, after: tuple[int, int, int]
) -> None:
    rivals = [cart_hold(LAMP, others, cart_id=SECOND_CART, id=2)] if others else []
    shelf = shelf_of(order_hold(LAMP, 2, "expired"), *rivals, LAMP=5)

    ship(ORDER, shelf)

    assert books(shelf, LAMP) == after


def test_what_is_shipped_is_not_given_back() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "shipped"), LAMP=5)

    give_back(ORDER, shelf)

    assert (books(shelf, LAMP), shelf.touched) == ((5, 0, 0), [])


def test_while_a_bank_decides_no_clock_ends_the_hold() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "payment"), LAMP=5)

    await_bank(ORDER, shelf)
    shelf.expire(LATER + timedelta(days=30))

    assert [(kept.stage, kept.expires_at) for kept in shelf.touched] == [("processing", None)]
    assert (books(shelf, LAMP), shelf.entries) == ((5, 0, 2), [])


def test_when_the_bank_says_no_the_units_wait_for_another_try() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "processing"), LAMP=5)

    await_payment_again(ORDER, shelf, LATER)

    assert [(kept.stage, kept.expires_at) for kept in shelf.touched] == [("payment", LATER)]
    assert books(shelf, LAMP) == (5, 0, 2)


def test_money_after_the_holds_end_takes_the_units_again() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "expired"), LAMP=2)

    assert sell(ORDER, shelf) is None
    assert (books(shelf, LAMP), [kept.stage for kept in shelf.of_order(ORDER)]) == ((2, 2, 0), ["sold"])


def test_units_that_somebody_else_has_are_gone_all_or_none() -> None:
    rival = cart_hold(MUG, 1, cart_id=SECOND_CART, id=3)
    shelf = shelf_of(order_hold(LAMP, 2, "expired"), order_hold(MUG, 1, "expired", id=2), rival, LAMP=2, MUG=1)

    assert sell(ORDER, shelf) == UnitsGone(order_id=ORDER)
    assert (books(shelf, LAMP), books(shelf, MUG), shelf.entries) == ((2, 0, 0), (1, 0, 1), [])


def test_what_a_cancelled_order_gave_back_is_not_sold_before_the_order_asks() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "returned"), LAMP=2)

    assert sell(ORDER, shelf) is None
    assert books(shelf, LAMP) == (2, 0, 0)


@pytest.mark.parametrize("stage", ["returned", "expired"])
def test_late_money_has_its_units_again(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=2)

    assert retake(ORDER, shelf) == UnitsRetaken(order_id=ORDER)
    assert (books(shelf, LAMP), shelf.entries) == ((2, 2, 0), [Entry(LAMP, 0, 2, 0, "sold late", ORDER)])


def test_late_money_is_told_when_the_units_are_gone() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "returned"), LAMP=1)

    assert retake(ORDER, shelf) == UnitsGone(order_id=ORDER)
    assert (books(shelf, LAMP), shelf.entries, shelf.touched) == ((1, 0, 0), [], [])


def test_units_are_retaken_once() -> None:
    shelf = shelf_of(order_hold(LAMP, 2, "returned"), LAMP=9)
    retake(ORDER, shelf)

    assert retake(ORDER, shelf) is None
    assert books(shelf, LAMP) == (9, 2, 0)


@pytest.mark.parametrize("stage", ["checkout", "payment", "processing", "sold", "expired", "returned"])
def test_a_cancelled_order_gives_back_what_it_has_once(stage: Stage) -> None:
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=5)

    give_back(ORDER, shelf)
    give_back(ORDER, shelf)

    assert (books(shelf, LAMP), [kept.stage for kept in shelf.of_order(ORDER)]) == ((5, 0, 0), ["returned"])


@pytest.mark.parametrize(
    ("stage", "after"),
    [
        ("checkout", (5, 0, 0)),
        ("payment", (5, 0, 2)),
        ("processing", (5, 0, 2)),
        ("sold", (5, 2, 0)),
        ("shipped", (5, 0, 0)),
        ("expired", (5, 0, 0)),
        ("returned", (5, 0, 0)),
    ],
)
def test_a_checkout_that_came_to_nothing_gives_back_only_what_it_took(
    stage: Stage, after: tuple[int, int, int]
) -> None:
    """Late money may have the order's units by now."""
    shelf = shelf_of(order_hold(LAMP, 2, stage), LAMP=5)

    abandon(ORDER, shelf)
    abandon(ORDER, shelf)

    assert books(shelf, LAMP) == after


def test_a_shelf_knows_each_hold_by_its_owner() -> None:
    of_cart, of_order = cart_hold(LAMP, 1), order_hold(LAMP, 2, "payment", id=2)
    shelf = shelf_of(of_cart, of_order, LAMP=5)

    found: list[Hold | None] = [shelf.of_cart(FIRST_CART, LAMP), shelf.of_cart(SECOND_CART, LAMP)]

    assert (found, list(shelf.of_order(ORDER)), list(shelf.of_order("ord_2"))) == ([of_cart, None], [of_order], [])
