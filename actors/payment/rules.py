"""Decisions about payments. Pure.

The order's actor decides about an order; these rules decide about its money. Money that came in is always published
(`PaymentReceived`), however late: the order then asks for its units again, or for a refund.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from actors.payment import disputes, refunds
from actors.payment.effects import Outcome
from actors.payment.life import UNSETTLED, Status, refund_status
from actors.payment.private import AdoptRefunds, CancelIntent, RecordIntent, RefundSeen
from actors.payment.state import ORDER, Payment
from bus.messages.audit import CheckId, Finding, Remedy
from bus.messages.base import Minor, Money, OrderId
from bus.messages.payment import (
    FurtherPaymentReceived,
    Intent,
    IntentClosed,
    PaymentDeclined,
    PaymentFailed,
    PaymentProcessing,
    PaymentReceived,
    RecordStripeEvent,
    StripeEvent,
)

NO_SUCH_PAYMENT: Final = Outcome("refused", "no such payment")
NOT_OURS: Final = Outcome("ignored", "no such payment")


@dataclass(frozen=True, slots=True)
class Recorded:
    """The intent that stands for a payment."""

    intent_id: str
    amount: Money
    status: Status


def answer(ask: RecordIntent, stands: Recorded) -> Intent | IntentClosed:
    """Answer with the intent that can be paid, unless it was called off or another one stands."""
    if stands.status in ("closing", "closed") or stands.intent_id != ask.intent_id:
        return IntentClosed(order_id=ask.order_id)
    return Intent(order_id=ask.order_id, intent_id=ask.intent_id, client_secret=ask.client_secret, amount=stands.amount)


def is_unwanted(ask: RecordIntent, stands: Recorded) -> bool:
    """Whether a new intent must be cancelled: called off meanwhile, or made under a key that Stripe had forgotten."""
    return stands.status == "closing" or stands.intent_id != ask.intent_id


def apply_webhooks(
    asks: Sequence[RecordStripeEvent], new: Collection[str], payments: Mapping[str | None, Payment]
) -> dict[str, Outcome]:
    """Apply webhooks, each once; return the outcomes by webhook.

    Args:
        asks: In order of arrival, with repeats.
        new: Ids of the webhooks that were not stored before.
        payments: By intent, locked.
    """
    outcomes: dict[str, Outcome] = {}
    for ask in asks:
        if ask.event.id in new and ask.event.id not in outcomes:
            payment = payments.get(ask.intent_id)
            outcomes[ask.event.id] = (
                apply_webhook(payment, ask.intent_id, ask.event) if payment else without_payment(ask.event)
            )
    return outcomes


def apply_webhook(payment: Payment, intent_id: str, event: StripeEvent) -> Outcome:
    """Apply a webhook to the payment of its intent."""
    apply = _BY_TYPE.get(event.type)
    return apply(payment, intent_id, event) if apply else Outcome("ignored", "of no interest")


def is_objection(event: StripeEvent) -> bool:
    """Whether a webhook is a bank's objection to a payment: then earlier objections matter."""
    return event.type.startswith(("charge.dispute.", "radar."))


def without_payment(event: StripeEvent) -> Outcome:
    """Refuse or ignore a webhook about an intent that is not ours: money is refused, for a person to check."""
    return NO_SUCH_PAYMENT if event.type == "payment_intent.succeeded" else NOT_OURS


def _received(payment: Payment, intent_id: str, event: StripeEvent) -> Outcome:
    amount = event.amount
    if payment.status == "received":
        return Outcome("ignored", "received before")
    if event.problem:
        return Outcome("refused", event.problem)
    if (amount.amount, amount.currency) != (payment.amount, payment.currency):
        return Outcome("refused", f"{Money(amount=payment.amount, currency=payment.currency)} was expected")
    payment.advance("succeeded")
    payment.received = amount.amount
    if payment.purpose == ORDER:
        payment.events.append(
            PaymentReceived(order_id=payment.order_id, intent_id=intent_id, amount=amount, at=event.created)
        )
    else:
        payment.events.append(
            FurtherPaymentReceived(order_id=payment.order_id, purpose=payment.purpose, amount=amount, at=event.created)
        )
    return Outcome("received")


def _processing(payment: Payment, _: str, event: StripeEvent) -> Outcome:
    if not payment.advance("processing"):
        return Outcome("ignored", f"{payment.status} before")
    payment.events.append(PaymentProcessing(order_id=payment.order_id, at=event.created))
    return Outcome("processing")


