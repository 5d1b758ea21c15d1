"""Decisions about banks' objections to a payment: disputes, inquiries and fraud warnings. Pure.

A dispute takes the money until it is decided; an inquiry does not. People answer the bank, at Stripe. Here each
objection stands in the order's timeline, the sales figures and the list of stuck money, and packing asks first.
"""

from typing import Literal, cast

from actors.payment.effects import Outcome
from actors.payment.life import DISPUTE_NEXT, FUNDS_NEXT, UNDECIDED, DisputeStatus, Funds, dispute_status
from actors.payment.state import DisputeState, Payment
from bus.messages.payment import DisputeClosed, DisputeFundsMoved, DisputeOpened, FraudWarned, StripeEvent

_FUNDS_BY_TYPE: dict[str, Funds] = {
    "charge.dispute.funds_withdrawn": "withdrawn",
    "charge.dispute.funds_reinstated": "reinstated",
}


def apply_dispute(payment: Payment, event: StripeEvent) -> Outcome:
    """Apply a webhook about a dispute."""
    status = dispute_status(event.object_status)
    dispute = payment.disputes.get(event.object_id)
    if dispute is None:
        dispute = _open(payment, event, status)
        outcome = Outcome("disputed")
    else:
        outcome = _advance(payment, dispute, status)
    return _move_funds(payment, dispute, event.type) or outcome


def apply_warning(payment: Payment, event: StripeEvent) -> Outcome:
    """Note an issuer's fraud warning once, however often Stripe repeats or updates it."""
    if event.object_id in payment.warnings:
        return Outcome("ignored", "known")
    payment.warnings.add(event.object_id)
    payment.new_warnings.append((event.object_id, event.reason))
    payment.events.append(FraudWarned(order_id=payment.order_id, warning_id=event.object_id, fraud_type=event.reason))
    return Outcome("warned")


def _open(payment: Payment, event: StripeEvent, status: DisputeStatus) -> DisputeState:
    first: DisputeStatus = "inquiry" if status == "inquiry" else "open"
    dispute = DisputeState(event.object_id, payment.payment_id, event.amount.amount, event.reason, first, dirty=True)
    payment.disputes[dispute.id] = dispute
    payment.events.append(
        DisputeOpened(
            order_id=payment.order_id,
            dispute_id=dispute.id,
            amount=payment.money(dispute.amount),
            reason=dispute.reason,
            is_inquiry=status == "inquiry",
        )
    )
    if status not in UNDECIDED:  # Its first webhook to arrive reports its end.
        _advance(payment, dispute, status)
    return dispute


def _advance(payment: Payment, dispute: DisputeState, status: DisputeStatus) -> Outcome:
    if (dispute.status, status) not in DISPUTE_NEXT:
        return Outcome("ignored", f"{dispute.status} before")
    dispute.status, dispute.dirty = status, True
    money = payment.money(dispute.amount)
    if status == "open":  # The inquiry has become a dispute.
        payment.events.append(
            DisputeOpened(
                order_id=payment.order_id, dispute_id=dispute.id, amount=money, reason=dispute.reason, is_inquiry=False
            )
        )
        return Outcome("disputed")
    payment.events.append(
        DisputeClosed(
            order_id=payment.order_id,
            dispute_id=dispute.id,
            amount=money,
            outcome=cast("Literal['won', 'lost', 'closed']", status),
        )
    )
    return Outcome("dispute_closed", status)


def _move_funds(payment: Payment, dispute: DisputeState, kind: str) -> Outcome | None:
    funds = _FUNDS_BY_TYPE.get(kind)
    if funds is None or (dispute.funds, funds) not in FUNDS_NEXT:
        return None
    was_here = dispute.funds == "here"
    dispute.funds, dispute.dirty = funds, True
    if funds == "withdrawn" or not was_here:  # Money put back before its withdrawal was known was never missed.
        payment.events.append(
            DisputeFundsMoved(
                order_id=payment.order_id,
                dispute_id=dispute.id,
                amount=payment.money(dispute.amount),
                is_withdrawal=funds == "withdrawn",
            )
        )
    return Outcome("funds_moved", funds)
