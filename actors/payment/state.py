"""Payments, refunds and disputes as a turn has locked them, with the turn's changes. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from actors.payment.life import PAYMENT_NEXT, DisputeStatus, Fact, Funds, RefundStatus, Status
from bus.messages.base import Minor, Money, OrderId
from bus.messages.payment import RefundReason
from engine.message import Event

ORDER = "order"  # The purpose of an order's first payment.


def payment_id_of(order_id: OrderId, purpose: str) -> str:
    """Name the payment of an order for a purpose. The first has its order's id."""
    return order_id if purpose == ORDER else f"{order_id}/{purpose}"


@dataclass(slots=True)
class RefundState:
    """A refund of a payment."""

    id: str
    payment_id: str
    order_id: OrderId
    stripe_refund_id: str | None
    amount: Minor
    reason: RefundReason
    status: RefundStatus
    is_ours: bool = True  # If not, it began at Stripe.
    by: str = ""  # Who of the staff asked for it.
    dirty: bool = False
    stored: bool = True


@dataclass(slots=True)
class DisputeState:
    """A bank's inquiry or dispute about a payment."""

    id: str
    payment_id: str
    amount: Minor
    reason: str
    status: DisputeStatus
    funds: Funds = "here"
    dirty: bool = False


@dataclass(slots=True)
class Payment:
    """A payment of an order."""

    payment_id: str
    order_id: OrderId
    purpose: str
    intent_id: str | None
    currency: str
    amount: Minor
    received: Minor
    refunding: Minor
    refunded: Minor
    status: Status
    processing_since: datetime | None = None  # As of the lock.
    refunds: dict[str, RefundState] = field(default_factory=dict)
    disputes: dict[str, DisputeState] = field(default_factory=dict)
    warnings: set[str] = field(default_factory=set)
    new_warnings: list[tuple[str, str]] = field(default_factory=list)  # Id and kind.
    events: list[Event] = field(default_factory=list)
    must_list_refunds: bool = False  # Stripe has refunds that are not known here.
    must_cancel: bool = False  # Its intent can be paid again at Stripe, and must not be.
    dirty: bool = False

    @property
    def refundable(self) -> Minor:
        """Money that was received and is not being refunded."""
        return self.received - self.refunding

    def money(self, amount: Minor) -> Money:
        """An amount in the payment's currency."""
        return Money(amount=amount, currency=self.currency)

    def advance(self, fact: Fact) -> bool:
        """Move along the table of payments; False if the table has no such row."""
        following = PAYMENT_NEXT.get((self.status, fact))
        if following is None:
            return False
        self.status = following
        self.dirty = True
        return True
