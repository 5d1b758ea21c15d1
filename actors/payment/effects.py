"""Effects of Stripe's events: a word that code compares, beside a detail that people read. Pure."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Effect: TypeAlias = Literal[
    "received",
    "processing",
    "declined",  # By a card; the buyer may retry.
    "failed",  # By a bank, days after it was asked.
    "closed",
    "refunded",
    "refund_failed",
    "refunds_listed",  # The event names no refund, so Stripe is asked for all refunds of the payment.
    "disputed",
    "dispute_closed",
    "funds_moved",
    "warned",
    "ignored",
    "refused",  # Money that fits no payment here; it waits for a person.
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a webhook, or of an intent that a scan found; stored with the event."""

    effect: Effect
    detail: str = ""

    def __str__(self) -> str:
        """Format both for people."""
        return f"{self.effect}: {self.detail}" if self.detail else self.effect
