"""What becomes of an order, fact by fact. `test_rules_together.py` has what is true after any sequence."""

from itertools import product
from typing import get_args

import msgspec
import pytest

from actors.order.private import PaymentOverdue
from actors.order.rules import (
    NEXT,
    PARCEL_FACTS,
    Fact,
    audit,
    call_off,
    correct_refunded,
    declined,
    moved,
    paid,
    refunded,
    total_of,
    units_gone,
    units_retaken,
)
from bus.messages.base import Sums
from bus.messages.order import (
    CancelReason,
    LateMoneyReturned,
    OrderCancelled,
    OrderDelivered,
    OrderFulfilled,
    OrderProgressed,
    OrderShipped,
    OrderStatus,
    PaymentCameLate,
    RefundRequested,
)
from bus.messages.shipping import ParcelStatus
from tests.actors.order.support import (
    DECIDE,
    EARLIER,
    LINES,
    NOON,
    NUMBER,
    ORDER,
    TOTAL,
    eur,
    order_after,
    order_of,
    said,
)

STATUSES: tuple[OrderStatus, ...] = get_args(OrderStatus)
FACTS: tuple[Fact, ...] = get_args(Fact)
WORDS: tuple[ParcelStatus, ...] = (
    *PARCEL_FACTS, "picked_up", "exception", "return_to_sender", "Zurück an Absender", "eaten: by a dog",
)  # fmt: skip
ENDS: set[OrderStatus] = {"delivered", "cancelled"}


@pytest.mark.parametrize(("status", "fact"), sorted(set(product(STATUSES, FACTS)) - set(NEXT)))
def test_a_fact_that_is_not_in_the_table_changes_no_status(status: OrderStatus, fact: Fact) -> None:
    order = order_of(status)

    DECIDE[fact](order)

    assert (order.status, said(order, OrderProgressed)) == (status, [])


@pytest.mark.parametrize(("status", "fact"), sorted(NEXT))
def test_a_fact_that_is_in_the_table_changes_the_status_and_is_told(status: OrderStatus, fact: Fact) -> None:
    order = order_of(status)

    DECIDE[fact](order)

    following = NEXT[status, fact]
    assert (order.status, order.changed) == (following, True)
    assert said(order, OrderProgressed) == [OrderProgressed(order_id=ORDER, status=following, at=NOON, number=NUMBER)]


def test_every_status_can_be_reached_and_has_an_end() -> None:
    following = {status: {after for (before, _), after in NEXT.items() if before == status} for status in STATUSES}

    def beyond(status: OrderStatus) -> set[OrderStatus]:
        seen: set[OrderStatus] = set()
        todo = {status}
        while todo:
            seen |= todo
            todo = {after for one in todo for after in following[one]} - seen
        return seen

    assert beyond("pending_payment") == set(STATUSES)
    assert all(beyond(status) & ENDS for status in STATUSES)
    assert following["delivered"] == set()
    assert {fact for before, fact in NEXT if before == "cancelled"} == {"units_retaken"}


def test_an_order_goes_from_placed_to_delivered() -> None:
    order = order_after("paid", "picking", "packed", "shipped", "moving", "delivered")

    statuses = [event.status for event in order.events if isinstance(event, OrderProgressed)]
    assert statuses == ["paid", "picking", "packed", "shipped", "in_transit", "delivered"]
    assert [event for event in order.events if not isinstance(event, OrderProgressed)] == [
        OrderFulfilled(order_id=ORDER, number=NUMBER),
        OrderShipped(order_id=ORDER, number=NUMBER, carrier="Sandbox Post", tracking_number="SP1"),
        OrderDelivered(order_id=ORDER, number=NUMBER, at=EARLIER),
    ]
    assert [entry for entry, *_ in order.entries] == [
        "PaymentReceived", "PickingStarted", "OrderFulfilled", "OrderShipped", "ParcelMoved", "ParcelMoved",
        "OrderDelivered",
    ]  # fmt: skip
    assert (order.carrier, order.tracking_number) == ("Sandbox Post", "SP1")


def test_money_is_told_in_the_timeline_with_its_amount() -> None:
    assert order_after("paid").entries == [("PaymentReceived", "€44.90", False)]


def test_a_declined_card_leaves_the_order_payable() -> None:
    order = order_of()

    declined(order, "insufficient_funds", NOON, 10)
    paid(order, eur(TOTAL), NOON)

    assert order.status == "paid"
    assert order.entries[0] == ("PaymentDeclined", "insufficient_funds", False)


