"""Decisions about payments. Pure.

The order decides what becomes of an order; this decides what becomes of its money. Money that came in is always made
known (`PaymentReceived`), however late: the order then asks for its units again, or for the money to go back.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bus.messages.base import Finding, Minor, Money, OrderId
from bus.messages.payment import (
    PaymentDeclined,
    PaymentReceived,
    RefundFailed,
    RefundProcessed,
    RefundReason,
    StripeEvent,
)
from engine.message import Event

Status: TypeAlias = Literal["open", "received", "closing", "closed"]
RefundStatus: TypeAlias = Literal["pending", "succeeded", "failed"]


@dataclass(slots=True)
class RefundState:
    """Money on its way back."""

    id: str
    order_id: OrderId
    stripe_refund_id: str | None
    amount: Minor
    reason: RefundReason
    status: RefundStatus
    dirty: bool = False
    stored: bool = True


@dataclass(slots=True)
class Payment:
    """What a turn knows of an order's payment, and what it does to it."""

    order_id: OrderId
    intent_id: str | None
    currency: str
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    status: Status
    refunds: dict[str, RefundState] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    dirty: bool = False

    @property
    def refundable(self) -> Minor:
        """What is here and not on its way back."""
        return self.received - self.refunding


def hear(payment: Payment, intent_id: str, event: StripeEvent) -> str:
    """Let a webhook take effect; says in a few words what it led to."""
    amount = Money(amount=event.amount.amount, currency=event.amount.currency)
    match event.type:
        case "payment_intent.succeeded":
            return _received(payment, intent_id, amount, event)
        case "payment_intent.payment_failed":
            return _declined(payment, event)
        case "payment_intent.canceled":
            return _closed(payment)
        case "refund.created" | "refund.updated" | "refund.failed":
            return settle_refund(payment, event.refund_id, "", _refund_status(event.refund_status))
        case _:
            return "ignored: of no interest"


def _received(payment: Payment, intent_id: str, amount: Money, event: StripeEvent) -> str:
    if payment.status == "received":
        return "ignored: received before"
    if (amount.amount, amount.currency) != (payment.amount, payment.currency):
        return f"refused: {payment.amount} {payment.currency} was expected"
    payment.received = amount.amount
    payment.status = "received"
    payment.dirty = True
    payment.events.append(
        PaymentReceived(order_id=payment.order_id, intent_id=intent_id, amount=amount, at=event.created)
    )
    return "received"


def _declined(payment: Payment, event: StripeEvent) -> str:
    if payment.status != "open":
        return "ignored: too late"
    payment.events.append(PaymentDeclined(order_id=payment.order_id, reason=event.reason or "declined"))
    return "declined"


def _closed(payment: Payment) -> str:
    if payment.status == "received":
        return "ignored: received before"
    payment.status = "closed"
    payment.dirty = True
    return "closed"


def call_off(payment: Payment) -> str | None:
    """The order was cancelled: no more money is wanted. Gives the intent that must be cancelled, if there is one."""
    if payment.status != "open":
        return None
    payment.status = "closing" if payment.intent_id else "closed"
    payment.dirty = True
    return payment.intent_id


def begin_refund(payment: Payment, refund_id: str, amount: Minor | None, reason: RefundReason) -> RefundState | None:
    """Set money aside to go back; None if there is not so much. The same refund again is the same refund."""
    if known := payment.refunds.get(refund_id):
        return known
    wanted = payment.refundable if amount is None else amount
    if not 0 < wanted <= payment.refundable:
        return None
    payment.refunding += wanted
    payment.dirty = True
    refund = RefundState(refund_id, payment.order_id, None, wanted, reason, "pending", dirty=True, stored=False)
    payment.refunds[refund_id] = refund
    return refund


def settle_refund(payment: Payment, refund_id: str, stripe_refund_id: str, status: RefundStatus) -> str:
    """What Stripe says of a refund; it is made known when it is done."""
    refund = payment.refunds.get(refund_id)
    if refund is None:
        return "ignored: not a refund of this shop"
    if stripe_refund_id and refund.stripe_refund_id != stripe_refund_id:
        refund.stripe_refund_id = stripe_refund_id
        refund.dirty = True
    if refund.status in (status, "failed") or (refund.status, status) == ("succeeded", "pending"):
        return f"ignored: {refund.status} before"
    was_done = refund.status == "succeeded"
    refund.status = status
    refund.dirty = payment.dirty = True
    money = Money(amount=refund.amount, currency=payment.currency)
    if status == "failed":
        payment.refunding -= refund.amount
        if was_done:
            payment.refunded -= refund.amount
            payment.events.append(RefundFailed(order_id=payment.order_id, refund_id=refund.id, amount=money))
        return "refund failed: needs a person"
    payment.refunded += refund.amount
    payment.events.append(
        RefundProcessed(order_id=payment.order_id, refund_id=refund.id, amount=money, reason=refund.reason)
    )
    return "refunded"


def _refund_status(status: str) -> RefundStatus:
    """Stripe also knows `requires_action` and `canceled`."""
    return {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}.get(status, "pending")  # type: ignore[return-value] # the values are spelled right here


@dataclass(frozen=True, slots=True)
class Sums:
    """What a payment's row and its refunds say."""

    order_id: OrderId
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    refunding_by_rows: Minor
    refunded_by_rows: Minor
    captures: int  # Webhooks that were taken as this payment's success.


def audit(sums: Sums) -> list[Finding]:
    """Compare a payment's sums with what they can be computed from."""
    checks = [
        ("I2 one capture", sums.captures == (1 if sums.received else 0), f"{sums.captures} captures"),
        ("I2 captured = amount", sums.received in (0, sums.amount), f"{sums.received} of {sums.amount}"),
        (
            "I8 refunds = rows",
            (sums.refunding, sums.refunded) == (sums.refunding_by_rows, sums.refunded_by_rows),
            f"{sums.refunding}, {sums.refunded} stored; {sums.refunding_by_rows}, {sums.refunded_by_rows} computed",
        ),
    ]
    return [
        Finding(rule=rule, about=sums.order_id, detail=detail, remedy="compare with the payment at Stripe")
        for rule, holds, detail in checks
        if not holds
    ]
