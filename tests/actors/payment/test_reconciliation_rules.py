"""An intent that a scan finds counts as its webhook does: once, in whatever order."""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from actors.payment.effects import Outcome
from actors.payment.life import Status
from actors.payment.private import IntentSeen
from actors.payment.reconciliation_rules import adopt_intent, apply_listing, must_cancel, needs_decision
from actors.payment.refunds import begin, settle
from actors.payment.rules import NO_SUCH_PAYMENT, apply_webhook, audit, call_off, is_unsettled
from actors.payment.state import Payment
from bus.messages.base import Money
from bus.messages.payment import PaymentReceived, RefundProcessed
from tests.actors.payment.support import AMOUNT, INTENT, NOON, ORDER, eur, payment_of, said, sums_of, webhook

STATUSES: Sequence[Status] = ("open", "closing", "closed", "received")
OPEN_AT_STRIPE = ("requires_payment_method", "requires_confirmation", "requires_action")


def seen_as(status: str, *, intent_id: str = INTENT, order_id: str = ORDER, amount: Money | None = None) -> IntentSeen:
    amount = amount or eur(AMOUNT)
    received = amount.amount if status == "succeeded" else 0
    return IntentSeen(
        intent_id=intent_id, order_id=order_id, attempt=1, status=status, amount=amount, received=received
    )


@pytest.mark.parametrize("status", ["open", "closing", "closed"])
def test_money_that_is_seen_is_received_under_a_name_that_is_always_the_same(status: Status) -> None:
    payment = payment_of(status)

    first, second = (apply_listing(payment, seen_as("succeeded"), NOON, NOON) for _ in range(2))

    assert (str(first[1]), str(second[1])) == ("received", "ignored: received before")
    assert first[0] == second[0] == replace(webhook("payment_intent.succeeded"), id="pi_1.succeeded")
    assert payment.events == [PaymentReceived(order_id=ORDER, intent_id=INTENT, amount=eur(AMOUNT), at=NOON)]


@pytest.mark.parametrize("amount", [eur(AMOUNT - 1), Money(amount=AMOUNT, currency="USD")])
def test_another_amount_than_the_orders_is_refused_as_in_a_webhook(amount: Money) -> None:
    payment = payment_of()

    assert (
        str(apply_listing(payment, seen_as("succeeded", amount=amount), NOON, NOON)[1])
        == "refused: €44.90 was expected"
    )
    assert payment == payment_of()


@pytest.mark.parametrize("payment", [None, payment_of(intent_id="pi_2")])
def test_money_that_belongs_to_no_payment_is_kept_for_people(payment: Payment | None) -> None:
    assert apply_listing(payment, seen_as("succeeded"), NOON, NOON)[1] == NO_SUCH_PAYMENT
    assert apply_listing(payment, seen_as("canceled"), NOON, NOON)[1].effect == "ignored"
    assert payment is None or (payment.status, payment.events) == ("open", [])


@pytest.mark.parametrize("at_stripe", OPEN_AT_STRIPE)
@pytest.mark.parametrize("status", STATUSES)
def test_what_stripe_has_not_decided_is_left_as_it_is(status: Status, at_stripe: str) -> None:
    payment = payment_of(status)

    assert apply_listing(payment, seen_as(at_stripe), NOON, NOON)[1].effect == "ignored"
    assert payment == payment_of(status)


@pytest.mark.parametrize(
    ("payment", "at_stripe", "expected"),
    [
        (payment_of("open"), "requires_payment_method", False),
        (payment_of("closing"), "requires_payment_method", True),
        (payment_of("closing"), "processing", False),  # Stripe can't call a bank back.
        (payment_of("closed"), "requires_action", True),
        (payment_of("closing"), "succeeded", False),
        (payment_of("closing"), "canceled", False),
        (payment_of("received", intent_id="pi_2"), "requires_payment_method", True),
        (payment_of("open", intent_id="pi_2"), "requires_payment_method", True),
        (None, "requires_payment_method", False),  # Being recorded just now, or somebody else's.
    ],
)
def test_nobody_may_pay_what_is_not_wanted(payment: Payment | None, at_stripe: str, expected: bool) -> None:
    assert must_cancel(payment, seen_as(at_stripe)) is expected


def test_an_order_that_was_called_off_takes_up_the_intent_it_never_knew_and_no_second_one() -> None:
    payment = payment_of("closed", intent_id=None)

    assert adopt_intent(payment, seen_as("processing", amount=eur(77)))
    assert (payment.intent_id, payment.amount, payment.status, payment.dirty) == (INTENT, 77, "closing", True)
    assert not adopt_intent(payment, seen_as("succeeded", intent_id="pi_2"))
    assert payment.intent_id == INTENT


