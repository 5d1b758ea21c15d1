"""Rules of disputes and early fraud warnings: what a buyer's bank does, and what the shop may answer. Pure."""

from collections.abc import Sequence
from typing import Final, Literal

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from sandbox.stripe.dispute_objects import (
    BalanceTransaction,
    Dispute,
    DisputedCard,
    DisputedMethod,
    DisputeReason,
    DisputeStatus,
    EarlyFraudWarning,
    Evidence,
    EvidenceDetails,
    FeeDetail,
)
from sandbox.stripe.errors import StripeError, invalid
from sandbox.stripe.objects import Charge, Record

Step = Literal["answered", "won", "lost", "escalated"]

# The life of a dispute. A pair that is not here is refused. An inquiry has no winner: it ends, or becomes a dispute.
# Source: Stripe API reference, "The Dispute object", `status`; docs.stripe.com/disputes/how-disputes-work.
NEXT: Final[dict[tuple[DisputeStatus, Step], DisputeStatus]] = {
    ("needs_response", "answered"): "under_review",
    ("needs_response", "won"): "won",
    ("needs_response", "lost"): "lost",
    ("under_review", "won"): "won",
    ("under_review", "lost"): "lost",
    ("warning_needs_response", "answered"): "warning_under_review",
    ("warning_needs_response", "won"): "warning_closed",
    ("warning_needs_response", "lost"): "warning_closed",
    ("warning_needs_response", "escalated"): "needs_response",
    ("warning_under_review", "won"): "warning_closed",
    ("warning_under_review", "lost"): "warning_closed",
    ("warning_under_review", "escalated"): "needs_response",
}
ENDS: Final = frozenset[DisputeStatus]({"won", "lost", "warning_closed"})
# Where the money is still, or again, the shop's: only then may it be refunded.
REFUNDABLE: Final = frozenset[DisputeStatus](
    {"won", "warning_needs_response", "warning_under_review", "warning_closed"}
)

# Verdicts that Stripe's test mode reads in `evidence[uncategorized_text]`. Source: docs.stripe.com/testing, "Evidence".
VERDICTS: Final[dict[str, Step]] = {
    "winning_evidence": "won",
    "losing_evidence": "lost",
    "escalate_inquiry_evidence": "escalated",
}

FEE: Final = 1500  # Minor units, whatever the currency; kept when a dispute is won.
DAY_S: Final = 86_400
DAYS_TO_ANSWER: Final = 8
# How Visa names the commonest reasons.
NETWORK_CODES: Final[dict[DisputeReason, str]] = {"fraudulent": "10.4", "product_not_received": "13.1"}

Happening = tuple[str, Record]  # An event's type and its object.


class Case(Struct, frozen=True, kw_only=True):
    """A dispute after a rule was applied, and the events of that."""

    dispute: Dispute
    events: list[Happening]


