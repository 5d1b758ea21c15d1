"""What becomes of an order whose money is on its way, goes back by somebody's hand, or is disputed."""

from datetime import timedelta
from typing import get_args

import pytest

from actors.order.rules import (
    EXPECTED_LATE,
    NEXT,
    Fact,
    call_off,
    dispute_closed,
    dispute_funds_moved,
    disputed,
    fully_refunded,
    overdue,
    paid,
    payment_failed,
    processing,
    refund_failed,
    refunded,
    units_gone,
    units_retaken,
    warned_of_fraud,
)
from bus.messages.order import (
    LateMoneyReturned,
    OrderCancelled,
    OrderRevived,
    OrderStatus,
    RefundRequested,
)
from tests.actors.order.support import LATER, NOON, NUMBER, ORDER, TOTAL, eur, order_after, order_of, said


def test_what_comes_late_is_thought_of_or_counted() -> None:
    assert not EXPECTED_LATE & set(NEXT)
    assert {fact for _, fact in NEXT} == set(get_args(Fact))
    order = order_of("delivered")

    order.advance("picking", NOON)
    order.advance("overdue", NOON)

    assert (order.status, order.unexpected) == ("delivered", [("delivered", "picking")])


def test_while_its_bank_decides_no_timer_ends_an_order() -> None:
    order = order_of()

    processing(order, NOON)
    overdue(order, LATER)

    assert (order.status, order.unexpected) == ("payment_processing", [])
    paid(order, eur(TOTAL), LATER)
    assert order.status == "paid"


def test_an_order_whose_bank_says_no_has_time_to_be_paid_in_another_way() -> None:
    order = order_after("processing")

    assert payment_failed(order, "insufficient_funds", NOON, LATER)
    overdue(order, LATER - timedelta(seconds=1))  # The timer of its first time to pay.
    assert order.status == "pending_payment"
    overdue(order, LATER)

    assert (order.status, order.cancel_reason) == ("cancelled", "payment_timeout")


def test_only_an_order_that_waits_for_its_bank_is_given_more_time() -> None:
    assert not payment_failed(order_of("pending_payment"), "no", NOON, LATER)
    assert not payment_failed(order_of("cancelled"), "no", NOON, LATER)


def test_an_order_that_is_called_off_while_its_bank_decides_has_no_money_to_send_back_yet() -> None:
    order = order_after("processing")

    assert call_off(order, "customer", NOON)
    assert said(order, RefundRequested) == []
    paid(order, eur(TOTAL), LATER)

    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason="customer")]
    assert said(order, LateMoneyReturned) == [LateMoneyReturned(order_id=ORDER, number=NUMBER, reason="customer")]


@pytest.mark.parametrize("status", ["paid", "picking"])
def test_all_money_given_back_before_packing_ends_the_order_and_sends_none_again(status: OrderStatus) -> None:
    order = order_of(status)

    fully_refunded(order, NOON)

    assert (order.status, order.cancel_reason) == ("cancelled", "refunded")
    assert said(order, OrderCancelled) == [OrderCancelled(order_id=ORDER, number=NUMBER, reason="refunded")]
    assert said(order, RefundRequested) == []
    call_off(order, "customer", NOON)
    assert said(order, RefundRequested) == []


@pytest.mark.parametrize("status", ["packed", "shipped", "in_transit", "delivered"])
def test_all_money_given_back_later_is_noted_for_staff(status: OrderStatus) -> None:
    order = order_of(status)

    fully_refunded(order, NOON)

    assert (order.status, order.unexpected) == (status, [])
    assert order.entries == [("FullyRefunded", "All of its money goes back.", True)]


def test_who_of_the_staff_did_it_is_noted_for_staff_alone() -> None:
    order, cancelled = order_of("delivered"), order_of("paid")

    refunded(order, eur(500), by="Ada (tok_1)")
    assert call_off(cancelled, "staff", NOON, by="Ada (tok_1)")

    assert order.entries == [
        ("DoneByStaff", "refunded €5.00 by Ada (tok_1)", True), ("RefundProcessed", "€5.00", False)
    ]  # fmt: skip
    assert cancelled.entries[0] == ("DoneByStaff", "cancelled by Ada (tok_1)", True)


def test_the_refund_of_a_cancelled_order_is_no_news_to_it() -> None:
    order = order_of("cancelled")

    fully_refunded(order, NOON)

    assert (order.entries, order.events, order.unexpected) == ([], [], [])


def test_what_banks_say_is_for_staff_and_changes_no_status() -> None:
    order = order_of("paid")

    disputed(order, eur(TOTAL), "fraudulent", is_inquiry=False)
    dispute_funds_moved(order, eur(TOTAL), is_withdrawal=True)
    dispute_closed(order, eur(TOTAL), "won")
    warned_of_fraud(order, "made_with_stolen_card")

    assert (order.status, order.events) == ("paid", [])
    assert all(staff_only for *_, staff_only in order.entries)


def test_a_refund_that_stripe_never_took_was_not_counted() -> None:
    order = order_of("paid")

    refund_failed(order, eur(500), "charge_already_refunded", was_processed=False)

    assert (order.refunded, order.entries) == (0, [("RefundFailed", "€5.00: charge_already_refunded", True)])


def test_a_buyer_is_told_that_a_cancelled_order_lives_again() -> None:
    order = order_of("cancelled", "payment_timeout")

    paid(order, eur(TOTAL), NOON)
    units_retaken(order, NOON)

    assert said(order, OrderRevived) == [OrderRevived(order_id=ORDER, number=NUMBER)]


def test_a_buyer_is_told_that_late_money_goes_back_because_the_units_are_gone() -> None:
    order = order_of("cancelled", "payment_timeout")

    paid(order, eur(TOTAL), NOON)
    units_gone(order, NOON)

    assert said(order, LateMoneyReturned) == [LateMoneyReturned(order_id=ORDER, number=NUMBER, reason="out_of_stock")]
