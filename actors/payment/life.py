"""The lives of payments, refunds and disputes, as tables. Pure.

A pair that is not in its table changes nothing: Stripe's reports come late, twice and in any order.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Status: TypeAlias = Literal["open", "processing", "received", "closing", "closed"]
Fact: TypeAlias = Literal["succeeded", "processing", "failed", "canceled", "order_cancelled", "intent_found"]

PAYMENT_NEXT: Final[Mapping[tuple[Status, Fact], Status]] = {
    ("open", "succeeded"): "received",
    ("processing", "succeeded"): "received",
    ("closing", "succeeded"): "received",  # Paid in the moment it was called off, or its bank took days.
    ("closed", "succeeded"): "received",  # Money that comes late is never denied.
    ("open", "processing"): "processing",
    ("processing", "failed"): "open",  # The buyer may pay in another way.
    ("open", "canceled"): "closed",
    ("processing", "canceled"): "closed",
    ("closing", "canceled"): "closed",
    ("open", "order_cancelled"): "closing",
    ("processing", "order_cancelled"): "closing",  # Stripe can't stop a bank; money that comes is refunded.
    ("closed", "intent_found"): "closing",
}
UNSETTLED: Final[frozenset[Status]] = frozenset({"open", "processing", "closing"})  # Stripe has yet to decide.

RefundStatus: TypeAlias = Literal["pending", "succeeded", "failed"]

REFUND_NEXT: Final[frozenset[tuple[RefundStatus, RefundStatus]]] = frozenset(
    {("pending", "succeeded"), ("pending", "failed"), ("succeeded", "failed")}
)

# A bank's question (`inquiry`) may become a dispute, which takes the money until it is decided.
DisputeStatus: TypeAlias = Literal["inquiry", "open", "won", "lost", "closed"]

DISPUTE_NEXT: Final[frozenset[tuple[DisputeStatus, DisputeStatus]]] = frozenset(
    {
        ("inquiry", "open"), ("inquiry", "won"), ("inquiry", "lost"), ("inquiry", "closed"),
        ("open", "won"), ("open", "lost"),
    }
)  # fmt: skip
UNDECIDED: Final[frozenset[DisputeStatus]] = frozenset({"inquiry", "open"})

Funds: TypeAlias = Literal["here", "withdrawn", "reinstated"]

FUNDS_NEXT: Final[frozenset[tuple[Funds, Funds]]] = frozenset(
    {("here", "withdrawn"), ("here", "reinstated"), ("withdrawn", "reinstated")}
)

# Stripe's statuses in ours. Source: Stripe API reference, "The Dispute object"; a new status counts as open.
_DISPUTE_STATUS: Final[Mapping[str, DisputeStatus]] = {
    "warning_needs_response": "inquiry",
    "warning_under_review": "inquiry",
    "warning_closed": "closed",
    "prevented": "closed",
    "won": "won",
    "lost": "lost",
}
_REFUND_STATUS: Final[Mapping[str, RefundStatus]] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


def dispute_status(stripes: str) -> DisputeStatus:
    """Translate Stripe's status of a dispute."""
    return _DISPUTE_STATUS.get(stripes, "open")


def refund_status(stripes: str) -> RefundStatus:
    """Translate Stripe's status of a refund. Stripe also knows `requires_action`."""
    return _REFUND_STATUS.get(stripes, "pending")
