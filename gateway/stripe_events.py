"""The translation of Stripe's webhooks into messages. Pure: bytes were verified before, and nothing is decided here.

Only events listed in `INTENT_OF` are read beyond their type; all others are answered 200 and skipped. In Stripe's
objects null means absent. Source: Stripe API reference, "The Event object" and the objects that events carry.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import msgspec

from bus.messages.amounts import seen_at_stripe
from bus.messages.payment import RecordStripeEvent, StripeEvent


class _Failure(msgspec.Struct, frozen=True):
    message: str | None = None
    decline_code: str | None = None


class _Object(msgspec.Struct, frozen=True):
    """The fields that are read of a payment intent, charge, refund, dispute or warning."""

    id: str = ""
    amount: int | None = None
    amount_received: int | None = None
    amount_refunded: int | None = None
    currency: str | None = None
    status: str | None = None
    reason: str | None = None  # Of a dispute.
    fraud_type: str | None = None  # Of a warning.
    payment_intent: str | None = None  # Of all but an intent.
    metadata: dict[str, str] | None = None
    last_payment_error: _Failure | None = None


class _Data(msgspec.Struct, frozen=True):
    object: msgspec.Raw


class WebhookEvent(msgspec.Struct, frozen=True):
    """The fields of every event; its object is read only if its type is of interest."""

    id: str
    type: str
    created: int
    data: _Data


_OBJECTS: Final = msgspec.json.Decoder(_Object)


def _own_id(thing: _Object) -> str:
    return thing.id


def _payment_intent(thing: _Object) -> str:
    return thing.payment_intent or ""


# The events of interest, and where their object names its payment intent. The first matching beginning decides.
INTENT_OF: Final[Mapping[str, Callable[[_Object], str]]] = {
    "payment_intent.": _own_id,
    "refund.": _payment_intent,
    "charge.refunded": _payment_intent,
    "charge.refund.updated": _payment_intent,
    "charge.dispute.": _payment_intent,
    "radar.early_fraud_warning.": _payment_intent,
}


def read(event: WebhookEvent) -> RecordStripeEvent | None:
    """Translate an event; None if it is of no interest, or about no payment intent.

    Raises:
        msgspec.ValidationError: The event's object does not have Stripe's types.
    """
    intent_of = next((of for beginning, of in INTENT_OF.items() if event.type.startswith(beginning)), None)
    if intent_of is None:
        return None
    thing = _OBJECTS.decode(event.data.object)
    intent_id = intent_of(thing)
    if not intent_id:
        return None
    is_refund = event.type.startswith(("refund.", "charge.refund."))
    failure = thing.last_payment_error or _Failure()
    amount, problem = seen_at_stripe(_amount(event.type, thing), (thing.currency or "").upper())
    return RecordStripeEvent(
        intent_id=intent_id,
        event=StripeEvent(
            id=event.id,
            type=event.type,
            amount=amount,
            reason=thing.reason or thing.fraud_type or failure.decline_code or failure.message or "",
            refund_id=(thing.metadata or {}).get("refund_id", "") if is_refund else "",
            refund_status=(thing.status or "") if is_refund else "",
            created=datetime.fromtimestamp(event.created, UTC),
            object_id=thing.id,
            object_status=thing.status or "",
            problem=problem,
        ),
    )


def _amount(kind: str, thing: _Object) -> int:
    if kind == "payment_intent.succeeded":
        return thing.amount_received or 0
    if kind == "charge.refunded":
        return thing.amount_refunded or 0
    return thing.amount or 0
