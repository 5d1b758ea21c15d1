"""The translation of Stripe's webhooks into messages. Pure: bytes were verified before, and nothing is decided here.

An event's type is read first. Only events listed in `INTENT_OF` are read beyond it; all others are answered 200 and
skipped, whatever they contain. In Stripe's objects null means absent. Source: Stripe API reference, "The Event object"
and the objects that events carry.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Final, NamedTuple

import msgspec

from bus.messages.amounts import seen_at_stripe
from bus.messages.payment import RecordStripeEvent, StripeEvent

_Amount = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]  # As many bits as the table has.
_Time = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]  # Unix seconds, up to the year 9999.


class _Failure(msgspec.Struct, frozen=True):
    message: str | None = None
    decline_code: str | None = None


class _Object(msgspec.Struct, frozen=True):
    """The fields that are read of a payment intent, charge, refund, dispute or warning."""

    id: str | None = None
    amount: _Amount | None = None
    amount_received: _Amount | None = None
    amount_refunded: _Amount | None = None
    currency: str | None = None
    status: str | None = None
    reason: str | None = None  # Of a dispute.
    fraud_type: str | None = None  # Of a warning.
    payment_intent: str | None = None  # Of all but an intent.
    metadata: dict[str, str | None] | None = None
    last_payment_error: _Failure | None = None


class _Data(msgspec.Struct, frozen=True):
    object: _Object


class _Head(msgspec.Struct, frozen=True):
    """The field that every event has, and that is read first."""

    type: str


class WebhookEvent(msgspec.Struct, frozen=True):
    """An event of interest."""

    id: str
    type: str
    created: _Time
    data: _Data
    livemode: bool | None = None
    account: str | None = None  # The connected account of a platform that the event is about.
    context: str | None = None  # Likewise for an organization: its path of accounts ends with the event's.


class OwnAccount(NamedTuple):
    """The account whose events count."""

    is_live: bool | None = None  # None if the secret key does not say.
    id: str = ""  # "" if no setting names it.

    def refusal(self, event: WebhookEvent) -> str:
        """Return why an event is not about this account's payments; "" if it may be.

        Source: Stripe, "Connect webhooks": an endpoint for live events gets those of tests, too.
        """
        if None not in (self.is_live, event.livemode) and event.livemode != self.is_live:
            return "it is live, and the shop's key is for tests" if event.livemode else "it is a test"
        if event.account and event.account != self.id:
            return f"it is of the connected account {event.account}"
        origin = (event.context or "").rpartition("/")[2]
        return f"it is of the account {origin}" if self.id and origin not in ("", self.id) else ""


_HEADS: Final = msgspec.json.Decoder(_Head)
_EVENTS: Final = msgspec.json.Decoder(WebhookEvent)


def _own_id(thing: _Object) -> str:
    return thing.id or ""


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


def decode(body: bytes) -> WebhookEvent | None:
    """Decode an event; None if its type is of no interest.

    Raises:
        msgspec.DecodeError: It is no event, or of interest and not as Stripe writes it.
    """
    return _EVENTS.decode(body) if _intent_of(_HEADS.decode(body).type) else None


def read(event: WebhookEvent) -> RecordStripeEvent | None:
    """Translate an event of interest; None if it is about no payment intent."""
    intent_of, thing = _intent_of(event.type), event.data.object
    intent_id = intent_of(thing) if intent_of else ""
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
            refund_id=((thing.metadata or {}).get("refund_id") or "") if is_refund else "",
            refund_status=(thing.status or "") if is_refund else "",
            created=datetime.fromtimestamp(event.created, UTC),
            object_id=thing.id or "",
            object_status=thing.status or "",
            problem=problem,
        ),
    )


def _intent_of(kind: str) -> Callable[[_Object], str] | None:
    return next((of for beginning, of in INTENT_OF.items() if kind.startswith(beginning)), None)


def _amount(kind: str, thing: _Object) -> int:
    if kind == "payment_intent.succeeded":
        return thing.amount_received or 0
    if kind == "charge.refunded":
        return thing.amount_refunded or 0
    return thing.amount or 0
