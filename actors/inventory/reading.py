"""Questions to the inventory: levels, books, lists for people, what runs low, and when held units come back."""

from collections.abc import Sequence

from actors.inventory import books, ledger, store
from bus.messages.audit import Findings
from bus.messages.inventory import (
    AuditStock,
    CountStock,
    GetStock,
    HoldEnds,
    HoldFacts,
    ListHolds,
    ListLevels,
    ListLowStock,
    ListStock,
    LiveHolds,
    ReadHoldEnds,
    ReadHoldFacts,
    ReadLedger,
    ReadStock,
    StockCount,
    StockLedger,
    StockLevels,
    StockList,
    UnknownSku,
)
from engine.actor import Actor, call, turn
from engine.clock import Clock
from engine.errors import BadInput
from engine.postgres import Database
from engine.transaction import Transaction

_MOST_ASKED = 100


class StockReading(Actor):
    """Reads the stock. A part of the inventory, which inherits its handlers."""

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    @turn
    async def levels(self, tx: Transaction, asks: Sequence[GetStock]) -> Sequence[StockLevels]:
        known = await store.levels(tx, {sku for ask in asks for sku in ask.skus})
        return [StockLevels(levels=tuple(known[sku] for sku in ask.skus if sku in known)) for ask in asks]

    @turn
    async def count(self, tx: Transaction, asks: Sequence[CountStock]) -> Sequence[StockCount | UnknownSku]:
        known = await store.counts(tx, {ask.sku for ask in asks})
        return [known.get(ask.sku) or UnknownSku(sku=ask.sku) for ask in asks]

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

    @call(limit=4)
    async def low(self, ask: ListLowStock) -> StockLevels:
        limit = min(max(ask.limit, 1), _MOST_ASKED)
        return StockLevels(levels=tuple(await store.low(self._database, ask.most, limit)))

    @call(limit=4)
    async def hold_ends(self, ask: ReadHoldEnds) -> HoldEnds:
        if len(ask.skus) > _MOST_ASKED:
            raise BadInput(f"at most {_MOST_ASKED} SKUs in one request")
        return HoldEnds(ends=tuple(await store.hold_ends(self._database, ask.skus, self._clock.now())))

    @call(limit=2)
    async def list_stock(self, ask: ListStock) -> StockList:
        return await ledger.stock(self._database, ask)

    @call(limit=2)
    async def read_stock(self, ask: ReadStock) -> StockList:
        return await ledger.books(self._database, ask)

    @call(limit=2)
    async def read_ledger(self, ask: ReadLedger) -> StockLedger:
        return await ledger.movements(self._database, ask)

    @call(limit=2)
    async def list_holds(self, ask: ListHolds) -> LiveHolds:
        return await ledger.holds(self._database, ask.sku)
