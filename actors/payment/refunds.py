"""Decisions about refunds. Pure.

A refund begins here, or by hand at Stripe. Both count against the money received, and both are published.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from actors.payment.effects import Outcome
from actors.payment.life import REFUND_NEXT, RefundStatus
from actors.payment.private import AdoptRefunds, RecordRefund, RecordRefundsSeen, RefundSeen, SendRefund
from actors.payment.state import Payment, RefundState
from bus.messages.audit import RULES, Finding, Remedy, RepairMade
from bus.messages.base import Minor
from bus.messages.payment import FullyRefunded, RefundFailed, RefundProcessed, RefundReason

_MAX_LISTINGS: Final = 6  # Tries to list the refunds of a payment whose money is not known yet.


def begin(
    payment: Payment,
    refund_id: str,
    amount: Minor | None,
    reason: RefundReason,
    *,
    for_order: bool = False,
    by: str = "",
) -> RefundState | None:
    """Set money aside for a refund; None if too little is left. A repeat returns the same refund.

    Args:
        payment: The payment to refund.
        refund_id: The refund's key.
        amount: Minor units; None for all that is left.
        reason: For Stripe and the books.
        for_order: The order itself asks, because it is over. Otherwise it is informed when no money is left.
        by: The member of staff who asks.
    """
    if known := payment.refunds.get(refund_id):
        return known
    wanted = payment.refundable if amount is None else amount
    if not 0 < wanted <= payment.refundable:
        return None
    refund = RefundState(
        refund_id,
        payment.payment_id,
        payment.order_id,
        None,
        wanted,
        reason,
        "pending",
        by=by,
        dirty=True,
        stored=False,
    )
    _set_aside(payment, refund, informs_order=not for_order)
    return refund


def begin_for_order(payment: Payment, why: str) -> RefundState | None:
    """Set all that is left aside for a refund, because the order is over; None if nothing is left."""
    reason: RefundReason = "requested_by_customer" if why == "customer" else "not_deliverable"
    return begin(payment, _next_id(payment), None, reason, for_order=True)


def request_of(payment: Payment, refund: RefundState, now: datetime, *, is_rest: bool) -> SendRefund | None:
    """Build the request for a refund that was begun just now; None if it was begun earlier, and is on its way."""
    if refund.stored or payment.intent_id is None:
        return None
    return SendRefund(
        order_id=payment.order_id,
        refund_id=refund.id,
        intent_id=payment.intent_id,
        amount=payment.money(refund.amount),
        reason=refund.reason,
        asked_at=now,
        purpose=payment.purpose,
        is_rest=is_rest,
    )


def record(payment: Payment, ask: RecordRefund) -> RefundState | None:
    """Apply Stripe's answer to a refund of ours; return the refund of the rest, if that must be sent."""
    settle(payment, ask.refund_id, ask.stripe_refund_id, ask.status, ask.refusal)
    before = len(payment.refunds)
    for seen in ask.seen:
        adopt(payment, seen)
    refused = payment.refunds[ask.refund_id]
    has_adopted = len(payment.refunds) > before
    rest = rest_after_refusal(payment, refused, has_adopted=has_adopted, is_rest=ask.is_rest)
    return begin(payment, rest, None, refused.reason, for_order=True) if rest else None


def record_seen(payment: Payment, ask: RecordRefundsSeen) -> AdoptRefunds | None:
    """Adopt all refunds that Stripe has of a payment; ask again later if the payment's money is not known yet."""
    for seen in ask.seen:
        adopt(payment, seen)
    payment.must_list_refunds = False
    if payment.received or not ask.seen or ask.tries >= _MAX_LISTINGS:
        return None
    return AdoptRefunds(order_id=ask.order_id, intent_id=ask.intent_id, tries=ask.tries + 1)


def adopt(payment: Payment, seen: RefundSeen) -> Outcome:
    """Adopt a refund that began at Stripe, or settle it if it is known."""
    known = payment.refunds.get(seen.refund_id) or _by_stripes_id(payment, seen.stripe_refund_id)
    if known:
        return settle(payment, known.id, seen.stripe_refund_id, seen.status)
    if not seen.stripe_refund_id:
        return Outcome("ignored", "not a refund of this shop")
    if seen.status == "failed":
        return Outcome("ignored", "it failed before it was known")
    if not payment.received:
        payment.must_list_refunds = True
        return Outcome("ignored", "its money is not known yet")
    if not 0 < seen.amount <= payment.refundable:
        return Outcome("ignored", "more than is left, until Stripe refuses ours")
    refund = RefundState(
        seen.stripe_refund_id, payment.payment_id, payment.order_id, seen.stripe_refund_id, seen.amount, seen.reason,
        "pending", is_ours=False, dirty=True, stored=False,
    )  # fmt: skip
    _set_aside(payment, refund, informs_order=True)
    if seen.status == "succeeded":
        settle(payment, refund.id, seen.stripe_refund_id, "succeeded")
    return Outcome("refunded", "at Stripe")