def _failed(payment: Payment, _: str, event: StripeEvent) -> Outcome:
    """A card is declined while the buyer waits; a bank refuses days after it was asked."""
    reason = event.reason or "declined"
    if payment.advance("failed"):
        payment.events.append(PaymentFailed(order_id=payment.order_id, reason=reason))
        return Outcome("failed")
    if payment.status == "closing":  # Stripe can't stop a bank, but can cancel the intent after the refusal.
        payment.must_cancel = True
        return Outcome("failed", "it is cancelled")
    if payment.status != "open":
        return Outcome("ignored", "too late")
    payment.events.append(PaymentDeclined(order_id=payment.order_id, reason=reason))
    return Outcome("declined")


def _closed(payment: Payment, _: str, __: StripeEvent) -> Outcome:
    was_processing = payment.status == "processing"
    if not payment.advance("canceled"):
        return Outcome("ignored", f"{payment.status} before")
    if was_processing:  # The order waits for its bank, and gets no other event.
        payment.events.append(PaymentFailed(order_id=payment.order_id, reason="canceled"))
    return Outcome("closed")


def _charge_refunded(payment: Payment, _: str, event: StripeEvent) -> Outcome:
    """A hint: the event has the sum of all refunds, and names none."""
    if payment.received and event.amount.amount <= payment.refunding:
        return Outcome("ignored", "known")
    payment.must_list_refunds = True
    return Outcome("refunds_listed")


def _refund(payment: Payment, intent_id: str, event: StripeEvent) -> Outcome:
    seen = RefundSeen(
        order_id=payment.order_id,
        refund_id=event.refund_id,
        stripe_refund_id=event.object_id,
        status=refund_status(event.refund_status),
        intent_id=intent_id,
        amount=event.amount.amount,
    )
    return refunds.adopt(payment, seen)


def _dispute(payment: Payment, _: str, event: StripeEvent) -> Outcome:
    return disputes.apply_dispute(payment, event)


def _warning(payment: Payment, _: str, event: StripeEvent) -> Outcome:
    return disputes.apply_warning(payment, event)


# Source: Stripe API reference, "Types of events". Other types are ignored.
_BY_TYPE: Final[Mapping[str, Callable[[Payment, str, StripeEvent], Outcome]]] = {
    "payment_intent.succeeded": _received,
    "payment_intent.processing": _processing,
    "payment_intent.payment_failed": _failed,
    "payment_intent.canceled": _closed,
    "charge.refunded": _charge_refunded,
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"), _refund),
    **dict.fromkeys(
        (
            "charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed",
            "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
        ),
        _dispute,
    ),
    **dict.fromkeys(("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated"), _warning),
}  # fmt: skip


def is_unsettled(payment: Payment) -> bool:
    """Whether Stripe has yet to decide about the payment, or about a refund of it."""
    is_payable = payment.intent_id is not None and payment.status in UNSETTLED
    return is_payable or any(refund.status == "pending" for refund in payment.refunds.values())


def call_off(payment: Payment) -> str | None:
    """Call off a payment whose order was cancelled; return the intent that must be cancelled, if there is one."""
    return payment.intent_id if payment.advance("order_cancelled") else None


def follow_ups(payment: Payment) -> list[AdoptRefunds | CancelIntent]:
    """The requests to Stripe that follow from the decisions about a payment."""
    if payment.intent_id is None:
        return []
    asks: list[AdoptRefunds | CancelIntent] = []
    if payment.must_list_refunds:
        asks.append(AdoptRefunds(order_id=payment.order_id, intent_id=payment.intent_id))
    if payment.must_cancel:
        asks.append(CancelIntent(order_id=payment.order_id, intent_id=payment.intent_id))
    return asks


@dataclass(frozen=True, slots=True)
class PaymentSums:
    """The sums of a payment, by its row, its refunds and its webhooks."""

    order_id: OrderId
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    refunding_by_rows: Minor
    refunded_by_rows: Minor
    captures: int  # Webhooks that were taken as this payment's success.


def audit(sums: PaymentSums) -> list[Finding]:
    """Compare a payment's sums with its refunds and webhooks."""
    remedy = Remedy(action="find_at_stripe", target=sums.order_id)
    checks: list[tuple[CheckId, bool, str]] = [
        ("one_capture", sums.captures == (1 if sums.received else 0), f"{sums.captures} captures"),
        ("captured_equals_amount", sums.received in (0, sums.amount), f"{sums.received} of {sums.amount}"),
    ]
    findings = [
        Finding(check=check, about=sums.order_id, detail=detail, remedy=remedy)
        for check, holds, detail in checks
        if not holds
    ]
    stored, computed = (sums.refunding, sums.refunded), (sums.refunding_by_rows, sums.refunded_by_rows)
    return findings + refunds.audit_rows(sums.order_id, stored, computed, sums.received)
