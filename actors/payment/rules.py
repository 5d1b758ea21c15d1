"""Decisions about payments. Pure.

The order decides what becomes of an order; this decides what becomes of its money. Money that came in is always made
known (`PaymentReceived`), however late: the order then asks for its units again, or for the money to go back.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import REPAIR, RepairMade
from bus.messages.base import Finding, Minor, Money, OrderId
from bus.messages.payment import (
    IntentSeen,
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

NO_SUCH_PAYMENT = "refused: no such payment"
_FINAL = frozenset({"succeeded", "canceled"})  # All else an intent may be can still become money.


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
    if event.problem:
        return f"refused: {event.problem}"
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


def is_decided(seen: IntentSeen) -> bool:
    """Whether it was paid or cancelled, and stays so."""
    return seen.status in _FINAL


def is_news(seen: IntentSeen, own: Status | None, *, is_order_known: bool) -> bool:
    """Whether there is anything to decide about an intent that Stripe lists; about most there is not.

    Args:
        seen: The intent.
        own: The status of the payment whose intent it is, if there is one.
        is_order_known: Its metadata name an order that has a payment, be it with this intent, another or none.
    """
    if own is None:
        return bool(seen.order_id) if seen.status == "succeeded" else is_order_known and seen.status != "canceled"
    if seen.status in _FINAL:
        return own != "received" and (seen.status, own) != ("canceled", "closed")
    return own in ("closing", "closed")


def is_unsettled(payment: Payment) -> bool:
    """Whether Stripe is still to say something of it."""
    is_payable = payment.intent_id is not None and payment.status in ("open", "closing")
    return is_payable or any(refund.status == "pending" for refund in payment.refunds.values())


def take_up(payment: Payment, seen: IntentSeen) -> bool:
    """An order was called off before its intent was known, and this is the intent. False if it has one."""
    if payment.intent_id is not None:
        return False
    payment.intent_id, payment.amount, payment.currency = seen.intent_id, seen.amount.amount, seen.amount.currency
    payment.status = "closing"
    payment.dirty = True
    return True


def see(payment: Payment | None, seen: IntentSeen, at: datetime) -> tuple[StripeEvent, str]:
    """Let what Stripe lists take effect as the webhook about it would; says in a few words what it led to.

    Args:
        payment: Its order's, or its own.
        seen: The intent.
        at: When it was seen; the list does not say when the money came.
    """
    amount = seen.received if seen.status == "succeeded" else seen.amount.amount
    event = StripeEvent(
        id=f"{seen.intent_id}.{seen.status}",
        type=f"payment_intent.{seen.status}",
        amount=Money(amount=amount, currency=seen.amount.currency),
        created=at,
        problem=seen.problem,
    )
    if seen.status not in _FINAL:
        return event, "ignored: not decided yet"
    if payment is None or payment.intent_id != seen.intent_id:
        return event, NO_SUCH_PAYMENT if seen.status == "succeeded" else "ignored: no such payment"
    return event, hear(payment, seen.intent_id, event)


def must_cancel(payment: Payment | None, seen: IntentSeen) -> bool:
    """Whether an intent can still be paid at Stripe, and must not: its order was called off, or has another one."""
    if payment is None or seen.status in _FINAL:
        return False
    return payment.intent_id != seen.intent_id or payment.status in ("closing", "closed")


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
    compare = "compare with the payment at Stripe, whose metadata name the order"
    fits = sums.refunded_by_rows <= sums.refunding_by_rows <= sums.received
    repair = REPAIR if fits else compare
    checks = [
        ("I2 one capture", sums.captures == (1 if sums.received else 0), f"{sums.captures} captures", compare),
        ("I2 captured = amount", sums.received in (0, sums.amount), f"{sums.received} of {sums.amount}", compare),
        (
            "I8 refunds = rows",
            (sums.refunding, sums.refunded) == (sums.refunding_by_rows, sums.refunded_by_rows),
            f"{sums.refunding}, {sums.refunded} stored; {sums.refunding_by_rows}, {sums.refunded_by_rows} computed",
            repair,
        ),
    ]
    return [
        Finding(rule=rule, about=sums.order_id, detail=detail, remedy=remedy)
        for rule, holds, detail, remedy in checks
        if not holds
    ]


def repair(payment: Payment) -> RepairMade | None:
    """Set the sums of a payment to what its refunds say; None if they agree, or that does not fit."""
    refunding = sum(refund.amount for refund in payment.refunds.values() if refund.status != "failed")
    refunded = sum(refund.amount for refund in payment.refunds.values() if refund.status == "succeeded")
    if (payment.refunding, payment.refunded) == (refunding, refunded) or refunding > payment.received:
        return None
    before = f"{payment.refunding} refunding, {payment.refunded} refunded"
    payment.refunding, payment.refunded, payment.dirty = refunding, refunded, True
    after = f"{refunding} refunding, {refunded} refunded"
    return RepairMade(rule="I8 refunds = rows", about=payment.order_id, before=before, after=after)