def settle(payment: Payment, refund_id: str, stripe_refund_id: str, status: RefundStatus, refusal: str = "") -> Outcome:
    """Apply Stripe's status of a refund.

    Args:
        payment: The refund's payment.
        refund_id: The id of a known refund.
        stripe_refund_id: Stripe's own id; empty if Stripe made no refund.
        status: Stripe's status, translated.
        refusal: Why Stripe refused to make the refund.
    """
    refund = payment.refunds.get(refund_id)
    if refund is None:
        return Outcome("ignored", "not a refund of this shop")
    if stripe_refund_id and refund.stripe_refund_id != stripe_refund_id:
        refund.stripe_refund_id = stripe_refund_id
        refund.dirty = True
    if (refund.status, status) not in REFUND_NEXT:
        return Outcome("ignored", f"{refund.status} before")
    was_processed = refund.status == "succeeded"
    refund.status = status
    refund.dirty = payment.dirty = True
    money = payment.money(refund.amount)
    if status == "failed":
        payment.refunding -= refund.amount
        payment.refunded -= refund.amount if was_processed else 0
        payment.events.append(
            RefundFailed(
                order_id=payment.order_id,
                refund_id=refund.id,
                amount=money,
                was_processed=was_processed,
                detail=refusal,
            )
        )
        return Outcome("refund_failed", "needs a person")
    payment.refunded += refund.amount
    payment.events.append(
        RefundProcessed(
            order_id=payment.order_id,
            refund_id=refund.id,
            amount=money,
            reason=refund.reason,
            is_ours=refund.is_ours,
            by=refund.by,
        )
    )
    return Outcome("refunded")


def rest_after_refusal(payment: Payment, refused: RefundState, *, has_adopted: bool, is_rest: bool) -> str | None:
    """Name a refund of the rest, if Stripe refused ours because money was given back there by hand.

    None if no refund must be sent again: ours was for a fixed sum, or refused for another reason.
    """
    if not (is_rest and has_adopted and refused.status == "failed" and payment.refundable):
        return None
    return _next_id(payment)


def _next_id(payment: Payment) -> str:
    return f"{payment.payment_id}-refund-{len(payment.refunds) + 1}"


def _set_aside(payment: Payment, refund: RefundState, *, informs_order: bool) -> None:
    payment.refunds[refund.id] = refund
    payment.refunding += refund.amount
    payment.dirty = True
    if informs_order and not payment.refundable:
        payment.events.append(FullyRefunded(order_id=payment.order_id))


def _by_stripes_id(payment: Payment, stripe_refund_id: str) -> RefundState | None:
    if not stripe_refund_id:
        return None
    return next((one for one in payment.refunds.values() if one.stripe_refund_id == stripe_refund_id), None)


def audit_rows(
    payment_id: str, stored: tuple[Minor, Minor], computed: tuple[Minor, Minor], received: Minor
) -> list[Finding]:
    """Compare a payment's sums (refunding, refunded) with its refunds."""
    if stored == computed:
        return []
    fits = computed[1] <= computed[0] <= received
    remedy = Remedy(action="repair" if fits else "find_at_stripe", target=payment_id)
    detail = f"{stored[0]}, {stored[1]} stored; {computed[0]}, {computed[1]} computed"
    return [Finding(check="refunds_equal_rows", about=payment_id, detail=detail, remedy=remedy)]


def repair(payment: Payment) -> RepairMade | None:
    """Set a payment's sums to those of its refunds; None if they agree, or exceed the money received."""
    refunding = sum(refund.amount for refund in payment.refunds.values() if refund.status != "failed")
    refunded = sum(refund.amount for refund in payment.refunds.values() if refund.status == "succeeded")
    if (payment.refunding, payment.refunded) == (refunding, refunded) or refunding > payment.received:
        return None
    before = f"{payment.refunding} refunding, {payment.refunded} refunded"
    payment.refunding, payment.refunded, payment.dirty = refunding, refunded, True
    after = f"{refunding} refunding, {refunded} refunded"
    return RepairMade(rule=RULES["refunds_equal_rows"], about=payment.order_id, before=before, after=after)


def record_of_refusal(ask: SendRefund, refusal: str, seen: Sequence[RefundSeen]) -> RecordRefund:
    """Record that Stripe refuses a refund for good, beside the refunds that it has of the payment."""
    return RecordRefund(
        order_id=ask.order_id,
        refund_id=ask.refund_id,
        stripe_refund_id="",
        status="failed",
        purpose=ask.purpose,
        is_rest=ask.is_rest,
        refusal=refusal,
        seen=tuple(seen),
    )


def record_of(ask: SendRefund, made: RefundSeen) -> RecordRefund:
    """Record a refund that Stripe has made."""
    return RecordRefund(
        order_id=ask.order_id,
        refund_id=ask.refund_id,
        stripe_refund_id=made.stripe_refund_id,
        status=made.status,
        purpose=ask.purpose,
    )
