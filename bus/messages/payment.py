"""Payments: what Stripe was asked for, what came in, and what went back."""

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
    """Stripe will not take this payment, however often it is asked. Its own words are in the log."""

    order_id: OrderId


class IntentClosed(Reply):
    """What was to be paid can't be paid any more: the order was called off, or nobody came back for it."""

    order_id: OrderId


class CreateIntent(Command[Intent | IntentRefused | IntentClosed]):
    """Ask Stripe for a payment intent: one for an order, purpose and attempt; its first amount stands."""

    order_id: OrderId
    amount: Money
    attempt: int = 1
    began_at: datetime | None = None  # When its checkout was first tried. Before that Stripe was not asked.
    purpose: str = "order"  # An order may have several payments, one for each purpose.


class StripeEvent(Value, frozen=True, kw_only=True):
    """What the shop reads of a webhook, once its signature was verified."""

    id: str
    type: str
    amount: Money
    reason: str = ""  # Why a payment was declined.
    refund_id: str = ""  # Ours, as the refund's metadata say.
    refund_status: str = ""
    created: datetime
    object_id: str = ""  # Stripe's own id of the refund, dispute or warning.
    object_status: str = ""  # Of a dispute.
    problem: str = ""  # What is wrong with the amount, if it can't be ours.


class RecordStripeEvent(Command[bool]):
    """Store a webhook and let it take effect, once. True if it was new."""

    intent_id: str
    event: StripeEvent


class Refund(Reply):
    """Money that goes back."""

    id: str
    order_id: OrderId
    amount: Money
    reason: RefundReason
    status: Literal["pending", "succeeded", "failed"]


class RefundRefused(Reply):
    """More than what is left of the payment, or nothing was paid."""

    order_id: OrderId
    refundable: Money


class RefundOrder(Command[Refund | RefundRefused]):
    """Give money back. Safe to send twice: `refund_id` is its key."""

    order_id: OrderId
    refund_id: str
    amount: int | None = None  # Minor units; None for all that is left.
    reason: RefundReason = "requested_by_customer"
    purpose: str = "order"  # Of which of its payments.


class PaymentReceived(Event):
    """An order's money is here."""

    order_id: OrderId
    intent_id: str
    amount: Money
    at: datetime


class PaymentDeclined(Event):
    """A try to pay an order failed; the buyer may try again."""

    order_id: OrderId
    reason: str


class FurtherPaymentReceived(Event):
    """Money of an order is here beside what it was placed for: for a change of it, say."""

    order_id: OrderId
    purpose: str
    amount: Money
    at: datetime


class PaymentProcessing(Event):
    """A bank has been asked for an order's money, and takes days to decide; what comes then is one of the two below."""

    order_id: OrderId
    at: datetime


class PaymentFailed(Event):
    """A bank that took days has said no, or somebody has called its debit off. The order may be paid in another way."""

    order_id: OrderId
    reason: str


class RefundProcessed(Event):
    """Money of an order went back."""

    order_id: OrderId
    refund_id: str
    amount: Money
    reason: RefundReason
    is_ours: bool = True  # Else somebody made it at Stripe.


class RefundFailed(Event):
    """Money did not go back after all: the bank has returned it to the shop, or Stripe has refused the refund."""

    order_id: OrderId
    refund_id: str
    amount: Money
    was_processed: bool = True  # It had been made known as processed.
    detail: str = ""


class FullyRefunded(Event):
    """All of an order's money is on its way back, and the order did not ask for that: staff did, here or at Stripe."""

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
    """The bank has taken disputed money from the shop, or has put it back."""

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
    """Recompute what came in and went back, payment by payment."""


class PaymentFact(Fact, frozen=True, kw_only=True):
    """What an audit compares an order with."""

    order_id: OrderId
    currency: Currency
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    refunds: int  # How many were ever begun.
    purpose: str = "order"
    status: str = ""
    withdrawn: Minor = 0  # By banks, for disputes that are not won.
    created_at: datetime | None = None

    @property
    def of_order(self) -> OrderId:
        return self.order_id


class PaymentFacts(Reply):
    """In any order."""

    facts: tuple[PaymentFact, ...]


class ReadPaymentFacts(ReadSpan[PaymentFacts]):
    """Read payments, by their orders' ids."""


class FindPayments(Query[PaymentFacts]):
    """Read the payments of these orders, at most 1,000."""

    orders: tuple[OrderId, ...]


class RepairPayment(Command[Repairs]):
    """Set a payment's refund sums to what its refunds say, if that fits, and tell its order what was refunded."""

    order_id: OrderId


class StuckPayment(Value, frozen=True, kw_only=True):
    """Something of a payment that waits for a person. A capture that was refused may have no order."""

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
    """The oldest first."""

    stuck: tuple[StuckPayment, ...]


class ListStuckPayments(Query[StuckPayments]):
    """Refunds that failed or take long, captures that were refused, intents that can't be cancelled, disputes..."""

    after: str
    since: datetime
    limit: int = 100


class LookAtStripe(Command[bool]):
    """Ask Stripe soon what became of an order's payment and refunds. False if nothing of it is unsettled."""

    order_id: OrderId
