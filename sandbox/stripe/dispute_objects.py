"""Stripe's objects of a buyer's bank that objects: disputes, early fraud warnings, and the money they move.

Field names and nulls as in Stripe's API reference, "The Dispute object", "The Early Fraud Warning object" and "The
Balance Transaction object". Amounts are minor units, times Unix seconds.
"""

from typing import Literal

from msgspec import UNSET, UnsetType, field

from sandbox.stripe.objects import FreeForm, Nothing, Record

DisputeStatus = Literal[
    "needs_response",
    "under_review",
    "won",
    "lost",
    "warning_needs_response",
    "warning_under_review",
    "warning_closed",
]
DisputeReason = Literal[
    "bank_cannot_process",
    "check_returned",
    "credit_not_processed",
    "customer_initiated",
    "debit_not_authorized",
    "duplicate",
    "fraudulent",
    "general",
    "incorrect_account_details",
    "insufficient_funds",
    "noncompliant",
    "product_not_received",
    "product_unacceptable",
    "subscription_canceled",
    "unrecognized",
]


class FeeDetail(Record, frozen=True, kw_only=True):
    """A part of a fee, with its purpose."""

    amount: int
    application: Nothing = None
    currency: str
    description: str
    type: Literal["stripe_fee"] = "stripe_fee"


class BalanceTransaction(Record, frozen=True, kw_only=True):
    """Money that came to the account's balance, or left it."""

    id: str
    object: Literal["balance_transaction"] = "balance_transaction"
    amount: int
    available_on: int
    balance_type: Literal["payments"] = "payments"
    created: int
    currency: str
    description: str
    exchange_rate: Nothing = None
    fee: int
    fee_details: list[FeeDetail]
    net: int
    reporting_category: Literal["dispute", "dispute_reversal"]
    source: str
    status: Literal["available"] = "available"
    type: Literal["adjustment"] = "adjustment"


class Evidence(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The shop's answer to a dispute."""

    access_activity_log: str | None = None
    billing_address: str | None = None
    cancellation_policy: str | None = None
    cancellation_policy_disclosure: str | None = None
    cancellation_rebuttal: str | None = None
    customer_communication: str | None = None
    customer_email_address: str | None = None
    customer_name: str | None = None
    customer_purchase_ip: str | None = None
    customer_signature: str | None = None
    duplicate_charge_documentation: str | None = None
    duplicate_charge_explanation: str | None = None
    duplicate_charge_id: str | None = None
    enhanced_evidence: FreeForm = field(default_factory=dict)
    product_description: str | None = None
    receipt: str | None = None
    refund_policy: str | None = None
    refund_policy_disclosure: str | None = None
    refund_refusal_explanation: str | None = None
    service_date: str | None = None
    service_documentation: str | None = None
    shipping_address: str | None = None
    shipping_carrier: str | None = None
    shipping_date: str | None = None
    shipping_documentation: str | None = None
    shipping_tracking_number: str | None = None
    uncategorized_file: str | None = None
    uncategorized_text: str | None = None


class EvidenceDetails(Record, frozen=True, kw_only=True):
    """The shop's deadline for its answer, and whether it has answered."""

    due_by: int | None
    enhanced_eligibility: FreeForm = field(default_factory=dict)
    has_evidence: bool = False
    past_due: bool = False
    submission_count: int = 0
    submission_method: Literal["not_submitted", "manual"] = "not_submitted"


class DisputedCard(Record, frozen=True, kw_only=True):
    """The card network's name for the case."""

    brand: str
    case_type: Literal["chargeback", "inquiry"]
    network: str
    network_reason_code: str | None


class DisputedMethod(Record, frozen=True, kw_only=True):
    """The payment method of the disputed charge."""

    card: DisputedCard
    type: Literal["card"] = "card"


class Dispute(Record, frozen=True, kw_only=True):
    """A buyer's bank that takes money back, or (an inquiry) asks before it does."""

    id: str
    object: Literal["dispute"] = "dispute"
    amount: int
    balance_transactions: list[BalanceTransaction] = field(default_factory=list)
    charge: str
    created: int
    currency: str
    enhanced_eligibility_types: list[str] = field(default_factory=list)
    evidence: Evidence = Evidence()
    evidence_details: EvidenceDetails
    is_charge_refundable: bool
    livemode: bool = False
    metadata: dict[str, str] = field(default_factory=dict)
    network_reason_code: str | None = None
    payment_intent: str | None
    payment_method_details: DisputedMethod | UnsetType = UNSET  # Of cards only.
    reason: DisputeReason
    status: DisputeStatus


class EarlyFraudWarning(Record, frozen=True, kw_only=True):
    """A card's bank that believes a payment to be fraud, before anybody disputes it."""

    id: str
    object: Literal["radar.early_fraud_warning"] = "radar.early_fraud_warning"
    actionable: bool
    charge: str
    created: int
    fraud_type: str
    livemode: bool = False
    payment_intent: str | None
