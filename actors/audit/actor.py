"""The auditor: asks every domain for its facts, compares them, and requests the safe repairs."""

from collections.abc import Sequence

from actors.audit import rules, store
from actors.audit.private import RecordSettled
from actors.audit.stuck import Stuck
from actors.audit.sweep import CachedLevels, StoredMessages, Sweep
from bus.messages.audit import (
    Audit,
    Audited,
    BooksRepaired,
    ListStuck,
    Repair,
    RepairMade,
    Repairs,
    SettleStuck,
    StuckPage,
)
from bus.messages.inventory import RepairStock
from bus.messages.media import RepairMedia
from bus.messages.payment import RepairPayment
from bus.messages.search import Reindex
from bus.messages.views import MOST_VIEWS, RepairViews
from engine.actor import Actor, Bus, call, turn
from engine.clock import Clock
from engine.postgres import Database
from engine.transaction import Transaction

_LONG_S = 600.0  # For a whole audit: a million orders take some minutes.


class Auditor(Actor, name="audit"):
    """Checks that all books agree. Reads no table but its own."""

    def __init__(
        self, *, bus: Bus, database: Database, clock: Clock, stored: StoredMessages, levels: CachedLevels
    ) -> None:
        self._bus = bus
        self._database = database
        self._clock = clock
        self._stored = stored
        self._levels = levels

    @call(limit=1, timeout_s=_LONG_S)
    async def audit(self, ask: Audit) -> Audited:
        del ask
        return await self._sweep().run()

    @call(limit=1, timeout_s=_LONG_S)
    async def repair(self, ask: Repair) -> Repairs:
        del ask
        sweep = self._sweep()
        await sweep.run()
        safe = [finding for finding in sweep.findings if finding.remedy.action == "repair"]
        stale_versions = {level.sku: level.version for level in sweep.stale}
        skus = {finding.about for finding in safe if finding.check in rules.STOCK_CHECKS}
        made: list[RepairMade] = []
        for sku in sorted(skus):
            made += (await self._bus.ask(RepairStock(sku=sku, above_version=stale_versions.get(sku, 0)))).repairs
        for image in sorted({finding.about for finding in safe if finding.check in rules.MEDIA_CHECKS}):
            made += (await self._bus.ask(RepairMedia(id=image))).repairs
        views = sorted({finding.about for finding in safe if finding.check in rules.VIEW_CHECKS})
        for start in range(0, len(views), MOST_VIEWS):
            some = tuple(views[start : start + MOST_VIEWS])
            made += (await self._bus.ask(RepairViews(product_ids=some))).repairs
        lost = [finding for finding in safe if finding.check in rules.SEARCH_CHECKS]
        if lost:  # Everything is built anew, once for all of them.
            await self._bus.ask(Reindex())
        after = "as the catalog says, as soon as the index is built anew"
        made += [RepairMade(rule=each.rule, about=each.about, before=each.detail, after=after) for each in lost]
        for finding in safe:
            if finding.check in rules.REFUND_CHECKS:
                made += (await self._bus.ask(RepairPayment(order_id=finding.about))).repairs
            if finding.check == "refunded_agrees":  # The order gets it in sequence with its refunds.
                after = "as the payment says, as soon as the order has heard of it"
                made.append(RepairMade(rule=finding.rule, about=finding.about, before=finding.detail, after=after))
        return Repairs(repairs=tuple(made))

    @turn
    async def record(self, tx: Transaction, events: Sequence[BooksRepaired]) -> None:
        await store.add(tx, events)

    @call(limit=4, timeout_s=60)
    async def list_stuck(self, ask: ListStuck) -> StuckPage:
        return await Stuck(self._bus, self._database, self._stored, self._clock).page(ask)

    @call(limit=4, timeout_s=60)
    async def settle(self, ask: SettleStuck) -> RecordSettled | bool:
        if await store.settled(self._database, [ask.item_id]):
            return True
        stuck = Stuck(self._bus, self._database, self._stored, self._clock)
        return await stuck.has(ask.item_id) and RecordSettled(item_id=ask.item_id, by=ask.by)

    @turn
    async def record_settled(self, tx: Transaction, asks: Sequence[RecordSettled]) -> Sequence[bool]:
        await store.settle(tx, asks)
        return [True] * len(asks)

    def _sweep(self) -> Sweep:
        return Sweep(self._bus, self._stored, self._levels, self._clock)
