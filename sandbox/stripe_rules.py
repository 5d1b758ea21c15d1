"""Decisions of the sandbox's Stripe. Pure: no await, no clock, no database.

A rule gives back what is now true (`Change`), and perhaps the error the caller gets although it is true: a declined
card changes the intent and answers 402.
"""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from sandbox.stripe_errors import ErrorBody, StripeError, doc_url, invalid
from sandbox.stripe_objects import (
    CancellationReason,
    CardDetails,
    Charge,
    NextAction,
    PaymentError,
    PaymentIntent,
    PaymentMethodDetails,
    PaymentMethodRef,
    RedirectToUrl,
    Refund,
    RefundReason,
)

# The life of an intent: what may still happen to it. A pair that is not here is refused with its name.
CONFIRMABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})
CANCELABLE = frozenset({"requires_payment_method", "requires_confirmation", "requires_action", "processing"})


class TestCard(Struct, frozen=True):
    """One of Stripe's test payment methods. Source: docs.stripe.com/testing."""

    id: str
    number: str
    outcome: Literal["pays", "declines", "asks"] = "pays"  # "asks": the buyer must approve first.
    code: str = ""
    decline_code: str | None = None
    message: str = ""
    brand: str = "visa"
    refunds_fail: bool = False


GENERIC = "Your card was declined."
_CARDS = (
    TestCard("pm_card_visa", "4242424242424242"),
    TestCard("pm_card_visa_debit", "4000056655665556"),
    TestCard("pm_card_mastercard", "5555555555554444", brand="mastercard"),
    TestCard("pm_card_amex", "378282246310005", brand="amex"),
    TestCard("pm_card_chargeDeclined", "4000000000000002", "declines", "card_declined", "generic_decline", GENERIC),
    TestCard(
        "pm_card_chargeDeclinedInsufficientFunds",
        "4000000000009995",
        "declines",
        "card_declined",
        "insufficient_funds",
        "Your card has insufficient funds.",
    ),
    TestCard("pm_card_chargeDeclinedLostCard", "4000000000009987", "declines", "card_declined", "lost_card", GENERIC),
    TestCard(
        "pm_card_chargeDeclinedExpiredCard",
        "4000000000000069",
        "declines",
        "expired_card",
        None,
        "Your card has expired.",
    ),
    TestCard("pm_card_authenticationRequired", "4000002500003155", "asks"),
    TestCard("pm_card_threeDSecure2Required", "4000000000003220", "asks"),
    TestCard("pm_card_refundFail", "4000000000005126", refunds_fail=True),
)
CARDS = {card.id: card for card in _CARDS}
CARD_IDS_BY_NUMBER = {card.number: card.id for card in _CARDS}

Happening = tuple[str, PaymentIntent | Charge | Refund]  # An event's type and its object.


class Change(Struct, frozen=True, kw_only=True):
    """What is now true, what happened, and perhaps the error the caller gets."""

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
    """The money moves."""
    charge = _charge(intent, card, charge_id, now, paid=True)
    paid = replace(
        intent,
        status="succeeded",
        amount_received=intent.amount,
        latest_charge=charge.id,
        payment_method=card.id,
        next_action=None,
        last_payment_error=None,
    )
    return Change(intent=paid, charge=charge, events=[("charge.succeeded", charge), ("payment_intent.succeeded", paid)])


def decline(intent: PaymentIntent, card: TestCard, charge_id: str, now: int) -> Change:
    """The bank says no: the intent waits for another card."""
    failed = replace(
        _charge(intent, card, charge_id, now, paid=False), failure_code=card.code, failure_message=card.message
    )
    problem = PaymentError(
        type="card_error",
        message=card.message,
        code=card.code,
        decline_code=card.decline_code,
        doc_url=doc_url(card.code),
        charge=failed.id,
        payment_method=PaymentMethodRef(id=card.id),
    )
    again = _failed(intent, problem, failed.id)
    body = ErrorBody(
        type="card_error",
        message=card.message,
        code=card.code,
        decline_code=card.decline_code,
        doc_url=problem.doc_url,
        charge=failed.id,
        payment_intent=again,
    )
    events: list[Happening] = [("charge.failed", failed), ("payment_intent.payment_failed", again)]
    return Change(intent=again, charge=failed, events=events, error=StripeError(402, body))


def refuse(intent: PaymentIntent) -> Change:
    """The buyer said no on the approval page."""
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


def refund(
    charge: Charge, refund_id: str, amount: int | None, reason: RefundReason | None, now: int
) -> tuple[Refund, Charge]:
    """Give back `amount`, or all that is left.

    Raises:
        StripeError: Nothing is left, or less than `amount`.
    """
    left = charge.amount_captured - charge.amount_refunded
    if left == 0:
        raise invalid(f"Charge {charge.id} has already been refunded.", code="charge_already_refunded")
    wanted = left if amount is None else amount
    if wanted > left:
        raise invalid(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})", param="amount")
    given = Refund(
        id=refund_id,
        amount=wanted,
        charge=charge.id,
        created=now,
        currency=charge.currency,
        metadata={},
        payment_intent=charge.payment_intent,
        reason=reason,
        status="succeeded",
    )
    return given, replace(charge, amount_refunded=charge.amount_refunded + wanted, refunded=wanted == left)


def refund_events(given: Refund, charge: Charge) -> list[Happening]:
    """What a refund makes happen, in Stripe's order."""
    return [("refund.created", given), ("charge.refunded", charge), ("refund.updated", given)]


def fail_refund(given: Refund, charge: Charge) -> tuple[Refund, Charge]:
    """The money came back from the buyer's bank; it may be refunded again."""
    left = charge.amount_refunded - given.amount
    failed = replace(given, status="failed", failure_reason="expired_or_canceled_card")
    return failed, replace(charge, amount_refunded=left, refunded=False)


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


def _failed(intent: PaymentIntent, problem: PaymentError, charge_id: str | Charge | None) -> PaymentIntent:
    return replace(
        intent,
        status="requires_payment_method",
        latest_charge=charge_id,
        payment_method=None,
        next_action=None,
        last_payment_error=problem,
    )


def _charge(intent: PaymentIntent, card: TestCard, charge_id: str, now: int, *, paid: bool) -> Charge:
    return Charge(
        id=charge_id,
        amount=intent.amount,
        amount_captured=intent.amount if paid else 0,
        captured=paid,
        created=now,
        currency=intent.currency,
        customer=intent.customer,
        description=intent.description,
        metadata=intent.metadata,
        paid=paid,
        payment_intent=intent.id,
        payment_method=card.id,
        payment_method_details=PaymentMethodDetails(card=CardDetails(brand=card.brand, last4=card.number[-4:])),
        receipt_email=intent.receipt_email,
        status="succeeded" if paid else "failed",
    )
