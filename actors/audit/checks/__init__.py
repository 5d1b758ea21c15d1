"""The audit's checks, a file for each kind of promise. A new domain adds its file, and its line in `CHECKS`. Pure.

Each check declares its queries: its `ASKS` are read for a span of orders, and `check` decides about one order. Facts
that are read at different moments may disagree while an order moves, so the caller checks twice (see sweep.py).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol, TypeAlias

from actors.audit.case import Case, cases
from actors.audit.checks import mails, money, parcels, units
from bus.messages.audit import Finding, Findings
from bus.messages.base import Fact, ReadSpan, SpanFacts
from bus.messages.inventory import AuditStock
from bus.messages.media import AuditMedia
from bus.messages.navigation import AuditCategories
from bus.messages.order import AuditOrders
from bus.messages.payment import AuditMoney
from bus.messages.privacy import AuditErasures
from bus.messages.search import AuditSearch
from bus.messages.staff_acts import AuditActs
from bus.messages.views import AuditViews
from engine.message import Query

Ask: TypeAlias = type[ReadSpan[SpanFacts]]


class Check(Protocol):
    """The interface of a file in this folder."""

    @property
    def ASKS(self) -> tuple[Ask, ...]:  # noqa: N802 - a constant of a module
        """Queries of this check, beside the orders."""
        ...

    @property
    def MOVED_BY(self) -> tuple[str, ...]:  # noqa: N802 - a constant of a module
        """Actors whose facts this check reads, and that may still have a message about the order to handle.

        While they have, nothing is reported. The order's own actor always counts; with no others it is empty.
        """
        ...

    @property
    def check(self) -> Callable[[Case], Iterator[Finding]]:
        """Report what is wrong with an order; yields nothing if all is well."""
        ...


CHECKS: Final[tuple[Check, ...]] = (money, units, parcels, mails)
ASKS: Final[tuple[Ask, ...]] = tuple(dict.fromkeys(ask for each in CHECKS for ask in each.ASKS))
JUDGED: Final[tuple[str, ...]] = tuple(dict.fromkeys(actor for each in CHECKS for actor in ("order", *each.MOVED_BY)))

# By the name of the audited part: queries by which a domain compares its own counters with its rows, for domains that
# have counters; and facts that a report counts besides.
OWN_BOOKS: Final[Mapping[str, Query[Findings]]] = {
    "stock": AuditStock(), "money": AuditMoney(), "orders": AuditOrders(), "pictures": AuditMedia(),
    "search": AuditSearch(),
    "categories": AuditCategories(), "views": AuditViews(), "acts": AuditActs(),
    "erasures": AuditErasures(),
}  # fmt: skip
COUNTED: Final[Mapping[str, Callable[[Iterable[Fact]], int]]] = {"mails": mails.count}


def judge(facts: Iterable[Fact]) -> list[Finding]:
    """Compare the domains' facts about a span of orders."""
    found = cases(facts)
    return [finding for case in found for each in CHECKS for finding in each.check(case)]
