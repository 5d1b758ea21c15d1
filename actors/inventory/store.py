"""The SQL of the inventory. Few statements per turn, each for all of the turn's messages."""

from collections.abc import Collection, Sequence
from datetime import datetime

from asyncpg import Record

from actors.inventory.books import StockSums
from actors.inventory.shelf import Hold, Shelf, Stock
from bus.messages.base import CartId, OrderId, Sku
from bus.messages.inventory import HoldEnd, HoldFact, StockCount, StockLevel
from engine.clock import FOREVER
from engine.postgres import Database
from engine.transaction import Transaction

# In SKU order, so that two turns for the same goods never deadlock.
_LOCK_STOCK = """
select sku, on_hand, assigned, held, version from inventory.stock where sku = any($1) order by sku for update"""
_LOCK_STOCK_OF_ORDERS = _LOCK_STOCK.replace(
    "any($1)", "any($1::text[] || array(select sku from inventory.holds where order_id = any($2)))"
)

# The asking carts' own holds. Every writer of holds locks the SKU first, so these rows can't change now.
# `limit 1` makes it one index lookup for each: with old statistics a plain join reads all holds.
_HOLDS_OF_CARTS = """
select h.id, h.sku, h.cart_id, h.order_id, h.quantity, h.stage, h.expires_at
from unnest($1::text[], $2::text[]) as ask (cart_id, sku)
cross join lateral (
    select * from inventory.holds where cart_id = ask.cart_id and sku = ask.sku and order_id is null limit 1) as h"""

_HOLDS_OF_ORDERS = (
    """
select id, sku, cart_id, order_id, quantity, stage, expires_at from inventory.holds where order_id = any($3)
union all"""
    + _HOLDS_OF_CARTS
)

_EXPIRED_OF_SKUS = """
select id, sku, cart_id, order_id, quantity, stage, expires_at from inventory.holds
where sku = any($1) and expires_at <= $2 and ends_minute <= floor(extract(epoch from $2) / 60)::int"""

_SKUS_OF_EXPIRED = """
select distinct sku from inventory.holds
where expires_at <= $1 and ends_minute <= floor(extract(epoch from $1) / 60)::int limit 1000"""
_NEXT_END = """
select min(expires_at) as next_end from inventory.holds
where ends_minute = (select min(ends_minute) from inventory.holds where ends_minute is not null)"""

# One round trip for all changes of a turn.
_SAVE = """
with books as (
    update inventory.stock s set on_hand = n.on_hand, assigned = n.assigned, held = n.held, version = n.version
    from unnest($1::text[], $2::int[], $3::int[], $4::int[], $5::bigint[]) as n (sku, on_hand, assigned, held, version)
    where s.sku = n.sku
), ended as (
    delete from inventory.holds where id = any($6)
), moved as (
    update inventory.holds h set quantity = n.quantity, stage = n.stage, expires_at = n.expires_at
    from unnest($7::bigint[], $8::int[], $9::text[], $10::timestamptz[]) as n (id, quantity, stage, expires_at)
    where h.id = n.id
), begun as (
    insert into inventory.holds (sku, cart_id, order_id, quantity, stage, expires_at)
    select * from unnest($11::text[], $12::text[], $13::text[], $14::int[], $15::text[], $16::timestamptz[])
)
insert into inventory.ledger (at, sku, on_hand_change, assigned_change, held_change, reason, reference)
select $17, * from unnest($18::text[], $19::int[], $20::int[], $21::int[], $22::text[], $23::text[])"""

_ADD_SKUS = """
insert into inventory.stock (sku, on_hand) select sku, 0 from unnest($1::text[]) as sku on conflict do nothing"""

_LEVELS = "select sku, on_hand - assigned - held as available, version from inventory.stock where sku = any($1)"
# By the ledger's newest lines: its key finds them, so time needs no index.
_CHANGED = """
select sku, on_hand - assigned - held as available, version from inventory.stock where sku in (
    select sku from (select sku, at from inventory.ledger order by id desc limit 10000) as newest where at >= $1)"""
