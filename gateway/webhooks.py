"""Webhooks: verified on the raw body, stored, answered. Their effects follow later.

Both use Stripe's scheme: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`. Source: Stripe, "Verify webhook signatures".
"""

import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec
import stripe
from litestar import post

from bus.messages.shipping import NoSuchShipment, ParcelStatus, RecordTracking
from engine.crash import CrashPoint
from gateway import stripe_events
from gateway.context import Http, Injected
from gateway.problems import Problem, not_found

T = TypeVar("T")

_TOLERANCE_S = 300
# Exactly one `t=`: the time that is checked for freshness must be the one that was signed.
_HEADER = re.compile(r"t=([0-9]{1,12})(?:,\w+=\w*)+")
_STORED = {"stored": True}
_STORED_HERE = CrashPoint("webhook-stored", "A webhook is stored; its sender has not been answered.")


class ParcelReport(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier's report about a parcel."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    tracking_number: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    status: ParcelStatus
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    detail: Annotated[str, msgspec.Meta(max_length=1000)] = ""


_EVENTS = msgspec.json.Decoder(stripe_events.WebhookEvent)
_PARCELS = msgspec.json.Decoder(ParcelReport)


@post(
    "/webhooks/stripe",
    status_code=200,
    summary="Receive a webhook from Stripe",
    signature="Stripe-Signature",
    refuses=["bad_event", "bad_signature"],
)
async def stripe_webhook(context: Injected, request: Http) -> dict[str, bool]:
    """Store an event of Stripe, then answer 200; a repeat is stored once."""
    event = await _read(request, "stripe-signature", context.stripe_webhook_secret, context.clock.now(), _EVENTS)
    try:
        recorded = stripe_events.read(event)
    except msgspec.ValidationError as error:
        raise Problem(400, "bad_event", f"This can't be read: {error}") from error
    if recorded is not None:
        await context.bus.ask(recorded)
    _STORED_HERE.reach()
    return _STORED


@post(
    "/webhooks/shipping",
    status_code=200,
    summary="Receive a webhook from a carrier",
    signature="Shipping-Signature",
    refuses=["bad_event", "bad_signature", "not_found"],
)
async def shipping_webhook(context: Injected, request: Http) -> dict[str, bool]:
    """Store a carrier's report, then answer 200; a repeat is stored once. Answers 404 for a parcel of another shop."""
    report = await _read(request, "shipping-signature", context.carrier_webhook_secret, context.clock.now(), _PARCELS)
    answer = await context.bus.ask(
        RecordTracking(
            tracking_number=report.tracking_number,
            event_id=report.id,
            status=report.status,
            at=report.at.astimezone(UTC),
            detail=report.detail,
        )
    )
    if isinstance(answer, NoSuchShipment):
        raise not_found("parcel")
    return _STORED


async def _read(request: Http, header: str, secret: str, now: datetime, decoder: msgspec.json.Decoder[T]) -> T:
    """Verify the raw body, and only then decode it.

    Raises:
        Problem: The signature does not fit, or the body can't be decoded.
    """
    body = await request.body()
    _verify(body, request.headers.get(header, ""), secret, now)
    try:
        return decoder.decode(body)
    except msgspec.DecodeError as error:
        raise Problem(400, "bad_event", f"This can't be read: {error}") from error


def _verify(body: bytes, header: str, secret: str, now: datetime) -> None:
    """Verify the sender and the time of a webhook.

    Raises:
        Problem: The signature is wrong, or its time is more than 300 s off, in either direction.
    """
    try:
        stripe.WebhookSignature.verify_header(body, header, secret)
    except (stripe.SignatureVerificationError, ValueError, TypeError) as error:  # TypeError: it is not ASCII.
        raise Problem(400, "bad_signature", "The signature does not fit.") from error
    signed = _HEADER.fullmatch(header)
    if signed is None or abs(int(signed[1]) - now.timestamp()) > _TOLERANCE_S:
        raise Problem(400, "bad_signature", f"The signature's time is more than {_TOLERANCE_S} s off.")


PUBLIC = [stripe_webhook, shipping_webhook]
