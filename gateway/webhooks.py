"""Webhooks: verified on the raw body, stored, answered. What they lead to happens after.

Both use Stripe's scheme: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`. Source: Stripe, "Verify webhook signatures".
"""

import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
import stripe
from litestar import post

from bus.messages.currencies import seen_at_stripe
from bus.messages.payment import RecordStripeEvent, StripeEvent
from bus.messages.shipping import NoSuchShipment, ParcelStatus, RecordTracking
from engine.crash import CrashPoint
from gateway.edge import Http, Wired
from gateway.problems import Problem, not_found

T = TypeVar("T")

_TOLERANCE_S = 300
# One time and no other spelling of it: what is checked to be of now must be the time that was signed.
_HEADER = re.compile(r"t=([0-9]{1,12})(?:,\w+=\w*)+")
_STORED = {"stored": True}
_STORED_HERE = CrashPoint("webhook-stored", "A webhook is stored; its sender has not been told.")


class _Metadata(msgspec.Struct, frozen=True):
    refund_id: str = ""


class _Failure(msgspec.Struct, frozen=True):
    message: str = ""
    decline_code: str = ""


class _Object(msgspec.Struct, frozen=True):
    """What is read of a payment intent or refund; all else that Stripe sends is passed over."""

    id: str = ""
    amount: int = 0
    amount_received: int = 0
    currency: str = ""
    status: str = ""
    payment_intent: str | None = None  # Of a refund.
    metadata: _Metadata = _Metadata()
    last_payment_error: _Failure | None = None


class _Data(msgspec.Struct, frozen=True):
    object: _Object


class _Event(msgspec.Struct, frozen=True):
    id: str
    type: str
    created: int
    data: _Data


class ParcelNews(msgspec.Struct, frozen=True, kw_only=True):
    """What a carrier sends."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    tracking_number: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    status: ParcelStatus
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    detail: Annotated[str, msgspec.Meta(max_length=1000)] = ""


_EVENTS = msgspec.json.Decoder(_Event)
_PARCELS = msgspec.json.Decoder(ParcelNews)


@post("/webhooks/stripe", status_code=200, summary="Stripe's webhooks")
async def stripe_webhook(edge: Wired, request: Http) -> dict[str, bool]:
    """Answered 200 once stored; a repeat is stored once."""
    event = await _read(request, "stripe-signature", edge.stripe_webhook_secret, edge.clock.now(), _EVENTS)
    if event.type.startswith(("payment_intent.", "refund.")):
        await edge.bus.ask(_record(event))
    _STORED_HERE.reach()
    return _STORED


@post("/webhooks/shipping", status_code=200, summary="Carriers' webhooks")
async def shipping_webhook(edge: Wired, request: Http) -> dict[str, bool]:
    """Answered 200 once stored; a repeat is stored once. 404 for a parcel of somebody else."""
    news = await _read(request, "shipping-signature", edge.carrier_webhook_secret, edge.clock.now(), _PARCELS)
    answer = await edge.bus.ask(
        RecordTracking(
            tracking_number=news.tracking_number,
            event_id=news.id,
            status=news.status,
            at=news.at.astimezone(UTC),
            detail=news.detail,
        )
    )
    if isinstance(answer, NoSuchShipment):
        raise not_found("parcel")
    return _STORED


async def _read(request: Http, header: str, secret: str, now: datetime, decoder: msgspec.json.Decoder[T]) -> T:
    """Verify the raw body, and only then look into it.

    Raises:
        Problem: The signature does not fit, or the body is not what its sender sends.
    """
    body = await request.body()
    _verify(body, request.headers.get(header, ""), secret, now)
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise Problem(400, "bad_event", f"This can't be read: {error}") from error


def _verify(body: bytes, header: str, secret: str, now: datetime) -> None:
    """Check who sent this, and when.

    Raises:
        Problem: The signature is wrong, or its time is more than 300 s off, in either direction.
    """
    try:
        stripe.WebhookSignature.verify_header(body, header, secret)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise Problem(400, "bad_signature", "The signature does not fit.") from error
    signed = _HEADER.fullmatch(header)
    if signed is None or abs(int(signed[1]) - now.timestamp()) > _TOLERANCE_S:
        raise Problem(400, "bad_signature", f"The signature's time is more than {_TOLERANCE_S} s off.")


def _record(event: _Event) -> RecordStripeEvent:
    thing = event.data.object
    is_refund = event.type.startswith("refund.")
    counted = thing.amount_received if event.type == "payment_intent.succeeded" else thing.amount
    amount, problem = seen_at_stripe(counted, thing.currency.upper())
    failure = thing.last_payment_error or _Failure()
    return RecordStripeEvent(
        intent_id=(thing.payment_intent or "") if is_refund else thing.id,
        event=StripeEvent(
            id=event.id,
            type=event.type,
            amount=amount,
            reason=failure.decline_code or failure.message,
            refund_id=thing.metadata.refund_id if is_refund else "",
            refund_status=thing.status if is_refund else "",
            created=datetime.fromtimestamp(event.created, UTC),
            problem=problem,
        ),
    )
