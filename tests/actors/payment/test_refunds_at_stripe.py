"""Refunds that began in Stripe's dashboard, or that Stripe refused to make."""

import pytest

from actors.payment.life import RefundStatus, Status
from actors.payment.private import RefundSeen
from actors.payment.refunds import adopt, begin, rest_after_refusal, settle
from actors.payment.rules import apply_webhook
from actors.payment.state import Payment
from bus.messages.payment import FullyRefunded, RefundFailed, RefundProcessed, RefundReason
from tests.actors.payment.support import AMOUNT, INTENT, ORDER, eur, payment_of, said, webhook

REASON: RefundReason = "requested_by_customer"
FULLY = FullyRefunded(order_id=ORDER)


def seen(amount: int, status: RefundStatus = "succeeded", *, stripes: str = "re_1", ours: str = "") -> RefundSeen:
    return RefundSeen(
        order_id=ORDER, refund_id=ours, stripe_refund_id=stripes, status=status, intent_id=INTENT, amount=amount
    )


def sums(payment: Payment) -> tuple[int, int]:
    return payment.refunding, payment.refunded


def test_a_refund_from_the_dashboard_counts_and_is_made_known_once() -> None:
    payment = payment_of("received")

    effects = [str(adopt(payment, seen(1000))) for _ in range(2)]

    assert effects == ["refunded: at Stripe", "ignored: succeeded before"]
    assert sums(payment) == (1000, 1000)
    assert payment.events == [
        RefundProcessed(order_id=ORDER, refund_id="re_1", amount=eur(1000), reason=REASON, is_ours=False)
    ]


def test_one_that_is_pending_there_is_settled_later_by_its_own_id() -> None:
    payment = payment_of("received")

    adopt(payment, seen(1000, "pending"))
    adopt(payment, seen(1000, "succeeded"))

    assert sums(payment) == (1000, 1000)
    assert len(said(payment, RefundProcessed)) == 1


def test_a_webhook_of_a_dashboard_refund_has_the_same_effect() -> None:
    payment = payment_of("received")

    apply_webhook(payment, INTENT, webhook("refund.created", eur(1000), refund_status="succeeded", object_id="re_1"))
    apply_webhook(payment, INTENT, webhook("refund.updated", eur(1000), refund_status="succeeded", object_id="re_1"))

    assert sums(payment) == (1000, 1000)


@pytest.mark.parametrize("first", [AMOUNT, 1000])
def test_an_order_hears_when_nothing_is_left_whoever_gave_it_back(first: int) -> None:
    payment = payment_of("received")

    adopt(payment, seen(first))
    begin(payment, "ref_2", None, REASON)

    assert said(payment, FullyRefunded) == [FULLY]


def test_an_order_that_asks_for_its_refund_does_not_hear_of_it() -> None:
    payment = payment_of("received")

    begin(payment, "ref_1", None, REASON, for_order=True)

    assert payment.events == []


@pytest.mark.parametrize("status", ["open", "processing", "closing", "closed"])
def test_a_refund_heard_of_before_its_money_is_looked_up_later(status: Status) -> None:
    payment = payment_of(status)

    assert str(adopt(payment, seen(1000))) == "ignored: its money is not known yet"
    assert (sums(payment), payment.must_list_refunds) == ((0, 0), True)


@pytest.mark.parametrize(("in_all", "must_look"), [(999, False), (1000, False), (1001, True)])
def test_a_charges_own_sum_says_whether_there_are_refunds_we_do_not_know(in_all: int, must_look: bool) -> None:
    payment = payment_of("received")
    begin(payment, "ref_1", 1000, REASON)

    apply_webhook(payment, INTENT, webhook("charge.refunded", eur(in_all)))

    assert payment.must_list_refunds == must_look


def test_more_than_is_left_is_not_taken_up_until_ours_is_refused() -> None:
    payment = payment_of("received")
    ours = begin(payment, "ref_1", None, REASON, for_order=True)
    assert ours is not None

    assert adopt(payment, seen(1000)).effect == "ignored"
    settle(payment, "ref_1", "", "failed", "charge_already_refunded")
    adopt(payment, seen(1000))

    assert sums(payment) == (1000, 1000)
    assert rest_after_refusal(payment, ours, has_adopted=True, is_rest=True) == f"{ORDER}-refund-3"
    assert [event.detail for event in payment.events if isinstance(event, RefundFailed)] == ["charge_already_refunded"]


@pytest.mark.parametrize(("has_adopted", "is_rest"), [(False, True), (True, False)])
def test_a_refund_of_a_certain_sum_or_refused_for_another_reason_is_not_sent_again(
    has_adopted: bool, is_rest: bool
) -> None:
    payment = payment_of("received")
    ours = begin(payment, "ref_1", 500, REASON)
    assert ours is not None
    settle(payment, "ref_1", "", "failed", "no")

    assert rest_after_refusal(payment, ours, has_adopted=has_adopted, is_rest=is_rest) is None


def test_what_failed_before_it_was_known_is_nothing() -> None:
    payment = payment_of("received")

    assert adopt(payment, seen(1000, "failed")).effect == "ignored"
    assert payment == payment_of("received")