def test_the_tenth_declined_card_ends_the_order_and_no_later_one_counts() -> None:
    order = order_of()

    for _ in range(40):
        declined(order, "generic_decline", NOON, 10)

    assert (order.status, order.cancel_reason, order.declines) == ("cancelled", "payment_declined", 10)
    assert said(order, OrderCancelled) == [OrderCancelled(order_id=ORDER, number=NUMBER, reason="payment_declined")]
    assert [event for event, *_ in order.entries] == ["PaymentDeclined"] * 10 + ["OrderCancelled"]
    assert order.unexpected == []


def test_money_for_an_order_that_declines_have_ended_goes_back() -> None:
    order = order_after("declined_often", "paid")

    assert order.status == "cancelled"
    assert said(order, PaymentCameLate) == []
    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason="payment_declined")]


@pytest.mark.parametrize("status", sorted(set(STATUSES) - {"pending_payment"}))
def test_a_decline_that_comes_late_says_nothing(status: OrderStatus) -> None:
    order = order_of(status)

    declined(order, "expired_card", NOON, 1)

    assert (order.entries, order.events) == ([], [])


def test_an_order_that_nobody_paid_is_cancelled_and_nothing_goes_back() -> None:
    order = order_after("overdue")

    assert (order.status, order.cancel_reason) == ("cancelled", "payment_timeout")
    assert said(order, OrderCancelled) == [OrderCancelled(order_id=ORDER, number=NUMBER, reason="payment_timeout")]
    assert said(order, RefundRequested) == []


def test_the_timer_of_a_payment_counts_where_the_table_says_so() -> None:
    assert PaymentOverdue.only_while == {status for status, fact in NEXT if fact == "overdue"}


def test_an_order_that_is_paid_is_never_overdue() -> None:
    assert order_after("paid", "overdue").status == "paid"


def test_an_unpaid_order_that_is_called_off_asks_for_no_refund() -> None:
    order = order_of()

    assert call_off(order, "customer", NOON)
    assert (order.status, said(order, RefundRequested)) == ("cancelled", [])


@pytest.mark.parametrize("status", ["paid", "picking"])
@pytest.mark.parametrize("reason", ["customer", "staff"])
def test_a_paid_order_that_is_called_off_asks_for_one_refund(status: OrderStatus, reason: CancelReason) -> None:
    order = order_of(status)

    assert call_off(order, reason, NOON)
    assert call_off(order, reason, NOON)

    assert said(order, OrderCancelled) == [OrderCancelled(order_id=ORDER, number=NUMBER, reason=reason)]
    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason=reason)]


@pytest.mark.parametrize("status", ["packed", "shipped", "in_transit", "delivered"])
def test_once_packed_nobody_calls_it_off(status: OrderStatus) -> None:
    order = order_of(status)

    assert not call_off(order, "staff", NOON)
    assert (order.status, order.events, order.entries) == (status, [], [])


def test_money_after_a_timeout_asks_for_the_units() -> None:
    order = order_after("overdue", "paid")

    assert order.status == "cancelled"
    assert said(order, PaymentCameLate) == [PaymentCameLate(order_id=ORDER, lines=LINES)]
    assert said(order, RefundRequested) == []
    assert order.entries[-1] == ("PaymentCameLate", "€44.90", False)


@pytest.mark.parametrize("reason", ["customer", "staff"])
def test_money_after_somebody_called_it_off_goes_back(reason: CancelReason) -> None:
    order = order_of()
    call_off(order, reason, NOON)

    paid(order, eur(TOTAL), NOON)

    assert (order.status, said(order, PaymentCameLate)) == ("cancelled", [])
    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason=reason)]


def test_an_order_whose_units_were_retaken_is_paid_after_all() -> None:
    order = order_after("overdue", "paid", "units_retaken")

    assert (order.status, order.cancel_reason, said(order, RefundRequested)) == ("paid", None, [])


def test_late_money_whose_units_are_gone_goes_back_once() -> None:
    order = order_after("overdue", "paid", "units_gone", "units_gone")

    assert (order.status, order.cancel_reason) == ("cancelled", "out_of_stock")
    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason="out_of_stock")]
    assert [entry for entry, *_ in order.entries].count("UnitsGone") == 1


@pytest.mark.parametrize("status", ["paid", "picking"])
def test_a_paid_order_whose_units_are_gone_is_cancelled_and_its_money_goes_back(status: OrderStatus) -> None:
    order = order_of(status)

    units_gone(order, NOON)

    assert said(order, OrderCancelled) == [OrderCancelled(order_id=ORDER, number=NUMBER, reason="out_of_stock")]
    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason="out_of_stock")]


