"""Rules of payment intents and of card payments. Pure: no await, no clock, no database.

A rule returns a `Change`: the new state, and perhaps an error for the caller besides: a declined card changes the
intent and answers 402.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from sandbox.stripe.errors import ErrorBody, StripeError, doc_url, invalid
from sandbox.stripe.methods import TestCard, TestMethod, charged, method_object
from sandbox.stripe.objects import (
    CancellationReason,
    Charge,
    NextAction,
    Outcome,
    PaymentError,
    PaymentIntent,
    Record,
    RedirectToUrl,
)

# The life of an intent: what may still happen to it. A pair that is not here is refused with its name.
CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
CANCELABLE = CONFIRMABLE  # Stripe cancels what is processing "in rare cases": never when a test would like it to.


Happening = tuple[str, Record]  # An event's type and its object.


class Change(Struct, frozen=True, kw_only=True):
    """The state after a rule was applied, the events of that, and perhaps the error for the caller."""

    intent: PaymentIntent
    charge: Charge | None = None
    events: list[Happening]
    error: StripeError | None = None


def confirm(
    intent: PaymentIntent, card: TestCard, charge_id: str, *, return_url: str | None, page: str, now: int
) -> Change:
    """Try to take the money. `page` is where the buyer approves, should the card ask for it."""
    if card.outcome == "declines":
        return decline(intent, card, charge_id, now)
    if card.outcome == "pays":
        return pay(intent, card, charge_id, now)
    redirect = RedirectToUrl(url=page, return_url=return_url)
    waiting = replace(
        intent, status="requires_action", payment_method=card.id, next_action=NextAction(redirect_to_url=redirect)
    )
    return Change(intent=waiting, events=[("payment_intent.requires_action", waiting)])


def pay(intent: PaymentIntent, card: TestCard, charge_id: str, now: int) -> Change:
    """Take the money from a card."""
    return succeed(replace(intent, payment_method=card.id), charge_of(intent, card, charge_id, now, "succeeded"))


def succeed(intent: PaymentIntent, charge: Charge) -> Change:
    """Mark an intent and its charge as paid."""
    paid = replace(
        intent,
        status="succeeded",
        amount_received=intent.amount,
        latest_charge=charge.id,
        next_action=None,
        last_payment_error=None,
    )
    return Change(intent=paid, charge=charge, events=[("charge.succeeded", charge), ("payment_intent.succeeded", paid)])


def decline(intent: PaymentIntent, card: TestCard, charge_id: str, now: int) -> Change:
    """Decline a card: the intent waits for another one."""
    outcome = Outcome(
        network_status="declined_by_network",
        reason=card.decline_code or card.code,
        seller_message="The bank did not return any further details with this decline.",
        type="issuer_declined",
    )
    failed = replace(
        charge_of(intent, card, charge_id, now, "failed"),
        failure_code=card.code,
        failure_message=card.message,
        outcome=outcome,
    )
    problem = PaymentError(
        type="card_error",
        message=card.message,
        code=card.code,
        decline_code=card.decline_code,
        doc_url=doc_url(card.code),
        charge=failed.id,
        payment_method=method_object(card, now),
    )
    change = fail(intent, problem, failed)
    body = ErrorBody(
        type="card_error",
        message=card.message,
        code=card.code,
        decline_code=card.decline_code,
        doc_url=problem.doc_url,
        charge=failed.id,
        payment_intent=change.intent,
        payment_method=method_object(card, now),
    )
    return replace(change, error=StripeError(402, body))


def fail(intent: PaymentIntent, problem: PaymentError, failed: Charge) -> Change:
    """Fail an intent that its bank refused: it waits for another payment method."""
    again = _failed(intent, problem, failed.id)
    events: list[Happening] = [("charge.failed", failed), ("payment_intent.payment_failed", again)]
    return Change(intent=again, charge=failed, events=events)


def refuse(intent: PaymentIntent) -> Change:
    """Refuse an intent, as the buyer does on the approval page."""
    code = "payment_intent_authentication_failure"
    message = "The provided PaymentMethod has failed authentication. Provide another to try again."
    problem = PaymentError(type="invalid_request_error", message=message, code=code, doc_url=doc_url(code))
    again = _failed(intent, problem, intent.latest_charge)
    return Change(intent=again, events=[("payment_intent.payment_failed", again)])


def cancel(intent: PaymentIntent, reason: CancellationReason | None, now: int) -> Change:
    """Raises: StripeError, if the intent is paid or canceled."""
    if intent.status not in CANCELABLE:
        raise unexpected_state(intent, "cancel", CANCELABLE)
    gone = replace(intent, status="canceled", canceled_at=now, cancellation_reason=reason, next_action=None)
    return Change(intent=gone, events=[("payment_intent.canceled", gone)])


def unexpected_state(intent: PaymentIntent, verb: str, allowed: frozenset[str]) -> StripeError:
    """The refusal of what an intent's status does not allow."""
    why = (
        "it has already succeeded after being previously confirmed"
        if verb == "confirm" and intent.status == "succeeded"
        else f"it has a status of {intent.status}. Only a PaymentIntent with one of the following statuses may be "
        f"{verb}ed: {', '.join(sorted(allowed))}"
    )
    message = f"You cannot {verb} this PaymentIntent because {why}."
    return invalid(message, code="payment_intent_unexpected_state", intent=intent)


def allow(intent: PaymentIntent, method: TestMethod) -> None:
    """Raises: StripeError, if the intent takes no payment method of this type."""
    if method.type not in intent.payment_method_types:
        message = (
            f"The PaymentMethod provided ({method.type}) is not allowed for this PaymentIntent. Please attach a "
            f"PaymentMethod of one of the following types: {', '.join(intent.payment_method_types)}. Alternatively, "
            f'update the allowed payment_method_types for this PaymentIntent to include "{method.type}".'
        )
        raise invalid(message, code="payment_intent_incompatible_payment_method", param="payment_method")


def charge_of(
    intent: PaymentIntent,
    method: TestMethod,
    charge_id: str,
    now: int,
    status: Literal["succeeded", "pending", "failed"],
) -> Charge:
    """Make a charge: an attempt to take an intent's money."""
    captured = status != "failed"
    return Charge(
        id=charge_id,
        amount=intent.amount,
        amount_captured=intent.amount if captured else 0,
        captured=captured,
        created=now,
        currency=intent.currency,
        customer=intent.customer,
        description=intent.description,
        metadata=intent.metadata,
        outcome=Outcome(),
        paid=status == "succeeded",
        payment_intent=intent.id,
        payment_method=method.id,
        payment_method_details=charged(method, intent.amount),
        receipt_email=intent.receipt_email,
        shipping=intent.shipping,
        statement_descriptor_suffix=intent.statement_descriptor_suffix,
        status=status,
    )


def _failed(intent: PaymentIntent, problem: PaymentError, charge_id: str | None) -> PaymentIntent:
    return replace(
        intent,
        status="requires_payment_method",
        latest_charge=charge_id,
        payment_method=None,
        next_action=None,
        last_payment_error=problem,
    )