def open_dispute(
    charge: Charge,
    disputes: Sequence[Dispute],
    *,
    dispute_id: str,
    transaction_id: str,
    amount: int | None,
    reason: DisputeReason,
    inquiry: bool,
    now: int,
) -> Case:
    """Open a dispute over `amount` of a charge, or over all of it that was not refunded.

    Raises:
        StripeError: There is no money to take, or another dispute of the charge is open.
    """
    if not charge.paid:
        raise invalid(f"Charge {charge.id} has not succeeded; nobody can dispute it.")
    if any(dispute.status not in ENDS for dispute in disputes):
        raise invalid(f"Charge {charge.id} is disputed already.")
    disputed = amount or charge.amount_captured - charge.amount_refunded or charge.amount_captured
    if disputed > charge.amount_captured:
        raise invalid(f"Disputed amount ({disputed}) is greater than the charge ({charge.amount_captured})")
    dispute = Dispute(
        id=dispute_id,
        amount=disputed,
        charge=charge.id,
        created=now,
        currency=charge.currency,
        evidence_details=EvidenceDetails(due_by=(now // DAY_S + DAYS_TO_ANSWER + 1) * DAY_S - 1),
        is_charge_refundable=inquiry,
        payment_intent=charge.payment_intent,
        payment_method_details=_disputed_method(charge, reason, inquiry=inquiry),
        reason=reason,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    if inquiry:
        return Case(dispute=dispute, events=[("charge.dispute.created", dispute)])
    taken = _withdrawn(dispute, transaction_id, now)
    return Case(dispute=taken, events=[("charge.dispute.created", taken), ("charge.dispute.funds_withdrawn", taken)])


def answer(dispute: Dispute, evidence: Evidence, transaction_id: str, now: int, *, submit: bool) -> Case:
    """Store the shop's evidence, or (`submit`) send it to the bank; test mode may take it for a verdict.

    Raises:
        StripeError: The dispute is decided.
    """
    if dispute.status in ENDS:
        raise _closed()
    given = {name: value for name, value in asdict(evidence).items() if value}
    written = replace(
        dispute,
        evidence=replace(dispute.evidence, **given),
        evidence_details=replace(
            dispute.evidence_details, has_evidence=dispute.evidence_details.has_evidence or bool(given)
        ),
    )
    if not submit:
        return Case(dispute=written, events=[("charge.dispute.updated", written)])
    sent = replace(
        written.evidence_details,
        submission_count=written.evidence_details.submission_count + 1,
        submission_method="manual",
    )
    status = NEXT.get((dispute.status, "answered"), dispute.status)  # More evidence changes nothing.
    answered = replace(written, status=status, evidence_details=sent)
    updated: Happening = ("charge.dispute.updated", answered)
    verdict = VERDICTS.get(evidence.uncategorized_text or "")
    if verdict is None or (answered.status, verdict) not in NEXT:
        return Case(dispute=answered, events=[updated])
    case = decide(answered, verdict, transaction_id, now)
    return Case(dispute=case.dispute, events=[updated, *case.events])


def decide(dispute: Dispute, step: Step, transaction_id: str, now: int) -> Case:
    """Apply the bank's decision: for the shop, against it, or (of an inquiry) to take the money after all.

    Raises:
        StripeError: The dispute is already decided, or its status does not allow this step.
    """
    status = NEXT.get((dispute.status, step))
    if status is None:
        raise _closed() if dispute.status in ENDS else invalid(f"A dispute that is {dispute.status} can't be {step}.")
    decided = replace(dispute, status=status, is_charge_refundable=status in REFUNDABLE)
    if status == "won":
        back = _reinstated(decided, transaction_id, now)
        return Case(dispute=back, events=[("charge.dispute.closed", back), ("charge.dispute.funds_reinstated", back)])
    if status in ENDS:
        return Case(dispute=decided, events=[("charge.dispute.closed", decided)])
    if step == "answered":
        return Case(dispute=decided, events=[("charge.dispute.updated", decided)])
    pressed = replace(decided, payment_method_details=_charged_back(decided))
    taken = _withdrawn(pressed, transaction_id, now)
    return Case(dispute=taken, events=[("charge.dispute.updated", taken), ("charge.dispute.funds_withdrawn", taken)])


def warn(charge: Charge, warning_id: str, fraud_type: str, now: int) -> EarlyFraudWarning:
    """Make the early fraud warning of a card's bank.

    Raises:
        StripeError: Nothing was paid.
    """
    if not charge.paid:
        raise invalid(f"Charge {charge.id} has not succeeded; nobody can warn of it.")
    return EarlyFraudWarning(
        id=warning_id,
        actionable=is_actionable(charge),
        charge=charge.id,
        created=now,
        fraud_type=fraud_type,
        payment_intent=charge.payment_intent,
    )


def is_actionable(charge: Charge) -> bool:
    """Whether a refund might still prevent a dispute. Source: Stripe API reference, `actionable`."""
    return not charge.disputed and not charge.refunded


def _closed() -> StripeError:
    return invalid("This dispute is already closed")


def _disputed_method(charge: Charge, reason: DisputeReason, *, inquiry: bool) -> DisputedMethod | UnsetType:
    card = charge.payment_method_details.card
    if card is UNSET:
        return UNSET
    named = DisputedCard(
        brand=card.brand,
        case_type="inquiry" if inquiry else "chargeback",
        network=card.brand,
        network_reason_code="10" if inquiry else NETWORK_CODES.get(reason),
    )
    return DisputedMethod(card=named)


def _charged_back(dispute: Dispute) -> DisputedMethod | UnsetType:
    method = dispute.payment_method_details
    if method is UNSET:
        return UNSET
    code = NETWORK_CODES.get(dispute.reason)
    return DisputedMethod(card=replace(method.card, case_type="chargeback", network_reason_code=code))


def _withdrawn(dispute: Dispute, transaction_id: str, now: int) -> Dispute:
    fee = FeeDetail(amount=FEE, currency=dispute.currency, description="Dispute fee")
    moved = BalanceTransaction(
        id=transaction_id,
        amount=-dispute.amount,
        available_on=now,
        created=now,
        currency=dispute.currency,
        description=f"Chargeback withdrawal for {dispute.charge}",
        fee=FEE,
        fee_details=[fee],
        net=-dispute.amount - FEE,
        reporting_category="dispute",
        source=dispute.id,
    )
    return replace(dispute, balance_transactions=[*dispute.balance_transactions, moved])


def _reinstated(dispute: Dispute, transaction_id: str, now: int) -> Dispute:
    moved = BalanceTransaction(
        id=transaction_id,
        amount=dispute.amount,
        available_on=now,
        created=now,
        currency=dispute.currency,
        description=f"Chargeback reversal for {dispute.charge}",
        fee=0,
        fee_details=[],
        net=dispute.amount,
        reporting_category="dispute_reversal",
        source=dispute.id,
    )
    return replace(dispute, balance_transactions=[*dispute.balance_transactions, moved])
