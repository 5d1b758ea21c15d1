"""What becomes of an order's money."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from actors.payment.effects import Outcome
from actors.payment.life import RefundStatus, Status
from actors.payment.refunds import begin, repair, settle
from actors.payment.rules import PaymentSums, apply_webhook, audit, call_off
from actors.payment.state import Payment
from bus.messages.base import Money
from bus.messages.payment import PaymentDeclined, PaymentReceived, RefundFailed, RefundProcessed, RefundReason
from tests.actors.payment.support import AMOUNT, INTENT, NOON, ORDER, eur, payment_of, said, sums_of, webhook

RECEIVED = PaymentReceived(order_id=ORDER, intent_id=INTENT, amount=eur(AMOUNT), at=NOON)
REASON: RefundReason = "requested_by_customer"


@pytest.mark.parametrize("status", ["open", "closing", "closed"])
def test_money_that_came_in_is_made_known_however_late(status: Status) -> None:
    payment = payment_of(status)

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.succeeded"))) == "received"

    assert (payment.status, payment.received, payment.refundable, payment.dirty) == ("received", AMOUNT, AMOUNT, True)
    assert payment.events == [RECEIVED]


def test_money_is_made_known_once() -> None:
    payment = payment_of("received")

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.succeeded"))) == "ignored: received before"
    assert (payment.events, payment.dirty) == ([], False)


@pytest.mark.parametrize("wrong", [eur(AMOUNT - 1), eur(AMOUNT + 1), eur(0), Money(amount=AMOUNT, currency="USD")])
def test_another_amount_than_the_orders_is_refused(wrong: Money) -> None:
    payment = payment_of()

    assert (
        str(apply_webhook(payment, INTENT, webhook("payment_intent.succeeded", wrong)))
        == "refused: €44.90 was expected"
    )
    assert payment == payment_of()


def test_an_amount_that_is_no_whole_one_is_refused_whatever_it_says() -> None:
    payment = payment_of()
    event = structs.replace(webhook("payment_intent.succeeded"), problem="it is no whole amount")

    assert str(apply_webhook(payment, INTENT, event)) == "refused: it is no whole amount"
    assert payment == payment_of()


def test_a_wrong_amount_does_not_keep_the_right_one_out() -> None:
    payment = payment_of()

    apply_webhook(payment, INTENT, webhook("payment_intent.succeeded", eur(1)))
    apply_webhook(payment, INTENT, webhook("payment_intent.succeeded"))

    assert payment.events == [RECEIVED]


@pytest.mark.parametrize(("given", "told"), [("insufficient_funds", "insufficient_funds"), ("", "declined")])
def test_a_declined_card_is_told_and_leaves_the_payment_open(given: str, told: str) -> None:
    payment = payment_of()

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.payment_failed", reason=given))) == "declined"
    assert (payment.status, payment.events) == ("open", [PaymentDeclined(order_id=ORDER, reason=told)])
    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.succeeded"))) == "received"


@pytest.mark.parametrize("status", ["received", "closed"])
def test_a_decline_that_comes_late_is_told_to_nobody(status: Status) -> None:
    payment = payment_of(status)

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.payment_failed"))) == "ignored: too late"
    assert payment == payment_of(status)


def test_a_debit_that_fails_when_its_order_was_called_off_is_made_unpayable() -> None:
    payment = payment_of(status="closing")

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.payment_failed"))) == "failed: it is cancelled"
    assert (payment.status, payment.must_cancel, payment.events) == ("closing", True, [])


@pytest.mark.parametrize("status", ["open", "closing"])
def test_a_cancelled_intent_closes_the_payment(status: Status) -> None:
    payment = payment_of(status)

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.canceled"))) == "closed"
    assert (payment.status, payment.events) == ("closed", [])


def test_a_cancelled_intent_takes_no_money_away() -> None:
    payment = payment_of("received")

    assert str(apply_webhook(payment, INTENT, webhook("payment_intent.canceled"))) == "ignored: received before"
    assert payment == payment_of("received")


@pytest.mark.parametrize("type_", ["payment_intent.created", "charge.succeeded", "customer.created", ""])
def test_what_is_of_no_interest_changes_nothing(type_: str) -> None:
    payment = payment_of()

    assert str(apply_webhook(payment, INTENT, webhook(type_))) == "ignored: of no interest"
    assert payment == payment_of()


@pytest.mark.parametrize(
    ("status", "intent", "after", "to_cancel"),
    [
        ("open", INTENT, "closing", INTENT),
        ("closing", INTENT, "closing", None),
        ("closed", INTENT, "closed", None),
        ("received", INTENT, "received", None),
    ],
)
def test_an_order_that_is_called_off_has_its_open_intent_cancelled_once(
    status: Status, intent: str | None, after: Status, to_cancel: str | None
) -> None:
    payment = payment_of(status, intent_id=intent)

    assert (call_off(payment), payment.status) == (to_cancel, after)


@pytest.mark.parametrize(("wanted", "amount"), [(None, AMOUNT), (AMOUNT, AMOUNT), (1, 1)])
def test_a_refund_sets_money_aside(wanted: int | None, amount: int) -> None:
    payment = payment_of("received")

    refund = begin(payment, "ref_1", wanted, REASON)

    assert refund is not None
    assert (refund.amount, refund.status, refund.stored, refund.dirty) == (amount, "pending", False, True)
    assert (payment.refunding, payment.refunded, payment.refundable) == (amount, 0, AMOUNT - amount)


@pytest.mark.parametrize("wanted", [AMOUNT + 1, 0, -1])
def test_a_refund_of_more_than_is_left_or_of_nothing_is_refused(wanted: int) -> None:
    payment = payment_of("received")

    assert begin(payment, "ref_1", wanted, REASON) is None
    assert payment == payment_of("received")


def test_refunds_together_never_exceed_what_was_received() -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", AMOUNT - 1, REASON)

    assert begin(payment, "ref_2", 2, REASON) is None
    assert begin(payment, "ref_3", 1, REASON) is not None
    assert begin(payment, "ref_4", None, REASON) is None


@pytest.mark.parametrize("status", ["open", "closing", "closed"])
@pytest.mark.parametrize("wanted", [None, 1])
def test_what_was_not_paid_is_not_refunded(status: Status, wanted: int | None) -> None:
    assert begin(payment_of(status), "ref_1", wanted, REASON) is None


def test_the_same_refund_again_is_the_same_refund() -> None:
    payment = payment_of("received")

    first = begin(payment, "ref_1", 1000, REASON)

    assert begin(payment, "ref_1", 2000, "duplicate") is first
    assert payment.refunding == 1000


def test_a_refund_is_made_known_when_it_is_done_and_once() -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 1000, "duplicate")

    effects = [str(settle(payment, "ref_1", "re_1", status)) for status in ("pending", "succeeded", "succeeded")]

    assert effects == ["ignored: pending before", "refunded", "ignored: succeeded before"]
    assert (payment.refunding, payment.refunded, payment.refunds["ref_1"].stripe_refund_id) == (1000, 1000, "re_1")
    assert payment.events == [RefundProcessed(order_id=ORDER, refund_id="ref_1", amount=eur(1000), reason="duplicate")]


@pytest.mark.parametrize("before", [(), ("succeeded",)])
def test_a_refund_that_failed_frees_its_amount_for_another(before: tuple[RefundStatus, ...]) -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", None, REASON)
    for status in before:
        settle(payment, "ref_1", "re_1", status)

    assert str(settle(payment, "ref_1", "re_1", "failed")) == "refund_failed: needs a person"

    assert (payment.refunding, payment.refunded) == (0, 0)
    assert begin(payment, "ref_2", None, REASON) is not None


@pytest.mark.parametrize("status", ["pending", "succeeded", "failed"])
def test_a_refund_that_failed_stays_failed(status: RefundStatus) -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 1000, REASON)
    settle(payment, "ref_1", "re_1", "failed")

    assert str(settle(payment, "ref_1", "re_1", status)) == "ignored: failed before"
    assert (payment.refunding, payment.refunded) == (0, 0)
    assert said(payment, RefundFailed) == [
        RefundFailed(order_id=ORDER, refund_id="ref_1", amount=eur(1000), was_processed=False)
    ]


def test_a_refund_that_is_done_is_not_pending_again() -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 1000, REASON)
    settle(payment, "ref_1", "re_1", "succeeded")

    assert str(settle(payment, "ref_1", "re_1", "pending")) == "ignored: succeeded before"
    assert payment.refunded == 1000


def test_a_refund_of_somebody_else_is_ignored() -> None:
    payment = payment_of("received")

    assert str(settle(payment, "ref_9", "re_9", "succeeded")) == "ignored: not a refund of this shop"
    assert payment == payment_of("received")


@pytest.mark.parametrize(
    ("at_stripe", "status"),
    [
        ("succeeded", "succeeded"),
        ("failed", "failed"),
        ("canceled", "failed"),
        ("pending", "pending"),
        ("requires_action", "pending"),
        ("", "pending"),
    ],
)
@pytest.mark.parametrize("type_", ["refund.created", "refund.updated", "refund.failed"])
def test_a_webhook_about_a_refund_says_what_became_of_it(type_: str, at_stripe: str, status: RefundStatus) -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 1000, REASON)
    payment.refunds["ref_1"].stripe_refund_id = "re_1"

    apply_webhook(payment, INTENT, webhook(type_, eur(1000), refund_id="ref_1", refund_status=at_stripe))

    assert (payment.refunds["ref_1"].status, payment.refunds["ref_1"].stripe_refund_id) == (status, "re_1")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda sums: replace(sums, captures=2), "I2 one capture"),
        (lambda sums: replace(sums, captures=0), "I2 one capture"),
        (lambda sums: replace(sums, received=AMOUNT - 1), "I2 captured = amount"),
        (lambda sums: replace(sums, refunding=1), "I8 refunds = rows"),
        (lambda sums: replace(sums, refunded_by_rows=1), "I8 refunds = rows"),
    ],
)
def test_an_audit_names_the_sum_that_is_wrong(change: Callable[[PaymentSums], PaymentSums], rule: str) -> None:
    good = sums_of(payment_of("received"), captures=1)

    assert audit(good) == []
    assert [(finding.rule, finding.about) for finding in audit(change(good))] == [(rule, ORDER)]


CAPTURED = Outcome("received")
refund_ids = st.sampled_from(["ref_1", "ref_2", "ref_3"])
webhooks = st.builds(
    webhook,
    st.sampled_from(["payment_intent.succeeded", "payment_intent.payment_failed", "payment_intent.canceled"]),
    st.sampled_from([None, eur(1), eur(AMOUNT), Money(amount=AMOUNT, currency="USD")]),
) | st.builds(
    webhook,
    st.sampled_from(["refund.created", "refund.updated", "refund.failed"]),
    refund_id=refund_ids,
    refund_status=st.sampled_from(["pending", "succeeded", "failed", "canceled", "requires_action"]),
)
# Each step says what it led to, so that captures can be counted as the webhooks' table does.
steps = st.one_of(
    webhooks.map(lambda event: lambda payment: apply_webhook(payment, INTENT, event)),
    st.just(call_off),
    st.builds(
        lambda refund_id, amount: lambda payment: begin(payment, refund_id, amount, REASON),
        refund_ids,
        st.none() | st.integers(-1, AMOUNT + 1),
    ),
)


@settings(deadline=None, max_examples=200)
@given(st.lists(steps, max_size=20))
def test_in_any_order_and_repetition_nothing_is_charged_twice_nor_refunded_that_was_not_received(
    sequence: list[Callable[[Payment], object]],
) -> None:
    payment = payment_of()
    effects: list[object] = []

    for step in sequence:
        effects.append(step(payment))
        assert 0 <= payment.refunded <= payment.refunding <= payment.received
        assert payment.received in (0, AMOUNT)
        assert (payment.status == "received") == (payment.received > 0)

    assert len(said(payment, PaymentReceived)) == effects.count(CAPTURED) == (1 if payment.received else 0)
    assert audit(sums_of(payment, effects.count(CAPTURED))) == []
    done = [event.refund_id for event in payment.events if isinstance(event, RefundProcessed)]
    assert len(done) == len(set(done))


def test_a_repair_sets_the_sums_of_a_payment_to_what_its_refunds_say_if_that_fits() -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 100, REASON)
    settle(payment, "ref_1", "re_1", "succeeded")
    assert repair(payment) is None
    payment.refunding, payment.refunded = 300, 0

    made = repair(payment)

    assert made is not None
    assert (made.before, made.after) == ("300 refunding, 0 refunded", "100 refunding, 100 refunded")
    assert (payment.refunding, payment.refunded) == (100, 100)
    payment.refunds["ref_1"].amount = AMOUNT + 1
    assert repair(payment) is None
