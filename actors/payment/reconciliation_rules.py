"""Decisions about a scan of Stripe: which listed intents matter, and what they change. Pure.

A listed intent is applied by the rules for its webhook (`rules.py`): whichever of the two comes first counts, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actors.payment import refunds
from actors.payment.effects import Outcome
from actors.payment.life import Status
from actors.payment.private import IntentSeen, RecordIntent, RecordLook
from actors.payment.rules import NO_SUCH_PAYMENT, NOT_OURS, apply_webhook, call_off
from actors.payment.state import Payment, payment_id_of
from bus.messages.base import Money, OrderId
from bus.messages.payment import StripeEvent

_FINAL_STATUSES = frozenset({"succeeded", "canceled"})  # An intent of any other status can still become money.


def is_decided(seen: IntentSeen) -> bool:
    """Whether an intent is paid or cancelled for good."""
    return seen.status in _FINAL_STATUSES


def needs_decision(seen: IntentSeen, own: Status | None, *, is_order_known: bool) -> bool:
    """Whether an intent that Stripe lists needs a decision; most do not.

    Args:
        seen: The intent.
        own: The status of the payment whose intent it is, if there is one.
        is_order_known: The intent's metadata name an order that has a payment, with this intent, another or none.
    """
    if own is None:
        return bool(seen.order_id) if seen.status == "succeeded" else is_order_known and seen.status != "canceled"
    if seen.status in _FINAL_STATUSES:
        return own != "received" and (seen.status, own) != ("canceled", "closed")
    if seen.status == "processing":
        return own == "open"
    return own in ("processing", "closing", "closed")


def adopt_intent(payment: Payment, seen: IntentSeen) -> bool:
    """Give this intent to a payment that was called off before its intent was known. False if it has one."""
    if payment.intent_id is not None or not payment.advance("intent_found"):
        return False
    payment.intent_id, payment.amount, payment.currency = seen.intent_id, seen.amount.amount, seen.amount.currency
    return True


def apply_listing(
    payment: Payment | None, seen: IntentSeen, at: datetime, scanned_at: datetime
) -> tuple[StripeEvent, Outcome]:
    """Apply an intent that Stripe lists as its webhook would be; return that webhook and its outcome.

    Args:
        payment: The intent's payment, or its order's.
        seen: The intent.
        at: When the intent was seen; the list has no time of its money.
        scanned_at: When the scan began.
    """
    amount = seen.received if seen.status == "succeeded" else seen.amount.amount
    was_refused = payment is not None and _was_refused(payment, seen, scanned_at)
    word = "payment_failed" if was_refused else seen.status
    event = StripeEvent(
        id=f"{seen.intent_id}.{seen.status}",
        type=f"payment_intent.{word}",
        amount=Money(amount=amount, currency=seen.amount.currency),
        created=at,
        problem=seen.problem,
    )
    if _is_payable(seen) and not was_refused:
        return event, Outcome("ignored", "not decided yet")
    if payment is None or payment.intent_id != seen.intent_id:
        return event, NO_SUCH_PAYMENT if seen.status == "succeeded" else NOT_OURS
    return event, apply_webhook(payment, seen.intent_id, event)


def _was_refused(payment: Payment, seen: IntentSeen, scanned_at: datetime) -> bool:
    """Whether the bank refused: it was asked before the scan, and Stripe waits for another way to pay."""
    was_asked = payment.processing_since is not None and payment.processing_since <= scanned_at
    return was_asked and _is_payable(seen)


def _is_payable(seen: IntentSeen) -> bool:
    """Whether a buyer can pay an intent: it is not decided, and no bank decides about it."""
    return seen.status not in {*_FINAL_STATUSES, "processing"}


def must_cancel(payment: Payment | None, seen: IntentSeen) -> bool:
    """Whether an intent can still be paid at Stripe, and must not: its order was called off, or has another one."""
    if payment is None or not _is_payable(seen):  # Stripe can't stop a bank.
        return False
    return payment.intent_id != seen.intent_id or payment.status in ("closing", "closed")


def record_of(seen: IntentSeen) -> RecordIntent:
    """Record an intent that was found at Stripe, because the answer about it was lost."""
    return RecordIntent(
        order_id=seen.order_id,
        attempt=seen.attempt,
        intent_id=seen.intent_id,
        client_secret="",  # The intent must not be paid any more.
        amount=seen.amount,
        purpose=seen.purpose,
    )


@dataclass(slots=True)
class Settlement:
    """The results of a scan, beside the changes of payments."""

    adopted: list[IntentSeen] = field(default_factory=list)  # Intents of payments that had none.
    events: list[tuple[str, StripeEvent]] = field(default_factory=list)  # With their intents.
    effects: dict[str, Outcome] = field(default_factory=dict)  # By event.
    cancels: list[tuple[OrderId, str]] = field(default_factory=list)  # Orders, with intents that must not be paid.

    def note(self, seen: IntentSeen, event: StripeEvent, outcome: Outcome) -> None:
        """Note the event of a listed intent, unless it was ignored."""
        if outcome.effect != "ignored":
            self.events.append((seen.intent_id, event))
            self.effects[event.id] = outcome


def apply_scan(scan: RecordLook, payments: Sequence[Payment], at: datetime) -> Settlement:
    """Apply the objects of a scan by the rules for webhooks: whichever of the two comes first, it counts once.

    Args:
        scan: The objects that Stripe listed.
        payments: Payments of their orders and intents, locked.
        at: Now.
    """
    settlement = Settlement()
    by_id = {payment.payment_id: payment for payment in payments}
    by_intent = {payment.intent_id: payment for payment in payments}
    for seen in sorted(scan.intents, key=lambda seen: seen.status != "succeeded"):  # Paid intents are taken up first.
        payment = by_id.get(payment_id_of(seen.order_id, seen.purpose))
        if payment and adopt_intent(payment, seen):
            settlement.adopted.append(seen)
    for seen in scan.intents:
        payment = by_intent.get(seen.intent_id) or by_id.get(payment_id_of(seen.order_id, seen.purpose))
        settlement.note(seen, *apply_listing(payment, seen, at, scan.began_at))
        if payment and must_cancel(payment, seen):
            settlement.cancels.append((payment.order_id, seen.intent_id))
    for refund in scan.refunds:
        if payment := by_intent.get(refund.intent_id) or by_id.get(refund.order_id):
            refunds.adopt(payment, refund)
    for order_id in scan.unplaced:
        if intent_id := call_off(by_id[order_id]):
            settlement.cancels.append((order_id, intent_id))
    return settlement


def earliest_next_scan(scan: RecordLook, now: datetime, every: timedelta, *, is_left: bool) -> datetime:
    """The earliest time of the next scan.

    At once, if a payment or refund that was due when this scan began is left; those due since then wait for a while.
    """
    if scan.not_before is not None:
        return scan.not_before
    has_asked = scan.window is not None or bool(scan.refunds_asked)
    return scan.began_at + every if has_asked and not is_left else now
