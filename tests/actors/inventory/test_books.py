"""How counts, the audit and its repairs keep stock, holds and ledger in agreement."""

from dataclasses import replace

import pytest

from actors.inventory.books import (
    StockSums,
    audit,
    carry,
    count_shelf,
    receive,
    repair,
    set_on_hand,
    try_count,
    undo_count,
)
from actors.inventory.shelf import Entry, Hold, Shelf, Stock
from bus.messages.inventory import (
    MOST_UNITS,
    CarryUnits,
    ReceiveStock,
    SetOnHand,
    ShelfCount,
    ShelfCounted,
    StockBelowHeld,
    StockCount,
    StockMoved,
    UnitsInUse,
)
from tests.actors.inventory.support import (
    LAMP,
    MUG,
    books,
    cart_hold,
    order_hold,
    shelf_of,
)


def test_a_count_is_written_down() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), LAMP=5)

    answer = set_on_hand(SetOnHand(sku=LAMP, on_hand=9), shelf)

    assert answer == StockCount(sku=LAMP, on_hand=9, held=2, version=2)
    assert shelf.entries == [Entry(LAMP, 4, 0, 0, "counted", "")]


def test_the_same_count_again_changes_nothing() -> None:
    shelf = shelf_of(LAMP=5)

    assert set_on_hand(SetOnHand(sku=LAMP, on_hand=5), shelf) == StockCount(sku=LAMP, on_hand=5, held=0, version=1)
    assert (shelf.entries, shelf.levels()) == ([], [])


def test_a_count_of_other_books_than_were_seen_is_refused() -> None:
    shelf = shelf_of(order_hold(LAMP, 3, "sold"), LAMP=10)

    assert set_on_hand(SetOnHand(sku=LAMP, on_hand=9, version=0), shelf) == StockMoved(
        sku=LAMP, on_hand=10, held=0, assigned=3, version=1
    )
    assert (shelf.entries, books(shelf, LAMP)) == ([], (10, 3, 0))
    assert isinstance(set_on_hand(SetOnHand(sku=LAMP, on_hand=9, version=1), shelf), StockCount)


def test_an_imports_count_is_taken_unless_more_are_promised_and_is_tried_alike() -> None:
    shelf = shelf_of(order_hold(LAMP, 3, "sold"), cart_hold(LAMP, 2), LAMP=10)
    few, right, more = (ShelfCount(sku=LAMP, on_hand=units) for units in (4, 10, 12))

    for count, refused in ((few, 5), (right, None), (more, None)):
        answer = ShelfCounted(sku=LAMP, before=10, refused=refused)
        assert try_count(count, shelf.stock[LAMP].counted()) == answer
        assert count_shelf(count, shelf, "imp_1") == answer
    assert shelf.entries == [Entry(LAMP, 2, 0, 0, "imported", "imp_1")]
    assert try_count(more, None) == ShelfCounted(sku=LAMP, before=None)


def test_an_imports_count_goes_back_unless_more_are_promised() -> None:
    shelf = shelf_of(order_hold(LAMP, 3, "sold"), LAMP=10)

    assert undo_count(LAMP, 8, shelf, "imp_1") == "3 units are sold or held, more than the 2 there were"
    assert shelf.entries == []
    assert undo_count(LAMP, 7, shelf, "imp_1") is None
    assert shelf.entries == [Entry(LAMP, -7, 0, 0, "import undone", "imp_1")]
    assert books(shelf, LAMP) == (3, 3, 0)


def test_what_arrives_is_added_to_what_is_there() -> None:
    shelf = shelf_of(order_hold(LAMP, 3, "sold"), LAMP=10)

    receive(ReceiveStock(sku=LAMP, received=5), shelf)

    assert books(shelf, LAMP) == (15, 3, 0)
    assert shelf.entries == [Entry(LAMP, 5, 0, 0, "received", "")]


@pytest.mark.parametrize("received", [0, -1, 1_000_000_000])
def test_no_more_arrives_than_can_be_counted(received: int) -> None:
    shelf = shelf_of(LAMP=10)

    refused = receive(ReceiveStock(sku=LAMP, received=received), shelf)

    assert refused == "received must be 1 to 999,999,990: 10 are on hand"
    assert shelf.entries == []


def test_nothing_arrives_on_a_full_shelf() -> None:
    refused = receive(ReceiveStock(sku=LAMP, received=1), shelf_of(LAMP=MOST_UNITS))

    assert refused == "received must be none: 1,000,000,000 are on hand"


@pytest.mark.parametrize(("counted", "is_refused"), [(4, True), (5, False)])
def test_a_count_below_what_is_promised_is_refused(counted: int, is_refused: bool) -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), order_hold(LAMP, 3, "sold", id=2), LAMP=9)

    answer = set_on_hand(SetOnHand(sku=LAMP, on_hand=counted), shelf)

    assert (answer == StockBelowHeld(sku=LAMP, held=2, assigned=3)) == is_refused
    assert books(shelf, LAMP) == ((9, 3, 2) if is_refused else (5, 3, 2))


