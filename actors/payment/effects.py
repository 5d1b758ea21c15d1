"""What Stripe's news led to: a word that code compares, beside a detail that people read. Pure."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Effect: TypeAlias = Literal[
    "received",
    "processing",
    "declined",  # A card; the buyer tries again.
    "failed",  # A bank, days after it was asked.
    "closed",
    "refunded",
    "refund_failed",
    "refunds_listed",  # A hint that names no refund: Stripe is asked for all of them.
    "disputed",
    "dispute_closed",
    "funds_moved",
    "warned",
    "ignored",
    "refused",  # Money that fits nothing here; it waits for a person.
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a webhook, or of what a look at Stripe saw. It is stored with it."""

    effect: Effect
    detail: str = ""

    def __str__(self) -> str:
        """Both, as people read them."""
        return f"{self.effect}: {self.detail}" if self.detail else self.effect
