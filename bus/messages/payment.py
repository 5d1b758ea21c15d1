"""Payments: intents at Stripe, received money, and refunds."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import Findings, Repairs
from bus.messages.base import Currency, Fact, Minor, Money, OrderId, ReadSpan, Value
from engine.message import Command, Event, Query, Reply

RefundReason: TypeAlias = Literal["requested_by_customer", "duplicate", "fraudulent", "not_deliverable"]


class Intent(Reply):
    """A payment intent that the buyer can confirm."""

    order_id: OrderId
    intent_id: str
    client_secret: str
    amount: Money


class IntentRefused(Reply):
    """Stripe refuses this payment, however often it is asked. Stripe's message is in the log."""

    order_id: OrderId


class IntentClosed(Reply):
    """The payment can't be made any more: the order was cancelled, or its buyer did not come back."""

    order_id: OrderId


class CreateIntent(Command[Intent | IntentRefused | IntentClosed]):
    """Ask Stripe for a payment intent: one for an order, purpose and attempt; its first amount stands."""

    order_id: OrderId
    amount: Money
    attempt: int = 1
    began_at: datetime | None = None  # The time of its checkout's first try. Stripe was not asked before.
    purpose: str = "order"  # An order may have several payments, one for each purpose.


class GetIntent(Query[Intent | IntentClosed]):
    """Read the intent of an order that is not paid yet. Stripe keeps its client secret, and is asked for it."""

    order_id: OrderId


class StripeEvent(Value, frozen=True, kw_only=True):
    """A webhook of Stripe, reduced to the fields that the shop reads; its signature is verified."""

    id: str
    type: str
    amount: Money
    reason: str = ""  # Why a payment was declined.
    refund_id: str = ""  # Our id, from the refund's metadata.
    refund_status: str = ""
    created: datetime
    object_id: str = ""  # Stripe's own id of the refund, dispute or warning.
    object_status: str = ""  # Of a dispute.
    problem: str = ""  # Why the amount is invalid; "" if it is valid.


class RecordStripeEvent(Command[bool]):
    """Store a webhook and apply it, once. True if it was new."""

    intent_id: str
    event: StripeEvent


class Refund(Reply):
    """A refund of an order's money."""

    id: str
    order_id: OrderId
    amount: Money
    reason: RefundReason
    status: Literal["pending", "succeeded", "failed"]
    by: str = ""  # Who of the staff asked for it.


class RefundRefused(Reply):
    """The refund is refused: it is more than what is left of the payment, or nothing was paid."""

    order_id: OrderId
    refundable: Money
    is_late: bool = False  # Another sum is left than whoever asked has seen.


class Refundable(Reply):
    """The rest of an order's payment: received, and not set aside for a refund. Nothing in no currency: unpaid."""

    left: Money


class ReadRefundable(Query[Refundable]):
    """Read what is left of an order's payment."""

    order_id: OrderId


class RefundOrder(Command[Refund | RefundRefused]):
    """Refund an order. Safe to send twice: `refund_id` is the key."""

    order_id: OrderId
    refund_id: str
    amount: int | None = None  # Minor units; None for all that is left.
    reason: RefundReason = "requested_by_customer"
    purpose: str = "order"  # Which of the order's payments to refund.
    by: str = ""  # Who of the staff asks.
    left: int | None = None  # What whoever asks has seen to be left; None for whatever is.


class PaymentReceived(Event):
    """The money of an order was received."""

    order_id: OrderId
    intent_id: str
    amount: Money
    at: datetime


class PaymentDeclined(Event):
    """A try to pay an order failed; the buyer may retry."""

    order_id: OrderId
    reason: str


class FurtherPaymentReceived(Event):
    """Money of an order was received beside its first payment: for a change of the order, for example."""

    order_id: OrderId
    purpose: str
    amount: Money
    at: datetime


class PaymentProcessing(Event):
    """A bank was asked for an order's money, and takes days to decide: PaymentReceived or PaymentFailed follows."""

    order_id: OrderId
    at: datetime


class PaymentFailed(Event):
    """A bank has refused after days, or its debit was cancelled. The order may be paid in another way."""

    order_id: OrderId
    reason: str


class RefundProcessed(Event):
    """Money of an order was refunded."""

    order_id: OrderId
    refund_id: str
    amount: Money
    reason: RefundReason
    is_ours: bool = True  # If not, it was made at Stripe.
    by: str = ""  # Who of the staff asked for it.


class RefundFailed(Event):
    """A refund has failed: the bank has returned the money to the shop, or Stripe has refused the refund."""

    order_id: OrderId
    refund_id: str
    amount: Money
    was_processed: bool = True  # RefundProcessed was published before.
    detail: str = ""


class FullyRefunded(Event):
    """All of an order's money is on its way back: not at the order's request, but by staff, here or at Stripe."""

    order_id: OrderId


class DisputeOpened(Event):
    """A buyer's bank disputes a payment, or asks about it."""

    order_id: OrderId
    dispute_id: str
    amount: Money
    reason: str  # Stripe's word: "fraudulent", "product_not_received"...
    is_inquiry: bool


class DisputeClosed(Event):
    """A dispute is decided."""

    order_id: OrderId
    dispute_id: str
    amount: Money
    outcome: Literal["won", "lost", "closed"]


class DisputeFundsMoved(Event):
    """The bank has withdrawn disputed money from the shop, or has returned it."""

    order_id: OrderId
    dispute_id: str
    amount: Money
    is_withdrawal: bool


class FraudWarned(Event):
    """The card's issuer believes that a payment is fraud: a dispute may follow."""

    order_id: OrderId
    warning_id: str
    fraud_type: str


class AuditMoney(Query[Findings]):
    """Recompute received and refunded money, payment by payment."""


class PaymentFact(Fact, frozen=True, kw_only=True):
    """A payment, as an audit compares it with its order."""

    order_id: OrderId
    currency: Currency
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    refunds: int  # The number ever begun.
    purpose: str = "order"
    status: str = ""
    withdrawn: Minor = 0  # By banks, for disputes that are not won.
    created_at: datetime | None = None

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class PaymentFacts(Reply):
    """Facts about payments, in any order."""

    facts: tuple[PaymentFact, ...]


class ReadPaymentFacts(ReadSpan[PaymentFacts]):
    """Read payments, by their orders' ids."""


class FindPayments(Query[PaymentFacts]):
    """Read the payments of these orders, at most 1,000."""

    orders: tuple[OrderId, ...]


class RepairPayment(Command[Repairs]):
    """Set a payment's refund sums to those of its refunds, if these fit, and send its order the refunded amount."""

    order_id: OrderId


class StuckPayment(Value, frozen=True, kw_only=True):
    """A problem of a payment that waits for a person. A refused capture may have no order."""

    id: str  # Of the refund, the webhook or the order.
    kind: Literal[
        "refund_failed", "refund_pending", "capture_refused", "intent_open", "dispute_open", "fraud_warning",
        "processing_long",
    ]  # fmt: skip
    order_id: OrderId | None
    intent_id: str | None
    amount: Money | None
    since: datetime
    detail: str


class StuckPayments(Reply):
    """Stuck payments, the oldest first."""

    stuck: tuple[StuckPayment, ...]


class ListStuckPayments(Query[StuckPayments]):
    """List refunds that failed or take long, refused captures, intents that can't be cancelled, disputes..."""

    after: str
    since: datetime
    limit: int = 100


class LookAtStripe(Command[bool]):
    """Poll Stripe soon for an order's payment and refunds. False if none of them is unsettled."""

    order_id: OrderId
