"""Payments: what Stripe was asked for, what came in, and what went back."""

from datetime import datetime
from typing import Literal, TypeAlias

from bus.messages.base import Money, OrderId, Value
from bus.messages.inventory import Findings
from engine.message import Command, Event, Query, Reply

RefundReason: TypeAlias = Literal["requested_by_customer", "duplicate", "fraudulent", "not_deliverable"]


class Intent(Reply):
    """A payment intent that the buyer can confirm."""

    order_id: OrderId
    intent_id: str
    client_secret: str
    amount: Money


class CreateIntent(Command[Intent]):
    """Ask Stripe for a payment intent: the same one, however often this is sent for an order and attempt."""

    order_id: OrderId
    amount: Money
    attempt: int = 1


class RecordIntent(Command[Intent]):
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


class RecordIntentEnd(Command[None]):
    """Stripe has cancelled an intent, or says that it can't because it was paid."""

    order_id: OrderId
    status: Literal["cancelled", "paid_after_all"]


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
