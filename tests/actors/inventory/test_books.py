"""How counts, the audit and its repairs keep stock, holds and ledger in agreement."""

import pytest

from actors.inventory.rules import (
    Entry,
    Shelf,
    Stock,
    Sums,
    audit,
    repair,
    set_on_hand,
)
from bus.messages.inventory import (
    SetOnHand,
    StockBelowHeld,
    StockCount,
)
from tests.actors.inventory.support import (
    LAMP,
    books,
    cart_hold,
    shelf_of,
)


def test_a_count_is_written_down() -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), LAMP=5)

    answer = set_on_hand(SetOnHand(sku=LAMP, on_hand=9), shelf)

    assert answer == StockCount(sku=LAMP, on_hand=9, held=2, version=2)
    assert shelf.entries == [Entry(LAMP, 4, 0, "counted", "")]


def test_the_same_count_again_changes_nothing() -> None:
    shelf = shelf_of(LAMP=5)

    assert set_on_hand(SetOnHand(sku=LAMP, on_hand=5), shelf) == StockCount(sku=LAMP, on_hand=5, held=0, version=1)
    assert (shelf.entries, shelf.levels()) == ([], [])


@pytest.mark.parametrize(("counted", "is_refused"), [(1, True), (2, False)])
def test_a_count_below_what_is_promised_is_refused(counted: int, is_refused: bool) -> None:
    shelf = shelf_of(cart_hold(LAMP, 2), LAMP=5)

    answer = set_on_hand(SetOnHand(sku=LAMP, on_hand=counted), shelf)

    assert (answer == StockBelowHeld(sku=LAMP, held=2)) == is_refused
    assert books(shelf, LAMP) == ((5, 2) if is_refused else (2, 2))


@pytest.mark.parametrize(
    ("sums", "rule"),
    [
        (Sums(LAMP, 5, 2, held_by_holds=1, on_hand_by_ledger=5, held_by_ledger=2), "I3 held = live holds"),
        (Sums(LAMP, 5, 2, held_by_holds=2, on_hand_by_ledger=5, held_by_ledger=1), "I3 held = ledger"),
        (Sums(LAMP, 5, 2, held_by_holds=2, on_hand_by_ledger=6, held_by_ledger=2), "I3 on hand = ledger"),
    ],
)
def test_an_audit_names_the_counter_that_is_wrong(sums: Sums, rule: str) -> None:
    assert [(finding.rule, finding.about) for finding in audit(sums)] == [(rule, LAMP)]


def test_an_audit_of_good_books_finds_nothing() -> None:
    assert audit(Sums(LAMP, 5, 2, held_by_holds=2, on_hand_by_ledger=5, held_by_ledger=2)) == []


@pytest.mark.parametrize(
    ("held", "by_holds", "by_ledger", "after", "entry"),
    [(3, 2, 3, 2, -1), (3, 2, 2, 2, 0), (2, 2, 5, 2, -3), (2, 2, 2, 2, None), (9, 11, 9, 9, None), (9, -1, 9, 9, None)],
)
def test_a_repair_makes_what_is_held_agree_with_holds_and_ledger_if_that_fits(
    held: int, by_holds: int, by_ledger: int, after: int, entry: int | None
) -> None:
    shelf = Shelf([Stock(LAMP, 10, held, 4)], [])

    made = repair(Sums(LAMP, 10, held, by_holds, 10, by_ledger), shelf, 0)

    assert (shelf.stock[LAMP].held, len(made)) == (after, 0 if entry is None else 1)
    assert [(one.on_hand_change, one.held_change) for one in shelf.entries] == ([] if entry is None else [(0, entry)])
    assert [level.version for level in shelf.levels()] == ([] if entry is None else [5])


@pytest.mark.parametrize("told", [1, 4, 9])
def test_readers_who_were_told_a_wrong_level_are_told_a_newer_one(told: int) -> None:
    shelf = Shelf([Stock(LAMP, 10, 2, 4)], [])

    repair(Sums(LAMP, 10, 2, 2, 10, 2), shelf, told)

    assert [(level.available, level.version) for level in shelf.levels()] == [(8, max(told, 4) + 1)]
    assert shelf.entries == []


@pytest.mark.parametrize(("counted", "by_ledger"), [(10, 12), (9, 12), (12, 12), (10, 10), (11, 9)])
def test_a_recount_makes_the_ledger_agree_with_what_was_counted(counted: int, by_ledger: int) -> None:
    shelf = Shelf([Stock(LAMP, 10, 0, 1)], [])

    set_on_hand(SetOnHand(sku=LAMP, on_hand=counted, recount=True), shelf, by_ledger)

    assert shelf.stock[LAMP].on_hand == by_ledger + sum(entry.on_hand_change for entry in shelf.entries) == counted
