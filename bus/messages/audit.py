"""The audit: what does not add up, what was put right, and what waits for a person."""

from datetime import datetime
from typing import Final, Literal, TypeAlias

from bus.messages.base import Finding, Money, OrderId, Value
from engine.message import Command, Event, Query, Reply

StuckKind: TypeAlias = Literal[
    "money_not_back",
    "refund_failed",
    "refund_pending",
    "capture_refused",
    "intent_open",
    "not_picked",
    "dead_letter",
    "dispute_open",
    "fraud_warning",
    "processing_long",
]

# The remedy of what is safe to repair; who says so of a finding must be able to.
REPAIR: Final = "POST /admin/api/audit/repair, or run.py audit --repair"


class Part(Value, frozen=True, kw_only=True):
    """How many of one kind were looked at."""

    name: str
    checked: int


class Audited(Reply):
    """What was looked at, and what is wrong; nothing is the good answer."""

    parts: tuple[Part, ...]
    findings: tuple[Finding, ...]  # At most 1,000.


class Audit(Query[Audited]):
    """Recompute everything, within and across domains. What is in motion is not judged."""


class RepairMade(Value, frozen=True, kw_only=True):
    """A counter that was set to what it can be computed from."""

    rule: str
    about: str  # The SKU or the order.
    before: str
    after: str


class Repairs(Reply):
    """What was put right; nothing if nothing was wrong, or nothing that is safe to repair."""

    repairs: tuple[RepairMade, ...]


class Repair(Command[Repairs]):
    """Put right what is safe to: each by the domain that owns it, deciding again from what it reads."""


class BooksRepaired(Event):
    """A domain has put right one of its counters."""

    about: str
    rule: str
    before: str
    after: str
    at: datetime


class Remedy(Value, frozen=True, kw_only=True):
    """What to do, and the one request that does it."""

    say: str
    method: str
    path: str
    body: str  # JSON; "" for none.


class StuckItem(Value, frozen=True, kw_only=True):
    """Money or an order that waits for a person."""

    id: str
    kind: StuckKind
    order_id: OrderId | None
    amount: Money | None
    since: datetime
    age_s: int
    detail: str
    remedy: Remedy


class StuckPage(Reply):
    """The oldest first, and where the next page starts."""

    items: tuple[StuckItem, ...]
    next: str | None


class ListStuck(Query[StuckPage]):
    """What waits for a person."""

    limit: int = 20  # 1 to 100.
    after: str = ""


class SettleStuck(Command[bool]):
    """A person has seen to it elsewhere: list it no more. True the first time."""

    item_id: str


class AnsweredOrders(Reply):
    """Orders that buyers were given, and where the next page starts."""

    orders: tuple[OrderId, ...]
    next: str | None


class ListAnswered(Query[AnsweredOrders]):
    """Orders that kept answers speak of (they are kept for 48 hours)."""

    after: str = ""
    limit: int = 500
