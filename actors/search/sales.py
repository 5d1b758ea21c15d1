"""Sales: units of the last 30 days by day and SKU, counted once a day, so that purchases pay nothing for it.

A product's popularity is a step of the logarithm of its units: it moves when sales double or halve, so that few
products are indexed again each day. The SKUs of a counted day, and of the day that falls out, are numbered as changed.

Rejected: listening to each order, which costs every purchase a statement. See docs/decisions/0034.
"""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from actors.search import store
from actors.search.private import RecordSales
from bus.messages.base import Sku
from bus.messages.order import ReadSold, SoldUnits
from engine.actor import Bus
from engine.postgres import Database
from engine.transaction import Transaction

DAYS: Final = 30
_AFTER_MIDNIGHT: Final = timedelta(minutes=5)  # Payments of the day's last orders are in by then.
_UNTIL = "select day from search.sold_until"
_SET_UNTIL = """
insert into search.sold_until (day) values ($1)
on conflict (is_one) do update set day = excluded.day where search.sold_until.day < excluded.day"""
_LOCK_UNTIL = "select day from search.sold_until for update"
_ADD = """
insert into search.sold (sku, day, units)
select sku, day, units from unnest($1::text[], $2::date[], $3::bigint[]) as n (sku, day, units) where day > $4
on conflict do nothing"""
_DROP = "delete from search.sold where day <= $1 returning sku"
_UNITS = "select sku, sum(units)::bigint as units from search.sold where sku = any($1) group by sku"


async def next_count(database: Database, now: datetime) -> datetime:
    """When to count next: after the end of the first day that is not counted."""
    rows = await database.fetch(_UNTIL)
    return after(rows[0]["day"]) if rows else now


def after(counted: date) -> datetime:
    """When the day after the last that was counted can be counted."""
    return datetime.combine(counted + timedelta(days=2), time(), UTC) + _AFTER_MIDNIGHT


async def count(bus: Bus, database: Database, now: datetime) -> RecordSales | None:
    """Count the days that are over, 30 of them at most; None if all are counted."""
    last = now.date() - timedelta(days=1)
    rows = await database.fetch(_UNTIL)
    first = max([last - timedelta(days=DAYS - 1), *(row["day"] + timedelta(days=1) for row in rows)])
    if first > last:
        return None
    units: list[SoldUnits] = []
    while page := (await bus.ask(_page(first, last, units))).units:
        units += page
    return RecordSales(first=first, last=last, units=tuple(units))


def _page(first: date, last: date, units: list[SoldUnits]) -> ReadSold:
    if not units:
        return ReadSold(first=first, last=last)
    return ReadSold(first=first, last=last, after_day=units[-1].day, after_sku=units[-1].sku)


async def record(tx: Transaction, ask: RecordSales) -> None:
    """Record sold units, forget those of days long past, and number the SKUs of both as changed."""
    counted = [row["day"] for row in await tx.fetch(_LOCK_UNTIL)]
    until = max([date.min, *counted])
    if until >= ask.last:
        return
    new = [each for each in ask.units if each.day > until]
    await tx.execute(_ADD, [each.sku for each in new], [each.day for each in new], [each.units for each in new], until)
    gone = await tx.fetch(_DROP, ask.last - timedelta(days=DAYS))
    await tx.execute(_SET_UNTIL, ask.last)
    if changed := {each.sku for each in new} | {row["sku"] for row in gone}:
        await store.note_skus(tx, sorted(changed))


async def units_of(database: Database, skus: Collection[Sku]) -> dict[Sku, int]:
    """Read how many units of SKUs were sold in the last 30 days."""
    return {row["sku"]: row["units"] for row in await database.fetch(_UNITS, list(skus))}
