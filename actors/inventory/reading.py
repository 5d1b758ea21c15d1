"""What the inventory answers outside any turn: lists for people, facts and sums for the audit."""

from actors.inventory import books, ledger, store
from bus.messages.audit import Findings
from bus.messages.inventory import (
    AuditStock,
    HoldFacts,
    ListHolds,
    ListLevels,
    ListStock,
    LiveHolds,
    ReadHoldFacts,
    ReadLedger,
    ReadStock,
    StockLedger,
    StockLevels,
    StockList,
)
from engine.actor import Actor, call
from engine.postgres import Database


class StockReading(Actor):
    """The part of the inventory that only reads."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @call(limit=2)
    async def list_stock(self, ask: ListStock) -> StockList:
        return await ledger.stock(self._database, ask)

    @call(limit=2)
    async def read_ledger(self, ask: ReadLedger) -> StockLedger:
        return await ledger.movements(self._database, ask)

    @call(limit=2)
    async def read_stock(self, ask: ReadStock) -> StockList:
        return await ledger.books(self._database, ask)

    @call(limit=2)
    async def list_holds(self, ask: ListHolds) -> LiveHolds:
        return await ledger.holds(self._database, ask.sku)

    @call(limit=1)  # One statement outside any turn: it may take long, and delays no turn.
    async def audit(self, ask: AuditStock) -> Findings:
        del ask
        sums = await store.sums(self._database)
        return Findings(findings=tuple(finding for row in sums for finding in books.audit(row)), checked=len(sums))

    @call(limit=4)
    async def browse(self, ask: ListLevels) -> StockLevels:
        return StockLevels(levels=tuple(await store.levels_after(self._database, ask.after, ask.limit)))

    @call(limit=4)
    async def facts(self, ask: ReadHoldFacts) -> HoldFacts:
        return HoldFacts(facts=tuple(await store.facts(self._database, ask.after, ask.until)))
