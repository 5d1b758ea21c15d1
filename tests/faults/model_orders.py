"""A simple model of one order: what everybody must know of it, and what it makes of the facts about its money.

What becomes of units is for the shop to say (tests/faults/model.py), which knows of all orders.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.faults.model_carts import made_of
from tests.faults.model_stripe import Payment

TO_PAY_S = 1800
MAILS: Final = {
    "OrderCreated": "order_created",
    "PaymentReceived": "payment_received",
    "PaymentCameLate": "payment_received",
    "PaymentProcessing": "payment_processing",
    "PaymentFailed": "payment_failed",
    "OrderCancelled": "order_cancelled",
    "UnitsRetaken": "order_revived",
    "RefundProcessed": "refund_processed",
    "OrderFulfilled": "order_fulfilled",
    "OrderShipped": "order_shipped",
    "OrderDelivered": "order_delivered",
}
UNPAID: Final = ("pending_payment", "payment_processing")
BEFORE_PACKING: Final = ("paid", "picking")


@dataclass
class Order:
    """An order, its payment as the shop knows it, its units and its parcel."""

    cart: int
    lines: dict[int, int]
    total: int
    placed_s: float
    pay_until_s: float
    at_stripe: Payment
    status: str = "pending_payment"
    reason: str = ""
    units: str = "held"  # Or "sold", then "gone"; or "free" again.
    pick_list: str = "waiting"
    doubts: list[str] = field(default_factory=list)  # Why packing asks.
    payment: str = "open"  # Or "processing", "received", "closing".
    refunding: int = 0
    refunded: int = 0
    withdrawn: int = 0
    known_refunds: set[int] = field(default_factory=set)  # Of those at Stripe, by their place there.
    timeline: list[str] = field(default_factory=list)
    mails: Counter[str] = field(default_factory=Counter)

    def note(self, event: str) -> None:
        """Add to the timeline, and write to the buyer if that is written about."""
        self.timeline.append(event)
        if event in MAILS:
            self.mails[MAILS[event]] += 1

    @property
    def goods(self) -> Counter[int]:
        """What it takes from the shelf."""
        return made_of(self.lines)

    @property
    def received(self) -> int:
        return self.total if self.payment == "received" else 0

    @property
    def refundable(self) -> int:
        """What is here and not on its way back, as far as the shop knows."""
        return self.received - self.refunding

    @property
    def is_owed(self) -> bool:
        """Whether it is over, and its money is here: Stripe refused to send it back, and a person must see to it."""
        return self.status == "cancelled" and self.refundable - self.withdrawn > 0

    def kinds_of_doubt(self) -> tuple[str, ...]:
        """As packing says them, without the ids that only Stripe knows."""
        return tuple(why.partition(" ")[0] for why in self.doubts)

    def seen(self) -> dict[str, object]:
        """As everybody must know of it."""
        return {
            "status": self.status,
            "timeline": self.timeline,
            "refunded": self.refunded,
            "pick list": [self.pick_list],
            "doubts": self.kinds_of_doubt(),
            "sales": [self.received, self.refunded, self.withdrawn],
            "intents": 1,
            "charges": [self.total] if self.at_stripe.intent == "paid" else [],
            "sent back": sum(self.at_stripe.refunds),
            "parcels": int("OrderShipped" in self.timeline),
            "mails": self.mails,
        }

    # What is heard, and needs no look at the shelves.

    def hear_that_a_bank_is_asked(self) -> None:
        if self.payment == "open":
            self.payment, self.status = "processing", "payment_processing"
            self.note("PaymentProcessing")

    def hear_of_no(self, now_s: float) -> None:
        """A card is declined, or a bank that was asked has said no: then there is time for another way."""
        if self.payment == "processing":
            self.payment, self.status, self.pay_until_s = "open", "pending_payment", now_s + TO_PAY_S
            self.note("PaymentFailed")
        elif self.payment == "open":
            self.note("PaymentDeclined")

    def hear_of_funds(self, amount: int) -> None:
        self.withdrawn += amount
        self.note("DisputeFundsMoved")

    def doubt(self, why: str, event: str) -> None:
        if why not in self.doubts:
            self.doubts.append(why)
        self.note(event)

    def hear_of_a_verdict(self, verdict: str, why: str) -> None:
        if verdict != "lost":
            self.doubts = [known for known in self.doubts if known != why]
        self.note("DisputeClosed")
