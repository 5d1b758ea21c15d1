"""The table of holds, read row by row: its bookkeeping keeps what the database checks."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.inventory.life import ENDING, HELD, HOLD_NEXT, Fact, Move, Stage
from actors.inventory.shelf import Hold, Shelf, Stock
from tests.actors.inventory.support import LATER

ROWS = [pytest.param(stage, fact, move, id=f"{stage}-{fact}") for (stage, fact), move in HOLD_NEXT.items()]


def weight(stage: Stage) -> tuple[int, int]:
    """What a unit in this stage counts as: assigned, held."""
    return int(stage == "sold"), int(stage in HELD)


@pytest.mark.parametrize(("stage", "fact", "move"), ROWS)
def test_a_row_books_what_its_stages_count_as(stage: Stage, fact: Fact, move: Move) -> None:
    before, after = weight(stage), weight(move.stage)

    assert (move.assigned, move.held) == (after[0] - before[0], after[1] - before[1])
    assert move.on_hand == -(move.stage == "shipped")
    assert bool(move.reason) == any((move.on_hand, move.assigned, move.held))


@pytest.mark.parametrize(("stage", "fact", "move"), ROWS)
@given(others=st.integers(0, 9), free=st.integers(0, 9), quantity=st.integers(1, 99))
def test_no_row_sells_what_somebody_else_has(
    stage: Stage, fact: Fact, move: Move, others: int, free: int, quantity: int
) -> None:
    assigned, held = (part * quantity for part in weight(stage))
    stock = Stock("LAMP", others + assigned + held + free, assigned, held + others, version=1)
    if stock.available < quantity * (move.assigned + move.held - move.on_hand):
        return  # Who takes units again looks whether they are there (rules.retake).
    hold = Hold("LAMP", "cart_1", "ord_1", quantity, stage, LATER if stage in ENDING else None, id=1)
    shelf = Shelf([stock], [hold])

    assert shelf.advance(hold, fact, LATER if move.stage in ENDING else None)

    assert (stock.held >= others, stock.assigned >= 0, stock.available >= 0) == (True, True, True)
    assert (hold.stage in ENDING) == (hold.expires_at is not None)
    assert stock.held - others == (quantity if hold.stage in HELD else 0)


def test_facts_come_again_and_change_nothing() -> None:
    """Every fact, once more after it has had its effect: only a bank's two words can follow each other."""
    back_and_forth = {("payment", "processing"), ("processing", "payment_failed")}
    again = {(move.stage, fact) for (_, fact), move in HOLD_NEXT.items()} & set(HOLD_NEXT)

    assert again - back_and_forth == set()


def test_every_stage_and_fact_has_a_place_in_the_table() -> None:
    facts, stages = {fact for _, fact in HOLD_NEXT}, {stage for stage, _ in HOLD_NEXT}

    assert facts == set(get_args(Fact))
    assert stages | {move.stage for move in HOLD_NEXT.values()} == set(get_args(Stage)) - {"cart"}
