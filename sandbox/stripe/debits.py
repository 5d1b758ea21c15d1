"""Rules of bank debits, which are decided days after the buyer has confirmed them. Pure.

Source: docs.stripe.com/payments/sepa-debit/accept-a-payment and docs.stripe.com/payments/paymentintents/lifecycle.
"""

from msgspec.structs import replace

from sandbox.stripe.errors import doc_url, invalid
from sandbox.stripe.methods import TestDebit, method_object
from sandbox.stripe.objects import Charge, Outcome, PaymentError, PaymentIntent
from sandbox.stripe.rules import Change, charge_of, fail, succeed


def start(intent: PaymentIntent, debit: TestDebit, charge_id: str, now: int) -> Change:
    """Start a debit: the bank is asked, and has not decided yet."""
    asked = charge_of(intent, debit, charge_id, now, "pending")
    waiting = replace(
        intent,
        status="processing",
        latest_charge=asked.id,
        payment_method=debit.id,
        next_action=None,
        last_payment_error=None,
    )
    return Change(
        intent=waiting, charge=asked, events=[("charge.pending", asked), ("payment_intent.processing", waiting)]
    )


def check(intent: PaymentIntent) -> None:
    """Raises: StripeError, if the payment does not wait for a bank."""
    if intent.status != "processing":
        message = f"This PaymentIntent has a status of {intent.status}: no bank has anything to decide about it."
        raise invalid(message, code="payment_intent_unexpected_state", intent=intent)


def settle(intent: PaymentIntent, charge: Charge, debit: TestDebit, now: int, *, succeeded: bool) -> Change:
    """Apply the bank's decision to a payment that waits for it."""
    if succeeded:
        return succeed(intent, replace(charge, status="succeeded", paid=True))
    failed = replace(
        charge,
        status="failed",
        captured=False,
        amount_captured=0,
        failure_code=debit.code,
        failure_message=debit.message,
        outcome=Outcome(
            network_status="declined_by_network",
            reason=debit.code,
            seller_message="The bank has declined the debit.",
            type="issuer_declined",
        ),
    )
    problem = PaymentError(
        type="invalid_request_error",
        message=debit.message,
        code=debit.code,
        doc_url=doc_url(debit.code),
        charge=failed.id,
        payment_method=method_object(debit, now),
    )
    return fail(intent, problem, failed)
