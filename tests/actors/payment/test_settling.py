"""Whole turns as pure decisions: what a batch of webhooks, an answer or a scan comes to."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from actors.payment.effects import Outcome
from actors.payment.life import RefundStatus, Status
from actors.payment.private import (
    AdoptRefunds,
    CancelIntent,
    IntentSeen,
    RecordIntent,
    RecordLook,
    RecordRefund,
    RecordRefundsSeen,
    RefundSeen,
    SendRefund,
    Window,
)
from actors.payment.reconciliation_rules import apply_scan, earliest_next_scan
from actors.payment.refunds import begin, begin_for_order, record, record_seen, request_of
from actors.payment.rules import NO_SUCH_PAYMENT, Recorded, answer, apply_webhooks, follow_ups, is_unwanted
from bus.messages.payment import Intent, IntentClosed, PaymentReceived, RecordStripeEvent, RefundReason
from tests.actors.payment.support import AMOUNT, INTENT, NOON, ORDER, eur, payment_of, said, webhook

REASON: RefundReason = "requested_by_customer"
MADE = RecordIntent(order_id=ORDER, intent_id=INTENT, client_secret="secret", amount=eur(AMOUNT))
LATER, EVERY = NOON + timedelta(minutes=1), timedelta(minutes=5)
WINDOW = Window(created_from=NOON, created_to=LATER, planned_at=LATER)
SEEN = IntentSeen(intent_id=INTENT, order_id=ORDER, attempt=1, status="succeeded", amount=eur(AMOUNT), received=AMOUNT)


def refund_seen(status: RefundStatus = "succeeded") -> RefundSeen:
    return RefundSeen(
        order_id=ORDER, refund_id="", stripe_refund_id="re_9", status=status, intent_id=INTENT, amount=1000
    )


@pytest.mark.parametrize(
    ("status", "intent_id", "is_payable", "must_end"),
    [
        ("open", INTENT, True, False),
        ("received", INTENT, True, False),  # Its answer got lost, and its buyer asks again.
        ("closing", INTENT, False, True),  # Called off while Stripe was asked.
        ("closed", INTENT, False, False),
        ("open", "pi_2", False, True),  # Made under a key that Stripe had forgotten.
        ("received", "pi_2", False, True),
    ],
)
def test_an_intent_that_was_made_is_paid_closed_or_called_off(
    status: Status, intent_id: str, *, is_payable: bool, must_end: bool
) -> None:
    stands = Recorded(intent_id, eur(AMOUNT - 1), status)

    assert answer(MADE, stands) == (
        Intent(order_id=ORDER, intent_id=INTENT, client_secret="secret", amount=eur(AMOUNT - 1))
        if is_payable
        else IntentClosed(order_id=ORDER)
    )
    assert is_unwanted(MADE, stands) == must_end


def test_of_a_batch_of_webhooks_each_that_is_new_takes_effect_once() -> None:
    payment = payment_of()
    paid = RecordStripeEvent(intent_id=INTENT, event=webhook("payment_intent.succeeded"))
    foreign = RecordStripeEvent(intent_id="pi_9", event=replace(paid.event, id="evt_2"))
    known = RecordStripeEvent(intent_id=INTENT, event=replace(paid.event, id="evt_3"))

    outcomes = apply_webhooks([paid, paid, foreign, known], {"evt_1", "evt_2"}, {INTENT: payment})

    assert outcomes == {"evt_1": Outcome("received"), "evt_2": NO_SUCH_PAYMENT}
    assert len(said(payment, PaymentReceived)) == 1


@pytest.mark.parametrize(("intent_id", "asks"), [(INTENT, [AdoptRefunds, CancelIntent]), (None, [])])
def test_what_was_decided_says_what_stripe_is_asked_next(intent_id: str | None, asks: list[type]) -> None:
    payment = payment_of(intent_id=intent_id)
    payment.must_list_refunds = payment.must_cancel = True

    assert [type(ask) for ask in follow_ups(payment)] == asks
    assert follow_ups(payment_of()) == []


@pytest.mark.parametrize(
    ("why", "reason"), [("customer", "requested_by_customer"), ("out_of_stock", "not_deliverable")]
)
def test_an_order_that_is_over_sends_all_that_is_left_back_once(why: str, reason: RefundReason) -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 1000, REASON)

    refund = begin_for_order(payment, why)

    assert refund
    assert (refund.id, refund.amount, refund.reason) == (f"{ORDER}-refund-2", AMOUNT - 1000, reason)
    assert begin_for_order(payment, why) is None
    assert request_of(payment, refund, NOON, is_rest=True) == SendRefund(
        order_id=ORDER, refund_id=refund.id, intent_id=INTENT, amount=eur(AMOUNT - 1000), reason=reason, asked_at=NOON,
        is_rest=True,
    )  # fmt: skip
    refund.stored = True
    assert request_of(payment, refund, NOON, is_rest=True) is None


def test_where_stripe_refuses_the_rest_what_is_really_left_is_sent() -> None:
    payment = payment_of("received")
    ours = begin_for_order(payment, "customer")
    assert ours
    refused = RecordRefund(
        order_id=ORDER, refund_id=ours.id, stripe_refund_id="", status="failed", is_rest=True,
        refusal="charge_already_refunded", seen=(refund_seen(),),
    )  # fmt: skip

    rest = record(payment, refused)

    assert rest
    assert (rest.amount, payment.refundable) == (AMOUNT - 1000, 0)
    assert record(payment, replace(refused, seen=())) is None  # A repeat finds nothing new.


@pytest.mark.parametrize(
    ("status", "seen", "tries", "is_asked_again"),
    [
        ("open", (refund_seen(),), 1, True),  # Its money is to be heard of first.
        ("open", (refund_seen(),), 6, False),
        ("open", (), 1, False),
        ("received", (refund_seen(),), 1, False),
    ],
)
def test_refunds_are_listed_again_until_their_money_is_known(
    status: Status, seen: tuple[RefundSeen, ...], tries: int, *, is_asked_again: bool
) -> None:
    payment = payment_of(status)
    payment.must_list_refunds = True

    again = record_seen(payment, RecordRefundsSeen(order_id=ORDER, intent_id=INTENT, tries=tries, seen=seen))

    assert again == (AdoptRefunds(order_id=ORDER, intent_id=INTENT, tries=tries + 1) if is_asked_again else None)
    assert payment.must_list_refunds is False
    assert payment.refunded == (1000 if status == "received" else 0)


def test_a_scan_finds_lost_money_and_calls_off_what_must_not_be_paid() -> None:
    payment, second = payment_of("closed", intent_id=None), replace(SEEN, intent_id="pi_2", status="requires_action")

    settlement = apply_scan(RecordLook(began_at=NOON, intents=(second, SEEN)), [payment], LATER)

    assert settlement.adopted == [SEEN]  # What was paid is taken up first, wherever it stands in the list.
    assert (payment.intent_id, payment.status) == (INTENT, "received")
    assert settlement.effects == {"pi_1.succeeded": Outcome("received")}
    assert settlement.cancels == [(ORDER, "pi_2")]


def test_a_scan_records_nothing_of_what_it_ignores() -> None:
    settlement = apply_scan(RecordLook(began_at=NOON, intents=(SEEN,)), [payment_of("received")], LATER)

    assert (settlement.events, settlement.effects, settlement.cancels) == ([], {}, [])


def test_a_scan_settles_refunds_and_ends_intents_whose_orders_were_never_placed() -> None:
    received = payment_of("received")
    unplaced = payment_of()

    apply_scan(RecordLook(began_at=NOON, refunds=(refund_seen(),)), [received], LATER)
    settlement = apply_scan(RecordLook(began_at=NOON, unplaced=(ORDER,)), [unplaced], LATER)

    assert received.refunded == 1000
    assert (unplaced.status, settlement.cancels) == ("closing", [(ORDER, INTENT)])


@pytest.mark.parametrize(
    ("scan", "is_left", "expected"),
    [
        (RecordLook(began_at=NOON, not_before=NOON + EVERY * 2), True, NOON + EVERY * 2),  # Stripe asked for that.
        (RecordLook(began_at=NOON, window=WINDOW), True, LATER),
        (RecordLook(began_at=NOON, window=WINDOW), False, NOON + EVERY),
        (RecordLook(began_at=NOON, refunds_asked=("ref_1",)), False, NOON + EVERY),
        (RecordLook(began_at=NOON), False, LATER),
    ],
)
def test_the_next_scan_comes_at_once_only_for_what_was_due_before(
    scan: RecordLook, *, is_left: bool, expected: object
) -> None:
    assert earliest_next_scan(scan, LATER, EVERY, is_left=is_left) == expected
