"""The translation of objects of Stripe's library into this shop's messages, and of amounts into Stripe's unit."""

from datetime import UTC, datetime

import stripe

from actors.payment.life import refund_status
from actors.payment.private import IntentSeen, RefundSeen
from actors.payment.state import ORDER
from bus.messages.amounts import seen_at_stripe, to_stripe
from bus.messages.base import Money, OrderId
from bus.messages.payment import RecordStripeEvent, RefundReason, StripeEvent
from engine.errors import BadInput

_REASONS: dict[str, RefundReason] = {"duplicate": "duplicate", "fraudulent": "fraudulent"}


def refund_seen(refund: stripe.Refund, order_id: OrderId) -> RefundSeen:
    """Translate a refund."""
    intent = refund.payment_intent
    return RefundSeen(
        order_id=order_id,
        refund_id=metadata_of(refund.metadata, "refund_id"),
        stripe_refund_id=refund.id,
        status=refund_status(refund.status or ""),
        intent_id=intent if isinstance(intent, str) else intent.id if intent else "",
        amount=seen_at_stripe(refund.amount, refund.currency.upper())[0].amount,
        reason=_REASONS.get(refund.reason or "", "requested_by_customer"),
    )


def intent_seen(intent: stripe.PaymentIntent) -> IntentSeen:
    """Translate a payment intent."""
    attempt = metadata_of(intent.metadata, "attempt")
    amount, problem = seen_at_stripe(intent.amount, intent.currency.upper())
    received, wrong = seen_at_stripe(intent.amount_received, intent.currency.upper())
    return IntentSeen(
        intent_id=intent.id,
        order_id=metadata_of(intent.metadata, "order_id"),
        attempt=int(attempt) if attempt.isascii() and attempt.isdigit() and len(attempt) < 10 else 1,
        status=intent.status,
        amount=amount,
        received=received.amount,
        purpose=metadata_of(intent.metadata, "purpose") or ORDER,
        problem=problem or wrong,
    )


def amount_at_stripe(amount: Money) -> int:
    """Translate an amount into Stripe's unit.

    Raises:
        BadInput: Stripe would refuse the amount; the text says why.
    """
    try:
        return to_stripe(amount)
    except ValueError as error:
        raise BadInput(str(error)) from error


def metadata_of(metadata: stripe.StripeObject | None, name: str) -> str:
    """Read an entry of an object's metadata; empty if it is missing."""
    return str(metadata[name]) if metadata is not None and name in metadata else ""


def event_seen(event: stripe.Event) -> RecordStripeEvent:
    """Translate an event about a dispute or a fraud warning, as `gateway/stripe_events.py` does its webhook."""
    thing = event.data.object

    def text(name: str) -> str:
        return str(thing[name] or "") if name in thing else ""

    amount, problem = seen_at_stripe(int(text("amount") or 0), text("currency").upper())
    return RecordStripeEvent(
        intent_id=text("payment_intent"),
        event=StripeEvent(
            id=event.id,
            type=event.type,
            amount=amount,
            reason=text("reason") or text("fraud_type"),
            created=datetime.fromtimestamp(event.created, UTC),
            object_id=text("id"),
            object_status=text("status"),
            problem=problem,
        ),
    )