def test_units_that_are_gone_from_an_order_called_off_meanwhile_ask_for_no_second_refund() -> None:
    order = order_after("paid", "called_off", "units_gone")

    assert said(order, RefundRequested) == [RefundRequested(order_id=ORDER, reason="customer")]


def test_units_that_were_retaken_after_the_money_went_back_go_back_too() -> None:
    order = order_after("overdue", "paid", "units_gone")
    order.events.clear()

    units_retaken(order, NOON)

    assert order.status == "cancelled"
    assert order.events == [OrderCancelled(order_id=ORDER, number=NUMBER, reason="out_of_stock")]


@pytest.mark.parametrize("status", WORDS)
def test_whatever_the_carrier_says_is_in_the_timeline(status: ParcelStatus) -> None:
    order = order_of("delivered")

    moved(order, status, None, EARLIER, NOON)
    moved(order, status, b"a sealed text", EARLIER, NOON)

    assert (order.status, order.events) == ("delivered", [])
    assert order.entries == [("ParcelMoved", status, False)] * 2
    assert order.boxes == {1: b"a sealed text"}


@pytest.mark.parametrize("status", sorted(set(WORDS) - set(PARCEL_FACTS)))
def test_a_parcel_that_was_picked_up_or_is_in_trouble_moves_no_order(status: ParcelStatus) -> None:
    order = order_of("shipped")

    moved(order, status, None, EARLIER, NOON)

    assert order.status == "shipped"


def test_a_parcel_may_arrive_without_being_seen_on_its_way() -> None:
    order = order_after("paid", "packed", "shipped", "delivered")

    assert said(order, OrderDelivered) == [OrderDelivered(order_id=ORDER, number=NUMBER, at=EARLIER)]


def test_refunds_add_up() -> None:
    order = order_of("delivered")

    refunded(order, eur(500))
    refunded(order, eur(1000))

    assert (order.refunded, order.changed) == (1500, True)
    assert order.entries == [("RefundProcessed", "€5.00", False), ("RefundProcessed", "€10.00", False)]


def test_tax_is_a_part_of_the_total_or_comes_on_top() -> None:
    sums = Sums(currency="EUR", subtotal=1000, discount=300, shipping=490, fees=10, tax=190, total=0)

    assert total_of(sums) == 1200
    assert total_of(msgspec.structs.replace(sums, prices_include_tax=False)) == 1390


@pytest.mark.parametrize(
    ("stored", "of_lines", "total", "status", "back", "rules"),
    [
        (100, 100, 590, "paid", 0, []),
        (100, 100, 590, "cancelled", 100, []),
        (100, 99, 590, "paid", 0, ["I8 subtotal = lines"]),
        (100, 100, 591, "paid", 0, ["I8 total = its parts"]),
        (100, 100, 590, "pending_payment", 1, ["I8 nothing refunded unpaid"]),
    ],
)
def test_an_audit_names_the_sum_that_is_wrong(
    stored: int, of_lines: int, total: int, status: OrderStatus, back: int, rules: list[str]
) -> None:
    sums = Sums(currency="EUR", subtotal=stored, shipping=490, total=total)

    assert [finding.rule for finding in audit(ORDER, sums, of_lines, status, back)] == rules


def test_who_calls_off_an_order_that_had_run_out_wants_late_money_back() -> None:
    order = order_of("cancelled", "payment_timeout")

    assert call_off(order, "customer", NOON)
    paid(order, eur(TOTAL), NOON)

    assert order.events == [
        LateMoneyReturned(order_id=ORDER, number=NUMBER, reason="customer"),
        RefundRequested(order_id=ORDER, reason="customer"),
    ]


def test_units_that_are_had_again_for_an_order_called_off_meanwhile_go_back_with_the_money() -> None:
    order = order_of("cancelled", "payment_timeout")

    paid(order, eur(TOTAL), NOON)
    call_off(order, "customer", NOON)
    units_retaken(order, NOON)

    assert order.status == "cancelled"
    assert len(said(order, RefundRequested)) == len(said(order, OrderCancelled)) == 1


@pytest.mark.parametrize(
    ("stored", "told", "after"), [(100, 200, 200), (200, 200, 200), (100, TOTAL + 1, 100), (5, -1, 5)]
)
def test_what_the_payment_says_was_refunded_is_taken_over_if_it_fits(stored: int, told: int, after: int) -> None:
    order = order_of("paid")
    order.refunded = stored

    made = correct_refunded(order, told)

    assert order.refunded == after
    assert (made is not None) == order.changed == (stored != after)
