"""Payments and webhooks for the payment's rules."""

from datetime import UTC, datetime

from actors.payment.life import Status
from actors.payment.rules import PaymentSums
from actors.payment.state import Payment, RefundState
from bus.messages.base import Money
from bus.messages.payment import StripeEvent
from engine.message import Event

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ORDER, INTENT = "ord_1", "pi_1"
AMOUNT = 4490


def payment_of(status: Status = "open", *refunds: RefundState, intent_id: str | None = INTENT) -> Payment:
    """An order's payment, as it was locked."""
    return Payment(
        payment_id=ORDER,
        order_id=ORDER,
        purpose="order",
        intent_id=intent_id,
        currency="EUR",
        amount=AMOUNT,
        received=AMOUNT if status == "received" else 0,
        refunding=sum(refund.amount for refund in refunds if refund.status != "failed"),
        refunded=sum(refund.amount for refund in refunds if refund.status == "succeeded"),
        status=status,
        refunds={refund.id: refund for refund in refunds},
    )


def eur(amount: int) -> Money:
    return Money(amount=amount, currency="EUR")


def webhook(
    type: str,  # noqa: A002 - as Stripe calls it
    amount: Money | None = None,
    *,
    reason: str = "",
    refund_id: str = "",
    refund_status: str = "",
    object_id: str = "",
    object_status: str = "",
) -> StripeEvent:
    return StripeEvent(
        id="evt_1",
        type=type,
        amount=eur(AMOUNT) if amount is None else amount,
        reason=reason,
        refund_id=refund_id,
        refund_status=refund_status,
        object_id=object_id,
        object_status=object_status,
        created=NOON,
    )


def said(payment: Payment, kind: type[Event]) -> list[Event]:
    """What the payment made known, of one kind."""
    return [event for event in payment.events if isinstance(event, kind)]


def sums_of(payment: Payment, captures: int) -> PaymentSums:
    """As the audit reads them."""
    refunds = payment.refunds.values()
    return PaymentSums(
        order_id=payment.order_id,
        amount=payment.amount,
        received=payment.received,
        refunding=payment.refunding,
        refunded=payment.refunded,
        refunding_by_rows=sum(refund.amount for refund in refunds if refund.status != "failed"),
        refunded_by_rows=sum(refund.amount for refund in refunds if refund.status == "succeeded"),
        captures=captures,
    )