@pytest.mark.parametrize(
    ("own", "is_order_known", "at_stripe", "order_id", "expected"),
    [
        ("received", True, "succeeded", ORDER, False),  # Most of what is listed.
        ("closed", True, "canceled", ORDER, False),
        ("open", True, "requires_payment_method", ORDER, False),
        ("received", True, "processing", ORDER, False),
        ("open", True, "succeeded", ORDER, True),
        ("open", True, "canceled", ORDER, True),
        ("closing", True, "requires_action", ORDER, True),
        ("closed", True, "succeeded", ORDER, True),
        (None, False, "requires_payment_method", ORDER, False),
        (None, False, "succeeded", "", False),  # Of another shop with the same account.
        (None, False, "succeeded", ORDER, True),
        (None, True, "requires_payment_method", ORDER, True),
        (None, True, "canceled", ORDER, False),
    ],
)
def test_most_listed_intents_need_no_decision(
    own: Status | None, is_order_known: bool, at_stripe: str, order_id: str, expected: bool
) -> None:
    assert needs_decision(seen_as(at_stripe, order_id=order_id), own, is_order_known=is_order_known) is expected


def test_a_payment_is_unsettled_while_money_may_come_or_go() -> None:
    assert [is_unsettled(payment_of(status)) for status in STATUSES] == [True, True, False, False]
    paid = payment_of("received")
    begin(paid, "ref_1", 100, "duplicate")
    assert is_unsettled(paid)
    settle(paid, "ref_1", "re_1", "succeeded")
    assert not is_unsettled(paid)


# One payment's life at Stripe, as webhooks and as scans. What is true at Stripe does not contradict itself: an intent
# ends once. Whatever of it comes, in whatever order and however often, as long as its end is heard of in some way.

Fact = Callable[[Payment], object]

BEFORE: list[Fact] = [
    lambda payment: apply_webhook(payment, INTENT, webhook("payment_intent.payment_failed")),
    lambda payment: apply_listing(payment, seen_as("requires_payment_method"), NOON, NOON),
    lambda payment: apply_listing(payment, seen_as("processing"), NOON, NOON),
]
PAID: list[Fact] = [
    lambda payment: apply_webhook(payment, INTENT, webhook("payment_intent.succeeded")),
    lambda payment: apply_listing(payment, seen_as("succeeded"), NOON, NOON),
]
ENDED: list[Fact] = [
    lambda payment: apply_webhook(payment, INTENT, webhook("payment_intent.canceled")),
    lambda payment: apply_listing(payment, seen_as("canceled"), NOON, NOON),
]
REFUNDED: list[Fact] = [
    lambda payment: begin(payment, "ref_1", None, "duplicate"),
    lambda payment: apply_webhook(
        payment, INTENT, webhook("refund.created", refund_id="ref_1", refund_status="pending")
    ),
    lambda payment: apply_webhook(
        payment, INTENT, webhook("refund.updated", refund_id="ref_1", refund_status="succeeded")
    ),
    lambda payment: settle(payment, "ref_1", "re_1", "pending"),
    lambda payment: settle(payment, "ref_1", "re_1", "succeeded"),
]


def facts(*kinds: list[Fact]) -> st.SearchStrategy[list[Fact]]:
    return st.lists(st.sampled_from([fact for kind in kinds for fact in kind]), max_size=15)


RECEIVED = Outcome("received")


@settings(deadline=None, max_examples=200)
@given(before=facts(BEFORE, PAID, REFUNDED, [call_off]), end=st.sampled_from(PAID), after=facts(BEFORE, PAID))
def test_a_payment_that_was_made_ends_as_received_whatever_is_late_lost_or_said_again(
    before: list[Fact], end: Fact, after: list[Fact]
) -> None:
    payment = payment_of()

    said_of_it = [fact(payment) for fact in (*before, end, *after)]

    assert (payment.status, payment.received) == ("received", AMOUNT)
    assert len(said(payment, PaymentReceived)) == 1
    captures = sum((effect[1] if isinstance(effect, tuple) else effect) == RECEIVED for effect in said_of_it)
    assert audit(sums_of(payment, captures)) == []


@settings(deadline=None, max_examples=200)
@given(before=facts(BEFORE, ENDED[:2]), end=st.sampled_from(ENDED), after=facts(BEFORE, ENDED))
def test_an_intent_that_was_cancelled_ends_as_closed(before: list[Fact], end: Fact, after: list[Fact]) -> None:
    payment = payment_of()

    for fact in (*before, call_off, end, *after, call_off):
        fact(payment)

    assert (payment.status, payment.received) == ("closed", 0)
    assert said(payment, PaymentReceived) == []


@settings(deadline=None, max_examples=200)
@given(before=facts(REFUNDED, PAID), end=st.sampled_from([REFUNDED[2], REFUNDED[4]]), after=facts(REFUNDED, PAID))
def test_a_refund_that_was_made_is_made_known_once(before: list[Fact], end: Fact, after: list[Fact]) -> None:
    payment = payment_of("received")

    for fact in (*before, REFUNDED[0], end, *after):
        fact(payment)

    assert (payment.refunding, payment.refunded) == (AMOUNT, AMOUNT)
    assert len(said(payment, RefundProcessed)) == 1
    assert not is_unsettled(payment)
