"""What an audit compares, a file for each kind of promise. A new domain adds its file, and its line in `CHECKS`. Pure.

Each check declares what it reads: its `ASKS` are read for a span of orders, and `check` decides about one order. Facts
that are read at different moments may disagree while an order moves, so whoever calls them looks twice (see sweep.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias

from actors.audit.case import Case, cases
from actors.audit.checks import mails, money, parcels, units
from bus.messages.audit import Finding, Findings
from bus.messages.base import Fact, ReadSpan, SpanFacts
from bus.messages.inventory import AuditStock
from bus.messages.order import AuditOrders
from bus.messages.payment import AuditMoney
from engine.message import Query

Ask: TypeAlias = type[ReadSpan[SpanFacts]]


class Check(Protocol):
    """A file of this folder."""

    @property
    def ASKS(self) -> tuple[Ask, ...]:  # noqa: N802 - a constant of a module
        """What it reads, beside the orders."""
        ...

    @property
    def MOVED_BY(self) -> tuple[str, ...]:  # noqa: N802 - a constant of a module
        """Whose unhandled messages can change what it reads."""
        ...

    @property
    def check(self) -> Callable[[Case], Iterator[Finding]]:
        """Name what is wrong with an order; nothing is the good answer."""
        ...


CHECKS: Final[tuple[Check, ...]] = (money, units, parcels, mails)
ASKS: Final[tuple[Ask, ...]] = tuple(dict.fromkeys(ask for each in CHECKS for ask in each.ASKS))
JUDGED: Final[tuple[str, ...]] = tuple(dict.fromkeys(actor for each in CHECKS for actor in ("order", *each.MOVED_BY)))

# What a domain compares within its own books, and facts that are counted on the way; by the name of the audited part.
OWN_BOOKS: Final[Mapping[str, Query[Findings]]] = {
    "stock": AuditStock(), "money": AuditMoney(), "orders": AuditOrders(),
}  # fmt: skip
COUNTED: Final[Mapping[str, Callable[[Iterable[Fact]], int]]] = {"mails": mails.count}


def judge(facts: Iterable[Fact]) -> list[Finding]:
    """Compare what the domains say of a span of orders."""
    found = cases(facts)
    return [finding for case in found for each in CHECKS for finding in each.check(case)]
