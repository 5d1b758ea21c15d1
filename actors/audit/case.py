"""All facts about one order, and how checks report what is wrong with it. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from bus.messages.audit import Action, CheckId, Finding, Remedy
from bus.messages.base import Fact, OrderId, Sku, Units
from bus.messages.inventory import HoldFact
from bus.messages.order import OrderFact, OrderStatus

F = TypeVar("F", bound=Fact)

GONE: Final[frozenset[OrderStatus]] = frozenset({"shipped", "in_transit", "delivered"})
UNPAID: Final[frozenset[OrderStatus]] = frozenset({"pending_payment", "payment_processing", "cancelled"})


@dataclass(slots=True)
class Case:
    """The facts about one order, each from the domain that owns it."""

    order_id: OrderId
    facts: list[Fact] = field(default_factory=list)

    @property
    def order(self) -> OrderFact | None:
        """The order's own fact; None if there is no such order."""
        return next(iter(self.of(OrderFact)), None)

    def of(self, kind: type[F]) -> list[F]:
        """All facts of one kind."""
        return [fact for fact in self.facts if isinstance(fact, kind)]

    def broken(self, *promises: tuple[CheckId, bool, str, Action]) -> Iterator[Finding]:
        """Report the promises that do not hold, each with its details and the action for this order."""
        for check, holds, detail, action in promises:
            if not holds:
                remedy = Remedy(action=action, target=self.order_id)
                yield Finding(check=check, about=self.order_id, detail=detail, remedy=remedy)

    def stray(self, what: str, *, is_left: bool) -> Iterator[Finding]:
        """Report the remains of an order that does not exist, if there are any."""
        yield from self.broken(
            ("order_exists", not is_left, f"{what} of an order that does not exist", "restore_or_return_money")
        )


def cases(facts: Iterable[Fact]) -> list[Case]:
    """Group the domains' facts by order."""
    found: dict[OrderId, Case] = {}
    for fact in facts:
        found.setdefault(fact.of_order, Case(fact.of_order)).facts.append(fact)
    return list(found.values())


def counted(units: Iterable[Units | HoldFact]) -> Counter[Sku]:
    """Sum up the units of each SKU."""
    total = Counter[Sku]()
    for each in units:
        total[each.sku] += each.quantity
    return total


def in_words(units: Mapping[Sku, int]) -> str:
    """Format units for people: 2 LAMP, 1 MUG."""
    return ", ".join(f"{quantity} {sku}" for sku, quantity in sorted(units.items())) or "nothing"