_COUNTS = "select sku, on_hand, assigned, held, version from inventory.stock where sku = any($1)"

_SUMS = """
select s.sku, s.on_hand, s.assigned, s.held,
    coalesce(h.assigned, 0)::bigint as assigned_by_holds, coalesce(h.held, 0)::bigint as held_by_holds,
    coalesce(l.on_hand, 0)::bigint as on_hand_by_ledger, coalesce(l.assigned, 0)::bigint as assigned_by_ledger,
    coalesce(l.held, 0)::bigint as held_by_ledger
from inventory.stock s
left join (
    select sku, sum(quantity) filter (where stage = 'sold') as assigned,
        sum(quantity) filter (where stage <> 'sold') as held
    from inventory.holds
    where stage in ('cart', 'checkout', 'payment', 'processing', 'sold') and ($1::text[] is null or sku = any($1))
    group by sku) h using (sku)
left join (select sku, sum(on_hand_change) as on_hand, sum(assigned_change) as assigned, sum(held_change) as held
    from inventory.ledger where $1::text[] is null or sku = any($1) group by sku) l using (sku)
where $1::text[] is null or s.sku = any($1)
order by s.sku"""

_LEVELS_AFTER = """
select sku, on_hand - assigned - held as available, version from inventory.stock where sku > $1 order by sku limit $2"""
# What moved last, by the key of the ledger: an index by units would be written with each sale.
_LOW = """
select sku, on_hand - assigned - held as available, version from inventory.stock
where on_hand - assigned - held between 1 and $1 and sku in (
    select sku from (select sku from inventory.ledger order by id desc limit 2000) as newest)
order by available, sku limit $2"""
_HOLD_ENDS = """
select sku, min(expires_at) as at from inventory.holds
where ends_minute is not null and expires_at > $2 and sku = any($1) group by sku order by sku"""
_FACTS = """
select order_id, sku, quantity, stage from inventory.holds
where order_id > $1 and order_id <= coalesce($2, (select max(order_id) from inventory.holds where order_id is not null))
order by order_id"""


async def lock_for_carts(tx: Transaction, asks: Sequence[tuple[CartId, Sku]]) -> Shelf:
    """Lock the SKUs that carts ask for, with the carts' own holds."""
    skus = sorted({sku for _, sku in asks})
    stock = await tx.fetch(_LOCK_STOCK, skus)
    own = await tx.fetch(_HOLDS_OF_CARTS, [cart_id for cart_id, _ in asks], [sku for _, sku in asks])
    return Shelf(map(_stock, stock), _holds(own))


async def lock_for_orders(
    tx: Transaction, orders: Collection[OrderId], asks: Sequence[tuple[CartId, Sku]] = ()
) -> Shelf:
    """Lock the SKUs that these orders hold and these carts ask for, with the holds of both."""
    carts, skus = [cart_id for cart_id, _ in asks], [sku for _, sku in asks]
    stock = await tx.fetch(_LOCK_STOCK_OF_ORDERS, skus, list(orders))
    holds = await tx.fetch(_HOLDS_OF_ORDERS, carts, skus, list(orders))
    return Shelf(map(_stock, stock), _holds(holds))


async def lock_with_expired(tx: Transaction, skus: Collection[Sku]) -> Shelf:
    """Lock these SKUs, with all of their expired holds."""
    stock = await tx.fetch(_LOCK_STOCK, sorted(skus))
    return Shelf(map(_stock, stock), _holds(await tx.fetch(_EXPIRED_OF_SKUS, list(skus), tx.now)))


async def skus_with_expired(tx: Transaction) -> list[Sku]:
    """SKUs with an expired hold, at most 1,000."""
    return [row["sku"] for row in await tx.fetch(_SKUS_OF_EXPIRED, tx.now)]


