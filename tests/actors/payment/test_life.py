"""The tables of payments, refunds and disputes, read row by row; and banks that take days."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.payment.disputes import apply_dispute
from actors.payment.life import (
    DISPUTE_NEXT,
    FUNDS_NEXT,
    PAYMENT_NEXT,
    REFUND_NEXT,
    DisputeStatus,
    Fact,
    Funds,
    RefundStatus,
    Status,
)
from actors.payment.private import IntentSeen
from actors.payment.reconciliation_rules import adopt_intent, apply_listing, must_cancel, needs_decision
from actors.payment.refunds import settle
from actors.payment.rules import apply_webhook, audit, call_off
from actors.payment.state import DisputeState, Payment, RefundState
from bus.messages.payment import DisputeFundsMoved, PaymentDeclined, PaymentFailed, PaymentProcessing, PaymentReceived
from tests.actors.payment.support import AMOUNT, INTENT, NOON, ORDER, eur, payment_of, said, sums_of, webhook

PROCESSING = webhook("payment_intent.processing")
FAILED = webhook("payment_intent.payment_failed", reason="insufficient_funds")
SEEN = IntentSeen(intent_id=INTENT, order_id=ORDER, attempt=1, status="processing", amount=eur(AMOUNT), received=0)

# What makes each fact known. Only a payment without an intent can find one.
REPORTS: Mapping[Fact, Callable[[Payment], object]] = {
    "succeeded": lambda payment: apply_webhook(
        payment, INTENT, webhook("payment_intent.succeeded", payment.money(payment.amount))
    ),
    "processing": lambda payment: apply_webhook(payment, INTENT, PROCESSING),
    "failed": lambda payment: apply_webhook(payment, INTENT, FAILED),
    "canceled": lambda payment: apply_webhook(payment, INTENT, webhook("payment_intent.canceled")),
    "order_cancelled": call_off,
    "intent_found": lambda payment: adopt_intent(payment, replace(SEEN, amount=payment.money(payment.amount))),
}
REFUND_STATUSES: tuple[RefundStatus, ...] = get_args(RefundStatus)
amounts = st.integers(1, AMOUNT // 5)
STRIPES_WORD: Mapping[DisputeStatus, str] = {
    "inquiry": "warning_needs_response", "open": "needs_response", "won": "won", "lost": "lost",
    "closed": "warning_closed",
}  # fmt: skip


def refund_of(id_: str, amount: int, status: RefundStatus) -> RefundState:
    return RefundState(id_, ORDER, ORDER, f"re_{id_}", amount, "duplicate", status)


@pytest.mark.parametrize(("status", "fact"), list(product(get_args(Status), get_args(Fact))))
@given(amount=st.integers(1, 99_999_999))
def test_a_payment_follows_its_table_and_keeps_what_the_database_checks(
    status: Status, fact: Fact, amount: int
) -> None:
    payment = payment_of(status, intent_id=None if fact == "intent_found" else INTENT)
    payment.amount, payment.received = amount, amount if status == "received" else 0

    REPORTS[fact](payment)

    assert payment.status == PAYMENT_NEXT.get((status, fact), status)
    assert payment.dirty == ((status, fact) in PAYMENT_NEXT)
    assert payment.received == (amount if payment.status == "received" else 0)
    assert len(said(payment, PaymentReceived)) == int(payment.status == "received" and status != "received")


@pytest.mark.parametrize(("before", "after"), list(product(REFUND_STATUSES, repeat=2)))
@given(amount=amounts, others=st.lists(st.tuples(amounts, st.sampled_from(REFUND_STATUSES)), max_size=4))
def test_a_refund_follows_its_table_and_keeps_the_sums_of_its_payment(
    before: RefundStatus, after: RefundStatus, amount: int, others: list[tuple[int, RefundStatus]]
) -> None:
    refunds = [refund_of(f"other_{number}", *other) for number, other in enumerate(others)]
    payment = payment_of("received", refund_of("ref_1", amount, before), *refunds)
    is_row = (before, after) in REFUND_NEXT

    settle(payment, "ref_1", "re_ref_1", after)

    assert payment.refunds["ref_1"].status == (after if is_row else before)
    assert audit(sums_of(payment, captures=1)) == []
    assert 0 <= payment.refunded <= payment.refunding <= payment.received
    assert (payment.dirty, len(payment.events)) == (is_row, int(is_row))


@pytest.mark.parametrize(("before", "after"), list(product(STRIPES_WORD, repeat=2)))
def test_a_dispute_follows_its_table_and_reports_each_step_once(before: DisputeStatus, after: DisputeStatus) -> None:
    dispute = DisputeState("du_1", ORDER, AMOUNT, "fraudulent", before)
    payment = payment_of("received")
    payment.disputes["du_1"] = dispute
    is_row = (before, after) in DISPUTE_NEXT

    apply_dispute(payment, webhook("charge.dispute.updated", object_id="du_1", object_status=STRIPES_WORD[after]))

    assert dispute.status == (after if is_row else before)
    assert (dispute.dirty, len(payment.events)) == (is_row, int(is_row))


@pytest.mark.parametrize(("before", "after"), list(product(get_args(Funds), ("withdrawn", "reinstated"))))
def test_disputed_funds_follow_their_table(before: Funds, after: Funds) -> None:
    dispute = DisputeState("du_1", ORDER, AMOUNT, "fraudulent", "open", before)
    payment = payment_of("received")
    payment.disputes["du_1"] = dispute
    is_row = (before, after) in FUNDS_NEXT

    apply_dispute(payment, webhook(f"charge.dispute.funds_{after}", object_id="du_1", object_status="needs_response"))

    assert (dispute.funds, dispute.dirty) == (after if is_row else before, is_row)
    was_missed = (before, after) != ("here", "reinstated")
    assert len(said(payment, DisputeFundsMoved)) == int(is_row and was_missed)


def test_every_status_and_fact_of_a_payment_has_its_place() -> None:
    assert {fact for _, fact in PAYMENT_NEXT} == set(get_args(Fact))
    assert {*(status for status, _ in PAYMENT_NEXT), *PAYMENT_NEXT.values()} == set(get_args(Status))


def test_money_is_never_denied_and_never_forgotten() -> None:
    for status in get_args(Status):
        assert PAYMENT_NEXT.get((status, "succeeded"), "received") == "received"
    assert not [fact for status, fact in PAYMENT_NEXT if status == "received"]


@pytest.mark.parametrize(
    ("table", "states"), [(REFUND_NEXT, RefundStatus), (DISPUTE_NEXT, DisputeStatus), (FUNDS_NEXT, Funds)]
)
def test_a_life_goes_one_way(table: frozenset[tuple[str, str]], states: object) -> None:
    assert {state for row in table for state in row} == set(get_args(states))
    assert not [(one, other) for one, other in table if one == other or (other, one) in table]


def test_a_bank_takes_days_and_says_yes() -> None:
    payment = payment_of("open")

    effects = [
        str(apply_webhook(payment, INTENT, event))
        for event in (PROCESSING, PROCESSING, webhook("payment_intent.succeeded"))
    ]

    assert effects == ["processing", "ignored: processing before", "received"]
    assert [type(event) for event in payment.events] == [PaymentProcessing, PaymentReceived]


def test_a_bank_takes_days_and_says_no_and_the_order_may_be_paid_in_another_way() -> None:
    payment = payment_of("processing")

    apply_webhook(payment, INTENT, FAILED)
    apply_webhook(payment, INTENT, FAILED)  # Now it is a card that is declined.

    assert (payment.status, [type(event) for event in payment.events]) == ("open", [PaymentFailed, PaymentDeclined])


def test_a_debit_that_somebody_called_off_at_stripe_is_made_known_to_the_order_that_waits_for_it() -> None:
    payment = payment_of("processing")

    apply_webhook(payment, INTENT, webhook("payment_intent.canceled"))

    assert (payment.status, [event.reason for event in payment.events if isinstance(event, PaymentFailed)]) == (
        "closed",
        ["canceled"],
    )


def test_money_of_a_debit_that_was_called_off_is_made_known_when_it_comes() -> None:
    payment = payment_of("processing")

    assert call_off(payment) == INTENT
    assert must_cancel(payment, SEEN) is False  # Stripe can't call a bank back.
    apply_webhook(payment, INTENT, webhook("payment_intent.succeeded"))

    assert (payment.status, len(said(payment, PaymentReceived))) == ("received", 1)


@pytest.mark.parametrize(
    ("own", "is_it"), [("open", True), ("processing", False), ("closing", False), ("closed", False)]
)
def test_a_scan_that_finds_a_debit_needs_a_decision_of_an_open_payment(own: Status, is_it: bool) -> None:
    assert needs_decision(SEEN, own, is_order_known=True) == is_it


def test_a_scan_finds_a_debit_whose_webhook_was_lost() -> None:
    payment = payment_of("open")

    assert str(apply_listing(payment, SEEN, NOON, NOON)[1]) == "processing"


@pytest.mark.parametrize(("since", "effect"), [(0, "failed"), (1, "ignored: not decided yet")])
def test_a_scan_finds_a_refused_debit_unless_it_began_before_the_bank_was_asked(since: int, effect: str) -> None:
    payment = payment_of("processing")
    payment.processing_since = NOON + timedelta(minutes=since)

    assert str(apply_listing(payment, replace(SEEN, status="requires_payment_method"), NOON, NOON)[1]) == effect
