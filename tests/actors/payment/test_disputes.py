"""What buyers' banks say against a payment."""

import itertools

import pytest

from actors.payment.rules import apply_webhook
from actors.payment.state import Payment
from bus.messages.payment import DisputeClosed, DisputeFundsMoved, DisputeOpened, FraudWarned, StripeEvent
from engine.message import Event
from tests.actors.payment.support import AMOUNT, INTENT, eur, payment_of, said, webhook


def dispute(kind: str, status: str, id_: str = "du_1") -> StripeEvent:
    return webhook(f"charge.dispute.{kind}", eur(AMOUNT), reason="fraudulent", object_id=id_, object_status=status)


CREATED = dispute("created", "needs_response")
WITHDRAWN = dispute("funds_withdrawn", "needs_response")
UPDATED = dispute("updated", "under_review")
WON = dispute("closed", "won")
REINSTATED = dispute("funds_reinstated", "won")
LOST = dispute("closed", "lost")


def after(*events: StripeEvent) -> Payment:
    payment = payment_of("received")
    for event in events:
        apply_webhook(payment, INTENT, event)
    return payment


def told(payment: Payment) -> list[tuple[type[Event], object]]:
    """What was made known: kinds, and what tells them apart."""
    return [(type(event), getattr(event, "outcome", getattr(event, "is_withdrawal", None))) for event in payment.events]


def test_a_dispute_that_is_lost_keeps_the_money_away() -> None:
    payment = after(CREATED, WITHDRAWN, UPDATED, LOST)

    assert told(payment) == [(DisputeOpened, None), (DisputeFundsMoved, True), (DisputeClosed, "lost")]
    assert (payment.disputes["du_1"].status, payment.disputes["du_1"].funds) == ("lost", "withdrawn")


def test_a_dispute_that_is_won_brings_it_back() -> None:
    payment = after(CREATED, WITHDRAWN, WON, REINSTATED)

    assert told(payment)[-2:] == [(DisputeClosed, "won"), (DisputeFundsMoved, False)]
    assert payment.disputes["du_1"].funds == "reinstated"


@pytest.mark.parametrize("events", list(itertools.permutations([CREATED, WITHDRAWN, WON, REINSTATED])))
def test_in_any_order_and_twice_it_ends_the_same(events: tuple[StripeEvent, ...]) -> None:
    payment = after(*events, *events)

    assert (payment.disputes["du_1"].status, payment.disputes["du_1"].funds) == ("won", "reinstated")
    assert len(said(payment, DisputeOpened)) == len(said(payment, DisputeClosed)) == 1
    moved = [event.is_withdrawal for event in payment.events if isinstance(event, DisputeFundsMoved)]
    assert moved in ([True, False], [])  # What came back before it was known to be gone was never missed.


def test_an_inquiry_takes_no_money_and_may_become_a_dispute() -> None:
    inquiry = dispute("created", "warning_needs_response")

    asked, closed, grown = after(inquiry), after(inquiry, dispute("closed", "warning_closed")), after(inquiry, UPDATED)

    assert [event.is_inquiry for event in asked.events if isinstance(event, DisputeOpened)] == [True]
    assert told(closed)[-1] == (DisputeClosed, "closed")
    assert [event.is_inquiry for event in grown.events if isinstance(event, DisputeOpened)] == [True, False]


def test_a_word_of_stripes_that_nobody_knows_counts_as_open() -> None:
    assert after(dispute("created", "a_new_status")).disputes["du_1"].status == "open"


def test_two_disputes_of_one_payment_are_told_apart() -> None:
    payment = after(CREATED, dispute("created", "needs_response", "du_2"), LOST)

    assert {one.id: one.status for one in payment.disputes.values()} == {"du_1": "lost", "du_2": "open"}


def test_a_warning_of_fraud_is_made_known_once() -> None:
    warning = webhook("radar.early_fraud_warning.created", reason="made_with_stolen_card", object_id="issfr_1")

    payment = after(warning, warning)

    assert [event.fraud_type for event in payment.events if isinstance(event, FraudWarned)] == ["made_with_stolen_card"]
    assert payment.new_warnings == [("issfr_1", "made_with_stolen_card")]
