"""An audit: each domain's own books, then comparisons across domains, page by page over the orders.

Facts of several domains are read at different moments, so in a busy shop they may disagree without a fault. A mismatch
is therefore only suspected, and checked again at the end: a finding is reported if it is word for word the same then,
and if no message about its order waited when the second look began. (A message that waited at the first look and was
handled since would have changed the facts.) Each statement reads a span of ids by an index.

Rejected: docs/decisions/0007.
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from actors.audit import checks, rules
from actors.audit.levels import confirm_stale, stale_levels
from bus.backlog import DeadLetter, Overdue
from bus.messages.audit import Audited, Finding, ListAnswered, Part
from bus.messages.base import OrderId, Sku
from bus.messages.inventory import GetStock, ListLevels, StockLevel
from bus.messages.order import FindOrders, ReadOrderFacts
from engine.actor import Bus
from engine.clock import Clock

_PAGE = 200  # Orders, SKUs or answers at a time: deciding about them blocks the event loop for a few ms.
_SPAN_MOST = 20 * _PAGE  # Orders to which a page may have grown by the second look.
_OVERDUE = timedelta(seconds=60)
_LONG_S = 300.0  # For one answer of a domain.


class CachedLevels(Protocol):
    """The stock levels that are cached for readers."""

    async def cached_levels(self, skus: Sequence[Sku]) -> Mapping[Sku, StockLevel]:
        """Read the cached levels of these SKUs; a SKU that is not cached is missing."""
        ...


class StoredMessages(Protocol):
    """The stored messages, as the audit reads them."""

    async def overdue(self, before: datetime) -> Sequence[Overdue]:
        """Deliveries that were stored, or due, by that time and have not been handled."""
        ...

    async def count(self) -> int:
        """The number of waiting deliveries, with timers."""
        ...

    async def waiting_about(self, subscribers: Sequence[str], keys: Sequence[str]) -> Collection[str]:
        """The keys about which one of these subscribers has a message to handle now."""
        ...

    async def dead_letters_about(self, keys: Sequence[str]) -> Sequence[DeadLetter]:
        """Dead letters of these keys."""
        ...

    async def dead_letters_since(self, since: datetime, after: int, limit: int) -> Sequence[DeadLetter]:
        """Dead letters that were parked after that time and id, the oldest first."""
        ...


@dataclass(slots=True)
class _Page:
    """A span of orders, by id: after the one, until the other."""

    after: OrderId
    until: OrderId | None
    counted: dict[str, int]
    findings: list[Finding]


@dataclass(slots=True)
class Sweep:
    """A running audit."""

    bus: Bus
    stored: StoredMessages
    levels: CachedLevels
    clock: Clock
    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)
    stale: list[StockLevel] = field(default_factory=list)  # Cached levels that are wrong.
    letters: dict[str, DeadLetter] = field(default_factory=dict)  # By the key that findings are about.

    async def run(self) -> Audited:
        """Run all checks."""
        await self._domains()
        suspected = await self._compare_all()
        await self._answers()
        await self._deliveries()
        await self._cached_levels()
        await self._confirm(suspected)
        await self._explain()
        parts = tuple(Part(name=name, checked=count) for name, count in self.checked.items())
        return Audited(parts=parts, findings=tuple(rules.bounded(self.findings)))

    async def _domains(self) -> None:
        for part, ask in checks.OWN_BOOKS.items():
            own = await self.bus.ask(ask, timeout_s=_LONG_S)
            self.checked[part] = own.checked
            self.findings += own.findings

    async def _compare_all(self) -> list[_Page]:
        """Collect the pages with suspicions, until there are as many as are reported at most."""
        suspected: list[_Page] = []
        after: OrderId | None = ""
        suspicions, counted = 0, Counter(dict.fromkeys(checks.COUNTED, 0))
        while after is not None and suspicions < rules.MOST_FINDINGS:
            page = await self._compare(after, None, _PAGE)
            counted.update(page.counted)
            if page.findings:
                suspected.append(page)
                suspicions += len(page.findings)
            after = page.until
        self.checked |= counted
        return suspected

    async def _compare(self, after: OrderId, until: OrderId | None, limit: int) -> _Page:
        ask = self.bus.ask
        orders = (await ask(ReadOrderFacts(after=after, until=until, limit=limit), timeout_s=_LONG_S)).facts
        if until is None and len(orders) == limit:
            until = orders[-1].id
        answers = await asyncio.gather(
            *(ask(read(after=after, until=until), timeout_s=_LONG_S) for read in checks.ASKS)
        )
        facts = [*orders, *(fact for answer in answers for fact in answer.facts)]
        counted = {part: count(facts) for part, count in checks.COUNTED.items()}
        return _Page(after, until, counted, checks.judge(facts))

    async def _confirm(self, suspected: Sequence[_Page]) -> None:
        for page in suspected:
            keys = sorted({finding.about for finding in page.findings})
            in_motion = await self.stored.waiting_about(checks.JUDGED, keys)
            still = (await self._compare(page.after, page.until, _SPAN_MOST)).findings
            self.findings += [
                finding for finding in page.findings if finding in still and finding.about not in in_motion
            ]

    async def _answers(self) -> None:
        after: str | None = ""
        self.checked["answers"] = 0
        while after is not None:
            page = await self.bus.ask(ListAnswered(after=after, limit=_PAGE), timeout_s=_LONG_S)
            known = await self.bus.ask(FindOrders(orders=page.orders), timeout_s=_LONG_S)
            exist = {order.id for order in known.orders}
            self.findings += [rules.missing(order_id) for order_id in page.orders if order_id not in exist]
            self.checked["answers"] += len(page.orders)
            after = page.next

    async def _deliveries(self) -> None:
        self.checked["deliveries"] = await self.stored.count()
        for late in await self.stored.overdue(self.clock.now() - _OVERDUE):
            self.findings.append(
                rules.overdue(rules.OverdueDeliveries(late.subscriber, late.type, late.count, late.oldest))
            )

    async def _cached_levels(self) -> None:
        """Compare the levels that Redis caches for readers."""
        suspects: dict[Sku, StockLevel] = {}
        after, self.checked["levels"] = "", 0
        while True:
            page = (await self.bus.ask(ListLevels(after=after, limit=_PAGE), timeout_s=_LONG_S)).levels
            skus = [level.sku for level in page]
            cached = await self.levels.cached_levels(skus)
            suspects |= stale_levels(cached, await self._actual(list(cached)))
            self.checked["levels"] += len(cached)
            if len(page) < _PAGE or len(suspects) >= rules.MOST_FINDINGS:
                break
            after = skus[-1]
        for level, detail in await confirm_stale(suspects, self._cached, self._actual):
            self.stale.append(level)
            self.findings.append(rules.stale(level.sku, detail))

    async def _cached(self, skus: Collection[Sku]) -> Mapping[Sku, StockLevel]:
        return await self.levels.cached_levels(list(skus))

    async def _actual(self, skus: Collection[Sku]) -> Mapping[Sku, StockLevel]:
        return {level.sku: level for level in (await self.bus.ask(GetStock(skus=tuple(skus)))).levels}

    async def _explain(self) -> None:
        """Set the remedy of findings about which a message is parked: redrive it."""
        abouts = sorted({finding.about for finding in self.findings})[: rules.MOST_FINDINGS]
        for letter in await self.stored.dead_letters_about(abouts):
            self.letters.setdefault(letter.key, letter)
        self.findings = [self._explained(finding) for finding in self.findings]

    def _explained(self, finding: Finding) -> Finding:
        letter = self.letters.get(finding.about)
        if letter is None:
            return finding
        return rules.with_letter(finding, letter.id, f"{letter.subscriber} could not handle {letter.type}")