async def save(tx: Transaction, shelf: Shelf) -> None:
    """Write a shelf's changes and its ledger entries."""
    books = [stock for stock in shelf.stock.values() if stock.dirty]
    if not books and not shelf.entries and not shelf.touched:
        return
    moved = [hold for hold in shelf.touched if hold.stored]
    begun = [hold for hold in shelf.touched if not hold.stored]
    entries = shelf.entries
    await tx.execute(
        _SAVE,
        [b.sku for b in books], [b.on_hand for b in books], [b.assigned for b in books], [b.held for b in books],
        [b.version for b in books],
        [h.id for h in shelf.gone.values()],
        [h.id for h in moved], [h.quantity for h in moved], [h.stage for h in moved], [h.expires_at for h in moved],
        [h.sku for h in begun], [h.cart_id for h in begun], [h.order_id for h in begun],
        [h.quantity for h in begun], [h.stage for h in begun], [h.expires_at for h in begun],
        tx.now,
        [e.sku for e in entries], [e.on_hand for e in entries], [e.assigned for e in entries],
        [e.held for e in entries], [e.reason for e in entries], [e.reference for e in entries],
    )  # fmt: skip


async def add_skus(tx: Transaction, skus: Collection[Sku]) -> None:
    """Begin the books of SKUs that have none."""
    await tx.execute(_ADD_SKUS, sorted(skus))


async def levels(tx: Transaction, skus: Collection[Sku]) -> dict[Sku, StockLevel]:
    """Available units of these SKUs."""
    return {row["sku"]: StockLevel(**dict(row)) for row in await tx.fetch(_LEVELS, list(skus))}


async def changed_since(database: Database, since: datetime) -> list[StockLevel]:
    """Available units of the SKUs that have changed since then."""
    return [StockLevel(**dict(row)) for row in await database.fetch(_CHANGED, since)]


async def counts(tx: Transaction, skus: Collection[Sku]) -> dict[Sku, StockCount]:
    """The books of these SKUs."""
    return {row["sku"]: StockCount(**dict(row)) for row in await tx.fetch(_COUNTS, list(skus))}


async def next_end(reader: Transaction | Database) -> datetime:
    """The next hold's end; FOREVER if there is none."""
    rows = await reader.fetch(_NEXT_END)
    end: datetime | None = rows[0]["next_end"]
    return end or FOREVER


async def sums(reader: Transaction | Database, skus: Collection[Sku] | None = None) -> list[StockSums]:
    """Each SKU's numbers, or these SKUs', by rows, holds and ledger. Reads the whole ledger: it has no index by SKU."""
    return [StockSums(**dict(row)) for row in await reader.fetch(_SUMS, None if skus is None else list(skus))]


async def levels_after(database: Database, sku: Sku, limit: int) -> list[StockLevel]:
    """Available units of the SKUs after this one."""
    return [StockLevel(**dict(row)) for row in await database.fetch(_LEVELS_AFTER, sku, limit)]


async def low(database: Database, most: int, limit: int) -> list[StockLevel]:
    """Levels of which few units are left, among the SKUs that moved last."""
    return [StockLevel(**dict(row)) for row in await database.fetch(_LOW, most, limit)]


async def hold_ends(database: Database, skus: Collection[Sku], now: datetime) -> list[HoldEnd]:
    """The first end of these SKUs' holds."""
    return [HoldEnd(**dict(row)) for row in await database.fetch(_HOLD_ENDS, list(skus), now)]


async def facts(database: Database, after: OrderId, until: OrderId | None) -> list[HoldFact]:
    """Hold facts of a span of orders."""
    return [HoldFact(**dict(row)) for row in await database.fetch(_FACTS, after, until)]


def _stock(row: Record) -> Stock:
    return Stock(**dict(row))


def _holds(rows: Sequence[Record]) -> list[Hold]:
    """Holds, each once: several messages of a turn may ask for the same hold."""
    return list({row["id"]: Hold(**dict(row)) for row in rows}.values())
