"""Webhooks: verified on the raw body, stored, answered. Their effects follow later.

Both use Stripe's scheme: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`. Source: Stripe, "Verify webhook signatures".
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import msgspec
import stripe
from litestar import post

from bus.messages.shipping import NoSuchShipment, RecordTracking
from bus.messages.texts import one_line
from engine import telemetry
from engine.crash import CrashPoint
from engine.patterns import whole
from gateway import stripe_events
from gateway.context import Http, Injected
from gateway.problems import Problem, not_found

_TOLERANCE_S = 300
# Exactly one `t=`: the time that is checked for freshness must be the one that was signed.
_HEADER = re.compile(r"t=([0-9]{1,12})(?:,\w+=\w*)+", re.ASCII)
_WORD = r"[^\x00-\x1f\x7f]{{1,{}}}"
_STORED = {"stored": True}
_log = telemetry.logger(part="gateway")
_STORED_HERE = CrashPoint("webhook-stored", "A webhook is stored; its sender has not been answered.")


class ParcelReport(msgspec.Struct, frozen=True, kw_only=True):
    """A carrier's report about a parcel."""

    id: Annotated[str, whole(_WORD.format(200))]
    tracking_number: Annotated[str, whole(_WORD.format(200))]
    status: Annotated[str, whole(_WORD.format(100))]  # Carriers' words are an open list.
    at: datetime  # With its offset; UTC if it has none.
    detail: Annotated[str, msgspec.Meta(max_length=1000)] | None = None


_PARCELS = msgspec.json.Decoder(ParcelReport)


@post(
    "/webhooks/stripe",
    status_code=200,
    summary="Receive a webhook from Stripe",
    signature="Stripe-Signature",
    refuses=["bad_event", "bad_signature"],
)
async def stripe_webhook(context: Injected, request: Http) -> dict[str, bool]:
    """Store an event of Stripe, then answer 200; a repeat is stored once.

    An event that is of no interest, or of another account or mode, is answered 200, too: else Stripe would repeat it
    for three days, and then close the endpoint.
    """
    body = await _verified(request, "stripe-signature", context.stripe_webhook_secrets, context.clock.now())
    with _readable():
        event = stripe_events.decode(body)
    if event is not None and (why := context.stripe_account.refusal(event)):
        _log.warning("an event of Stripe's is not ours", id=event.id, type=event.type, why=why)
        event = None
    if event is not None and (recorded := stripe_events.read(event)) is not None:
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
    body = await _verified(request, "shipping-signature", context.carrier_webhook_secrets, context.clock.now())
    with _readable():
        report = _PARCELS.decode(body)
        at = _in_utc(report.at)
    answer = await context.bus.ask(
        RecordTracking(
            tracking_number=report.tracking_number,
            event_id=report.id,
            status=report.status,
            at=at,
            detail=one_line(report.detail or ""),
        )
    )
    if isinstance(answer, NoSuchShipment):
        raise not_found("parcel")
    return _STORED


async def _verified(request: Http, header: str, secrets: Sequence[str], now: datetime) -> bytes:
    """Read a raw body, and verify its sender and time.

    Args:
        request: The webhook.
        header: The name of the header that has the signature.
        secrets: Any of them may have signed it: two while a new one takes the place of an old one.
        now: The current time.

    Raises:
        Problem: The signature is wrong, or its time is more than 300 s off, in either direction.
    """
    body, signature = await request.body(), request.headers.get(header, "")
    signed = _HEADER.fullmatch(signature)
    if signed is None or not any(_is_signed(body, signature, secret) for secret in secrets):
        raise Problem(400, "bad_signature", "The signature does not fit.")
    if abs(int(signed[1]) - now.timestamp()) > _TOLERANCE_S:
        raise Problem(400, "bad_signature", f"The signature's time is more than {_TOLERANCE_S} s off.")
    return body


def _is_signed(body: bytes, signature: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret)
    except (stripe.SignatureVerificationError, ValueError):  # The body may be no text.
        return False
    return True


@contextmanager
def _readable() -> Iterator[None]:
    """Answer 400 to a body that is signed and can't be read."""
    try:
        yield
    except msgspec.DecodeError as error:
        raise Problem(400, "bad_event", f"This can't be read: {error}") from error


def _in_utc(at: datetime) -> datetime:
    """Convert a carrier's time; one without a zone is taken as UTC.

    Raises:
        Problem: It is before or after all times.
    """
    try:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except OverflowError as error:
        raise Problem(400, "bad_event", "This can't be read: there is no such time") from error


PUBLIC = [stripe_webhook, shipping_webhook]
