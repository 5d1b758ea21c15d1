"""Payments: what Stripe was asked for, what came in, and what went back."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.audit import Repairs
from bus.messages.base import Currency, Minor, Money, OrderId, Value
from bus.messages.inventory import Findings
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
    """Ask Stripe for a payment intent: the same one, however often this is sent for an order and attempt.

    The first one that was recorded stands: another amount is answered with the intent that is there.
    """

    order_id: OrderId
    amount: Money
    attempt: int = 1
    began_at: datetime | None = None  # When its checkout was first tried. Before that Stripe was not asked.


class RecordIntent(Command[Intent | IntentRefused | IntentClosed]):
    """What `CreateIntent` learned."""

    order_id: OrderId
    attempt: int = 1
    intent_id: str
    client_secret: str
    amount: Money


class StripeEvent(Value, frozen=True, kw_only=True):
    """What the shop reads of a webhook, once its signature was verified."""

    id: str
    type: str
    amount: Money
    reason: str = ""  # Why a payment was declined.
    refund_id: str = ""
    refund_status: str = ""
    created: datetime


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


class SendRefund(Command[None]):
    """Ask Stripe for a refund that was accepted. The refund is its key at Stripe too."""

    order_id: OrderId
    refund_id: str
    intent_id: str
    amount: Money
    reason: RefundReason
    asked_at: datetime | None = None  # When it was accepted. Before that Stripe was not asked.


class RecordRefund(Command[None]):
    """What Stripe said of a refund."""

    order_id: OrderId
    refund_id: str
    stripe_refund_id: str
    status: Literal["pending", "succeeded", "failed"]


class CancelIntent(Command[None]):
    """Make an intent unpayable at Stripe: its order was called off."""

    order_id: OrderId
    intent_id: str


class Window(Value, frozen=True, kw_only=True):
    """A stretch of Stripe's list of intents that is being looked through, the newest first."""

    created_from: datetime
    created_to: datetime
    planned_at: datetime  # What was due then is settled, or looked for again, when all of it has been seen.
    after: str = ""  # The intent at which the last look stopped.


class IntentSeen(Value, frozen=True, kw_only=True):
    """A payment intent as Stripe lists it."""

    intent_id: str
    order_id: OrderId  # As its metadata say, or empty.
    attempt: int
    status: str
    amount: Money
    received: int  # Minor units.


class RefundSeen(Value, frozen=True, kw_only=True):
    """A refund as Stripe lists it."""

    order_id: OrderId
    refund_id: str
    stripe_refund_id: str
    status: Literal["pending", "succeeded", "failed"]


class Reconcile(Command[None]):
    """Look at Stripe for what is old and not settled here. Safe to send at any time: only one looks."""


class RecordLook(Command[None]):
    """What was seen at Stripe, by `Reconcile` or by who cancelled an intent."""

    began_at: datetime
    intents: tuple[IntentSeen, ...] = ()
    refunds: tuple[RefundSeen, ...] = ()
    refunds_asked: tuple[str, ...] = ()  # Those that Stripe was asked about.
    window: Window | None = None
    is_seen: bool = False  # All of the window; otherwise the next look goes on in it.
    is_ours: bool = True  # It has the lease, and gives it back.
    not_before: datetime | None = None  # When to look again at the earliest.


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


class RefundProcessed(Event):
    """Money of an order went back."""

    order_id: OrderId
    refund_id: str
    amount: Money
    reason: RefundReason


class RefundFailed(Event):
    """The bank has sent refunded money back to the shop: it is not with the buyer after all."""

    order_id: OrderId
    refund_id: str
    amount: Money


class AuditMoney(Query[Findings]):
    """Recompute what came in and went back, payment by payment."""


class PaymentFact(Value, frozen=True, kw_only=True):
    """What an audit compares an order with."""

    order_id: OrderId
    currency: Currency
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    refunds: int  # How many were ever begun.


class PaymentFacts(Reply):
    """In any order."""

    facts: tuple[PaymentFact, ...]


class ReadPaymentFacts(Query[PaymentFacts]):
    """Read payments, by their orders' ids."""

    after: OrderId
    until: OrderId | None = None  # The last one; None for no end.


class FindPayments(Query[PaymentFacts]):
    """Read the payments of these orders, at most 1,000."""

    orders: tuple[OrderId, ...]


class RepairPayment(Command[Repairs]):
    """Set a payment's refund sums to what its refunds say, if that fits, and tell its order what was refunded."""

    order_id: OrderId


class StuckPayment(Value, frozen=True, kw_only=True):
    """Something of a payment that waits for a person. A capture that was refused may have no order."""

    id: str  # Of the refund, the webhook or the order.
    kind: Literal["refund_failed", "refund_pending", "capture_refused", "intent_open"]
    order_id: OrderId | None
    intent_id: str | None
    amount: Money | None
    since: datetime
    detail: str


class StuckPayments(Reply):
    """The oldest first."""

    stuck: tuple[StuckPayment, ...]


class ListStuckPayments(Query[StuckPayments]):
    """Refunds that failed or take long, captures that were refused, intents that can't be cancelled."""

    after: str
    since: datetime
    limit: int = 100


class LookAtStripe(Command[bool]):
    """Ask Stripe soon what became of an order's payment and refunds. False if nothing of it is unsettled."""

    order_id: OrderId
