"""What may be done with a pick list, and what its parcel says."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.warehouse.rules import NEXT, PickListState, Step, confirm, is_others, put_aside, take, take_in_hand
from bus.messages.warehouse import IN_HAND, ParcelPacked, ParcelReady, PickingStarted, PickListStatus

ORDER = "ord_1"
NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
READY = ParcelReady(order_id=ORDER, weight_g=800)
STATUSES: tuple[PickListStatus, ...] = get_args(PickListStatus)
STEPS: tuple[Step, ...] = get_args(Step)
REPEATS: set[tuple[PickListStatus, Step]] = {
    ("open", "release"), ("picked", "pick"), ("packed", "pack"), ("shipped", "ship"),
}  # fmt: skip


def list_of(status: PickListStatus, *, confirmed: bool = False) -> PickListState:
    return PickListState(id=ORDER, order_id=ORDER, status=status, confirmed=confirmed, weight_g=800, doubts=[])


@pytest.mark.parametrize(("status", "step"), sorted(NEXT))
def test_a_step_that_is_in_the_table_is_taken(status: PickListStatus, step: Step) -> None:
    state = list_of(status)

    assert take(state, step)
    assert state.status == NEXT[status, step]


@pytest.mark.parametrize(("status", "step"), sorted(set(product(STATUSES, STEPS)) - set(NEXT)))
def test_a_step_that_is_not_in_the_table_changes_nothing(status: PickListStatus, step: Step) -> None:
    state = list_of(status)

    assert take(state, step) == ((status, step) in REPEATS)
    assert state == list_of(status)


def test_every_status_can_be_reached_and_leads_on_to_shipped() -> None:
    following = {status: {after for (before, _), after in NEXT.items() if before == status} for status in STATUSES}

    def beyond(*seen: PickListStatus) -> set[PickListStatus]:
        more = {after for status in seen for after in following[status]} - set(seen)
        return beyond(*seen, *more) if more else set(seen)

    assert beyond("waiting") == set(STATUSES)
    assert all("shipped" in beyond(status) for status in STATUSES)


def test_nothing_is_picked_before_it_is_paid() -> None:
    assert not take(list_of("waiting"), "pick")


def test_a_list_goes_from_waiting_to_shipped() -> None:
    state = list_of("waiting")

    assert all(take(state, step) for step in ("release", "pick", "pack"))
    confirm(state)
    assert take(state, "ship")

    assert state.status == "shipped"
    assert state.events == [PickingStarted(order_id=ORDER), ParcelPacked(order_id=ORDER), READY]


def test_a_parcel_shipped_before_the_order_knows_waits_for_that() -> None:
    state = list_of("packed")

    assert take(state, "ship")
    assert state.events == []
    confirm(state)

    assert state.events == [READY]


def test_a_parcel_is_ready_once() -> None:
    state = list_of("packed")

    for _ in range(2):
        confirm(state)
        take(state, "ship")

    assert state.events == [READY]


@pytest.mark.parametrize("status", ["waiting", "open", "picked", "cancelled"])
def test_what_is_not_packed_can_not_be_confirmed(status: PickListStatus) -> None:
    state = list_of(status)

    confirm(state)

    assert state == list_of(status)


@pytest.mark.parametrize("status", ["waiting", "open", "picked", "packed", "shipped"])
def test_a_list_is_cancelled_until_the_order_knows_its_parcel(status: PickListStatus) -> None:
    state = list_of(status)

    assert take(state, "cancel")
    assert (state.status, state.events) == ("cancelled", [])


@pytest.mark.parametrize("status", ["packed", "shipped"])
def test_a_parcel_the_order_knows_of_is_not_cancelled(status: PickListStatus) -> None:
    state = list_of(status, confirmed=True)

    assert not take(state, "cancel")
    assert state == list_of(status, confirmed=True)


def test_a_list_whose_order_is_paid_after_all_is_picked_again_and_leaves_the_house() -> None:
    state = list_of("shipped")

    assert all(take(state, step) for step in ("cancel", "revive", "pick", "pack", "ship"))
    confirm(state)

    assert state.events == [PickingStarted(order_id=ORDER), ParcelPacked(order_id=ORDER), READY]


@settings(deadline=None, max_examples=200)
@given(st.lists(st.sampled_from([*STEPS, "confirm"]), max_size=25))
def test_after_any_steps_a_parcel_is_ready_once_and_only_if_shipped_and_confirmed(
    steps: list[Step],
) -> None:
    state = list_of("waiting")

    for step in steps:
        if step not in STEPS:
            confirm(state)
        else:
            take(state, step)

    is_ready = state.status == "shipped" and state.confirmed
    assert state.events.count(READY) == int(is_ready)
    assert not state.confirmed or state.status in ("packed", "shipped")


def test_a_list_in_hand_is_not_anothers_for_half_an_hour() -> None:
    state = list_of("open")

    assert take_in_hand(state, "ada", NOON)
    assert is_others(state, "bob", NOON + IN_HAND - timedelta(seconds=1))
    assert not take_in_hand(state, "bob", NOON)
    assert state.picker == "ada"
    assert not is_others(state, "ada", NOON)
    assert take_in_hand(state, "bob", NOON, take_over=True)
    assert take_in_hand(state, "ada", NOON + IN_HAND)


def test_a_list_is_given_back_by_whoever_has_it() -> None:
    state = list_of("open")
    assert take_in_hand(state, "ada", NOON)

    put_aside(state, "bob")
    assert state.picker == "ada"
    put_aside(state, "ada")

    assert not is_others(state, "bob", NOON)


@pytest.mark.parametrize("status", ["waiting", "packed", "shipped", "cancelled"])
def test_what_is_not_to_be_picked_or_packed_is_in_nobodys_hand(status: PickListStatus) -> None:
    state = list_of(status)

    assert not take_in_hand(state, "ada", NOON)
    assert state == list_of(status)
