"""Work and records of payments, which no other actor knows.

Messages are stored, so those of older versions must still decode.
"""

from datetime import datetime
from typing import Literal

from bus.messages.base import Minor, Money, OrderId, Value
from bus.messages.payment import Intent, IntentClosed, IntentRefused, RecordStripeEvent, RefundReason
from engine.message import Command


class RecordIntent(Command[Intent | IntentRefused | IntentClosed]):
    """Record the intent that `CreateIntent` made."""

    order_id: OrderId
    attempt: int = 1
    intent_id: str
    client_secret: str
    amount: Money
    purpose: str = "order"


class SendRefund(Command[None]):
    """Ask Stripe for an accepted refund. The refund's id is its idempotency key at Stripe too."""

    order_id: OrderId
    refund_id: str
    intent_id: str
    amount: Money
    reason: RefundReason
    asked_at: datetime | None = None  # When the refund was accepted; its first request to Stripe came later.
    purpose: str = "order"
    is_rest: bool = False  # The amount was all that was left; if less is left by now, that is refunded.


class RefundSeen(Value, frozen=True, kw_only=True):
    """A refund as Stripe lists it."""

    order_id: OrderId
    refund_id: str  # Our id, from the metadata; empty for a refund that did not begin here.
    stripe_refund_id: str
    status: Literal["pending", "succeeded", "failed"]
    intent_id: str = ""
    amount: Minor = 0
    reason: RefundReason = "requested_by_customer"


class RecordRefund(Command[None]):
    """Record Stripe's answer to a refund; after a refusal, also the payment's refunds at Stripe."""

    order_id: OrderId
    refund_id: str
    stripe_refund_id: str
    status: Literal["pending", "succeeded", "failed"]
    purpose: str = "order"
    is_rest: bool = False
    refusal: str = ""  # Why Stripe refused it for good.
    seen: tuple[RefundSeen, ...] = ()


class AdoptRefunds(Command[None]):
    """Ask Stripe for all refunds of a payment: some did not begin here, or were reported before its money."""

    order_id: OrderId
    intent_id: str
    tries: int = 1


class RecordRefundsSeen(Command[None]):
    """Record the refunds that `AdoptRefunds` found."""

    order_id: OrderId
    intent_id: str
    tries: int
    seen: tuple[RefundSeen, ...]


class HearMissed(Command[None]):
    """Ask Stripe for an order's disputes and fraud warnings, to apply those that were missed."""

    order_id: OrderId


class RecordMissed(Command[None]):
    """Record the events that `HearMissed` found."""

    order_id: OrderId
    missed: tuple[RecordStripeEvent, ...]


class CancelIntent(Command[None]):
    """Make an intent unpayable at Stripe: its order was called off."""

    order_id: OrderId
    intent_id: str


class Window(Value, frozen=True, kw_only=True):
    """A span of Stripe's list of intents that is being read, the newest first."""

    created_from: datetime
    created_to: datetime
    planned_at: datetime  # Payments due then are settled, or due again, once all of it is read.
    after: str = ""  # The intent at which the last scan stopped.


class IntentSeen(Value, frozen=True, kw_only=True):
    """A payment intent as Stripe lists it."""

    intent_id: str
    order_id: OrderId  # From the metadata, or empty.
    attempt: int
    status: str
    amount: Money
    received: int  # Minor units.
    purpose: str = "order"
    problem: str = ""  # Why an amount can't be ours.


class Reconcile(Command[None]):
    """Reconcile old unsettled payments with Stripe. Safe to send at any time: only one scan runs."""


class RecordLook(Command[None]):
    """Record the objects that `Reconcile` or `CancelIntent` saw at Stripe."""

    began_at: datetime
    intents: tuple[IntentSeen, ...] = ()
    refunds: tuple[RefundSeen, ...] = ()
    refunds_asked: tuple[str, ...] = ()  # Refunds that Stripe was asked about.
    window: Window | None = None
    is_seen: bool = False  # All of the window; otherwise the next scan continues in it.
    is_ours: bool = True  # The scan has the lease, and returns it.
    not_before: datetime | None = None  # The earliest time of the next scan.
    unplaced: tuple[OrderId, ...] = ()  # Orders that have intents and were never placed.
