"""Stripe's objects, as far as a shop reads them. Field names and nulls as in Stripe's API reference.

Amounts are minor units, times Unix seconds.
"""

import hmac
from typing import Literal

from msgspec import Raw, Struct

API_VERSION = "2026-10-28.endive"

IntentStatus = Literal[
    "requires_payment_method", "requires_confirmation", "requires_action", "processing", "succeeded", "canceled"
]
CancellationReason = Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"]
RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]

# A tree of strings, which is what a form with brackets decodes to.
Tree = dict[str, "str | Tree"]


FreeForm = dict[str, object]  # What the sandbox keeps and does not read.


class Record(Struct, frozen=True, kw_only=True):
    """An object of Stripe's. Immutable: a change is a new one under the same id."""


class PaymentMethodRef(Record, frozen=True, kw_only=True):
    """A payment method, as errors name it."""

    id: str
    object: Literal["payment_method"] = "payment_method"
    type: Literal["card"] = "card"


class PaymentError(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Why the last attempt failed."""

    type: str
    message: str
    code: str | None = None
    decline_code: str | None = None
    doc_url: str | None = None
    charge: str | None = None
    payment_method: PaymentMethodRef | None = None


class RedirectToUrl(Record, frozen=True, kw_only=True):
    """The bank's page, and where to go from there."""

    url: str
    return_url: str | None


class NextAction(Record, frozen=True, kw_only=True):
    """What the buyer must do before the money moves."""

    redirect_to_url: RedirectToUrl
    type: Literal["redirect_to_url"] = "redirect_to_url"


class AutomaticPaymentMethods(Record, frozen=True, kw_only=True):
    """Stripe picks the methods; here it is always cards."""

    enabled: bool
    allow_redirects: Literal["always", "never"] = "always"


class PublicIntent(Record, frozen=True, kw_only=True):
    """What a browser with the client secret may see of a payment intent."""

    id: str
    object: Literal["payment_intent"] = "payment_intent"
    amount: int
    automatic_payment_methods: AutomaticPaymentMethods | None = None
    canceled_at: int | None = None
    cancellation_reason: CancellationReason | None = None
    capture_method: Literal["automatic", "automatic_async"] = "automatic_async"
    client_secret: str
    confirmation_method: Literal["automatic"] = "automatic"
    created: int
    currency: str
    description: str | None = None
    last_payment_error: PaymentError | None = None
    livemode: bool = False
    next_action: NextAction | None = None
    payment_method: str | None = None
    payment_method_types: list[str]
    receipt_email: str | None = None
    setup_future_usage: str | None = None
    shipping: FreeForm | None = None
    status: IntentStatus


class PaymentIntent(PublicIntent, frozen=True, kw_only=True):
    """What the secret key may see: all of it."""

    amount_capturable: int = 0
    amount_received: int = 0
    customer: str | None = None
    latest_charge: "str | Charge | None" = None
    metadata: dict[str, str]
    statement_descriptor_suffix: str | None = None

    def opened_by(self, client_secret: str) -> bool:
        """Compared in constant time: it is all that a browser has to show."""
        return hmac.compare_digest(client_secret.encode(), self.client_secret.encode())


class CardDetails(Record, frozen=True, kw_only=True):
    """The card, as far as a shop may know it."""

    brand: str
    last4: str
    exp_month: int = 12
    exp_year: int = 2034
    funding: str = "credit"


class PaymentMethodDetails(Record, frozen=True, kw_only=True):
    """How a charge was paid."""

    card: CardDetails
    type: Literal["card"] = "card"


class Charge(Record, frozen=True, kw_only=True):
    """One attempt to take the money, good or bad."""

    id: str
    object: Literal["charge"] = "charge"
    amount: int
    amount_captured: int
    amount_refunded: int = 0
    captured: bool
    created: int
    currency: str
    customer: str | None = None
    description: str | None = None
    disputed: bool = False
    failure_code: str | None = None
    failure_message: str | None = None
    livemode: bool = False
    metadata: dict[str, str]
    paid: bool
    payment_intent: str
    payment_method: str
    payment_method_details: PaymentMethodDetails
    receipt_email: str | None = None
    refunded: bool = False
    status: Literal["succeeded", "failed"]


class Refund(Record, frozen=True, kw_only=True):
    """Money given back."""

    id: str
    object: Literal["refund"] = "refund"
    amount: int
    charge: str
    created: int
    currency: str
    failure_reason: str | None = None
    metadata: dict[str, str]
    payment_intent: str
    reason: RefundReason | None = None
    receipt_number: str | None = None
    status: Literal["succeeded", "failed"]


class EventData(Record, frozen=True, kw_only=True):
    """The object as it was when the event happened."""

    object: Raw


class EventRequest(Record, frozen=True, kw_only=True):
    """The API call an event comes from."""

    id: str | None
    idempotency_key: str | None


class Event(Record, frozen=True, kw_only=True):
    """What webhooks carry."""

    id: str
    object: Literal["event"] = "event"
    api_version: str = API_VERSION
    created: int
    data: EventData
    livemode: bool = False
    pending_webhooks: int
    request: EventRequest
    type: str


class Listing(Record, frozen=True, kw_only=True):
    """A page of a list."""

    object: Literal["list"] = "list"
    data: list[PaymentIntent] | list[Refund] | list[Event] | list[Charge]
    has_more: bool
    url: str
