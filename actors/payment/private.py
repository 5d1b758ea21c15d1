"""Work and records of payments, which no other actor knows. Stored as all messages are: yesterday's must decode."""

from datetime import datetime
from typing import Literal

from bus.messages.base import Minor, Money, OrderId, Value
from bus.messages.payment import Intent, IntentClosed, IntentRefused, RecordStripeEvent, RefundReason
from engine.message import Command


class RecordIntent(Command[Intent | IntentRefused | IntentClosed]):
    """What `CreateIntent` learned."""

    order_id: OrderId
    attempt: int = 1
    intent_id: str
    client_secret: str
    amount: Money
    purpose: str = "order"


class SendRefund(Command[None]):
    """Ask Stripe for a refund that was accepted. The refund is its key at Stripe too."""

    order_id: OrderId
    refund_id: str
    intent_id: str
    amount: Money
    reason: RefundReason
    asked_at: datetime | None = None  # When it was accepted. Before that Stripe was not asked.
    purpose: str = "order"
    is_rest: bool = False  # All that was left: should less be left by now, that goes back.


class RefundSeen(Value, frozen=True, kw_only=True):
    """A refund as Stripe lists it."""

    order_id: OrderId
    refund_id: str  # Ours, as its metadata say; empty for one that did not begin here.
    stripe_refund_id: str
    status: Literal["pending", "succeeded", "failed"]
    intent_id: str = ""
    amount: Minor = 0
    reason: RefundReason = "requested_by_customer"


class RecordRefund(Command[None]):
    """What Stripe said of a refund, and what else it knows of its payment where it refused."""

    order_id: OrderId
    refund_id: str
    stripe_refund_id: str
    status: Literal["pending", "succeeded", "failed"]
    purpose: str = "order"
    is_rest: bool = False
    refusal: str = ""  # Why Stripe refused it for good.
    seen: tuple[RefundSeen, ...] = ()


class AdoptRefunds(Command[None]):
    """Ask Stripe for all refunds of a payment: some did not begin here, or were heard of before the money was."""

    order_id: OrderId
    intent_id: str
    tries: int = 1


class RecordRefundsSeen(Command[None]):
    """What `AdoptRefunds` learned."""

    order_id: OrderId
    intent_id: str
    tries: int
    seen: tuple[RefundSeen, ...]


class HearMissed(Command[None]):
    """Ask Stripe for an order's disputes and fraud warnings, and hear what was not heard."""

    order_id: OrderId


class RecordMissed(Command[None]):
    """What `HearMissed` learned."""

    order_id: OrderId
    missed: tuple[RecordStripeEvent, ...]


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
    purpose: str = "order"
    problem: str = ""  # What is wrong with an amount, if it can't be ours.


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
    unplaced: tuple[OrderId, ...] = ()  # Intents were made for these, and the orders were never placed.