def test_who_counts_sold_units_on_the_shelf_sells_them_to_nobody_else() -> None:
    """Ten mugs, three of them paid and unpacked: whoever counts finds ten, and seven can be had."""
    shelf = shelf_of(order_hold(LAMP, 3, "sold"), LAMP=10)

    set_on_hand(SetOnHand(sku=LAMP, on_hand=10), shelf)

    assert shelf.stock[LAMP].available == 7


GOOD = StockSums(
    LAMP,
    on_hand=5,
    assigned=1,
    held=2,
    assigned_by_holds=1,
    held_by_holds=2,
    on_hand_by_ledger=5,
    assigned_by_ledger=1,
    held_by_ledger=2,
)


@pytest.mark.parametrize(
    ("sums", "rule"),
    [
        (replace(GOOD, held_by_holds=1), "I3 held = live holds"),
        (replace(GOOD, held_by_ledger=1), "I3 held = ledger"),
        (replace(GOOD, assigned_by_holds=0), "I3 assigned = sold holds"),
        (replace(GOOD, assigned_by_ledger=2), "I3 assigned = ledger"),
        (replace(GOOD, on_hand_by_ledger=6), "I3 on hand = ledger"),
        (replace(GOOD, on_hand=2, on_hand_by_ledger=2), "I3 never oversold"),
    ],
)
def test_an_audit_names_the_counter_that_is_wrong(sums: StockSums, rule: str) -> None:
    assert [(finding.rule, finding.about) for finding in audit(sums)] == [(rule, LAMP)]


def test_an_audit_of_good_books_finds_nothing() -> None:
    assert audit(GOOD) == []


@pytest.mark.parametrize("number", ["held", "assigned"])
@pytest.mark.parametrize(
    ("counter", "by_holds", "by_ledger", "after", "entry"),
    [(3, 2, 3, 2, -1), (3, 2, 2, 2, 0), (2, 2, 5, 2, -3), (2, 2, 2, 2, None), (9, 11, 9, 9, None)],
)
def test_a_repair_makes_what_is_promised_agree_with_holds_and_ledger_if_that_fits(
    number: str, counter: int, by_holds: int, by_ledger: int, after: int, entry: int | None
) -> None:
    good = StockSums(LAMP, 10, 0, 0, 0, 0, 10, 0, 0)
    changes = {number: counter, f"{number}_by_holds": by_holds, f"{number}_by_ledger": by_ledger}
    sums = replace(good, **changes)  # type: ignore[arg-type] # all of them are numbers
    shelf = Shelf([Stock(LAMP, 10, sums.assigned, sums.held, 4)], [])

    made = repair(sums, shelf, 0)

    assert (getattr(shelf.stock[LAMP], number), len(made)) == (after, 0 if entry is None else 1)
    assert [(one.on_hand, getattr(one, number)) for one in shelf.entries] == ([] if entry is None else [(0, entry)])
    assert [level.version for level in shelf.levels()] == ([] if entry is None else [5])


@pytest.mark.parametrize("told", [1, 4, 9])
def test_readers_who_were_told_a_wrong_level_are_told_a_newer_one(told: int) -> None:
    shelf = Shelf([Stock(LAMP, 10, 0, 2, 4)], [])

    repair(StockSums(LAMP, 10, 0, 2, 0, 2, 10, 0, 2), shelf, told)

    assert [(level.available, level.version) for level in shelf.levels()] == [(8, max(told, 4) + 1)]
    assert shelf.entries == []


@pytest.mark.parametrize(("counted", "by_ledger"), [(10, 12), (9, 12), (12, 12), (10, 10), (11, 9)])
def test_a_recount_makes_the_ledger_agree_with_what_was_counted(counted: int, by_ledger: int) -> None:
    shelf = Shelf([Stock(LAMP, 10, 0, 0, 1)], [])

    set_on_hand(SetOnHand(sku=LAMP, on_hand=counted, recount=True), shelf, by_ledger)

    assert shelf.stock[LAMP].on_hand == by_ledger + sum(entry.on_hand for entry in shelf.entries) == counted


def test_units_are_carried_to_another_name_all_at_once_and_once() -> None:
    shelf = shelf_of(LAMP=5, MUG=0)
    ask = CarryUnits(sku=LAMP, name=MUG)

    carry(ask, shelf)
    carry(ask, shelf)

    assert (books(shelf, LAMP), books(shelf, MUG)) == ((0, 0, 0), (5, 0, 0))
    assert [(entry.sku, entry.on_hand) for entry in shelf.entries] == [(LAMP, -5), (MUG, 5)]


@pytest.mark.parametrize("hold", [cart_hold(LAMP, 2), order_hold(LAMP, 2, "sold"), cart_hold(MUG, 1)])
def test_what_is_promised_or_counted_elsewhere_is_not_carried(hold: Hold) -> None:
    shelf = shelf_of(hold, LAMP=5, MUG=1)

    answer = carry(CarryUnits(sku=LAMP, name=MUG), shelf)

    assert isinstance(answer, UnitsInUse)
    assert answer.sku == (LAMP if hold.sku == LAMP else MUG)
    assert shelf.entries == []
