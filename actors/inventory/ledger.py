"""The SQL of what people and imports read of the books: lists of stock, and lines of the ledger."""

from collections.abc import Collection
from typing import Final, NamedTuple

from bus.messages.base import Sku
from bus.messages.inventory import (
    ListStock,
    LiveHold,
    LiveHolds,
    Movement,
    ReadLedger,
    ReadStock,
    StockCount,
    StockLedger,
    StockList,
)
from engine.cursor import page_limit, page_of, read_cursor
from engine.errors import BadInput
from engine.patterns import like_begin
from engine.postgres import Database
from engine.transaction import Transaction

MOST_READ: Final = 1_000
_NO_LINE: Final = 2**63 - 1
_LIST: Final = """
select sku, on_hand, assigned, held, version from inventory.stock
where sku > $1 and ($2::int is null or on_hand - assigned - held <= $2) order by sku limit $3"""
# Separate statements: each has an index, whose condition it must name.
_LIST_SHORT: Final = _LIST.replace("where", "where short is not null and lower(sku) like $4 and")
_LIST_NONE: Final = _LIST.replace("where", "where short = 0 and lower(sku) like $4 and")
_SHORT: Final = 5  # As the generated column has it.
# In the order of its index, which compares byte by byte.
_LIST_BEGUN: Final = """
select sku, on_hand, assigned, held, version from inventory.stock
where lower(sku) like $4 and lower(sku) ~>=~ lower($1) and (lower(sku) ~>~ lower($1) or sku > $1)
    and ($2::int is null or on_hand - assigned - held <= $2)
order by lower(sku) using ~<~, sku limit $3"""
# The reference is an order's, a cart's, or of whoever counted: an order is one that has held this SKU.
_MOVEMENTS: Final = """
select l.id, l.at, l.on_hand_change as on_hand, l.assigned_change as assigned, l.held_change as held, l.reason,
    l.reference, (select h.order_id from inventory.holds h where h.order_id = l.reference and h.sku = l.sku) as order_id
from inventory.ledger l where l.sku = $1 and l.id < $2 order by l.id desc limit $3"""
_BOOKS: Final = """
select sku, on_hand, assigned, held, version from inventory.stock where sku = any($1) order by sku"""
# Both ways have an index: holds that end are as many as there are carts, sold ones are found by their SKU.
_HOLDS: Final = """
select stage, quantity, expires_at as until, order_id from inventory.holds where sku = $1 and ends_minute is not null
union all
select stage, quantity, null, order_id from inventory.holds where sku = $1 and stage = 'sold'
order by until nulls last, order_id limit $2"""
_MOST_HOLDS: Final = 200
_OF_IMPORT: Final = """
select sku, sum(on_hand_change)::int as units, max(id) as last from inventory.ledger
where reason = 'imported' and reference = $1 and sku = any($2) group by sku"""
_SKUS_OF_IMPORT: Final = """
select distinct sku from inventory.ledger
where reason = 'imported' and reference = $1 and sku > $2 order by sku limit $3"""
# After an import's count. Its own undo is no movement.
_MOVED: Final = """
select n.sku from unnest($2::text[], $3::bigint[]) as n (sku, last) where exists (
    select from inventory.ledger l where l.sku = n.sku and l.id > n.last and l.on_hand_change <> 0
    and not (l.reason = 'import undone' and l.reference = $1))"""
_BACK: Final = """
select n.sku from unnest($2::text[], $3::bigint[]) as n (sku, last) where exists (
    select from inventory.ledger l where l.sku = n.sku and l.id > n.last
    and l.reason = 'import undone' and l.reference = $1)"""


class ImportedCount(NamedTuple):
    """An import's change of the units of one SKU, and what came after it."""

    sku: Sku
    units: int  # By which the import changed those on hand.
    has_moved: bool  # Units came or went since.
    is_back: bool  # The import's undo has set it back.


async def stock(database: Database, ask: ListStock) -> StockList:
    """A page of the books.

    Raises:
        BadInput: `after` is not from a list of stock.
    """
    limit = page_limit(ask.limit)
    (after,) = read_cursor(ask.after, tuple[str]) or ("",)
    begun = like_begin(ask.q)
    if ask.low is not None and ask.low <= _SHORT:
        statement = _LIST_NONE if ask.low <= 0 else _LIST_SHORT
        rows = await database.fetch(statement, after, ask.low, limit + 1, begun)
    elif ask.q:
        rows = await database.fetch(_LIST_BEGUN, after, ask.low, limit + 1, begun)
    else:
        rows = await database.fetch(_LIST, after, ask.low, limit + 1)
    page = page_of(rows, limit, lambda row: (row["sku"],))
    return StockList(counts=tuple(StockCount(**dict(row)) for row in page.items), next=page.next)


async def books(database: Database, ask: ReadStock) -> StockList:
    """Read the books of these SKUs."""
    if len(ask.skus) > MOST_READ:
        raise BadInput(f"at most {MOST_READ} SKUs in one request")
    rows = await database.fetch(_BOOKS, list(ask.skus))
    return StockList(counts=tuple(StockCount(**dict(row)) for row in rows), next=None)


async def holds(database: Database, sku: Sku) -> LiveHolds:
    """Read the holds of a SKU."""
    rows = await database.fetch(_HOLDS, sku, _MOST_HOLDS)
    found = tuple(LiveHold(**dict(row)) for row in rows)
    return LiveHolds(holds=found, units=sum(each.quantity for each in found))


async def movements(database: Database, ask: ReadLedger) -> StockLedger:
    """A page of a SKU's movements, the last first.

    Raises:
        BadInput: `after` is not from a ledger.
    """
    limit = page_limit(ask.limit)
    (before,) = read_cursor(ask.after, tuple[int]) or (_NO_LINE,)
    page = page_of(await database.fetch(_MOVEMENTS, ask.sku, before, limit + 1), limit, lambda row: (row["id"],))
    fields = Movement.__struct_fields__
    movements = tuple(Movement(**{name: row[name] for name in fields}) for row in page.items)
    return StockLedger(movements=movements, next=page.next)


async def counted_by(tx: Transaction, import_id: str, skus: Collection[Sku]) -> dict[Sku, int]:
    """By how many units an import has changed these SKUs; those that it has not are missing."""
    return {row["sku"]: row["units"] for row in await tx.fetch(_OF_IMPORT, import_id, list(skus))}


async def skus_counted_by(tx: Transaction, import_id: str, after: Sku, limit: int) -> list[Sku]:
    """SKUs whose units an import has changed, by name."""
    return [row["sku"] for row in await tx.fetch(_SKUS_OF_IMPORT, import_id, after, limit)]


async def counts_of(tx: Transaction, import_id: str, skus: Collection[Sku]) -> list[ImportedCount]:
    """An import's changes of these SKUs, which must be locked."""
    rows = await tx.fetch(_OF_IMPORT, import_id, list(skus))
    places = [row["sku"] for row in rows], [row["last"] for row in rows]
    moved = {row["sku"] for row in await tx.fetch(_MOVED, import_id, *places)}
    back = {row["sku"] for row in await tx.fetch(_BACK, import_id, *places)}
    return [ImportedCount(row["sku"], row["units"], row["sku"] in moved, row["sku"] in back) for row in rows]
