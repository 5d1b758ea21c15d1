"""Stripe's objects that move money: intents, charges, refunds, and the events that report them.

Field names and nulls as in Stripe's API reference: a field that Stripe always sends is always here, null where it has
no value. Fields that Stripe sends only now and then (`authorization_code`, `level3`, `transfer` ...) are left out.
Amounts are minor units, times Unix seconds.
"""

import hmac
from typing import Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType, field

API_VERSION = "2026-10-28.endive"

IntentStatus = Literal[
    "requires_payment_method", "requires_confirmation", "requires_action", "processing", "succeeded", "canceled"
]
CancellationReason = Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"]
RefundReason = Literal["duplicate", "fraudulent", "requested_by_customer"]
MethodType = Literal["card", "sepa_debit"]

# A tree of strings, which is what a form with brackets decodes to.
Tree = dict[str, "str | Tree"]


FreeForm = dict[str, object]  # Kept and not read by the sandbox.
Nothing: TypeAlias = None  # A field that Stripe always sends and the sandbox has no value for.


class Record(Struct, frozen=True, kw_only=True):
    """An object of Stripe's. Immutable: a change is a new one under the same id."""


class Address(Record, frozen=True, kw_only=True):
    """The owner's address, as far as a payment method knows it."""

    city: str | None = None
    country: str | None = None
    line1: str | None = None
    line2: str | None = None
    postal_code: str | None = None
    state: str | None = None


class BillingDetails(Record, frozen=True, kw_only=True):
    """The owner of a payment method."""

    address: Address = Address()
    email: str | None = None
    name: str | None = None
    phone: str | None = None
    tax_id: str | None = None


class Checks(Record, frozen=True, kw_only=True):
    """The bank's checks of the card details that the buyer typed."""

    address_line1_check: str | None = None
    address_postal_code_check: str | None = None
    cvc_check: str | None = "pass"


class CardDetails(Record, frozen=True, kw_only=True):
    """The card, as far as a shop may know it."""

    brand: str
    last4: str
    checks: Checks = Checks()
    country: str = "US"
    exp_month: int = 12
    exp_year: int = 2034
    fingerprint: str = "J21EyCt2DJaVH6H0"
    funding: str = "credit"
    wallet: Nothing = None


class SepaDebitDetails(Record, frozen=True, kw_only=True):
    """The bank account, as far as a shop may know it."""

    last4: str
    country: str
    bank_code: str | None = None
    branch_code: str | None = None
    fingerprint: str = "ps0QvmwIEL9bsRcq"


class PaymentMethod(Record, frozen=True, kw_only=True):
    """A card or bank account that money is taken from. Only the field that its type names is set."""

    id: str
    object: Literal["payment_method"] = "payment_method"
    allow_redisplay: str = "unspecified"
    billing_details: BillingDetails = BillingDetails()
    card: CardDetails | UnsetType = UNSET
    created: int = 0
    customer: str | None = None
    livemode: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    sepa_debit: SepaDebitDetails | UnsetType = UNSET
    type: MethodType = "card"


class PaymentError(Record, frozen=True, kw_only=True):
    """The reason why the last attempt failed."""

    type: str
    message: str
    charge: str | UnsetType = UNSET
    code: str | None = None
    decline_code: str | None = None
    doc_url: str | None = None
    payment_method: PaymentMethod | UnsetType = UNSET


class RedirectToUrl(Record, frozen=True, kw_only=True):
    """The bank's page, and where to go from there."""

    url: str
    return_url: str | None


class NextAction(Record, frozen=True, kw_only=True):
    """The buyer's next step before the money moves."""

    redirect_to_url: RedirectToUrl
    type: Literal["redirect_to_url"] = "redirect_to_url"


class AutomaticPaymentMethods(Record, frozen=True, kw_only=True):
    """Stripe picks the methods: cards, and debits where the currency allows."""

    enabled: bool
    allow_redirects: Literal["always", "never"] = "always"


class PublicIntent(Record, frozen=True, kw_only=True):
    """The part of a payment intent that a browser with the client secret may see."""

    id: str
    object: Literal["payment_intent"] = "payment_intent"
    amount: int
    amount_details: FreeForm = field(default_factory=lambda: {"tip": {}})
    automatic_payment_methods: AutomaticPaymentMethods | None = None
    canceled_at: int | None = None
    cancellation_reason: CancellationReason | None = None
    capture_method: Literal["automatic", "automatic_async"] = "automatic_async"
    client_secret: str
    confirmation_method: Literal["automatic"] = "automatic"
    created: int
    currency: str
    description: str | None = None
    excluded_payment_method_types: Nothing = None
    last_payment_error: PaymentError | None = None
    livemode: bool = False
    next_action: NextAction | None = None
    payment_method: str | None = None
    payment_method_configuration_details: Nothing = None
    payment_method_types: list[str]
    processing: Nothing = None  # Of cards that are announced first; a debit has none.
    receipt_email: str | None = None
    setup_future_usage: str | None = None
    shipping: FreeForm | None = None
    source: Nothing = None
    status: IntentStatus


