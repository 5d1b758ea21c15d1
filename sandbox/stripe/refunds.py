"""Rules of refunds, by the shop or in Stripe's dashboard. Pure."""

from collections.abc import Sequence

from msgspec.structs import replace

from sandbox.stripe.currencies import odd_unit, spelt
from sandbox.stripe.dispute_objects import Dispute
from sandbox.stripe.disputes import REFUNDABLE
from sandbox.stripe.errors import invalid
from sandbox.stripe.objects import Charge, FreeForm, Record, Refund, RefundReason


def refund(
    charge: Charge,
    disputes: Sequence[Dispute],
    refund_id: str,
    amount: int | None,
    reason: RefundReason | None,
    now: int,
) -> tuple[Refund, Charge]:
    """Refund `amount`, or all that is left.

    Args:
        charge: The charge to refund.
        disputes: All of that charge.
        refund_id: The new refund's.
        amount: Minor units.
        reason: Stripe knows three.
        now: Unix seconds.

    Raises:
        StripeError: Nothing is left, or less than `amount`, or the buyer's bank has taken the money.
    """
    if any(dispute.status not in REFUNDABLE for dispute in disputes):
        # Source: docs.stripe.com/error-codes, "charge_disputed".
        raise invalid(f"Charge {charge.id} has been charged back; cannot issue a refund.", code="charge_disputed")
    left = charge.amount_captured - charge.amount_refunded
    if left == 0:
        raise invalid(f"Charge {charge.id} has already been refunded.", code="charge_already_refunded")
    wanted = left if amount is None else amount
    if wanted > left:
        wanted_text, left_text = spelt(wanted, charge.currency), spelt(left, charge.currency)
        raise invalid(
            f"Refund amount ({wanted_text}) is greater than unrefunded amount on charge ({left_text})", param="amount"
        )
    if (problem := odd_unit(wanted, charge.currency)) is not None:
        raise problem
    made = Refund(
        id=refund_id,
        amount=wanted,
        charge=charge.id,
        created=now,
        currency=charge.currency,
        destination_details=_destination(charge),
        metadata={},
        payment_intent=charge.payment_intent,
        reason=reason,
        status="succeeded",
    )
    return made, replace(charge, amount_refunded=charge.amount_refunded + wanted, refunded=wanted == left)


def refund_events(refund: Refund, charge: Charge) -> list[tuple[str, Record]]:
    """The events of a refund, in Stripe's order."""
    return [("refund.created", refund), ("charge.refunded", charge), ("refund.updated", refund)]


def fail_refund(refund: Refund, charge: Charge) -> tuple[Refund, Charge]:
    """Fail a refund: the buyer's bank returned the money, which may be refunded again."""
    left = charge.amount_refunded - refund.amount
    failed = replace(refund, status="failed", failure_reason="expired_or_canceled_card")
    return failed, replace(charge, amount_refunded=left, refunded=False)


def _destination(charge: Charge) -> FreeForm | None:
    if charge.payment_method_details.type != "card":
        return None
    card = {"reference_status": "pending", "reference_type": "acquirer_reference_number", "type": "refund"}
    return {"card": card, "type": "card"}
