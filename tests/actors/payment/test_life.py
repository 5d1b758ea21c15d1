"""The tables of payments, refunds and disputes, read row by row; and banks that take days."""

from datetime import timedelta
from typing import get_args

import pytest
from msgspec.structs import replace

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
from actors.payment.rules import apply_listing, apply_webhook, call_off, must_cancel, needs_decision
from bus.messages.payment import PaymentDeclined, PaymentFailed, PaymentProcessing, PaymentReceived
from tests.actors.payment.support import AMOUNT, INTENT, NOON, ORDER, eur, payment_of, said, webhook

PROCESSING = webhook("payment_intent.processing")
FAILED = webhook("payment_intent.payment_failed", reason="insufficient_funds")
SEEN = IntentSeen(intent_id=INTENT, order_id=ORDER, attempt=1, status="processing", amount=eur(AMOUNT), received=0)


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