class PaymentIntent(PublicIntent, frozen=True, kw_only=True):
    """The whole payment intent, as the secret key may see it."""

    allowed_payment_method_types: list[str] | None = None
    amount_capturable: int = 0
    amount_received: int = 0
    application: Nothing = None
    application_fee_amount: Nothing = None
    customer: str | None = None
    customer_account: Nothing = None
    latest_charge: str | None = None
    metadata: dict[str, str]
    on_behalf_of: Nothing = None
    payment_method_options: FreeForm = field(default_factory=dict)
    review: Nothing = None
    statement_descriptor: Nothing = None
    statement_descriptor_suffix: str | None = None
    transfer_data: Nothing = None
    transfer_group: Nothing = None

    def opened_by(self, client_secret: str) -> bool:
        """Whether the secret opens the intent. Constant time, because it is all that a browser has to show."""
        return hmac.compare_digest(client_secret.encode(), self.client_secret.encode())


class ChargedCard(CardDetails, frozen=True, kw_only=True):
    """The card that a charge went to."""

    amount_authorized: int | None = None
    authorization_code: str | None = None
    installments: Nothing = None
    mandate: Nothing = None
    network: str | None = None
    network_transaction_id: str | None = None
    three_d_secure: Nothing = None


class ChargedSepaDebit(SepaDebitDetails, frozen=True, kw_only=True):
    """The bank account that a charge went to."""

    mandate: str | None = None


class PaymentMethodDetails(Record, frozen=True, kw_only=True):
    """The payment method as a charge records it."""

    card: ChargedCard | UnsetType = UNSET
    sepa_debit: ChargedSepaDebit | UnsetType = UNSET
    type: MethodType = "card"


class Outcome(Record, frozen=True, kw_only=True):
    """The bank's and the fraud filter's verdict on a charge."""

    advice_code: str | None = None
    network_advice_code: str | None = None
    network_decline_code: str | None = None
    network_status: str = "approved_by_network"
    reason: str | None = None
    risk_level: str = "normal"
    risk_score: int = 17
    seller_message: str = "Payment complete."
    type: str = "authorized"


class Charge(Record, frozen=True, kw_only=True):
    """An attempt to take the money: succeeded, failed or not yet decided."""

    id: str
    object: Literal["charge"] = "charge"
    amount: int
    amount_captured: int
    amount_refunded: int = 0
    application: Nothing = None
    application_fee: Nothing = None
    application_fee_amount: Nothing = None
    balance_transaction: Nothing = None  # Captured asynchronously, so not known yet when its event is sent.
    billing_details: BillingDetails = BillingDetails()
    calculated_statement_descriptor: str | None = None
    captured: bool
    created: int
    currency: str
    customer: str | None = None
    description: str | None = None
    disputed: bool = False
    failure_balance_transaction: Nothing = None
    failure_code: str | None = None
    failure_message: str | None = None
    fraud_details: dict[str, str] = field(default_factory=dict)
    livemode: bool = False
    metadata: dict[str, str]
    on_behalf_of: Nothing = None
    outcome: Outcome | None = None
    paid: bool
    payment_intent: str
    payment_method: str
    payment_method_details: PaymentMethodDetails
    radar_options: FreeForm = field(default_factory=dict)
    receipt_email: str | None = None
    receipt_number: str | None = None
    receipt_url: str | None = None
    refunded: bool = False
    review: Nothing = None
    shipping: FreeForm | None = None
    source: Nothing = None
    source_transfer: Nothing = None
    statement_descriptor: Nothing = None
    statement_descriptor_suffix: str | None = None
    status: Literal["succeeded", "pending", "failed"]
    transfer_data: Nothing = None
    transfer_group: Nothing = None


class Refund(Record, frozen=True, kw_only=True):
    """Money given back."""

    id: str
    object: Literal["refund"] = "refund"
    amount: int
    balance_transaction: Nothing = None
    charge: str
    created: int
    currency: str
    destination_details: FreeForm | None = None
    failure_reason: str | UnsetType | None = UNSET  # Null in what older sandboxes stored.
    metadata: dict[str, str]
    payment_intent: str
    reason: RefundReason | None = None
    receipt_number: str | None = None
    source_transfer_reversal: Nothing = None
    status: Literal["succeeded", "failed"]
    transfer_reversal: Nothing = None


class EventData(Record, frozen=True, kw_only=True):
    """The object as it was when the event happened."""

    object: Raw


class EventRequest(Record, frozen=True, kw_only=True):
    """The API call that caused an event. Both null: none, as for events of a bank or the dashboard."""

    id: str | None
    idempotency_key: str | None


class Event(Record, frozen=True, kw_only=True):
    """An event, as webhooks carry it."""

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
    data: list[Record]
    has_more: bool
    url: str
